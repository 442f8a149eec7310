"""How PostgreSQL goes about what is asked: what a page reads shall not grow with the history of all customers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import ClientCursor

from bench.reading import Heard
from hub.store import customers as who
from hub.store import files, order_contacts, reads, ticket_list, today
from hub.wiring import Hub
from tests.journeys.story import PHONE, ago, come, of

Ask = Callable[[Any, str], object]
ASKED: dict[str, Ask] = {
    "tickets": lambda tx, message: reads.tickets(tx),
    "contacts of an order": lambda tx, message: order_contacts.about(tx, "1047"),
    "text of an item": files.text,
}


OF_SOME: dict[str, Callable[[Any], object]] = {
    "home": lambda tx: today.tickets_of(tx, ["mina"], 12),
    "nobody's on home": lambda tx: today.unowned(tx, 8),
    "the page": lambda tx: ticket_list.page(tx, ["resolved", "closed"], ["mina", "Mina"]),
    "nobody's on the page": lambda tx: ticket_list.page(tx, ["closed"], [""]),
    "the answer to a program": lambda tx: reads.tickets(tx, "closed", "mina"),
}
OF_A_NUMBER: dict[str, Callable[[Any, str], object]] = {
    "what he is called": lambda tx, party: who.name(tx, [party]),
    "why he is one": lambda tx, party: who.links(tx, [party]),
    "his line of time": lambda tx, party: reads.timeline(tx, [party], 40),
}


def plan(tx: Any, query: str) -> str:
    return "\n".join(row[0] for row in tx.execute(f"EXPLAIN {query}").fetchall())


@pytest.fixture
def message(hub: Hub) -> str:
    come(hub, "order.placed", "o1", ago(days=2), order="1047", party=PHONE)
    said = {"channel": "chat", "message": "m1", "thread": "t", "party": PHONE, "text": "Where is order #1047?"}
    return come(hub, "message.received", "m1", ago(days=1), **said)


@pytest.mark.parametrize("what", ASKED)
def test_an_item_of_the_timeline_is_looked_up_by_its_stream(hub: Hub, message: str, what: str) -> None:
    """It has no index of its own; the one in which it comes third would be read from end to end."""
    with hub.database.reading() as tx:
        heard = Heard(tx)
        assert ASKED[what](heard, message)
        plans = [plan(tx, query) for query in heard.asked if "timeline" in query]
    assert plans
    assert not [one for one in plans if re.search(r"Index Cond: \(item = ", one)], "\n\n".join(plans)


def test_the_events_of_one_customer_are_read_stream_by_stream(hub: Hub, message: str) -> None:
    ((party, *_),) = of(hub, PHONE["value"])
    with hub.database.transaction() as tx:
        found = [one.document["type"] for one in reads.events(tx, parties=[party])]
        asked = f"SELECT * FROM {reads._THEIRS} ORDER BY topic, part, position LIMIT 9"
        query = ClientCursor(tx).mogrify(asked, {"parties": [party]})
        tx.execute("SET LOCAL enable_seqscan = off")
        assert "Index Cond: (stream = " in plan(tx, query)
    assert sorted(found) == ["message.received", "order.placed", "ticket.opened"]


@pytest.mark.parametrize("where", OF_SOME)
def test_the_tickets_of_some_are_found_by_whose_they_are(hub: Hub, where: str) -> None:
    """Who has few of very many would have them all read."""
    with hub.database.reading() as tx:
        heard = Heard(tx)
        OF_SOME[where](heard)
        (asked,) = [query for query in heard.asked if "FROM tickets" in query]
        assert 'AND ("left"(COALESCE(owner, ' in plan(tx, asked).split("Index Cond: ((state = ")[1]


def test_whose_the_tickets_of_a_list_are_is_asked_at_once(hub: Hub) -> None:
    for n in range(5):
        party = {"kind": "email", "value": f"customer{n}@example.com"}
        said = {"channel": "chat", "message": f"m{n}", "thread": f"t{n}", "party": party, "text": "Where is it?"}
        come(hub, "message.received", f"m{n}", ago(days=1), **said)
    with hub.database.reading() as tx:
        heard: Any = Heard(tx)
        assert len({one["customer"] for one in reads.tickets(heard)["items"]}) == 5
    assert len([query for query in heard.asked if "RECURSIVE" in query]) == 1


@pytest.fixture
def switchboard(hub: Hub, message: str) -> str:
    """A number that was named beside others in thousands of calls, among as many orders and conversations of others."""
    come(hub, "call.ended", "c", ago(days=1), call="c", party=[PHONE, {"kind": "phone", "value": "+982191000000"}])
    ((party, *_),) = of(hub, "+982191000000")
    many = "FROM generate_series(1, 5000) AS other"
    with hub.database.transaction() as tx:
        tx.execute(f"INSERT INTO seen SELECT 'call:' || other, %s, gen_random_uuid(), 'phone' {many}", [party])
        tx.execute(f"INSERT INTO owners SELECT 'call:' || other, %s, 'phone', '+982191000000' {many}", [party])
        for table, kind in (("conversations", "conversation"), ("orders", "order"), ("timeline", "order")):
            row = f"jsonb_build_object('stream', '{kind}:x' || other, 'number', other, 'party', NULL)"
            one = f"(SELECT * FROM {table} LIMIT 1) t"
            tx.execute(f"INSERT INTO {table} SELECT (jsonb_populate_record(t::{table}, {row})).* {many}, {one}")
        tx.execute("ANALYZE")
    return party


def lookups(tx: Any, queries: list[str]) -> int:
    """How often the most frequent step of these is done."""
    told = "\n".join(row[0] for query in queries for row in tx.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {query}").fetchall())
    return max(int(times) for times in re.findall(r"loops=(\d+)", told)) if told else 0


@pytest.mark.parametrize("what", OF_A_NUMBER)
def test_what_is_asked_of_a_number_that_thousands_share_is_not_asked_of_each_of_them(
    hub: Hub, switchboard: str, what: str
) -> None:  # fmt: skip
    with hub.database.reading() as tx:
        OF_A_NUMBER[what](heard := Heard(tx), switchboard)
        assert lookups(tx, heard.asked) < 100


def test_that_a_number_is_shared_is_seen_from_a_few_who_share_it(hub: Hub, switchboard: str) -> None:
    ((caller, *_),) = of(hub, PHONE["value"])
    with hub.database.reading() as tx:
        heard: Any = Heard(tx)
        assert who.component(heard, caller) == [caller]
        told = "\n".join(row[0] for row in tx.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {heard.asked[0]}").fetchall())
    assert max(float(rows) for rows in re.findall(r"actual rows=([\d.]+)", told)) < 100, told


@pytest.mark.parametrize(
    ("asked", "by"),
    [("type = 'party.described'", "Index Cond: (type = 'party.described'"),
     ("time >= '2026-03-05'", "Bitmap Index Scan on event_time")],
)  # fmt: skip
def test_a_few_events_are_found_among_all_others(hub: Hub, message: str, asked: str, by: str) -> None:
    with hub.database.transaction() as tx:
        tx.execute(
            "INSERT INTO event SELECT 'orders', n % 16, 1000 + n, gen_random_uuid(), 'order.noted', 'order:1',"
            " timestamptz '2026-03-01' + n * interval '20 seconds', now(), NULL, NULL, repeat('x', 1000)"
            " FROM generate_series(1, 17500) n"
        )
        tx.execute("SELECT brin_summarize_new_values('event_time')")
        tx.execute("ANALYZE event")
        assert by in plan(tx, f"SELECT value FROM event WHERE {asked} ORDER BY topic, part, position LIMIT 101")
