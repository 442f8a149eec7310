"""Forgetting a person: the keys go first, then the streams are folded again and say no more who it was.

Alone against all writers: keys destroyed, `party.forgotten` appended, the epoch raised, in that order, before anybody
writes again. Killed half-way, it is finished by the next forgetting or start (`finish`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson

from hub.consumers.decode import opened
from hub.consumers.record import Outgoing, Recorder, decided
from hub.consumers.understand import body_of
from hub.events import mentions
from hub.events.envelope import Event
from hub.events.identifiers import Identifier
from hub.events.ids import named
from hub.events.seal import box_keys
from hub.store import archive, customers, deliveries, ledger
from hub.store.database import Connection


def forget(recorder: Recorder, parties: Sequence[str], now: datetime) -> dict[str, int]:
    """Forget the customer of these parties; how many parties, keys and payloads that were."""
    with recorder.database.transaction() as tx:
        recorder.enter_alone(tx)
        streams = set().union(*(archive.streams_of_party(tx, party) for party in parties))
        known = [Identifier(one["kind"], one["value"]) for one in customers.identifiers(tx, parties) if one["value"]]
        payloads = ledger.payloads_of(tx, parties) | _mentioning(recorder, tx, known)
        owners = payloads | archive.attached(tx, streams)
        names = {*parties, *payloads, *_keys_of_events(tx, streams)}
        recorder.keys.destroy(names, parties)
        deliveries.forget(tx, streams)
        _append(recorder, tx, parties, now)
    for owner in owners:
        recorder.blobs.delete(owner)
    return {"parties": len(parties), "keys": len(names), "payloads": len(payloads)}


def finish(recorder: Recorder, now: datetime) -> int:
    """Append what a forgetting that was killed did not come to say; how many parties that were."""
    with recorder.database.transaction() as tx:
        recorder.enter_alone(tx)
        gone = recorder.keys.forgotten()
        said = archive.known(tx, [_id(party) for party in gone])
        missing = sorted(party for party in gone if _id(party) not in said)
        _append(recorder, tx, missing, now)
    return len(missing)


def _append(recorder: Recorder, tx: Connection, parties: Sequence[str], now: datetime) -> None:
    """The log says who is forgotten, by id; nothing of it is personal."""
    events = [_forgotten(party, now) for party in parties]
    recorder.append_decided(events, tx)


def _forgotten(party: str, now: datetime) -> Outgoing:
    fields = {"forgotten": party, "parties": [party], "named": [["forgotten", "party", ""]]}
    return decided("party.forgotten", f"person:{party}", fields, {}, id=_id(party), time=now)


def _id(party: str) -> str:
    return named("forgotten", party)


def _keys_of_events(tx: Connection, streams: set[str]) -> set[str]:
    """The keys of single events in these streams: of those that name nobody."""
    documents = [orjson.loads(recorded.value) for recorded in archive.of_streams(tx, streams)]
    own = {document["id"] for document in documents}
    return box_keys(documents) & own


def _mentioning(recorder: Recorder, tx: Connection, known: Sequence[Identifier]) -> set[str]:
    """Rejected and ignored payloads, which nobody could tie to a party, that hold one of these identifiers."""
    found: set[str] = set()
    wanted = mentions.pattern(known)
    if wanted is None:
        return found
    for recorded in ledger.not_understood(tx):
        payload: Event = opened(recorder.keys, recorded)
        body = body_of(recorder, payload)
        if body and mentions.holds(body, wanted):
            found.add(payload.id)
    return found
