"""How far each step has come: rows locked while it works, moved in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hub.log._protocol import Recorded
from hub.store.database import Connection

SILENT = "45s"  # longer than a log that is away takes to say so
THINKING = "5min"  # longer than a batch of the largest mails, or a customer with a long history, takes between two queries


def claim_lanes(tx: Connection, step: str, number: int = 0, of: int = 1) -> dict[tuple[str, int], int]:
    """The partitions in which something waits for this step and where it goes on, locked until the transaction ends, or
    until nothing was heard of it for `THINKING`.

    Of these the share `number` of `of`.
    """
    rows = tx.execute(
        "SELECT c.topic, c.part, c.next, (SELECT set_config('idle_in_transaction_session_timeout', %s, true))"
        " FROM checkpoint c JOIN log_head h USING (topic, part)"
        " WHERE c.step = %s AND h.next > c.next AND c.part %% %s = %s ORDER BY c.topic, c.part FOR UPDATE OF c",
        [THINKING, step, of, number],
    ).fetchall()
    return {(topic, part): position for topic, part, position, _ in rows}


def positions(tx: Connection, step: str) -> dict[tuple[str, int], int]:
    """Where this step goes on in each partition, in their order, as it was committed last."""
    rows = tx.execute("SELECT topic, part, next FROM checkpoint WHERE step = %s ORDER BY 1, 2", [step]).fetchall()
    return {(topic, part): position for topic, part, position in rows}


def lock(tx: Connection, step: str, lanes: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Where this step goes on in these partitions, locked until the transaction ends, or until nothing was heard of it
    for `SILENT`: a process that was stopped, or cut off, holds nobody up longer."""
    rows = tx.execute(
        "SELECT c.topic, c.part, c.next, (SELECT set_config('idle_in_transaction_session_timeout', %s, true))"
        " FROM checkpoint c JOIN unnest(%s::text[], %s::int[]) AS n(topic, part)"
        " USING (topic, part) WHERE c.step = %s ORDER BY c.topic, c.part FOR UPDATE OF c",
        [SILENT, [topic for topic, _ in lanes], [part for _, part in lanes], step],
    ).fetchall()
    return {(topic, part): position for topic, part, position, _ in rows}


def lock_all(tx: Connection, step: str) -> dict[tuple[str, int], int]:
    """Every partition of this step, locked: nothing of it moves until the transaction ends, or until nothing was heard of it
    for `THINKING`."""
    rows = tx.execute(
        "SELECT topic, part, next, (SELECT set_config('idle_in_transaction_session_timeout', %s, true))"
        " FROM checkpoint WHERE step = %s ORDER BY topic, part FOR UPDATE", [THINKING, step]
    ).fetchall()  # fmt: skip
    return {(topic, part): position for topic, part, position, _ in rows}


def move(
    tx: Connection, step: str, done: Iterable[Recorded], tell: str | None = None, *, again: bool = False
) -> bool:
    """These events are done: the checkpoints stand behind the last of each partition. `tell`: a channel to wake.
    `again`: all of this transaction can be done again from the log, so its commit need not wait for the disk: a
    computer that loses its power may forget the rows together with the checkpoint, never the one without the other.

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
        " SELECT EXISTS (SELECT FROM refold), CASE WHEN %s THEN pg_notify(%s, '') END,"
        " CASE WHEN %s THEN set_config('synchronous_commit', 'off', true) END",
        [
            [lane[0] for lane in lanes], [lane[1] for lane in lanes], [ends[lane] for lane in lanes], step,
            tell is not None, tell or "", again,
        ],
    ).fetchone()  # fmt: skip
    return row is not None and bool(row[0])


def behind(tx: Connection) -> list[str]:
    """The steps that have not done everything that is archived."""
    rows = tx.execute(
        "SELECT DISTINCT c.step FROM checkpoint c JOIN log_head h USING (topic, part) WHERE c.next < h.next ORDER BY 1"
    ).fetchall()
    return [step for (step,) in rows]


def pass_gaps(tx: Connection, step: str) -> None:
    """Move on to the head where nothing is archived in between: what lay there had come before."""
    tx.execute(
        "UPDATE checkpoint c SET next = h.next FROM log_head h WHERE c.step = %s AND h.topic = c.topic AND h.part = c.part"
        " AND c.next < h.next AND NOT EXISTS (SELECT FROM event e WHERE e.topic = c.topic AND e.part = c.part"
        " AND e.position >= c.next)",
        [step],
    )
