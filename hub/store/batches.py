"""What the steps did, for those who operate the hub: how large their batches were, how long each took, which step stands.

The steps run in other processes than what shows this, on several machines perhaps, so it lies in the database: each
process adds what it did to the sums, in a short transaction of its own. In that of the checkpoint, workers would wait for
one another at these rows; what is lost with a process that is killed is a second of figures, never an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from hub.store.database import Connection

BUCKETS: Mapping[str, tuple[float, ...]] = {
    "events": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, float("inf")),
    "seconds": (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, float("inf")),
}
STANDS = timedelta(seconds=20)  # a step that stands tries again, and says so again, every five


class Bucket(NamedTuple):
    """Batches of a step whose size (`what` is "events") or time ("seconds") was up to `up_to`; `total`: of all of them."""

    step: str
    what: str
    up_to: float
    batches: int
    total: float


def bucket(what: str, value: float) -> float:
    return float(next(up_to for up_to in BUCKETS[what] if value <= up_to))


def add(tx: Connection, found: Iterable[Bucket]) -> None:
    """Add these to the sums; sorted, so that two who add never wait for each other."""
    columns = [list(column) for column in zip(*sorted(found), strict=True)]
    tx.execute(
        "INSERT INTO step_batches AS b (step, what, up_to, batches, total)"
        " SELECT * FROM unnest(%s::text[], %s::text[], %s::float8[], %s::bigint[], %s::float8[])"
        " ON CONFLICT (step, what, up_to) DO UPDATE"
        " SET batches = b.batches + excluded.batches, total = b.total + excluded.total",
        columns,
    )


def all_of(tx: Connection) -> list[Bucket]:
    rows = tx.execute("SELECT step, what, up_to, batches, total FROM step_batches ORDER BY 1, 2, 3").fetchall()
    return [Bucket(*row) for row in rows]


def stands(tx: Connection, step: str, why: str) -> None:
    """This step must not go on."""
    tx.execute(
        "INSERT INTO step_stands VALUES (%s, %s, now()) ON CONFLICT (step) DO UPDATE"
        " SET why = excluded.why, seen = excluded.seen",
        [step, why],
    )


def standing(tx: Connection) -> dict[str, str]:
    """The steps that said lately that they stand, and why."""
    rows = tx.execute("SELECT step, why FROM step_stands WHERE seen > now() - %s ORDER BY step", [STANDS]).fetchall()
    return dict(rows)
