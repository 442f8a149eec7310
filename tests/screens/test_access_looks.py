"""Who looked at whom is written down, and administrators read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from hub.consumers.record import payload_of_bytes
from hub.consumers.runner import clock
from hub.discover import discover
from hub.screens import looking
from hub.store import access, looks
from tests.kill.running import until

from .browsing import browser_of, colleague, text_of
from .conftest import Api, Event

EMAIL = {"kind": "email", "value": "sara@example.com"}
PHONE = {"kind": "phone", "value": "+989121234567"}


def written(api: Api) -> list[tuple[str, str, str]]:
    return [
        (who, what, which)
        for who, what, which in api.hub.database.rows("SELECT who, what, which FROM look ORDER BY id")
    ]


def soon(api: Api, count: int) -> list[tuple[str, str, str]]:
    """What is written down; it comes a moment after the answer."""
    until(lambda: len(written(api)) >= count, 10, "the look is written down")
    return written(api)


@pytest.fixture
def sara(api: Api, event: Callable[..., Event]) -> dict[str, Any]:
    """A customer with a mail, a ticket and an order; nobody has looked at her yet."""
    lines = [{"sku": "A", "title": "A", "quantity": 1, "price": "1.00"}]
    api.send(
        event("m1", channel="chat", message="m1", text="Where is order #1047?", party=EMAIL),
        event("o1", "order.placed", order="1047", party=EMAIL, lines=lines, total="1.00", currency="EUR"),
    )
    found: dict[str, Any] = api.client.get("/v1/customers?q=sara@example.com").json()["items"][0]
    soon(api, 1)
    with api.hub.database.transaction() as tx:
        tx.execute("DELETE FROM look")
    return found


def test_the_api_writes_down_who_was_shown_what(api: Api, sara: dict[str, Any]) -> None:
    agent, customer, ticket = api.roles["agent"], sara["id"], sara["open_tickets"][0]
    expected = []
    for path, what, which in (
        (f"/v1/customers/{customer}", "customer", customer),
        (f"/v1/customers/{customer}/timeline", "customer", customer),
        ("/v1/lookup?email=sara@example.com", "search", customer),
        ("/v1/lookup?phone=09350000000", "search", looks.NOTHING),
        ("/v1/customers?q=sara", "search", customer),
        (f"/v1/tickets/{ticket['number']}", "ticket", ticket["id"]),
        ("/v1/orders/%23۱۰۴۷", "order", "1047"),
    ):
        assert agent.get(path).status_code == 200, path
        expected.append(("a agent", what, which))
        assert soon(api, len(expected)) == expected, path
    assert api.roles["analyst"].get("/v1/events?limit=1").status_code == 200
    assert soon(api, 8)[-1] == ("a analyst", "events", looks.EVERYTHING)
    assert api.roles["analyst"].get("/v1/events?who=sara@example.com").status_code == 200
    assert soon(api, 9)[-1] == ("a analyst", "events", customer)


def test_whoever_is_signed_in_is_written_down_by_login(api: Api, sara: dict[str, Any]) -> None:
    with browser_of(api, colleague(api, "mina")) as browser:
        assert browser.get(f"/v1/customers/{sara['id']}").status_code == 200
    assert soon(api, 1) == [("mina", "customer", sara["id"])]


def test_what_nobody_was_shown_is_not_written_down(api: Api, sara: dict[str, Any]) -> None:
    nobody = "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"
    assert api.client.get(f"/v1/customers/{nobody}").status_code == 404
    assert api.client.get("/v1/orders/99999").status_code == 404
    assert api.roles["machine"].get(f"/v1/customers/{sara['id']}").status_code == 403
    assert api.client.get(f"/v1/customers/{sara['id']}").status_code == 200
    assert soon(api, 1) == [("a admin", "customer", sara["id"])]


def test_nothing_that_was_searched_for_is_kept(api: Api, sara: dict[str, Any]) -> None:
    api.client.get("/v1/customers?q=sara@example.com")
    api.client.get("/v1/lookup?phone=%2B989121234567&email=sara@example.com")
    soon(api, 2)
    held = str(api.hub.database.rows("SELECT * FROM look"))
    assert "sara@" not in held
    assert "989121234567" not in held


def test_a_look_that_cannot_be_written_at_once_is_written_later(
    api: Api, sara: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_AGAIN", 0.05)
    with api.hub.database.transaction() as tx:
        tx.execute("ALTER TABLE look ADD CONSTRAINT shut CHECK (false) NOT VALID")
        tx.execute("CREATE FUNCTION away() RETURNS trigger AS $$ BEGIN RAISE SQLSTATE '57P03'; END $$ LANGUAGE plpgsql")
        tx.execute("CREATE TRIGGER away BEFORE INSERT ON look EXECUTE FUNCTION away()")
        tx.execute("ALTER TABLE look DROP CONSTRAINT shut")
    assert api.client.get(f"/v1/customers/{sara['id']}").status_code == 200
    with api.hub.database.transaction() as tx:
        tx.execute("DROP TRIGGER away ON look")
    assert soon(api, 1) == [("a admin", "customer", sara["id"])]


# -- pages ---------------------------------------------------------------------------------------------------------------

SHOWS = ("/customers/", "/tickets", "/orders/", "/items/", "/files/", "/rejected", "/search", "/pop", "/home/ringing")
"""What these lead to is about somebody."""


class Letter(NamedTuple):
    """A mail with html and a file, the customer, ticket and order that it is about, and a payload that nobody understood."""

    customer: str
    ticket: dict[str, Any]
    item: str
    rejected: str


@pytest.fixture
def letter(api: Api, event: Callable[..., Event]) -> Letter:
    came = EmailMessage()
    came["From"], came["To"], came["Subject"] = "Sara <sara@example.com>", "shop@example.org", "Order #1047"
    came["Date"], came["Message-ID"] = "Tue, 03 Mar 2026 09:12:00 +0330", "<1@example.com>"
    came.set_content("Where is it?")
    came.add_alternative("<p>Where is it?</p>", subtype="html")
    came.add_attachment(b"a bill", maintype="application", subtype="pdf", filename="bill.pdf")
    _brought(api, came.as_bytes(), "email")
    api.send(event("o1", "order.placed", order="1047", party=EMAIL, total="1.00", currency="EUR"))
    rejected = _brought(api, b"1047,placed,never", "orders", format="csv", line="7")
    found = api.client.get("/v1/lookup?email=sara@example.com").json()["customers"][0]
    [mail] = [one for one in api.client.get(f"/v1/customers/{found['id']}/timeline").json()["items"] if one["channel"] == "email"]
    soon(api, 2)
    with api.hub.database.transaction() as tx:
        tx.execute("DELETE FROM look")
    return Letter(found["id"], found["open_tickets"][0], mail["id"], rejected)


def _brought(api: Api, body: bytes, channel: str, **meta: str) -> str:
    """Bytes as they come; the payload's id."""
    outgoing = payload_of_bytes(api.hub.recorder, channel, "a folder", body, meta, clock())
    api.hub.recorder.record(lambda _: [outgoing])
    api.fold()
    return outgoing.event.id


