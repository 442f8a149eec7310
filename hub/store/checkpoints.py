"""How far each step has come: rows locked while it works, moved in the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable

from hub.log._protocol import Recorded
from hub.store.database import Connection


def claim_lanes(tx: Connection, step: str) -> dict[tuple[str, int], int]:
    """The partitions in which something waits for this step and where it goes on, locked until the transaction ends."""
    rows = tx.execute(
        "SELECT c.topic, c.part, c.next FROM checkpoint c JOIN log_head h USING (topic, part)"
        " WHERE c.step = %s AND h.next > c.next ORDER BY c.topic, c.part FOR UPDATE OF c",
        [step],
    ).fetchall()
    return {(topic, part): position for topic, part, position in rows}


def lock_all(tx: Connection, step: str) -> dict[tuple[str, int], int]:
    """Every partition of this step, locked: nothing of it moves until the transaction ends."""
    rows = tx.execute(
        "SELECT topic, part, next FROM checkpoint WHERE step = %s ORDER BY topic, part FOR UPDATE", [step]
    ).fetchall()
    return {(topic, part): position for topic, part, position in rows}


def move(tx: Connection, step: str, done: Iterable[Recorded], tell: str | None = None) -> bool:
    """These events are done: the checkpoints stand behind the last of each partition. `tell`: a channel to wake.

    Answers whether streams wait to be folded again.
    """
    ends: dict[tuple[str, int], int] = {}
    for recorded in done:
        lane = recorded.place[:2]
        ends[lane] = max(ends.get(lane, 0), recorded.place.position + 1)
    lanes = sorted(ends)
    row = tx.execute(
        "WITH moved AS (UPDATE checkpoint c SET next = n.next"
        " FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS n(topic, part, next)"
        " WHERE c.step = %s AND c.topic = n.topic AND c.part = n.part AND c.next < n.next)"
        " SELECT EXISTS (SELECT FROM refold), CASE WHEN %s THEN pg_notify(%s, '') END",
        [
            [lane[0] for lane in lanes], [lane[1] for lane in lanes], [ends[lane] for lane in lanes], step,
            tell is not None, tell or "",
        ],
    ).fetchone()  # fmt: skip
    return row is not None and bool(row[0])
