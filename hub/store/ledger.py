"""What became of everything that came: received = understood + ignored + rejected + waiting, for each source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import orjson

from hub.events.envelope import Event
from hub.log._protocol import Recorded
from hub.store import archive
from hub.store.database import Connection


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of one payload: `kind` understood, ignored or rejected; `events` are the ids of what it said."""

    payload: str
    source: str
    channel: str
    kind: str
    why: str | None
    at: str | None
    events: list[str]
    size: int
    time: datetime


class Claim(NamedTuple):
    """Who an event came from first, and the digest of what it said then. `fresh`: claimed just now."""

    payload: str
    digest: bytes
    fresh: bool


def claim(tx: Connection, wanted: Mapping[str, tuple[str, bytes]]) -> dict[str, Claim]:
    """Claim events for their payloads; the answer names for each who has it."""
    if not wanted:
        return {}
    ids = sorted(wanted)
    new = tx.execute(
        "INSERT INTO claim SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[]) ON CONFLICT DO NOTHING"
        " RETURNING event::text",
        [ids, [wanted[id][0] for id in ids], [wanted[id][1] for id in ids]],
    ).fetchall()
    fresh = {row[0] for row in new}
    rows = tx.execute(
        "SELECT c.event::text, c.payload::text, c.digest FROM claim c JOIN unnest(%s::uuid[]) AS n(event) USING (event)",
        [ids],
    ).fetchall()
    return {event: Claim(payload, bytes(digest), event in fresh) for event, payload, digest in rows}


def reclaim(tx: Connection, digests: Mapping[str, bytes]) -> None:
    """What these events say now, after they were read anew."""
    tx.execute(
        "UPDATE claim c SET digest = n.digest FROM unnest(%s::uuid[], %s::bytea[]) AS n(event, digest) WHERE c.event = n.event",
        [list(digests), list(digests.values())],
    )


def settle(tx: Connection, outcomes: Sequence[Settled]) -> None:
    """Write outcomes down; a payload that was read anew has its newest."""
    ordered = sorted(outcomes, key=lambda o: o.payload)
    tx.execute(
        "INSERT INTO outcome (payload, source, channel, kind, why, at, events, size, time)"
        " SELECT * FROM json_to_recordset(%s) AS r(payload uuid, source text, channel text, kind text, why text, at text,"
        " events uuid[], size bigint, time timestamptz) ON CONFLICT (payload) DO UPDATE SET"
        " kind = excluded.kind, why = excluded.why, at = excluded.at, events = excluded.events",
        [orjson.dumps(ordered).decode()],
    )


def tie(tx: Connection, parties: Mapping[str, Collection[str]]) -> None:
    """Remember whom payloads speak of."""
    pairs = sorted((payload, party) for payload, named in parties.items() for party in named)
    if pairs:
        tx.execute(
            "INSERT INTO payload_party SELECT * FROM unnest(%s::uuid[], %s::uuid[]) ON CONFLICT DO NOTHING",
            [[p for p, _ in pairs], [q for _, q in pairs]],
        )


def heads(tx: Connection, events: Sequence[Event]) -> None:
    """Imported tickets belong to their conversations as those do that the hub opened itself; numbers go on above theirs."""
    highest = max((event.data.get("number") or 0 for event in events if event.type == "ticket.opened"), default=0)
    if highest:
        tx.execute(
            "SELECT setval('ticket_number', %s) FROM ticket_number WHERE (last_value, is_called) < (%s, true)",
            [highest, highest],
        )
    pairs = [
        (str(event.data["conversation"]), str(event.data["ticket"]))
        for event in events
        if event.type in ("ticket.opened", "ticket.contact_attached") and event.data.get("conversation")
    ]
    for conversation, ticket in sorted(set(pairs)):
        tx.execute(
            "INSERT INTO stream_head VALUES (%s, 0, ARRAY[%s::uuid]) ON CONFLICT (stream) DO UPDATE"
            " SET tickets = stream_head.tickets || excluded.tickets WHERE NOT stream_head.tickets @> excluded.tickets",
            [conversation, ticket],
        )


def events_of(tx: Connection, payloads: Sequence[str]) -> dict[str, list[str]]:
    """What these payloads were understood to say until now."""
    rows = tx.execute(
        "SELECT o.payload::text, o.events::text[] FROM outcome o JOIN unnest(%s::uuid[]) AS n(payload) USING (payload)",
        [list(payloads)],
    ).fetchall()
    return dict(rows)


