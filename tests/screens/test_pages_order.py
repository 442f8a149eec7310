"""The page of an order: how far it is, and every contact about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.screens.pages.order import remarks, steps
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
    for words in ("sara@example.com", "Open tickets", "His other orders", "#1048"):
        assert words in side
    assert "#1047" not in side
    until(lambda: {"order", "customer"} <= _looked_at(api), 60, "it is written down who was looked at")


def _looked_at(api: Api) -> set[str]:
    return {row[0] for row in api.hub.database.rows("SELECT what FROM look")}


def test_a_fragment_is_the_body_alone(reza: Browser, order: str) -> None:
    part = reza.get(f"/orders/{order}", headers={"hx-request": "true"}).text
    assert "TPX-1" in part
    assert "<html" not in part


def told(*stages: str, stage: str) -> dict[str, Any]:
    return {"stage": stage, "history": [{"stage": s, "time": n, "source": "shop"} for n, s in enumerate(stages)]}


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
