"""What people ask for, in the contract's shapes: customers, timelines, tickets, orders, the look-up, events."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.channels.email.quoted import said
from hub.events.ids import TOPICS
from hub.events.kinds.orders import STAGES
from hub.events.order_numbers import order_number
from hub.events.text import terms
from hub.log._protocol import Place, Recorded
from hub.projections.orders import DETAILS, stage_of
from hub.projections.tickets import OWNER, OWNER_TOLD_BY
from hub.store import customers as who
from hub.store import deliveries
from hub.store.database import Connection

Json = dict[str, Any]
RECENT = timedelta(days=30)
RECENT_SHOWN, LOOKED_AT = 10, 60  # items; who rings ten times in vain still wrote the mail before
SHARING = 10  # customers who are told where many share an identifier
FINISHED = ("delivered", "cancelled", "returned", "refunded")
OPEN, DONE = ("new", "open", "waiting"), ("resolved", "closed")  # states of tickets
_NUMBERS = range(2**63)  # those of a cursor that the database can hold
_EXACT = 2**53  # from there on a float counts nothing, and written out as a whole number it is more than JSON takes
NEWEST = ("infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff")  # the cursor, (time, id), of a first page


class WrongCursor(Exception):
    """This cursor was not made by this hub; take `next` of the last answer as it is."""


def cursor(*parts: object) -> str:
    return urlsafe_b64encode("|".join(map(str, parts)).encode()).decode().rstrip("=")


def read_cursor(text: str, *kinds: type) -> tuple[Any, ...]:
    try:
        parts = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
        return tuple(_part(part, kind) for part, kind in zip(parts, kinds, strict=True))
    except ValueError:
        raise WrongCursor(WrongCursor.__doc__) from None


def read_place(text: str) -> Place:
    """Of a cursor in the log."""
    topic, partition, position = read_cursor(text, str, int, int)
    if partition not in range(TOPICS.get(topic, 0)):
        raise WrongCursor(WrongCursor.__doc__)
    return Place(topic, partition, position)


def _part(text: str, kind: type) -> Any:
    """Raises ValueError, also for what the database cannot hold: whoever made this cursor, it was not the hub."""
    made = datetime.fromisoformat(text) if kind is datetime else kind(text)
    if isinstance(made, int) and made not in _NUMBERS:
        raise ValueError("no part of a cursor")
    return made


# -- customers ---------------------------------------------------------------------------------------------------------


def customer(tx: Connection, parties: Sequence[str]) -> Json:
    count, first, last = who.contacts(tx, parties)
    orders, all_orders = orders_of(tx, parties)
    return {
        "id": min(parties), "name": who.name(tx, parties), "identifiers": who.identifiers(tx, parties),
        "links": who.links(tx, parties), "contacts": count, "first_contact": first, "last_contact": last,
        "open_tickets": tickets_of(tx, parties, OPEN), "orders": orders, "order_count": all_orders,
    }  # fmt: skip


ITEMS = """
SELECT i.* FROM unnest(%(parties)s::uuid[]) AS n(p) CROSS JOIN LATERAL (
  SELECT item::text, type, time, recorded, channel, direction, party::text, title, text, orders, attachments, stream,
    automatic, agent, NULL::text AS cause, NULL::bool AS answered, NULL::float8 AS seconds
  FROM timeline WHERE party = n.p AND (time, item) < (%(time)s::timestamptz, %(id)s::uuid)
  ORDER BY time DESC, item DESC LIMIT %(limit)s) i
UNION ALL
SELECT i.* FROM unnest(%(parties)s::uuid[]) AS n(p) CROSS JOIN LATERAL (
  SELECT substr(stream, 6) AS item, 'call.' || state, time, recorded, 'phone', direction, party::text, caller_name, reason,
    orders, '[]'::jsonb, stream, NULL, agent, cause, taken, seconds
  FROM calls WHERE party = n.p AND (time, stream) < (%(time)s::timestamptz, 'call:' || %(id)s)
  ORDER BY time DESC, stream DESC LIMIT %(limit)s) i