def test_every_page_about_somebody_notes_who_was_shown_it() -> None:
    routes = [route for router in discover("hub.screens.pages", "router").values() for route in router.routes]
    pages = {route.path: route for route in routes if "GET" in route.methods and route.path.startswith(SHOWS)}
    del pages["/rejected/newest"]  # it leads on, and shows nobody
    silent = [path for path, route in pages.items() if not any(d.call is looking.looking for d in route.dependant.dependencies)]
    assert len(pages) >= 12
    assert silent == []


def test_whom_a_call_shows_is_written_down_once_for_each_who_sees_it(api: Api, event: Callable[..., Event]) -> None:
    with browser_of(api, colleague(api, "mina")) as mina, browser_of(api, colleague(api, "reza")) as reza:
        api.send(event("r1", "call.ringing", time=clock().isoformat(), call="c1", party=PHONE))
        for path in ("/pop", "/pop", "/home/ringing", "/"):
            assert mina.get(path).status_code == 200
        [(_, _, stranger)] = soon(api, 1)
        assert reza.get("/home/ringing").status_code == 200
        soon(api, 2)
        api.send(event("r2", "call.ringing", time=clock().isoformat(), call="c2", party=PHONE))
        assert mina.get("/pop").status_code == 200
    assert soon(api, 3) == [(login, "customer", stranger) for login in ("mina", "reza", "mina")]


