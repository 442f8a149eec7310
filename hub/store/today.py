"""What the desk sees first: what came in today, whose tickets wait, what became of everything that came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.projections.tickets import OWNER
from hub.store import customers as who
from hub.store.database import Connection
from hub.store.reads import OPEN

Json = dict[str, Any]
_FIELDS = ("id", "type", "time", "channel", "direction", "party", "title", "text", "agent", "answered", "seconds",
           "stream")  # fmt: skip
# The last of each partition of the log, not the last by time: an import of history is not what came in just now.
_LAST = """
WITH last AS (
  SELECT e.stream, e.id FROM log_head h CROSS JOIN LATERAL (
    SELECT stream, id, time FROM event WHERE topic = h.topic AND part = h.part AND position < h.next
    ORDER BY position DESC LIMIT %(each)s) e
  WHERE h.topic = 'touchpoints' AND e.time >= %(since)s
)
SELECT t.item::text, t.type, t.time, t.channel, t.direction, t.party::text, t.title, left(t.text, 300), t.agent, NULL::bool,
  NULL::float8, t.stream
FROM last l JOIN timeline t ON t.stream = l.stream AND t.item = l.id AND t.n = 0
UNION ALL
SELECT substr(c.stream, 6), 'call.' || c.state, c.time, 'phone', c.direction, c.party::text, c.caller_name, c.reason, c.agent,
  c.taken, c.seconds, c.stream
FROM (SELECT DISTINCT stream FROM last WHERE stream LIKE 'call:%%') l JOIN calls c ON c.stream = l.stream
WHERE c.time >= %(since)s
ORDER BY 3 DESC, 1 DESC LIMIT %(most)s
"""
_EACH, _MOST = 60, 200


def contacts(tx: Connection, since: datetime, limit: int) -> list[Json]:
    """The last contacts over all channels since then, newest first, each with `customer` `{"id", "name", "value"}` or null.

    Of a conversation, and of the pages that somebody looked at, only the last stands here.
    """
    rows = tx.execute(_LAST, {"since": since, "each": _EACH, "most": _MOST}).fetchall()
    found: list[Json] = []
    streams: set[str] = set()
    for row in rows:
        item = dict(zip(_FIELDS, row, strict=True))
        if item["stream"] not in streams:
            streams.add(item["stream"])
            found.append(item)
    return with_customers(tx, found[:limit])


def named(tx: Connection, parties: Sequence[str]) -> dict[str, Json]:
    """Who each of these parties is: `{"id", "name", "kind", "value"}`; kind and value are the party's own."""
    told = {one["party"]: one for one in who.identifiers(tx, sorted(set(parties)))}
    people = who.each_shown_with(tx, parties)
    found: dict[str, Json] = {}
    for (party, members), name in zip(people.items(), who.names(tx, list(people.values())), strict=True):
        own = told.get(party) or {"kind": "other", "value": None}
        found[party] = {"id": members[0], "name": name, "kind": own["kind"], "value": own["value"]}
    return found


_TICKETS = f"""
SELECT t.ticket::text, t.number, t.subject, t.state, t.waiting_for, t.until, t.priority, t.owner, t.changed, t.opened,
  t.party::text
FROM tickets t WHERE t.state = ANY(%s) AND {OWNER} = ANY(%s)
ORDER BY CASE t.priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'low' THEN 3 ELSE 2 END,
  t.until NULLS LAST, t.changed DESC LIMIT %s
"""
TICKET = ("id", "number", "subject", "state", "waiting_for", "until", "priority", "owner", "changed", "opened", "party")


def tickets_of(tx: Connection, names: Sequence[str], limit: int) -> list[Json]:
    """Open tickets of whoever bears one of these names, by priority, what is promised first, each with its customer."""
    rows = tx.execute(_TICKETS, [list(OPEN), list(names), limit]).fetchall()
    return with_customers(tx, [dict(zip(TICKET, row, strict=True)) for row in rows])


def unowned(tx: Connection, limit: int) -> list[Json]:
    """Open tickets that nobody has."""
    return tickets_of(tx, [""], limit)


def with_customers(tx: Connection, found: Sequence[Json]) -> list[Json]:
    """Each of these with the `customer` that its `party` belongs to (see `named`), or null."""
    people = named(tx, [one["party"] for one in found if one["party"]])
    return [one | {"customer": people.get(one["party"])} for one in found]


def nothing_yet(tx: Connection) -> bool:
    """Whether nothing ever came."""
    row = tx.execute("SELECT NOT EXISTS (SELECT FROM event)").fetchone()
    return bool(row and row[0])
