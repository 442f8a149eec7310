"""Reading the archive: streams, what was superseded, what died, what is to be folded again."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from hub.events.ids import named
from hub.log._protocol import Place, Recorded
from hub.store.database import Connection

Lane = tuple[str, int]
# An event is superseded once a later one `replaces` it, or replaces the same one, and that one has been folded.
_FOLDED = """JOIN checkpoint c ON c.step = 'project' AND c.topic = r.topic AND c.part = r.part AND r.position < c.next
  AND (SELECT count(*) FROM dead_letter d WHERE d.step = 'project' AND d.topic = r.topic AND d.part = r.part
    AND d.position = r.position) = 0"""
# LATERAL and count(*), where a join and NOT EXISTS would say the same: a cached plan must not scan the archive.
_STANDING = f"""
SELECT e.topic, e.part, e.position, e.value
FROM unnest(%s::text[]) AS n(stream) CROSS JOIN LATERAL (SELECT * FROM event WHERE stream = n.stream OFFSET 0) e
JOIN checkpoint k ON k.step = 'project' AND k.topic = e.topic AND k.part = e.part AND e.position < k.next
WHERE (SELECT count(*) FROM event r {_FOLDED} WHERE r.replaces = coalesce(e.replaces, e.id)
  AND (e.replaces IS NULL OR (r.recorded, r.id) > (e.recorded, e.id))) = 0
AND (SELECT count(*) FROM dead_letter d WHERE d.step = 'project' AND d.topic = e.topic AND d.part = e.part
  AND d.position = e.position) = 0
ORDER BY 1, 2, 3
"""


def standing(tx: Connection, streams: Collection[str]) -> list[Recorded]:
    """All folded events of these streams that still stand, in the order of the log."""
    return _recorded(tx.execute(_STANDING, [sorted(streams)]).fetchall())


def superseded(tx: Connection, ids: Sequence[str]) -> set[str]:
    """Which of these events were replaced by one that has been folded."""
    rows = tx.execute(
        "SELECT r.replaces::text FROM unnest(%s::uuid[]) AS n(id)"
        f" CROSS JOIN LATERAL (SELECT * FROM event WHERE replaces = n.id OFFSET 0) r {_FOLDED}",
        [list(ids)],
    ).fetchall()
    return {row[0] for row in rows}


def replacements(tx: Connection, roots: Sequence[str]) -> dict[str, tuple[int, datetime]]:
    """How often each of these events was replaced, and when that was learnt last; the others are left out."""
    rows = tx.execute(
        "SELECT r.replaces::text, count(*), max(r.recorded) FROM unnest(%s::uuid[]) AS n(id)"
        " CROSS JOIN LATERAL (SELECT * FROM event WHERE replaces = n.id OFFSET 0) r GROUP BY 1",
        [list(roots)],
    ).fetchall()
    return {root: (count, last) for root, count, last in rows}


def all_superseded(tx: Connection) -> set[str]:
    """Every event that no longer stands, replaced replacements included."""
    rows = tx.execute(
        f"SELECT r.replaces::text, array_agg(r.id::text ORDER BY r.recorded DESC, r.id DESC) FROM event r {_FOLDED}"
        " WHERE r.replaces IS NOT NULL GROUP BY 1"
    ).fetchall()
    return {id for root, ids in rows for id in (root, *ids[1:])}


def blocks(tx: Connection, lane: tuple[str, int], start: int, end: int, size: int = 10_000) -> Iterator[list[Recorded]]:
    """The events of a partition from `start` up to `end`, in blocks; dead letters are left out."""
    while start < end:
        rows = tx.execute(
            "SELECT e.topic, e.part, e.position, e.value FROM event e WHERE e.topic = %s AND e.part = %s"
            " AND e.position >= %s AND e.position < %s ORDER BY e.position",
            [*lane, start, min(end, start + size)],
        ).fetchall()
        dead = {
            row[0]
            for row in tx.execute(
                "SELECT position FROM dead_letter WHERE step = 'project' AND topic = %s AND part = %s", list(lane)
            )
        }
        yield [recorded for recorded in _recorded(rows) if recorded.place.position not in dead]
        start += size


def between(tx: Connection, starts: Mapping[Lane, int], ends: Mapping[Lane, int]) -> Iterator[Recorded]:
    """The events of these partitions from their starts up to their ends, in each in its order, dead letters left out; a
    thousand are held."""
    lanes = sorted(ends)
    with tx.cursor(name="between") as rows:
        rows.itersize = 1_000
        rows.execute(
            "SELECT e.topic, e.part, e.position, e.value FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[])"
            " AS n(topic, part, first, until) CROSS JOIN LATERAL (SELECT * FROM event"
            " WHERE topic = n.topic AND part = n.part AND position >= n.first AND position < n.until ORDER BY position) e"
            " WHERE NOT EXISTS (SELECT FROM dead_letter d WHERE d.step = 'project' AND d.topic = e.topic AND d.part = e.part"
            " AND d.position = e.position)",
            [[lane[0] for lane in lanes], [lane[1] for lane in lanes], [starts[lane] for lane in lanes],
             [ends[lane] for lane in lanes]],
        )  # fmt: skip
        for topic, part, position, value in rows:
            yield Recorded(Place(topic, part, position), value.encode())


def last_before(tx: Connection, lane: Lane, end: int) -> str | None:
    """The id of the last event of a partition before this position."""
    row = tx.execute(
        "SELECT id::text FROM event WHERE topic = %s AND part = %s AND position < %s ORDER BY position DESC LIMIT 1",
        [*lane, end],
    ).fetchone()
    return row[0] if row else None


def streams_of_party(tx: Connection, party: str) -> set[str]:
    """Every stream that names this party where people see it."""
    rows = tx.execute(
        "SELECT stream FROM owners WHERE party = %s::uuid UNION SELECT stream FROM timeline WHERE party = %s::uuid",
        [party, party],
    ).fetchall()
    return {row[0] for row in rows}


def streams_of_events(tx: Connection, roots: Collection[str]) -> set[str]:
    """The streams of these events and of all that replaced them."""
    rows = tx.execute(
        "SELECT e.stream FROM unnest(%(ids)s::uuid[]) AS n(id) JOIN event_id g USING (id)"
        " JOIN event e ON e.topic = g.topic AND e.part = g.part AND e.position = g.position"
        " UNION SELECT r.stream FROM unnest(%(ids)s::uuid[]) AS n(id)"
        " CROSS JOIN LATERAL (SELECT stream FROM event WHERE replaces = n.id OFFSET 0) r",
        {"ids": sorted(roots)},
    ).fetchall()
    return {row[0] for row in rows}


def of_streams(tx: Connection, streams: Collection[str]) -> list[Recorded]:
    """Every archived event of these streams, in the order of the log."""
    rows = tx.execute(
        "SELECT e.topic, e.part, e.position, e.value FROM unnest(%s::text[]) AS n(stream)"
        " CROSS JOIN LATERAL (SELECT * FROM event WHERE stream = n.stream OFFSET 0) e ORDER BY 1, 2, 3",
        [sorted(streams)],
    ).fetchall()
    return _recorded(rows)


def attached(tx: Connection, streams: Collection[str]) -> set[str]:
    """Who owns the blobs of these streams' attachments: the payload or the event that brought them."""
    found = set()
    for recorded in of_streams(tx, streams):
        files = orjson.loads(recorded.value)["data"].get("attachments") or ()
        found |= {file["blob"].partition("/")[0] for file in files if isinstance(file, dict) and file.get("blob")}
    return found


