"""Which contacts are about an order: those of anybody that name its number."""

from __future__ import annotations

from typing import Any

from hub.events.order_numbers import order_number
from hub.events.text import terms
from hub.store.database import Connection
from hub.store.today import named

Json = dict[str, Any]
_FIELDS = ("id", "type", "time", "channel", "direction", "party", "title", "text", "agent", "automatic", "orders",
           "attachments", "answered", "seconds")  # fmt: skip
# The index of words finds who has the number in a text; whether it is meant as an order's the item itself says.
_NAMED = """
WITH found AS (
  SELECT stream, item FROM search WHERE to_tsvector('simple', words) @@ plainto_tsquery('simple', %(words)s)
)
SELECT * FROM (
  SELECT DISTINCT ON (t.item) t.item::text AS id, t.type, t.time, t.channel, t.direction, t.party::text, t.title, t.text,
    t.agent, t.automatic, t.orders, t.attachments, NULL::bool AS answered, NULL::float8 AS seconds
  FROM found f CROSS JOIN LATERAL (SELECT * FROM timeline WHERE stream = f.stream AND item = f.item OFFSET 0) t
  WHERE t.orders ? %(number)s AND t.channel <> 'order' ORDER BY t.item, t.n
) messages
UNION ALL
SELECT DISTINCT substr(c.stream, 6), 'call.' || c.state, c.time, 'phone', c.direction, c.party::text, c.caller_name, c.reason,
  c.agent, NULL, c.orders, '[]'::jsonb, c.taken, c.seconds
FROM found f JOIN calls c ON c.stream = f.stream WHERE c.orders ? %(number)s
ORDER BY 3 DESC, 1 DESC LIMIT %(limit)s
"""


def about(tx: Connection, number: str, limit: int = 100) -> list[Json]:
    """The last contacts that name this order, of whatever customer, newest first, each with its `customer`."""
    number = order_number(number)
    rows = tx.execute(_NAMED, {"number": number, "words": " ".join(terms(number)), "limit": limit}).fetchall()
    items = [dict(zip(_FIELDS, row, strict=True)) for row in rows]
    people = named(tx, [item["party"] for item in items if item["party"]])
    return [item | {"customer": people.get(item["party"]), "ticket": None} for item in items]