UNION ALL
SELECT i.* FROM unnest(%(parties)s::uuid[]) AS n(p) CROSS JOIN LATERAL (
  SELECT substr(stream, 6) AS item, 'call.' || state, time, recorded, 'phone', direction, n.p::text, caller_name, reason,
    orders, '[]'::jsonb, stream, NULL, agent, cause, taken, seconds
  FROM calls WHERE others ? n.p::text AND others <> '[]' AND (time, stream) < (%(time)s::timestamptz, 'call:' || %(id)s)
  ORDER BY time DESC, stream DESC LIMIT %(limit)s) i
UNION ALL
SELECT item::text, type, time, recorded, channel, direction, NULL, title, text, orders, attachments, t.stream,
  automatic, agent, NULL, NULL, NULL
FROM (
  SELECT stream FROM owners o JOIN unnest(%(parties)s::uuid[]) AS n(p) ON o.party = n.p AND o.stream NOT LIKE 'call:%%'
  UNION SELECT 'order:' || r.ref FROM owners o
    JOIN unnest(%(parties)s::uuid[]) AS n(p) ON o.party = n.p AND o.stream LIKE 'order:%%'
    JOIN orders d ON d.stream = o.stream CROSS JOIN LATERAL jsonb_array_elements_text(d.refs) AS r(ref)
) o JOIN timeline t ON t.stream = o.stream AND t.party IS NULL
WHERE (time, item) < (%(time)s::timestamptz, %(id)s::uuid)
"""
_FIELDS = ("id", "type", "time", "recorded", "channel", "direction", "party", "title", "text", "orders", "attachments",
           "stream", "automatic", "agent", "cause", "answered", "seconds")  # fmt: skip


def timeline(tx: Connection, parties: Sequence[str], limit: int = 50, before: str | None = None) -> Json:
    """A page of items, newest first."""
    return _timeline(tx, parties, limit, before)[0]


def _timeline(tx: Connection, parties: Sequence[str], limit: int, before: str | None = None) -> tuple[Json, set[str]]:
    """The same, and the numbers that its texts name and no order has yet."""
    time, id = read_cursor(before, datetime, UUID) if before else NEWEST
    rows = tx.execute(
        ITEMS, {"parties": list(parties), "time": time, "id": str(id), "limit": limit + 1}
    ).fetchall()
    items: dict[str, Json] = {}
    for row in sorted(rows, key=lambda r: (r[2], r[0]), reverse=True):
        items.setdefault(row[0], dict(zip(_FIELDS, row, strict=True)))
    page = list(items.values())[:limit]
    awaited = _join(tx, parties, page)
    more = len(items) > limit
    return {"items": page, "next": cursor(page[-1]["time"].isoformat(), page[-1]["id"]) if more else None}, awaited


def _join(tx: Connection, parties: Sequence[str], items: Sequence[Json]) -> set[str]:
    """What combines streams: the ticket of a contact, and which of the numbers in a text are orders. Those that are none."""
    numbers = {number for item in items for number in item["orders"]}
    there = _existing(tx, numbers)
    rows = tx.execute(  # what somebody else began to write about is his ticket
        "SELECT t.opened, t.ticket::text, t.contacts, t.conversation FROM tickets t JOIN unnest(%s::uuid[]) AS n(p)"
        " ON t.party = n.p UNION SELECT t.opened, t.ticket::text, t.contacts, t.conversation FROM tickets t"
        " JOIN unnest(%s::text[]) AS s(stream) ON t.conversation = s.stream ORDER BY 1",
        [list(parties), sorted({item["stream"] for item in items})],
    ).fetchall()
    tickets = {contact: ticket for _, ticket, contacts, _ in rows for contact in contacts}
    threads = {conversation: ticket for _, ticket, _, conversation in rows if conversation}
    calls = _ticketed_calls(tx, [item for item in items if item["channel"] == "phone"], tickets)
    for item in items:
        item["ticket"] = tickets.get(item["id"]) or calls.get(item["id"]) or threads.get(item["stream"])
        item["ticket"] = item["ticket"] or (item["stream"][7:] if item["stream"].startswith("ticket:") else None)
        item["orders"] = [number for number in item["orders"] if number in there]
        item["said"] = said(item["text"], item["title"]) if item["text"] and item["channel"] == "email" else None
    _join_deliveries(tx, items)
    return numbers - there


def _join_deliveries(tx: Connection, items: Sequence[Json]) -> None:
    """What became of our answers."""
    found = deliveries.of_answers(tx, [item["id"] for item in items if item["type"] == "ticket.answered"])
    for item in items:
        item["delivery"] = found.get(item["id"])


def _ticketed_calls(tx: Connection, calls: Sequence[Json], tickets: dict[str, str]) -> dict[str, str]:
    """A ticket names one event of a call; its item stands for all of them."""
    if not calls or not tickets:
        return {}
    rows = tx.execute(
        "SELECT e.stream, e.id::text FROM event e JOIN unnest(%s::text[]) AS n(stream) USING (stream)",
        [[call["stream"] for call in calls]],
    ).fetchall()
    return {stream.removeprefix("call:"): tickets[id] for stream, id in rows if id in tickets}


def _existing(tx: Connection, numbers: set[str]) -> set[str]:
    if not numbers:
        return set()
    rows = tx.execute(
        "SELECT DISTINCT number FROM orders JOIN unnest(%s::text[]) AS n(number) USING (number)", [sorted(numbers)]
    ).fetchall()
    return {row[0] for row in rows}


# Who a row is about: whom its event names, else all whose stream it is.
_ABOUT = """
CROSS JOIN LATERAL (SELECT s.party WHERE s.party IS NOT NULL
  UNION ALL SELECT o.party FROM owners o WHERE s.party IS NULL AND o.stream = s.stream) a
