"""Whose stream it is: the main parties that its events name, with how they are known. Finds the party-less events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.events.catalogue import catalogue
from hub.events.envelope import Event, Json, Named
from hub.projections._shape import Append, Uuid

OWNING = ("party", "a", "b")


@dataclass(frozen=True, slots=True)
class Owner:
    """`value` in its normal spelling; null once the person was forgotten."""

    stream: str
    party: Uuid
    kind: str
    value: str | None


def identifier(event: Event, named: Named) -> str | None:
    """The identifier of a party that the event names, null where its key is gone."""
    said = told(event, named)
    value = said and (said.get("value") or said.get("address"))
    return None if value is None else str(value)


def told(event: Event, named: Named) -> Json | None:
    """What the event says of a party where it names it, null where its key is gone."""
    place: Any = event.personal
    for step in named.at.split("/"):
        place = place[int(step)] if isinstance(place, list) else place.get(step)
        if place is None:
            return None
    return dict(place)


def of_others(event: Event) -> set[str]:
    """The places in the personal part of those who are only mentioned. What stands there goes into no row: when one of them is
    forgotten, only the streams that are his are folded again."""
    owners = {named.id for named in event.named if named.role in OWNING}
    return {named.at for named in event.named if named.id not in owners}


def rows(event: Event) -> Iterator[Owner]:
    for named in event.named:
        if named.role in OWNING:
            yield Owner(event.stream, named.id, named.kind, identifier(event, named))


projection = Append(
    name="owners", version=2, row=Owner, rows=rows, key=("stream", "party"), repeats=True,
    types=frozenset(kind for kind in catalogue() if not kind.startswith(("inbound.", "event."))),
    indexes=("(party)",),
)  # fmt: skip
