"""The page of an order: how far it is, and every contact about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.screens.pages.order import remarks, steps
from hub.store import accounts, reads
from tests.kill.running import until

from .browsing import Browser, browser_of, colleague, text_of
from .conftest import Api, Event

SARA = {"kind": "email", "value": "sara@example.com"}
OTHER = {"kind": "phone", "value": "+989121234567"}


@pytest.fixture
def reza(api: Api) -> Iterator[Browser]:
    with browser_of(api, colleague(api, "reza")) as browser:
        yield browser


@pytest.fixture
def order(api: Api, event: Callable[..., Event]) -> str:
    lines = [{"sku": "L-1", "title": "چراغ مطالعه", "quantity": 2, "price": "6.25"}]
    api.send(
        event("o1", "order.placed", order="1047", party=SARA, lines=lines, total="12.50", currency="EUR"),
        event("o2", "order.shipped", order="1047", tracking="TPX-1"),
        event("m1", message="m1", text="where is order 1047?", thread="a", party=SARA),
        event("m2", message="m2", text="سفارش ۱۰۴۷ برای خواهرم است", thread="b", party=OTHER),
        event("m3", message="m3", text="I live at number 1047", thread="c", party=SARA),
        event("m4", message="m4", text="where is order 10475?", thread="d", party=SARA),
    )  # fmt: skip
    return "1047"


def test_the_page_shows_stages_lines_totals_and_tracking(reza: Browser, order: str) -> None:
    page = reza.get(f"/orders/{order}")
    assert page.status_code == 200
    for words in ("Placed", "Shipped", "nobody said when", "to come", "چراغ مطالعه", "L-1", "TPX-1", "12.50 EUR", "6.25 EUR"):
        assert words in text_of(page)
    assert re.search(r'aria-current="step".*?Shipped', page.text, re.DOTALL)
    assert '<bdi dir="ltr">#1047</bdi>' in page.text
    assert reza.get("/orders/۱۰۴۷").status_code == 200
    assert reza.get("/orders/99999").status_code == 404


def test_all_contacts_that_name_it_are_there_whoever_they_are_from(reza: Browser, order: str) -> None:
    shown = text_of(reza.get(f"/orders/{order}", headers={"hx-request": "true"}))
    assert "where is order 1047?" in shown
    assert "سفارش ۱۰۴۷ برای خواهرم است" in shown
    assert "I live at" not in shown
    assert "10475" not in shown


def test_whose_order_it_is_stands_beside_it(api: Api, reza: Browser, event: Callable[..., Event], order: str) -> None:
    api.send(event("o3", "order.placed", order="1048", party=SARA))
    side = text_of(reza.get(f"/orders/{order}", params={"part": "side"}, headers={"hx-request": "true"}))
    for words in ("sara@example.com", "Open tickets", "Other orders of this customer", "#1048"):
        assert words in side
    assert "#1047" not in side
    until(lambda: {"order", "customer"} <= _looked_at(api), 60, "it is written down who was looked at")


def _looked_at(api: Api) -> set[str]:
    return {row[0] for row in api.hub.database.rows("SELECT what FROM look")}


def test_a_fragment_is_the_body_alone(reza: Browser, order: str) -> None:
    part = reza.get(f"/orders/{order}", headers={"hx-request": "true"}).text
    assert "TPX-1" in part
    assert "<html" not in part


def told(*stages: str, stage: str, **amounts: str) -> dict[str, Any]:
    """An order of 100.00; the first `paid` and so on are of these amounts."""
    nothing = dict.fromkeys(("amount", "currency", "document", "tracking", "carrier"))
    history = [
        {"stage": s, "time": n, "source": "shop"} | nothing | {"amount": amounts.pop(s, None)} for n, s in enumerate(stages)
    ]
    return {"stage": stage, "total": "100.00", "currency": "EUR", "history": history}


def test_a_stage_that_a_later_one_passed_over_was_reached() -> None:
    found = steps(told("placed", "shipped", stage="shipped"))
    assert [(s["stage"], s["reached"], s["now"]) for s in found] == [
        ("placed", True, False), ("confirmed", True, False), ("paid", True, False), ("packed", True, False),
        ("shipped", True, True), ("delivered", False, False),
    ]  # fmt: skip


def test_of_a_cancelled_order_nothing_is_still_to_come() -> None:
    assert [s["stage"] for s in steps(told("placed", "cancelled", stage="cancelled"))] == ["placed", "cancelled"]


def test_what_is_no_stage_or_comes_again_is_a_remark() -> None:
    found = remarks(told("placed", "invoiced", "paid", "paid", stage="paid"))
    assert [(step["stage"], step["time"]) for step in found] == [("paid", 3), ("invoiced", 1)]


def test_a_stage_paid_in_part_is_not_reached_though_a_later_one_was() -> None:
    found = steps(told("placed", "paid", "shipped", stage="shipped", paid="10.00"))
    paid = next(step for step in found if step["stage"] == "paid")
    assert (paid["reached"], paid["in_part"], paid["time"]) == (False, True, None)


def test_a_sum_is_reached_by_its_last_part() -> None:
    order = told("placed", "paid", "paid", stage="paid", paid="10.00")
    order["history"][2]["amount"] = "90.00"
    paid = next(step for step in steps(order) if step["stage"] == "paid")
    assert (paid["reached"], paid["time"]) == (True, 2)


def test_parts_of_a_sum_are_remarks_with_their_sum(api: Api, reza: Browser, event: Callable[..., Event]) -> None:
    api.send(
        event("p1", "order.placed", order="1051", party=SARA, total="100.00", currency="EUR"),
        event("p2", "order.paid", order="1051", amount="10.00", document="PAY-7"),
        event("p3", "order.refunded", order="1051", amount="5.00"),
    )  # fmt: skip
    page = reza.get("/orders/1051")
    stages = page.text.partition("</ol>")[0]
    assert re.search(r'aria-current="step".*?Placed', stages, re.DOTALL)
    assert "in part" in stages
    assert "Refunded" not in stages
    assert "Paid · shop · PAY-7 · 10.00 EUR" in text_of(page)
    assert "Refunded · shop · 5.00 EUR" in text_of(page)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_what_a_step_said_is_on_the_page(api: Api, event: Callable[..., Event], language: str) -> None:
    api.send(
        event("s1", "order.placed", order="1052", party=SARA, total="1250.00", currency="EUR"),
        event("s2", "order.invoiced", order="1052", document="R-2026-17", amount="1250.00"),
        event("s3", "order.shipped", order="1052", carrier="DHL", tracking="T1", time="2026-01-02T10:00:00Z"),
        event("s4", "order.shipped", order="1052", carrier="UPS", tracking="T2", time="2026-01-03T10:00:00Z"),
    )  # fmt: skip
    with browser_of(api, colleague(api, "mina")) as mina:
        mina.send_form("/settings/me", language=language)
        shown = text_of(mina.get("/orders/1052"))
    amount = {"en": "R-2026-17 · 1,250.00 EUR", "fa": "R-2026-17 · ۱٬۲۵۰٫۰۰ EUR"}
    for words in (amount[language], "· DHL · T1", "· UPS · T2", {"en": "Carrier UPS", "fa": "شرکت حمل UPS"}[language]):
        assert words in shown


@pytest.mark.parametrize(("language", "sum"), [("en", "45,300,000 rials"), ("fa", "۴۵٬۳۰۰٬۰۰۰ ریال")])
def test_the_line_of_time_writes_sums_as_its_reader_does(
    api: Api, event: Callable[..., Event], language: str, sum: str
) -> None:
    paid = event("p", "order.paid", order="7", party=SARA, document="8812", amount="45300000", currency="IRR", note="by card")
    api.send(paid)
    (item,) = api.client.get("/v1/lookup?email=sara@example.com").json()["recent"]
    mina = colleague(api, "mina", password=None)
    accounts.prefer(api.hub.database, mina.id, language, "light")
    page = text_of(browser_of(api, mina).get(f"/customers/{item['party']}"))
    assert f"8812 · {sum} · by card" in page


def test_a_file_that_says_the_total_in_every_row_does_not_say_it_with_every_step() -> None:
    found = remarks(told("placed", "paid", "delivered", stage="delivered", paid="100.00", delivered="100.00"))
    assert [(step["stage"], step["amount"]) for step in found] == [("paid", "100.00")]


def test_less_than_one_is_below_zero(reza: Browser, api: Api, event: Callable[..., Event]) -> None:
    lines = [{"title": "Discount", "quantity": 1, "price": "-0.50"}, {"title": "Credit", "quantity": 1, "price": "-1250"}]
    api.send(event("n1", "order.placed", order="1053", party=SARA, lines=lines, total="0.00", currency="EUR"))
    shown = text_of(reza.get("/orders/1053"))
    assert "-0.50 EUR" in shown
    assert "-1,250.00 EUR" in shown


# -- a customer with many ----------------------------------------------------------------------------------------------

_MORE = re.compile(r'hx-get="(/customers/[^"]+/orders\?skip=\d+)"[^>]*>([^<]+)<')


def with_orders(api: Api, event: Callable[..., Event], count: int) -> Any:
    """The customer, who placed that many."""
    api.send(*(event(f"many{n}", "order.placed", order=str(5000 + n), party=SARA, total="9.00") for n in range(count)))
    (found,) = api.client.get("/v1/customers", params={"q": "sara@example.com"}).json()["items"]
    return found


def test_all_orders_of_a_customer_are_counted_and_can_be_seen(api: Api, reza: Browser, event: Callable[..., Event]) -> None:
    person = with_orders(api, event, 138)
    assert (person["order_count"], len(person["orders"])) == (138, 138)
    page = reza.get(f"/customers/{person['id']}/side", headers={"hx-request": "true"}).text
    seen = re.findall(r'href="/orders/(\d+)"', page)
    told = []
    while more := _MORE.search(page):
        told.append(more[2])
        assert len(re.findall(r'href="/orders/', reza.get(more[1]).text)) <= 100, "without scripts it is a page of its own"
        page = reza.get(more[1], headers={"hx-request": "true"}).text
        seen += re.findall(r'href="/orders/(\d+)"', page)
    assert told == ["and 126 more", "and 26 more"]
    assert sorted(seen) == [str(5000 + n) for n in range(138)]
    beside = reza.get("/orders/5000", params={"part": "side"}, headers={"hx-request": "true"})
    assert "and 129 more" in text_of(beside), "but for this one and those that stand there"


def test_of_very_many_orders_the_last_are_given_and_all_are_counted(
    api: Api, reza: Browser, event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "ORDERS", 20)
    person = with_orders(api, event, 30)
    assert (person["order_count"], len(person["orders"])) == (30, 20)
    rest = reza.get(f"/customers/{person['id']}/orders", params={"skip": 12}, headers={"hx-request": "true"})
    assert rest.text.count("/orders/") == 8
    assert "and 10 more" in rest.text


def test_what_came_under_the_back_offices_own_id_is_not_counted_again(
    api: Api, event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.send(
        event("r1", "order.placed", order="6001", order_ref="ref:1", party=SARA),
        event("r2", "order.paid", order_ref="ref:1", party=SARA),
        event("r3", "order.paid", order_ref="ref:2", party=SARA),
    )  # fmt: skip
    monkeypatch.setattr(reads, "ORDERS", 1)
    (person,) = api.client.get("/v1/customers", params={"q": "sara@example.com"}).json()["items"]
    assert person["order_count"] == 2
