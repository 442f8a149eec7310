"""Where a call rings, and what makes what is shown of it another; how the database is asked, and arrays as one literal."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from hub.store.changes import Changed, rings_at
from hub.store.database import Database, array
from hub.store.reads import ITEMS, NEWEST
from hub.store.ringing import ringing
from hub.wiring import Hub
from tests.journeys.story import PHONE, ago, come

FIRST_PAGE = {"parties": [str(uuid4())], "time": NEWEST[0], "id": NEWEST[1], "limit": 51}


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ([{"state": "ringing"}], {""}),
        ([{"state": "ringing", "desk": "+982188"}], {"", "+982188"}),
        ([{"state": "ringing", "agent": "201"}, {"state": "ended", "cause": "no_answer"}], {"201"}),
        ([{"state": "ringing", "queue": "sales"}, {"state": "answered"}], {"sales"}),
        ([{"state": "ringing", "agent": "201"}, {"state": "ended", "agent": "202"}], {"201", "202"}),
        ([{"state": "ended", "cause": "no_answer"}], set()),
    ],
)
def test_only_what_rings_and_names_nobody_rings_for_all(parts: list[dict[str, Any]], where: set[str]) -> None:
    """Else each call that ends would make every screen of the house ask what rings."""
    assert rings_at(parts) == where


def test_a_call_is_concerned_by_what_happens_to_its_caller_and_by_who_he_is(hub: Hub) -> None:
    come(hub, "call.ringing", "c", ago(seconds=5), call="c", party=PHONE)
    with hub.database.transaction() as tx:
        (call,) = ringing(tx, ago(seconds=1))
    assert call.party
    assert call.concerned(Changed(frozenset({"conversation:1"}), frozenset({call.party})))
    assert call.concerned(Changed(everything=True))
    assert call.concerned(Changed(frozenset({"link:1"})))
    assert call.concerned(Changed(frozenset({f"person:{call.party}"})))
    assert not call.concerned(Changed(frozenset({"conversation:2"}), frozenset({"somebody else"})))
    assert not call.concerned(Changed(frozenset({"order:1"}), frozenset({"somebody else"})))


def test_a_caller_who_named_an_order_that_is_not_there_yet_is_concerned_by_every_order(hub: Hub) -> None:
    said = {"channel": "chat", "thread": "t", "party": PHONE}
    come(hub, "order.placed", "o1", ago(days=2), order="1047", party=PHONE)
    come(hub, "message.received", "m1", ago(days=1), message="m1", text="Where is order #1047?", **said)
    come(hub, "call.ringing", "c", ago(seconds=5), call="c", party=PHONE)
    others = Changed(frozenset({"order:1"}), frozenset({"somebody else"}))
    with hub.database.transaction() as tx:
        assert not ringing(tx, ago(seconds=1))[0].concerned(others)
    come(hub, "message.received", "m2", ago(hours=1), message="m2", text="And order #1048?", **said)
    with hub.database.transaction() as tx:
        assert ringing(tx, ago(seconds=1))[0].concerned(others)


def test_one_statement_alone_leaves_its_connection_to_transactions_as_before(hub: Hub) -> None:
    database = Database(hub.database.dsn, size=1)
    assert database.rows("SELECT 1") == [(1,)]
    with pytest.raises(psycopg.errors.DivisionByZero):
        database.rows("SELECT 1 / 0")
    with suppress(LookupError), database.transaction() as tx:
        tx.execute("CREATE TABLE half_done (n int)")
        raise LookupError
    assert database.rows("SELECT to_regclass('half_done')") == [(None,)]
    database.close()


def test_an_array_holds_what_it_was_made_of(hub: Hub) -> None:
    values = ["", "a", 'a "quoted" word', r"back\slash", "{braces}, commas", "NULL", "کیوسک", "two\nlines"]
    assert found(hub.database, values) == values
    assert found(hub.database, []) == []


def found(database: Database, values: list[str]) -> Any:
    return database.rows("SELECT %s::text[]", [array(values)])[0][0]


def test_what_is_asked_of_a_customer_goes_by_indexes_though_nothing_is_known_of_the_tables_yet(hub: Hub) -> None:
    """As while a history comes in: PostgreSQL would go by what it knew of the empty tables, and read them whole."""
    come(hub, "call.ringing", "c", ago(seconds=5), call="c", party=PHONE)
    with hub.database.reading() as tx:
        tx.execute("SET LOCAL cpu_index_tuple_cost = 1e6")  # an index is as dear as it can be
        plan = "\n".join(row[0] for row in tx.execute(f"EXPLAIN {ITEMS}", FIRST_PAGE).fetchall())
    assert "Index" in plan
    assert not re.search("Seq Scan|Hash Join|Merge Join", plan), plan
    with hub.database.transaction() as tx:
        assert tx.execute("SHOW enable_seqscan").fetchone() == ("on",)
        assert tx.execute("SHOW plan_cache_mode").fetchone() == ("auto",)