WHERE to_tsvector('simple', s.words) @@ to_tsquery('simple', %(query)s)
  AND NOT EXISTS (SELECT FROM parties r WHERE r.party = a.party AND r.forgotten IS NOT NULL)
"""
_ALL_FOUND = f"SELECT a.party::text FROM search s {_ABOUT} GROUP BY 1 ORDER BY max(s.time) DESC, 1"
_LAST_FOUND = f"""
SELECT a.party::text FROM (SELECT * FROM search ORDER BY time DESC LIMIT %(latest)s) s {_ABOUT} ORDER BY s.time DESC, 1
"""
FEW, LATEST = 500, 20_000  # rows, the last ones, in which words are looked for one by one: any, and common ones
COMMON = 5_000  # rows that have it make a word common


def search(tx: Connection, text: str, most: int = 20) -> list[list[str]]:
    """Customers of whom these words tell, of whom there was something last first; the last word may be unfinished."""
    asked = terms(text)
    if not asked:
        return []
    query = " & ".join([*(f"'{term}'" for term in asked[:-1]), f"'{asked[-1]}':*"])
    found = _found(tx, _LAST_FOUND, query, most, FEW)
    if len(found) < most and _is_common(tx, query):
        found = _found(tx, _LAST_FOUND, query, most, LATEST)
    return found if len(found) >= most else _found(tx, _ALL_FOUND, query, most)


def _is_common(tx: Connection, query: str) -> bool:
    """Whether so many rows have these words that to read them all takes longer than to look through the last ones."""
    row = tx.execute(
        "SELECT count(*) FROM (SELECT FROM search WHERE to_tsvector('simple', words) @@ to_tsquery('simple', %s) LIMIT %s) x",
        [query, COMMON],
    ).fetchone()
    return row is not None and int(row[0]) >= COMMON


def _found(tx: Connection, where: str, query: str, most: int, latest: int | None = None) -> list[list[str]]:
    found: list[list[str]] = []
    met: set[str] = set()
    with tx.cursor(name="found") as rows:
        rows.itersize = min(4 * most, 1_000)
        rows.execute(where, {"query": query, "latest": latest})
        for (party,) in rows:  # `fetchone` would ask the server for each
            if party not in met:
                found.append(who.shown_with(tx, party))
                met.update(found[-1])
            if len(found) >= most:
                break
    return found


# -- tickets -----------------------------------------------------------------------------------------------------------

_TICKET = (
    "ticket::text, number, state, waiting_for, subject, party::text, owner, priority, department, opened, changed, contacts,"
    " steps, revision, conversation, until"
)


def ticket(tx: Connection, id_or_number: str) -> Json | None:
    """A ticket by its id or its number."""
    try:
        where, value = "ticket = %s::uuid", str(UUID(id_or_number))
    except ValueError:
        digits = order_number(id_or_number)
        if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            return None
        where, value = "number = %s::bigint", digits
    found = _tickets(tx, who.Whose(tx), f"WHERE {where} LIMIT 1", [value])
    return found[0] if found else None


def tickets_of(tx: Connection, parties: Sequence[str], states: Sequence[str]) -> list[Json]:
    """Those of one customer, who is all of these parties."""
    return _tickets(
        tx, who.Whose(tx, parties), "JOIN unnest(%s::uuid[]) AS n(p) ON t.party = n.p"
        " JOIN unnest(%s::text[]) AS m(state) USING (state) ORDER BY changed DESC, ticket DESC", [list(parties), list(states)],
    )  # fmt: skip


def tickets(
    tx: Connection, state: str | None = None, owner: str | None = None, limit: int = 50, before: str | None = None
) -> Json:
    owners = None if owner is None else [owner]
    found = _tickets(tx, who.Whose(tx), *last_tickets([state] if state else [*OPEN, *DONE], owners, limit + 1, before))
    page = found[:limit]
    more = len(found) > limit
    return {"items": page, "next": cursor(page[-1]["changed"].isoformat(), page[-1]["id"]) if more else None}


# State by state, and owner by owner where some are asked for: an index has the last ones of each in order, however many.
_LAST = """
JOIN (SELECT f.ticket FROM unnest(%(states)s::text[]) AS s(name) {0} CROSS JOIN LATERAL (
  SELECT ticket, changed FROM tickets WHERE state = s.name {1} AND (changed, ticket) < (%(time)s::timestamptz, %(id)s::uuid)
  ORDER BY changed DESC, ticket DESC LIMIT %(limit)s
) f ORDER BY f.changed DESC, f.ticket DESC LIMIT %(limit)s) n USING (ticket) ORDER BY changed DESC, ticket DESC
"""
_OF_ALL = _LAST.format("", "")
_OF_SOME = _LAST.format("CROSS JOIN unnest(%(owners)s::text[]) AS o(name)", f"AND {OWNER} = o.name")


def last_tickets(
    states: Sequence[str], owners: Sequence[str] | None, limit: int, before: str | None = None
) -> tuple[str, Json]:  # fmt: skip
    """What follows FROM tickets t, and its values: the last changed of these owners, "" is nobody, or of whoever where None.

    Raises WrongCursor.
    """
    time, id = read_cursor(before, datetime, UUID) if before else NEWEST
    asked = {"states": list(states), "time": time, "id": str(id), "limit": limit}
    if owners is None:
        return _OF_ALL, asked
    return _OF_SOME, asked | {"owners": list({name[:OWNER_TOLD_BY] for name in owners})}


def _tickets(tx: Connection, whose: who.Whose, where: str, values: Sequence[Any] | Json) -> list[Json]:
    rows = tx.execute(f"SELECT {_TICKET} FROM tickets t {where}", values).fetchall()
    names = ("id", "number", "state", "waiting_for", "subject", "party", "owner", "priority", "department", "opened",
             "changed", "contacts", "steps", "revision", "conversation", "until")  # fmt: skip
    found = [dict(zip(names, row, strict=True)) for row in rows]
    named = _orders_named(tx, {contact for one in found for contact in one["contacts"]})
    threads = _orders_in(tx, {one["conversation"] for one in found if one["conversation"]})
    sent = deliveries.of_tickets(tx, [one["id"] for one in found])
    whose.ask(one["party"] for one in found if one["party"])
    for one in found:
        party, steps = one.pop("party"), one.pop("steps")
        one["customer"] = whose(party) if party else None
        numbers = {number for contact in one["contacts"] for number in named.get(contact, ())}
        one["orders"] = sorted(numbers | threads.get(one.pop("conversation"), set()))
        one["history"] = [
            {"type": step[3], "time": step[1], "by": step[4], "id": step[2], "why": step[5].get("why"), "text": None}
            for step in steps
        ]  # what people wrote is not in the rows: `consumers.standing.with_words`
        one["deliveries"] = sent.get(one["id"], [])
    return found


def _orders_named(tx: Connection, contacts: set[str]) -> dict[str, list[str]]:
    if not contacts:
        return {}
    rows = tx.execute(
        "SELECT n.id::text, t.orders FROM unnest(%s::uuid[]) AS n(id) CROSS JOIN LATERAL ("
        "  SELECT e.stream FROM event_id g JOIN event e USING (topic, part, position) WHERE g.id = n.id"
        "  UNION SELECT stream FROM event WHERE replaces = n.id) s"
        # Each by its key: a join may be planned as reading, for every contact, the whole index in which it comes third.
        " CROSS JOIN LATERAL (SELECT orders FROM timeline WHERE stream = s.stream AND item = n.id OFFSET 0) t",
        [sorted(contacts)],
    ).fetchall()
    there = _existing(tx, {number for _, numbers in rows for number in numbers})
    return {id: [number for number in numbers if number in there] for id, numbers in rows}


def _orders_in(tx: Connection, conversations: set[str]) -> dict[str, set[str]]:
    """The orders that these conversations name."""
    if not conversations:
        return {}
    rows = tx.execute(
        "SELECT DISTINCT t.stream, o.number FROM timeline t JOIN unnest(%s::text[]) AS n(stream) USING (stream)"
        " CROSS JOIN LATERAL jsonb_array_elements_text(t.orders) AS m(number) JOIN orders o ON o.number = m.number",
        [sorted(conversations)],
    ).fetchall()
    named: dict[str, set[str]] = {}
    for stream, number in rows:
        named.setdefault(stream, set()).add(number)
    return named


# -- orders ------------------------------------------------------------------------------------------------------------

ORDERS = 1_000  # of one customer
_ORDER = "o.stream, o.number, o.refs, o.total, o.currency, o.lines, o.tracking, o.history, o.changed, o.party::text, o.carrier"


def order(tx: Connection, number: str) -> Json | None:
    rows = tx.execute(f"SELECT {_ORDER} FROM orders o WHERE o.number = %s", [order_number(number)]).fetchall()
    found = _orders(tx, who.Whose(tx), rows)
    return found[0] if found else None


_ORDERED = (
    "o.stream IN (SELECT w.stream FROM owners w JOIN unnest(%s::uuid[]) AS n(p) ON w.party = n.p"
    " WHERE w.stream LIKE 'order:%%')"
)


def orders_of(tx: Connection, parties: Sequence[str]) -> tuple[list[Json], int]:
    """Those of one customer, who is all of these parties: the last `ORDERS` that changed, and how many there are."""
    rows = tx.execute(
        f"SELECT {_ORDER} FROM orders o WHERE {_ORDERED} ORDER BY o.changed DESC LIMIT %s", [list(parties), ORDERS]
    ).fetchall()
    found = _orders(tx, who.Whose(tx, parties), rows)
    found.sort(key=lambda one: (one["changed"], one["number"] or ""), reverse=True)
    return found, len(found) if len(rows) < ORDERS else _count(tx, parties)


def _count(tx: Connection, parties: Sequence[str]) -> int:
    """How many orders they have. What came under the back office's own id counts where no order's number is known for it."""
    row = tx.execute(
        f"SELECT count(*) FROM orders o WHERE {_ORDERED} AND (o.number IS NOT NULL OR NOT EXISTS"
        " (SELECT FROM orders n WHERE n.number IS NOT NULL AND n.refs ? substr(o.stream, 7)))",
        [list(parties)],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _orders(tx: Connection, whose: who.Whose, rows: Sequence[tuple[Any, ...]]) -> list[Json]:
    """Orders, each with what was reported under the back office's own id joined to its number."""
    refs = sorted({f"order:{ref}" for row in rows if row[1] for ref in row[2]} - {row[0] for row in rows})
    more = tx.execute(
        f"SELECT {_ORDER} FROM orders o JOIN unnest(%s::text[]) AS n(stream) USING (stream)", [refs]
    ).fetchall() if refs else []  # fmt: skip
    by_ref = {row[0].removeprefix("order:"): row for row in [*more, *rows] if not row[1]}
    joined: set[str] = set()
    found = []
    for row in rows:
        if not row[1]:
            continue
        parts = [row, *(by_ref[ref] for ref in row[2] if ref in by_ref)]
        joined |= {part[0] for part in parts}
        found.append(_order(tx, whose, parts))
    alone = [row for row in rows if not row[1] and row[0] not in joined]
    return found + [_order(tx, whose, [row]) for row in alone]


