"""The list of tickets: by who has them and how they stand, the last changed first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.store.database import Connection
from hub.store.reads import NEWEST, cursor, read_cursor
from hub.store.today import TICKET, with_customers

Json = dict[str, Any]
# State by state, so that the index on (state, changed) gives each its last ones in order, however many there are.
_LIST = """
SELECT f.* FROM unnest(%(states)s::text[]) AS s(name) CROSS JOIN LATERAL (
  SELECT ticket::text, number, subject, state, waiting_for, until, priority, owner, changed, opened, party::text
  FROM tickets t WHERE t.state = s.name
    AND (%(owners)s::text[] IS NULL OR t.owner = ANY(%(owners)s) OR (t.owner IS NULL AND cardinality(%(owners)s) = 0))
    AND (t.changed, t.ticket) < (%(time)s::timestamptz, %(id)s::uuid)
  ORDER BY t.changed DESC, t.ticket DESC LIMIT %(limit)s
) f ORDER BY f.changed DESC, f.ticket DESC LIMIT %(limit)s
"""


def page(
    tx: Connection, states: Sequence[str], owners: Sequence[str] | None = None, limit: int = 40, before: str | None = None
) -> Json:
    """Tickets in these states, each with its customer. `owners`: who has them; nobody where empty, whoever where None.

    Raises WrongCursor.
    """
    time, id = read_cursor(before, datetime, UUID) if before else NEWEST
    asked = {"states": list(states), "owners": None if owners is None else list(owners), "time": time,
             "id": str(id), "limit": limit + 1}  # fmt: skip
    rows = tx.execute(_LIST, asked).fetchall()
    items = with_customers(tx, [dict(zip(TICKET, row, strict=True)) for row in rows[:limit]])
    more = len(rows) > limit
    return {"items": items, "next": cursor(items[-1]["changed"].isoformat(), items[-1]["id"]) if more else None}
