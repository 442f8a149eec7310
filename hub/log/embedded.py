"""The log of one machine: the archive table itself, appended under the locks of its heads.

A partition's head stays locked until commit, so positions are gapless and in the order of commit: who reads up to the
head never skips an event that commits later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import orjson

from hub.events.envelope import Sealed
from hub.events.ids import place
from hub.log._protocol import Appended, Place, Recorded
from hub.store.database import Connection, Database

CHANNEL = "hub_log"
_WRITTEN = 2 * 1024 * 1024  # bytes that are written at once; an event is never cut
_READ = 16 * 1024 * 1024  # bytes that are read at once; of each partition at least one event


class EmbeddedLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, events: Sequence[Sealed], tx: Connection | None = None) -> list[Appended]:
        if not events:
            return []
        with self._database.transaction() if tx is None else nullcontext(tx) as connection:
            return _append(connection, events)

    def read(self, starts: Mapping[tuple[str, int], int], limit: int, tx: Connection | None = None) -> list[Recorded]:
        topics, parts, positions = ([lane[0] for lane in starts], [lane[1] for lane in starts], list(starts.values()))
        with self._database.transaction() if tx is None else nullcontext(tx) as connection:
            rows = connection.execute(
                "SELECT e.topic, e.part, e.position, e.value"
                " FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS s(topic, part, start)"
                " CROSS JOIN LATERAL (SELECT x.*,"
                " sum(octet_length(value)) OVER (ORDER BY position) - octet_length(value) AS bytes"
                " FROM (SELECT * FROM event e WHERE e.topic = s.topic AND e.part = s.part AND e.position >= s.start"
                " ORDER BY e.position LIMIT %s) x) e WHERE e.bytes < %s ORDER BY e.topic, e.part, e.position",
                [topics, parts, positions, limit, _READ // max(1, len(starts))],
            ).fetchall()
        return [Recorded(Place(topic, part, position), value.encode()) for topic, part, position, value in rows]

    def ends(self) -> dict[tuple[str, int], int]:
        return {
            (topic, part): head for topic, part, head in self._database.rows("SELECT topic, part, next FROM log_head")
        }


def _append(connection: Connection, events: Sequence[Sealed]) -> list[Appended]:
    heads, known = _lock(connection, events)
    answers: list[Appended] = []
    fresh: list[tuple[Place, Sealed]] = []
    for event in events:
        if event.id in known:
            where, digest = known[event.id]
            same = digest is None or event.digest is None or digest == event.digest
            answers.append(Appended(where, "duplicate" if same else "conflict"))
            continue
        lane = place(event.stream)
        where = Place(*lane, heads[lane])
        heads[lane] += 1
        known[event.id] = where, event.digest
        fresh.append((where, event))
        answers.append(Appended(where, "new"))
    received = _counted(events, answers)
    for part in _parts(fresh):
        _write(connection, part, heads, received)
        received = []
    return answers


def _parts(fresh: list[tuple[Place, Sealed]]) -> list[list[tuple[Place, Sealed]]]:
    """Cut so that what is on its way to the database at once stays small; at least one part."""
    parts: list[list[tuple[Place, Sealed]]] = [[]]
    held = 0
    for one in fresh:
        held += len(one[1].value)
        if held > _WRITTEN and parts[-1]:
            parts.append([])
            held = len(one[1].value)
        parts[-1].append(one)
    return parts


def _lock(
    connection: Connection, events: Sequence[Sealed]
) -> tuple[dict[tuple[str, int], int], dict[str, tuple[Place, bytes | None]]]:
    """Lock the heads of these events' partitions, in one order for all writers; then see which events are known."""
    topics, parts = zip(*{place(event.stream) for event in events}, strict=True)
    with connection.pipeline():
        heads = connection.execute(
            "SELECT h.topic, h.part, h.next FROM log_head h JOIN unnest(%s::text[], %s::int[]) AS n(topic, part)"
            " USING (topic, part) ORDER BY h.topic, h.part FOR UPDATE OF h",
            [list(topics), list(parts)],
        )
        gate = connection.execute(
            "SELECT g.id::text, g.topic, g.part, g.position, g.digest"
            " FROM event_id g JOIN unnest(%s::uuid[]) AS n(id) USING (id)",
            [[event.id for event in events]],
        )
        return (
            {(topic, part): head for topic, part, head in heads.fetchall()},
            {row[0]: (Place(*row[1:4]), row[4] and bytes(row[4])) for row in gate.fetchall()},
        )


_WRITE = f"""
WITH fresh AS (
  INSERT INTO event SELECT * FROM json_to_recordset(%(events)s) AS r(topic text, part int, position bigint, id uuid,
    type text, stream text, time timestamptz, recorded timestamptz, replaces uuid, direct text, value text)
), gate AS (
  INSERT INTO event_id SELECT id, topic, part, position, digest FROM json_to_recordset(%(gate)s)
    AS r(id uuid, topic text, part int, position bigint, digest bytea)
), moved AS (
  UPDATE log_head h SET next = n.next FROM json_to_recordset(%(heads)s) AS n(topic text, part int, next bigint)
  WHERE h.topic = n.topic AND h.part = n.part
), counted AS (
  INSERT INTO received SELECT * FROM json_to_recordset(%(received)s) AS r(source text, channel text, received bigint,
    duplicates bigint)
  ON CONFLICT (source, channel) DO UPDATE SET received = received.received + excluded.received,
    duplicates = received.duplicates + excluded.duplicates
)
SELECT pg_notify('{CHANNEL}', '')
"""


def _write(
    connection: Connection,
    fresh: list[tuple[Place, Sealed]],
    heads: Mapping[tuple[str, int], int],
    received: list[dict[str, Any]],
) -> None:
    """Events, gate, heads and the ledger's left side: one statement, so that a single event costs one round trip."""
    rows = [
        where._asdict() | {
            "id": event.id, "type": event.type, "stream": event.stream, "time": event.time, "recorded": event.recorded,
            "replaces": event.replaces, "direct": event.direct and event.direct[1], "value": event.value.decode(),
        }
        for where, event in fresh
    ]  # fmt: skip
    gate = [
        where._asdict() | {"id": event.id, "digest": event.digest and f"\\x{event.digest.hex()}"}
        for where, event in sorted(fresh, key=lambda pair: pair[1].id)
    ]
    lanes = sorted({where[:2] for where, _ in fresh})
    moved = [{"topic": topic, "part": part, "next": heads[topic, part]} for topic, part in lanes]
    documents = {"events": rows, "gate": gate, "heads": moved, "received": received}
    connection.execute(_WRITE, {name: orjson.dumps(document).decode() for name, document in documents.items()})


def _counted(events: Sequence[Sealed], answers: Sequence[Appended]) -> list[dict[str, Any]]:
    """What came from outside is counted here, in the transaction that writes it down."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for event, answer in zip(events, answers, strict=True):
        if event.direct and answer.verdict != "conflict":
            counted[*event.direct, answer.verdict] += 1
    sources = sorted({key[:2] for key in counted})
    return [
        {"source": s, "channel": c, "received": counted[s, c, "new"], "duplicates": counted[s, c, "duplicate"]}
        for s, c in sources
    ]
