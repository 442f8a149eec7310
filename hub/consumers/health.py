"""How far behind the steps are, and what is wrong, in words."""

from __future__ import annotations

from typing import Any

from hub.store.database import STEPS, Connection

_LAG = """
SELECT c.step, coalesce(sum(h.next - c.next), 0)::bigint,
  coalesce(max(extract(epoch FROM now() - (SELECT e.recorded FROM event e WHERE h.next > c.next
    AND e.topic = c.topic AND e.part = c.part AND e.position = c.next
    AND e.value::json #>> '{data,history}' IS NULL))), 0)::float8 -- history is old, not late
FROM checkpoint c JOIN log_head h USING (topic, part) GROUP BY c.step
"""


def lanes(tx: Connection) -> list[dict[str, Any]]:
    """Events and seconds by which each step is behind; all 0: all is shown."""
    behind = {step: (events, seconds) for step, events, seconds in tx.execute(_LAG).fetchall()}
    waiting = tx.execute("SELECT count(*) FROM refold").fetchone()
    again = waiting[0] if waiting else 0
    found = [
        {
            "name": step,
            "events": behind.get(step, (0, 0))[0],
            "seconds": round(max(0.0, behind.get(step, (0, 0))[1]), 1),
        }
        for step in STEPS
    ]
    return [*found, {"name": "refold", "events": again, "seconds": 0.0}]


def wrong(tx: Connection, slow: float = 60.0) -> list[str]:
    """What an operator should look at; empty when all is well."""
    found = [
        f"step {lane['name']} is {lane['events']} events ({lane['seconds']:.0f} s) behind: is a worker running?"
        for lane in lanes(tx)
        if lane["events"] and lane["seconds"] > slow
    ]
    dead = tx.execute("SELECT step, count(*) FROM dead_letter GROUP BY 1 ORDER BY 1").fetchall()
    found += [f"{n} dead letters of step {step}: see `hub dead-letters list`" for step, n in dead]
    return found


def worth_a_look(tx: Connection) -> list[str]:
    """What is in order, and still somebody should look at it now and then."""
    row = tx.execute("SELECT count(*) FROM outcome WHERE kind = 'rejected'").fetchone()
    return [f"{row[0]} payloads were rejected: see `hub rejected list`"] if row and row[0] else []


def not_ready(tx: Connection, slow: float = 15.0) -> list[str]:
    """Why the hub does not show what it has, in words; empty when it does."""
    return [f"step {one['name']} stands, {one['seconds']:.0f} s behind" for one in lanes(tx) if one["seconds"] > slow]