def tally(tx: Connection, payloads: Sequence[str]) -> dict[str, int]:
    """How many of these payloads were understood, ignored, rejected."""
    rows = tx.execute(
        "SELECT o.kind, count(*) FROM outcome o JOIN unnest(%s::uuid[]) AS n(payload) USING (payload) GROUP BY 1",
        [list(payloads)],
    ).fetchall()
    return dict(rows)


def payloads_of(tx: Connection, parties: Sequence[str]) -> set[str]:
    """The payloads that speak of these parties."""
    rows = tx.execute(
        "SELECT DISTINCT p.payload::text FROM payload_party p JOIN unnest(%s::uuid[]) AS n(party) USING (party)",
        [list(parties)],
    ).fetchall()
    return {row[0] for row in rows}


def not_understood(tx: Connection) -> list[str]:
    """The ids of all payloads that were rejected or ignored."""
    return [row[0] for row in tx.execute("SELECT payload::text FROM outcome WHERE kind <> 'understood' ORDER BY 1").fetchall()]


def streams_of(tx: Connection, events: Sequence[str]) -> dict[str, str]:
    """The streams of these events."""
    rows = tx.execute(
        "SELECT e.id::text, e.stream FROM event_id g JOIN unnest(%s::uuid[]) AS n(id) USING (id)"
        " JOIN event e ON e.topic = g.topic AND e.part = g.part AND e.position = g.position",
        [list(events)],
    ).fetchall()
    return dict(rows)


def payloads(tx: Connection, ids: Sequence[str]) -> list[Recorded]:
    """The events of these payloads; other ids are left out."""
    return [recorded for recorded in archive.by_id(tx, ids) if recorded.place.topic == "inbound"]


# -- reading -----------------------------------------------------------------------------------------------------------

_BALANCE = """
WITH waiting AS (
  SELECT e.value::json ->> 'source' AS source, e.direct AS channel, count(*) AS n
  FROM checkpoint c JOIN event e ON e.topic = c.topic AND e.part = c.part AND e.position >= c.next
  WHERE c.step = 'understand' AND e.type = 'inbound.payload_received' GROUP BY 1, 2
), settled AS (
  SELECT source, channel, count(*) FILTER (WHERE kind = 'understood') AS understood,
    count(*) FILTER (WHERE kind = 'ignored') AS ignored, count(*) FILTER (WHERE kind = 'rejected') AS rejected
  FROM outcome GROUP BY 1, 2
), own AS (
  SELECT value::json ->> 'source' AS source, direct AS channel, count(*) AS understood FROM event
  WHERE direct IS NOT NULL AND topic <> 'inbound' GROUP BY 1, 2
)
SELECT source, channel, coalesce(r.received, 0), coalesce(s.understood, 0) + coalesce(o.understood, 0),
  coalesce(s.ignored, 0), coalesce(s.rejected, 0), coalesce(w.n, 0), coalesce(r.duplicates, 0)
FROM received r FULL JOIN settled s USING (source, channel) FULL JOIN own o USING (source, channel)
FULL JOIN waiting w USING (source, channel) ORDER BY source, channel
"""


def balance(tx: Connection) -> dict[str, Any]:
    """The ledger in the contract's shape; one statement, so one snapshot."""
    names = ("source", "channel", "received", "understood", "ignored", "rejected", "waiting", "duplicates")
    sources = [dict(zip(names, row, strict=True)) for row in tx.execute(_BALANCE).fetchall()]
    even = all(s["received"] == s["understood"] + s["ignored"] + s["rejected"] + s["waiting"] for s in sources)
    return {"sources": sources, "balanced": even}


def rejected(
    tx: Connection, payload: str | None = None, limit: int = 1000, kind: Literal["rejected", "ignored"] = "rejected"
) -> list[dict[str, Any]]:  # fmt: skip
    """Rejected payloads, or ignored ones, newest first, in the contract's shape."""
    names = ("id", "source", "channel", "received", "why", "at", "size")
    rows = tx.execute(
        f"SELECT payload::text, source, channel, time, why, at, size FROM outcome WHERE kind = '{kind}'"
        " AND (%s::uuid IS NULL OR payload = %s::uuid) ORDER BY time DESC, payload DESC LIMIT %s",
        [payload, payload, limit],
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]
