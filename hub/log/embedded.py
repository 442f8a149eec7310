"""The log of one machine: the archive table itself, appended under the locks of its heads.

A partition's head stays locked until commit, so positions are gapless and in the order of commit: who reads up to the
head never skips an event that commits later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from hub.events.envelope import Sealed
from hub.events.ids import place
from hub.log._protocol import Appended, Place, Recorded
from hub.store.database import Connection, Database

CHANNEL = "hub_log"


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
                " CROSS JOIN LATERAL (SELECT * FROM event e WHERE e.topic = s.topic AND e.part = s.part"
                " AND e.position >= s.start ORDER BY e.position LIMIT %s) e ORDER BY e.topic, e.part, e.position",
                [topics, parts, positions, limit],
            ).fetchall()
        return [Recorded(Place(topic, part, position), value.encode()) for topic, part, position, value in rows]

    def ends(self) -> dict[tuple[str, int], int]:
        return {
            (topic, part): head for topic, part, head in self._database.rows("SELECT topic, part, next FROM log_head")
        }


def _append(connection: Connection, events: Sequence[Sealed]) -> list[Appended]:
    heads = _lock(connection, {place(event.stream) for event in events})
    known = _known(connection, [event.id for event in events])
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
    if fresh:
        _write(connection, fresh)
        _move(connection, {where[:2] for where, _ in fresh}, heads)
    _count(connection, events, answers)
    return answers


def _lock(connection: Connection, needed: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Lock the heads of these partitions, in one order for all writers."""
    topics, parts = zip(*needed, strict=True)
    rows = connection.execute(
        "SELECT h.topic, h.part, h.next FROM log_head h JOIN unnest(%s::text[], %s::int[]) AS n(topic, part)"
        " USING (topic, part) ORDER BY h.topic, h.part FOR UPDATE OF h",
        [list(topics), list(parts)],
    ).fetchall()
    return {(topic, part): head for topic, part, head in rows}


def _known(connection: Connection, ids: list[str]) -> dict[str, tuple[Place, bytes | None]]:
    rows = connection.execute(
        "SELECT g.id::text, g.topic, g.part, g.position, g.digest FROM event_id g JOIN unnest(%s::uuid[]) AS n(id) USING (id)",
        [ids],
    ).fetchall()
    return {row[0]: (Place(*row[1:4]), row[4] and bytes(row[4])) for row in rows}


def _write(connection: Connection, fresh: list[tuple[Place, Sealed]]) -> None:
    with connection.cursor() as cursor:
        columns = "topic, part, position, id, type, stream, time, recorded, replaces, direct, value"
        with cursor.copy(f"COPY event ({columns}) FROM STDIN") as copy:
            for where, event in fresh:
                copy.write_row((
                    *where, event.id, event.type, event.stream, event.time, event.recorded, event.replaces,
                    event.direct and event.direct[1], event.value.decode(),
                ))  # fmt: skip
        with cursor.copy("COPY event_id (id, topic, part, position, digest) FROM STDIN") as copy:
            for where, event in sorted(fresh, key=lambda pair: pair[1].id):
                copy.write_row((event.id, *where, event.digest))


def _move(connection: Connection, moved: set[tuple[str, int]], heads: Mapping[tuple[str, int], int]) -> None:
    lanes = sorted(moved)
    connection.execute(
        "UPDATE log_head h SET next = n.next FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS n(topic, part, next)"
        " WHERE h.topic = n.topic AND h.part = n.part",
        [[lane[0] for lane in lanes], [lane[1] for lane in lanes], [heads[lane] for lane in lanes]],
    )
    connection.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def _count(connection: Connection, events: Sequence[Sealed], answers: Sequence[Appended]) -> None:
    """What came from outside is counted here, in the transaction that writes it down."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for event, answer in zip(events, answers, strict=True):
        if event.direct and answer.verdict != "conflict":
            counted[*event.direct, answer.verdict] += 1
    if not counted:
        return
    sources = sorted({key[:2] for key in counted})
    connection.execute(
        "INSERT INTO received SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[])"
        " ON CONFLICT (source, channel) DO UPDATE SET received = received.received + excluded.received,"
        " duplicates = received.duplicates + excluded.duplicates",
        [[s for s, _ in sources], [c for _, c in sources], [counted[*s, "new"] for s in sources],
         [counted[*s, "duplicate"] for s in sources]],
    )  # fmt: skip
