"""What belongs to a ticket: the messages of its conversations, the other contacts attached to it, the answers on their way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hub.store import archive, deliveries
from hub.store.database import Connection

Json = dict[str, Any]
MOST = 200  # the last ones; the customer's timeline has all
_FIELDS = ("id", "type", "time", "channel", "direction", "party", "title", "text", "agent", "automatic", "orders",
           "attachments", "stream", "answered", "seconds")  # fmt: skip
_CONTACTS = """
SELECT * FROM (
  SELECT DISTINCT ON (t.item) t.item::text AS id, t.type, t.time, t.channel, t.direction, t.party::text, t.title, t.text,
    t.agent, t.automatic, t.orders, t.attachments, t.stream, NULL::bool AS answered,
    NULL::float8 AS seconds
  FROM unnest(%(streams)s::text[]) AS n(stream) CROSS JOIN LATERAL (SELECT * FROM timeline WHERE stream = n.stream OFFSET 0) t
  WHERE t.stream LIKE 'conversation:%%' OR t.stream = %(own)s OR t.item = ANY(%(contacts)s::uuid[])
  ORDER BY t.item, t.n
) messages
UNION ALL
SELECT substr(c.stream, 6), 'call.' || c.state, c.time, 'phone', c.direction, c.party::text, c.caller_name, c.reason, c.agent,
  NULL, c.orders, '[]'::jsonb, c.stream, c.taken, c.seconds
FROM calls c JOIN unnest(%(streams)s::text[]) AS n(stream) USING (stream)
ORDER BY 3 DESC, 1 DESC LIMIT %(most)s
"""


def standing(tx: Connection, id: str) -> Json:
    """What the contract's shape of a ticket leaves out: `conversation`, `follows`."""
    row = tx.execute("SELECT conversation, follows FROM tickets WHERE ticket = %s::uuid", [id]).fetchone()
    return dict(zip(("conversation", "follows"), row, strict=True)) if row else {}


def earlier(tx: Connection, follows: str | None) -> Json | None:
    """The ticket that one follows, `{"id", "number", "subject"}`; an import of history may name one that is not there."""
    try:
        id = str(UUID(follows or ""))
    except ValueError:
        return None
    row = tx.execute("SELECT ticket::text, number, subject FROM tickets WHERE ticket = %s::uuid", [id]).fetchone()
    return dict(zip(("id", "number", "subject"), row, strict=True)) if row else None


def contacts(tx: Connection, id: str, contacts: Sequence[str], conversation: str | None) -> list[Json]:
    """The last contacts of a ticket, the oldest of them first. An answer of ours has its `delivery`."""
    own = f"ticket:{id}"
    streams = {own, *archive.streams_of_events(tx, contacts), *([conversation] if conversation else [])}
    rows = tx.execute(
        _CONTACTS, {"streams": sorted(streams), "own": own, "contacts": list(contacts), "most": MOST}
    ).fetchall()
    items = [dict(zip(_FIELDS, row, strict=True)) for row in reversed(rows)]
    sent = deliveries.of_answers(tx, [item["id"] for item in items if item["type"] == "ticket.answered"])
    return [item | {"delivery": sent.get(item["id"])} for item in items]
