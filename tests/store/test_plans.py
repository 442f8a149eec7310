"""How PostgreSQL goes about what is asked: what a page reads shall not grow with the history of all customers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import ClientCursor

from bench.reading import Heard
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
        assert re.search(r"Index Cond: \(\(state = .+ AND \(COALESCE\(owner, ''::text\) = ", plan(tx, asked)), plan(tx, asked)