def test_the_pages_write_down_who_was_shown_what(api: Api, letter: Letter) -> None:
    customer, ticket, mail = letter.customer, letter.ticket, letter.item
    expected: list[tuple[str, str, str]] = []
    with browser_of(api, colleague(api, "nora", "supervisor")) as nora:
        for path, *shown in (
            (f"/customers/{customer}", ("customer", customer)),
            (f"/customers/{customer}/timeline", ("customer", customer)),
            (f"/customers/{customer}/side", ("customer", customer)),
            (f"/customers/{customer}/chips", ("customer", customer)),
            (f"/customers/{customer}/orders", ("customer", customer)),
            (f"/items/{mail}/text", ("customer", customer)),
            (f"/files/{mail}/0", ("file", mail)),
            (f"/tickets/{ticket['number']}", ("ticket", ticket["id"])),
            (f"/tickets/{ticket['id']}?part=conversation", ("ticket", ticket["id"])),
            (f"/tickets/{ticket['id']}/mail/{mail}", ("customer", customer)),
            ("/tickets?whose=all", ("ticket", ticket["id"])),
            ("/orders/1047", ("order", "1047"), ("customer", customer)),
            ("/search?q=sara@example.com", ("search", customer)),
            (f"/search?q=%23{ticket['number']}", ("ticket", ticket["id"]), ("search", customer)),
            ("/search?q=1047", ("order", "1047"), ("search", customer)),
            ("/search?q=nobody@example.com", ("search", looks.NOTHING)),
            ("/rejected", ("rejected", letter.rejected)),
            (f"/rejected/{letter.rejected}", ("rejected", letter.rejected)),
            (f"/rejected/{letter.rejected}/raw", ("rejected", letter.rejected)),
        ):  # fmt: skip
            assert nora.get(path).status_code == 200, path
            expected += [("nora", what, which) for what, which in shown]
            assert soon(api, len(expected)) == expected, path


def test_a_mail_is_its_customers_whatever_ticket_the_address_names(api: Api, letter: Letter) -> None:
    another = "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"
    with browser_of(api, colleague(api, "nora")) as nora:
        assert nora.get(f"/tickets/{another}/mail/{letter.item}").status_code == 200
    assert soon(api, 1) == [("nora", "customer", letter.customer)]


def test_a_command_that_is_refused_shows_its_ticket_and_that_is_written_down(api: Api, letter: Letter) -> None:
    with browser_of(api, colleague(api, "nora")) as nora:
        refused = nora.send_form(f"/tickets/{letter.ticket['id']}/do", id=str(uuid4()), expects="0", command="fly")
        assert refused.status_code == 422
    assert soon(api, 1) == [("nora", "ticket", letter.ticket["id"])]


def test_a_page_that_was_refused_is_not_written_down(api: Api, letter: Letter) -> None:
    with browser_of(api, colleague(api, "nora")) as nora:
        assert nora.get(f"/rejected/{letter.rejected}").status_code == 403
        assert nora.get("/orders/99999").status_code == 404
        assert nora.get("/search").status_code == 200
        assert nora.get(f"/customers/{letter.customer}").status_code == 200
    assert soon(api, 1) == [("nora", "customer", letter.customer)]


# -- the page of looks ----------------------------------------------------------------------------------------------------


def test_administrators_read_who_looked_newest_first(api: Api, sara: dict[str, Any], event: Callable[..., Event]) -> None:
    ticket = sara["open_tickets"][0]
    api.send(event("p1", "party.described", party=EMAIL, name="Sara Karimi"))
    looks.looked(api.hub.database, "mina", "customer", sara["id"])
    looks.looked(api.hub.database, "reza", "ticket", ticket["id"])
    looks.looked(api.hub.database, "reza", "search", [])
    with browser_of(api, colleague(api, "boss", "admin")) as boss:
        page = boss.get("/settings/looks")
    assert re.search(rf"reza Found nobody .*reza Ticket #{ticket['number']} .*mina Customer Sara Karimi", text_of(page))
    people = re.findall(r'<option value="([^"]+)"', page.text)
    assert people == sorted({"boss", "mina", "reza", *(name for name, *_ in access.listed(api.hub.database))})


