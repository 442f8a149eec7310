"""Log values back into events: in today's words, the personal parts opened with the keys that are left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from hub.events.catalogue import current, shape
from hub.events.envelope import Event, Json, shown
from hub.events.seal import box_keys, unseal
from hub.log._protocol import Recorded
from hub.store.keys import Keys


def opened(keys: Keys, recorded: Recorded) -> Event:
    return unseal_all(keys, [current(recorded.document)])[0]


def decode(keys: Keys, batch: Sequence[Recorded], wanted: Collection[str]) -> list[Event]:
    """The events of these types, in their order; the others are not opened. Raises NewerVersion."""
    documents = [document for recorded in batch if (document := recorded.document)["type"] in wanted]
    return unseal_all(keys, [current(document) for document in documents])


def unseal_all(keys: Keys, documents: Sequence[Json]) -> list[Event]:
    """One look-up of keys for all."""
    found = keys.find(box_keys(documents))
    return [unseal(document, found.get) for document in documents]


def shown_events(keys: Keys, found: Iterable[Recorded]) -> Iterator[Json]:
    """Envelopes in the contract's shape, the personal part readable as far as its keys are left."""
    for recorded in found:
        event = opened(keys, recorded)
        yield shown(event, shape(event.type))