def known(tx: Connection, ids: Sequence[str]) -> set[str]:
    """Those of these events that are in the log."""
    rows = tx.execute(
        "SELECT g.id::text FROM event_id g JOIN unnest(%s::uuid[]) AS n(id) USING (id)", [list(ids)]
    ).fetchall()
    return {row[0] for row in rows}


def ask_refold(tx: Connection, streams: Collection[str]) -> None:
    tx.execute("INSERT INTO refold SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", [sorted(streams)])


def to_refold(tx: Connection, streams: Collection[str]) -> set[str]:
    """Those of these streams that wait to be folded again: their rows are not what the archive says."""
    rows = tx.execute("SELECT stream FROM refold JOIN unnest(%s::text[]) AS n(stream) USING (stream)", [sorted(streams)])
    return {row[0] for row in rows.fetchall()}


def refolds(tx: Connection) -> list[str]:
    """The streams that wait to be folded again."""
    return [row[0] for row in tx.execute("SELECT stream FROM refold ORDER BY 1").fetchall()]


def take_refolds(tx: Connection, streams: Collection[str] = ()) -> set[str]:
    """Those of these that wait (all, if none is named), for this transaction to fold again."""
    rows = tx.execute(
        "DELETE FROM refold WHERE %s OR stream = ANY(%s::text[]) RETURNING stream", [not streams, sorted(streams)]
    ).fetchall()
    return {row[0] for row in rows}


def by_id(tx: Connection, ids: Sequence[str]) -> list[Recorded]:
    """These events, from the archive."""
    rows = tx.execute(
        "SELECT e.topic, e.part, e.position, e.value FROM event_id g JOIN unnest(%s::uuid[]) AS n(id) USING (id)"
        " JOIN event e ON e.topic = g.topic AND e.part = g.part AND e.position = g.position ORDER BY 1, 2, 3",
        [list(ids)],
    ).fetchall()
    return _recorded(rows)


