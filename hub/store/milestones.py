"""What stands between a customer's contacts in his line of time: the steps of his tickets; and which channels he used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.store.database import Connection
from hub.store.reads import read_cursor

SHOWN = ("ticket.opened", "ticket.resolved", "ticket.reopened", "ticket.closed")


def of_tickets(tx: Connection, parties: Sequence[str]) -> list[dict[str, Any]]:
    """Opened, resolved, reopened, closed: items of the channel `ticket`, their title the ticket's subject."""
    rows = tx.execute(
        "SELECT t.ticket::text, t.number, t.subject, s ->> 2, (s ->> 1)::timestamptz, s ->> 3, s ->> 4 FROM tickets t"
        " JOIN unnest(%s::uuid[]) AS n(p) ON t.party = n.p CROSS JOIN LATERAL jsonb_array_elements(t.steps) AS l(s)"
        " WHERE s ->> 3 = ANY(%s)",
        [list(parties), list(SHOWN)],
    ).fetchall()
    return [
        {"id": id, "type": kind, "time": time, "channel": "ticket", "direction": "internal", "title": subject, "text": None,
         "ticket": ticket, "number": number, "orders": [], "attachments": [], "agent": by, "party": None}
        for ticket, number, subject, id, time, kind, by in rows
    ]  # fmt: skip


def channels(tx: Connection, parties: Sequence[str]) -> list[str]:
    """The channels on which there was anything, the most used first."""
    rows = tx.execute(
        "SELECT channel FROM (SELECT channel, count(*) AS n FROM timeline JOIN unnest(%s::uuid[]) AS n(party) USING (party)"
        " GROUP BY 1 UNION ALL SELECT 'phone', count(*) FROM ("
        "  SELECT stream FROM calls JOIN unnest(%s::uuid[]) AS n(party) USING (party) UNION"
        "  SELECT stream FROM calls JOIN unnest(%s::text[]) AS n(p) ON others ? n.p AND others <> '[]') c"
        " HAVING count(*) > 0) x GROUP BY 1 ORDER BY sum(n) DESC, 1",
        [list(parties)] * 3,
    ).fetchall()
    return [row[0] for row in rows]


def moment(cursor: str | None) -> datetime | None:
    """The time of an item from which a page goes on."""
    time: datetime | None = read_cursor(cursor, datetime, UUID)[0] if cursor else None
    return time