def _order(tx: Connection, whose: who.Whose, parts: Sequence[tuple[Any, ...]]) -> Json:
    def first(n: int) -> Any:
        return next((part[n] for part in parts if part[n]), None)

    history = sorted((step for part in parts for step in part[7]), key=lambda step: (step[0], _rank(step[1]), step[2:4]))
    party = first(9) or _owner(tx, [part[0] for part in parts])
    return {
        "number": first(1), "stage": stage_of(history, first(3), first(4)), "customer": whose(party) if party else None,
        "total": first(3), "currency": first(4), "lines": [_line(line) for line in first(5) or []], "tracking": first(6),
        "carrier": first(10), "history": [_step(*step) for step in history], "changed": max(part[8] for part in parts),
    }  # fmt: skip


def _step(time: str, stage: str, source: str, event: str, details: Json) -> Json:
    """One step of an order, whatever it does not say null."""
    return {"stage": stage, "time": time, "source": source} | {name: details.get(name) for name in DETAILS}


def _owner(tx: Connection, streams: Sequence[str]) -> str | None:
    row = tx.execute(
        "SELECT min(party::text) FROM owners JOIN unnest(%s::text[]) AS n(stream) USING (stream)", [list(streams)]
    ).fetchone()
    return row[0] if row else None


def _line(line: Json) -> Json:
    """One line, whatever it does not say null; "2" for two whole pieces."""
    quantity = line.get("quantity")
    if isinstance(quantity, float) and quantity.is_integer() and abs(quantity) < _EXACT:
        quantity = int(quantity)
    return {"sku": line.get("sku"), "title": line.get("title"), "quantity": quantity, "price": line.get("price")}


