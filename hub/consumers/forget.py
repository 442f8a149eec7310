"""Forgetting a person: the keys go first, then the streams are folded again and say no more who it was.

Alone against all writers: the epoch raised, keys destroyed, `party.forgotten` appended, in that order, before anybody
writes again. Killed half-way, it is finished by the next forgetting or start (`finish`).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
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
from hub.store.blobs import Damaged, Missing
from hub.store.database import Connection

_PORTION = 200  # payloads that are looked through at once; one without a blob has up to 64 KB


def forget(recorder: Recorder, parties: Sequence[str], now: datetime) -> dict[str, int]:
    """Forget the customer of these parties; how many parties, keys and payloads that were."""
    with recorder.database.transaction() as tx:
        known = [Identifier(one["kind"], one["value"]) for one in customers.identifiers(tx, parties) if one["value"]]
        mentioned, seen = _mentioning(recorder, tx, known)  # most of the work, while everybody goes on
    with recorder.alone() as tx:
        streams = set().union(*(archive.streams_of_party(tx, party) for party in parties))
        mentioned |= _mentioning(recorder, tx, known, seen)[0]
        payloads = ledger.payloads_of(tx, parties) | mentioned
        owners = payloads | archive.attached(tx, streams)
        names = {*parties, *payloads, *_keys_of_events(tx, streams)}
        recorder.keys.destroy(names, parties)
        deliveries.forget(tx, streams)
        _append(recorder, tx, parties, now)
    for owner in owners:
        recorder.blobs.delete(owner)
    return {"parties": len(parties), "keys": len(names), "payloads": len(payloads)}


def finish(recorder: Recorder, now: datetime) -> int:
    """What a forgetting that was killed did not come to do, once its keys were destroyed; how many parties that were."""
    with recorder.database.transaction() as tx:
        if not _unsaid(recorder, tx):
            return 0
    with recorder.alone() as tx:
        recorder.keys.reload()
        parties = _unsaid(recorder, tx)
        streams = set().union(*(archive.streams_of_party(tx, party) for party in parties))
        owners = ledger.payloads_of(tx, parties) | archive.attached(tx, streams)
        deliveries.forget(tx, streams)
        _append(recorder, tx, parties, now)
    for owner in owners:
        recorder.blobs.delete(owner)
    return len(parties)


def _unsaid(recorder: Recorder, tx: Connection) -> list[str]:
    """Whose keys are destroyed, without the log saying so."""
    gone = recorder.keys.forgotten()
    said = archive.known(tx, [_id(party) for party in gone])
    return sorted(party for party in gone if _id(party) not in said)


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


def _mentioning(
    recorder: Recorder, tx: Connection, known: Sequence[Identifier], but: Set[str] = frozenset()
) -> tuple[set[str], set[str]]:
    """Rejected and ignored payloads, which nobody could tie to a party, that hold one of these identifiers, or that cannot
    be read (any more), which may hold anything; and all that were looked through. `but`: without these."""
    wanted = mentions.pattern(known)
    if wanted is None:
        return set(), set()
    ids = [id for id in ledger.not_understood(tx) if id not in but]
    found: set[str] = set()
    for n in range(0, len(ids), _PORTION):
        for recorded in ledger.payloads(tx, ids[n : n + _PORTION]):
            payload: Event = opened(recorder.keys, recorded)
            try:
                body = body_of(recorder, payload)
            except (Missing, Damaged):
                found.add(payload.id)
                continue
            if body and mentions.holds(body, wanted):
                found.add(payload.id)
    return found, set(ids)
