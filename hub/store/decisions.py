"""What decisions need of the store: heads to queue up at, tickets as decided so far, commands that were answered.

Locks are taken in one order by everybody: conversations before tickets, each by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from hub.log._protocol import Place, Recorded
from hub.store import outbox
from hub.store.database import Connection

# Unlike the projections these read what is not folded yet: a decision follows the last one, shown or not. LATERAL and
# count(*), where a join and NOT EXISTS would say the same: a cached plan must not scan the archive for a few streams.
_STEPS = """
SELECT e.topic, e.part, e.position, e.value FROM unnest(%s::text[]) AS n(stream)
CROSS JOIN LATERAL (SELECT * FROM event WHERE stream = n.stream OFFSET 0) e
WHERE (SELECT count(*) FROM event r WHERE r.replaces = coalesce(e.replaces, e.id)
  AND (e.replaces IS NULL OR (r.recorded, r.id) > (e.recorded, e.id))) = 0
AND (SELECT count(*) FROM dead_letter d WHERE d.step = 'project' AND d.topic = e.topic AND d.part = e.part
  AND d.position = e.position) = 0
ORDER BY 1, 2, 3
"""
_NOT_FOLDED = """
SELECT e.topic, e.part, e.position, e.value FROM unnest(%s::text[]) AS n(stream)
CROSS JOIN LATERAL (SELECT * FROM event WHERE stream = n.stream OFFSET 0) e
JOIN checkpoint k ON k.step = 'project' AND k.topic = e.topic AND k.part = e.part AND e.position >= k.next
ORDER BY 1, 2, 3
"""


class Answered(NamedTuple):
    """What was said to a command, and about which stream it was; `at`: what was wrong in it."""

    stream: str
    status: int
    why: str | None
    at: str | None


def lock(tx: Connection, streams: Collection[str]) -> dict[str, list[str]]:
    """Nobody else decides about these streams until the transaction ends; the tickets of each, oldest first."""
    names = sorted(streams)
    tx.execute(
        "INSERT INTO stream_head SELECT n, 0, '{}' FROM unnest(%s::text[]) n ORDER BY n COLLATE \"C\""
        " ON CONFLICT DO NOTHING",
        [names],
    )
    rows = tx.execute(
        "SELECT h.stream, h.tickets::text[] FROM stream_head h JOIN unnest(%s::text[]) AS n(stream) USING (stream)"
        " ORDER BY h.stream COLLATE \"C\" FOR UPDATE OF h",
        [names],
    ).fetchall()
    return dict(rows)


def known(tx: Connection, streams: Collection[str]) -> set[str]:
    """Those of these streams about which something was decided."""
    rows = tx.execute("SELECT stream FROM stream_head JOIN unnest(%s::text[]) AS n(stream) USING (stream)", [sorted(streams)])
    return {row[0] for row in rows}


def keep(tx: Connection, joined: Sequence[tuple[str, str]], revisions: Mapping[str, int]) -> None:
    """The heads after the decisions: which tickets joined which conversations, the revisions of tickets."""
    tx.execute(
        "UPDATE stream_head h SET tickets = h.tickets || j.tickets FROM ("
        " SELECT stream, array_agg(ticket ORDER BY n) AS tickets"
        " FROM unnest(%s::text[], %s::uuid[]) WITH ORDINALITY AS u(stream, ticket, n) GROUP BY 1"
        ") j WHERE h.stream = j.stream",
        [[stream for stream, _ in joined], [ticket for _, ticket in joined]],
    )
    names = sorted(revisions)
    tx.execute(
        "INSERT INTO stream_head SELECT s, r, '{}' FROM unnest(%s::text[], %s::int[]) AS n(s, r)"
        " ORDER BY s COLLATE \"C\" ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision",
        [names, [revisions[name] for name in names]],
    )


def steps(tx: Connection, streams: Collection[str]) -> list[Recorded]:
    """All events of these streams that still stand, each stream in its order."""
    return _with_waiting(tx, _STEPS, streams)


def not_folded(tx: Connection, streams: Collection[str]) -> list[Recorded]:
    """The events of these streams that no row shows yet, each stream in its order; second thoughts among them."""
    return _with_waiting(tx, _NOT_FOLDED, streams)


def _with_waiting(tx: Connection, archive: str, streams: Collection[str]) -> list[Recorded]:
    waiting = outbox.of_streams(tx, streams)  # first: what is archived in between is found twice rather than not at all
    archived = [_recorded(row) for row in tx.execute(archive, [sorted(streams)]).fetchall()]
    there = {recorded.value for recorded in archived}
    return archived + [recorded for recorded in waiting if recorded.value not in there]


def exists(tx: Connection, stream: str) -> bool:
    if outbox.of_streams(tx, [stream]):
        return True
    return tx.execute("SELECT FROM event WHERE stream = %s LIMIT 1", [stream]).fetchone() is not None


def event(tx: Connection, id: str) -> Recorded | None:
    """One event by its id; of a call by the call's."""
    if waiting := outbox.of_ids(tx, [id]):
        return waiting[0]
    row = tx.execute(
        "SELECT e.topic, e.part, e.position, e.value FROM event_id g JOIN event e USING (topic, part, position)"
        " WHERE g.id = %s::uuid",
        [id],
    ).fetchone()
    row = row or tx.execute(  # a call's item in the timeline stands for all its events
        "SELECT topic, part, position, value FROM event WHERE stream = %s ORDER BY position DESC LIMIT 1", [f"call:{id}"]
    ).fetchone()
    return _recorded(row) if row else None


def numbers(tx: Connection, count: int) -> list[int]:
    """The next ticket numbers; those of a transaction that fails are lost."""
    return [row[0] for row in tx.execute("SELECT nextval('ticket_number') FROM generate_series(1, %s)", [count])]


def identifiers(tx: Connection, parties: Collection[str]) -> dict[str, tuple[str, str | None]]:
    """How these parties are known, where they are: kind and value, null for one that was forgotten."""
    rows = tx.execute(
        "SELECT DISTINCT ON (party) party::text, kind, value FROM owners"
        " JOIN unnest(%s::uuid[]) AS n(party) USING (party) ORDER BY party, value NULLS LAST",
        [sorted(parties)],
    ).fetchall()
    return {party: (kind, value) for party, kind, value in rows}


def claim_command(tx: Connection, id: str, stream: str) -> Answered | None:
    """The answer if this command was answered already; else it is ours, and who sends it again waits for ours."""
    ours = tx.execute(
        "INSERT INTO command (id, subject, status) VALUES (%s::uuid, %s, 0) ON CONFLICT DO NOTHING RETURNING id",
        [id, stream],
    ).fetchone()
    if ours:
        return None
    row = tx.execute("SELECT subject, status, why, at FROM command WHERE id = %s::uuid", [id]).fetchone()
    assert row is not None
    return Answered(*row)


def answer_command(tx: Connection, id: str, status: int, why: str | None, at: str | None) -> None:
    tx.execute("UPDATE command SET status = %s, why = %s, at = %s WHERE id = %s::uuid", [status, why, at, id])


def _recorded(row: tuple[str, int, int, str]) -> Recorded:
    return Recorded(Place(*row[:3]), row[3].encode())