def _rank(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


# -- the look-up -------------------------------------------------------------------------------------------------------


def lookup(tx: Connection, found: Sequence[Sequence[str]], now: datetime) -> Json:
    """What is known of a caller before anybody answers. `found`: the customers that the identifier may mean; of one that
    many share it may be any of those who were seen with it."""
    known = looked_up(tx, found, now)[0]
    alone = known["match"] == "one" and len(found) == 1 and len(found[0]) == 1
    if alone and (people := who.sharers(tx, found[0][0], SHARING)):
        return known | {"match": "many", "customers": [customer(tx, parties) for parties in people], "likely": None}
    return known


def looked_up(tx: Connection, found: Sequence[Sequence[str]], now: datetime) -> tuple[Json, list[Json], set[str]]:
    """The same; the last items of his timeline that it was made of, where it can be one person only; and the numbers that
    they name and no order has yet."""
    told = [parties for parties in found if not _only_rang(tx, parties)]
    people = [customer(tx, parties) for parties in told]
    match = {0: "none", 1: "one"}.get(len(people), "many")
    asked = told or found
    page, awaited = _timeline(tx, asked[0], LOOKED_AT) if len(asked) == 1 else ({"items": []}, set[str]())
    recent = page["items"]
    likely = _likely(people[0], recent, now) if match == "one" else None
    return {"match": match, "customers": people, "recent": recent[:RECENT_SHOWN], "likely": likely}, recent, awaited


def _only_rang(tx: Connection, parties: Sequence[str]) -> bool:
    """A single number of which there is nothing but calls is nobody yet; an account or an address is somebody's."""
    if len(parties) != 1:
        return False
    row = tx.execute(
        "SELECT EXISTS (SELECT FROM owners WHERE party = %s::uuid"
        " AND (kind IN ('account', 'email') OR split_part(stream, ':', 1) NOT IN ('call', 'link')))",
        [parties[0]],
    ).fetchone()
    return row is not None and not row[0]


def _likely(person: Json, recent: Sequence[Json], now: datetime) -> Json | None:
    for item in recent:
        if item["orders"] and item["channel"] != "order" and now - item["time"] <= RECENT:
            why = f"{item['channel']} of {item['time']:%Y-%m-%d} names it"
            return {"kind": "order", "id": item["orders"][0], "why": why}
    if person["open_tickets"]:
        newest = max(person["open_tickets"], key=lambda one: (one["opened"], one["id"]))
        return {"kind": "ticket", "id": newest["id"], "why": "the newest open ticket"}
    under_way = [one for one in person["orders"] if one["stage"] not in FINISHED and one["number"]]
    if len(under_way) == 1:
        return {"kind": "order", "id": under_way[0]["number"], "why": "the only order under way"}
    return None


# -- events ------------------------------------------------------------------------------------------------------------


# Stream by stream: asked for in the order of the log, they are planned as reading the log until enough of them are found.
_THEIRS = """
(SELECT e.* FROM (SELECT DISTINCT stream FROM owners JOIN unnest(%(parties)s::uuid[]) AS n(party) USING (party)) s
 CROSS JOIN LATERAL (SELECT * FROM event WHERE stream = s.stream OFFSET 0) e) theirs
"""


def events(
    tx: Connection, *, kind: str | None = None, parties: Sequence[str] | None = None, since: datetime | None = None,
    until: datetime | None = None, after: Place | None = None, limit: int | None = None,
) -> Iterator[Recorded]:  # fmt: skip
    """Archived events in the order of the log, a block at a time; raw payloads only where their `kind` is asked for.
    `parties`: of the streams in which they are named."""
    with tx.cursor(name="events") as rows:
        rows.itersize = 1_000
        rows.execute(
            f"SELECT topic, part, position, value FROM {'event' if parties is None else _THEIRS}"
            " WHERE (%(kind)s::text IS NULL OR type = %(kind)s)"
            " AND (%(since)s::timestamptz IS NULL OR time >= %(since)s) AND (%(until)s::timestamptz IS NULL OR time < %(until)s)"
            " AND (%(inbound)s OR topic <> 'inbound')"
            " AND (%(topic)s::text IS NULL OR (topic, part, position) > (%(topic)s, %(part)s::int, %(position)s::bigint))"
            " ORDER BY topic, part, position LIMIT %(limit)s",
            {"kind": kind, "since": since, "until": until, "inbound": kind is not None,
             "parties": None if parties is None else list(parties), "topic": after and after.topic,
             "part": after and after.part, "position": after and after.position, "limit": limit},
        )  # fmt: skip
        for topic, part, position, value in rows:
            yield Recorded(Place(topic, part, position), value.encode())
