"""The list of tickets: by who has them and how they stand, the last changed first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.store.database import Connection
from hub.store.reads import cursor, last_tickets
from hub.store.today import TICKET, with_customers

Json = dict[str, Any]
_LIST = """
SELECT ticket::text, number, subject, state, waiting_for, until, priority, owner, changed, opened, party::text FROM tickets t
"""


def page(
    tx: Connection, states: Sequence[str], owners: Sequence[str] | None = None, limit: int = 40, before: str | None = None
) -> Json:
    """Tickets in these states, each with its customer. `owners`: who has them, "" nobody; whoever where None.

    Raises WrongCursor.
    """
    last, asked = last_tickets(states, owners, limit + 1, before)
    rows = tx.execute(_LIST + last, asked).fetchall()
    items = with_customers(tx, [dict(zip(TICKET, row, strict=True)) for row in rows[:limit]])
    more = len(rows) > limit
    return {"items": items, "next": cursor(items[-1]["changed"].isoformat(), items[-1]["id"]) if more else None}