def dead(tx: Connection) -> list[dict[str, Any]]:
    """The dead letters, newest first."""
    rows = tx.execute(
        "SELECT id::text, step, topic, part, position, stream, reason, time FROM dead_letter ORDER BY time DESC, id DESC"
    ).fetchall()
    return [
        {"id": id, "step": step, "position": str(Place(topic, part, position)), "stream": stream, "reason": reason,
         "time": time} for id, step, topic, part, position, stream, reason, time in rows
    ]  # fmt: skip


def dead_places(tx: Connection) -> set[Place]:
    """Where the dead letters of the project step lie."""
    rows = tx.execute("SELECT topic, part, position FROM dead_letter WHERE step = 'project'").fetchall()
    return {Place(*row) for row in rows}


def streams_at(tx: Connection, places: Collection[Place]) -> set[str]:
    """The streams of the events that are archived at these places."""
    rows = tx.execute(
        "SELECT e.stream FROM event e JOIN unnest(%s::text[], %s::int[], %s::bigint[]) AS n(topic, part, position)"
        " USING (topic, part, position)",
        [[place.topic for place in places], [place.part for place in places], [place.position for place in places]],
    ).fetchall()
    return {row[0] for row in rows}


def count_dead(tx: Connection, step: str) -> int:
    """How many dead letters of a step nobody has seen to."""
    row = tx.execute("SELECT count(*) FROM dead_letter WHERE step = %s", [step]).fetchone()
    return row[0] if row else 0


def revive(tx: Connection, ids: Sequence[str]) -> set[str]:
    """Take these dead letters of the project step (all, if none is named) off the list; the streams they are of.

    One that is no event at all stays: nothing of it is in the archive, so nothing would be folded in its place.
    """
    rows = tx.execute(
        "DELETE FROM dead_letter WHERE step = 'project' AND stream <> ''"
        " AND (%s OR id IN (SELECT unnest(%s::uuid[]))) RETURNING stream",
        [not ids, list(ids)],
    ).fetchall()
    return {row[0] for row in rows}


def take_dead(tx: Connection, step: str, id: str) -> list[Recorded]:
    """Take a dead letter of this step off the list, for this transaction to do; its event, unless somebody else has it."""
    rows = tx.execute(
        "DELETE FROM dead_letter d USING event e WHERE d.step = %s AND d.id = %s::uuid AND e.topic = d.topic"
        " AND e.part = d.part AND e.position = d.position RETURNING e.topic, e.part, e.position, e.value",
        [step, id],
    ).fetchall()
    return _recorded(rows)


def take_unread(tx: Connection, step: str, ids: Sequence[str]) -> list[Recorded]:
    """The same of those (all, if none is named) that were no events when they died: as they lay in the log."""
    rows = tx.execute(
        "DELETE FROM dead_letter WHERE step = %s AND value IS NOT NULL AND (%s OR id IN (SELECT unnest(%s::uuid[])))"
        " RETURNING topic, part, position, value, headers",
        [step, not ids, list(ids)],
    ).fetchall()
    return [Recorded(Place(*where), bytes(value), unpacked(beside)) for *where, value, beside in sorted(rows)]


def bury(tx: Connection, step: str, batch: Sequence[Recorded], reason: str) -> None:
    """Write these events down as dead letters of a step."""
    for recorded in batch:
        tx.execute(
            "INSERT INTO dead_letter (step, topic, part, position, id, stream, reason) SELECT %s, topic, part, position,"
            " id, stream, %s FROM event WHERE topic = %s AND part = %s AND position = %s ON CONFLICT DO NOTHING",
            [step, reason, *recorded.place],
        )


def bury_unread(tx: Connection, step: str, recorded: Recorded, reason: str) -> None:
    """A dead letter that is no event at all: it has neither an id nor a stream of its own, and keeps its bytes."""
    place = recorded.place
    tx.execute(
        "INSERT INTO dead_letter (step, topic, part, position, id, stream, reason, value, headers)"
        " VALUES (%s, %s, %s, %s, %s, '', %s, %s, %s) ON CONFLICT DO NOTHING",
        [step, *place, named("unread", str(place)), reason, recorded.value, packed(recorded.headers)],
    )


def packed(headers: Sequence[tuple[str, bytes]]) -> str:
    """As JSON in a column of text: whoever wrote them may have named them anything."""
    return orjson.dumps([[name, b64encode(value or b"").decode()] for name, value in headers]).decode()


def unpacked(headers: str) -> list[tuple[str, bytes]]:
    return [(name, b64decode(value)) for name, value in orjson.loads(headers)]


def _recorded(rows: list[tuple[str, int, int, str]]) -> list[Recorded]:
    return [Recorded(Place(topic, part, position), value.encode()) for topic, part, position, value in rows]