def test_a_look_at_what_was_rejected_leads_there(api: Api, letter: Letter) -> None:
    looks.looked(api.hub.database, "reza", "rejected", letter.rejected)
    with browser_of(api, colleague(api, "boss", "admin")) as boss:
        page = boss.get("/settings/looks")
    assert f'href="/rejected/{letter.rejected}"' in page.text
    assert f"Rejected {letter.rejected[:8]} " in text_of(page) + " "


def test_looks_are_found_by_person_and_by_customer_whichever_way_he_is_named(api: Api, sara: dict[str, Any]) -> None:
    ticket = sara["open_tickets"][0]
    looks.looked(api.hub.database, "mina", "customer", sara["id"])
    looks.looked(api.hub.database, "mina", "customer", "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10")
    looks.looked(api.hub.database, "reza", "ticket", ticket["id"])
    looks.looked(api.hub.database, "reza", "order", "1047")
    with browser_of(api, colleague(api, "boss", "admin")) as boss:
        for about in ("sara@example.com", "1047", sara["id"]):
            rows = _rows(boss.get("/settings/looks", params={"about": about}).text)
            assert [row[0] for row in rows] == ["reza", "reza", "mina"], about
        assert [row[0] for row in _rows(boss.get("/settings/looks", params={"about": str(ticket["number"])}).text)] == [
            "reza"
        ]
        both = {"about": "sara@example.com", "who": "mina"}
        assert [row[0] for row in _rows(boss.get("/settings/looks", params=both).text)] == ["mina"]
        assert len(_rows(boss.get("/settings/looks", params={"who": "mina"}).text)) == 2
        unknown = boss.get("/settings/looks", params={"about": "nobody@example.com"})
        assert "No customer is known by this" in text_of(unknown)
        assert _rows(unknown.text) == []


def test_linking_two_identifiers_brings_the_looks_at_both(
    api: Api, sara: dict[str, Any], event: Callable[..., Event]
) -> None:
    api.send(event("c1", "call.ringing", call="c1", direction="in", party=PHONE))
    caller = api.client.get("/v1/customers?q=09121234567").json()["items"][0]["id"]
    looks.looked(api.hub.database, "mina", "customer", caller)
    looks.looked(api.hub.database, "reza", "customer", sara["id"])
    with browser_of(api, colleague(api, "boss", "admin")) as boss:
        before = _rows(boss.get("/settings/looks", params={"about": "sara@example.com"}).text)
        assert [row[0] for row in before] == ["reza"]
        api.send(event("l1", "party.linked", a=EMAIL, b=PHONE, evidence="she said so"))
        after = _rows(boss.get("/settings/looks", params={"about": "sara@example.com"}).text)
        assert {row[0] for row in after} >= {"reza", "mina"}


def test_many_looks_come_in_pages_without_a_gap(api: Api) -> None:
    for n in range(120):
        looks.looked(api.hub.database, "mina", "order", f"{n:03}")
    found: list[str] = []
    path = "/settings/looks?who=mina"
    with browser_of(api, colleague(api, "boss", "admin")) as boss:
        while path:
            page = boss.get(path)
            found += [row[1] for row in _rows(page.text)]
            earlier = re.search(r'href="(/settings/looks\?[^"]+before=[^"]+)"', page.text)
            path = earlier[1].replace("&amp;", "&") if earlier else ""
        assert found == [f"{n:03}" for n in reversed(range(120))]
        assert boss.get("/settings/looks?before=zzz").status_code == 422


def test_one_insert_holds_all_that_was_shown(api: Api) -> None:
    looks.looked(api.hub.database, "mina", "search", ["b", "a", "b"])
    assert written(api) == [("mina", "search", "b"), ("mina", "search", "a")]
    assert len(set(api.hub.database.rows("SELECT time FROM look"))) == 1


def _rows(page: str) -> list[tuple[str, str]]:
    """Who and which, of each row of the page."""
    found = re.findall(
        r'<tr><td><time.*?</td><td><bdi>(.*?)</bdi></td><td>\w+ .*?<bdi>(.*?)</bdi>.*?</td></tr>', page, re.DOTALL
    )
    return [(who, which) for who, which in found]
