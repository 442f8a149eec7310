"""Names, subjects, numbers and files in one word that is longer than the screen: it is broken or cut."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hub.store import accounts
from hub.store.accounts import Account

from .conftest import MAIL, SARA, Desk

pytestmark = pytest.mark.real
WORD = "Donaudampfschifffahrtsgesellschaftskapitän" * 6
NUMBER = "N" * 60


@pytest.fixture
def pages(desk: Desk) -> list[str]:
    """Of a customer all of whose words are too long."""
    line = {"sku": WORD, "title": WORD, "quantity": 1, "price": "123456789.50"}
    files = [{"name": f"{WORD}.txt", "type": "text/plain", "base64": "aGVsbG8="}]
    desk.send("party.described", party=MAIL, name=WORD)
    desk.send("order.placed", order=NUMBER, party=MAIL, total="123456789.50", currency="IRR", lines=[line])
    desk.send("order.shipped", order=NUMBER, carrier=WORD, tracking=NUMBER)
    desk.send("message.received", channel="email", message="m1", thread="t1", party=MAIL, subject=WORD, text=WORD,
              attachments=files)  # fmt: skip
    desk.settle()
    ticket = desk.client.get("/v1/tickets").json()["items"][0]["id"]
    return ["/", f"/customers/{desk.sara()}", f"/tickets/{ticket}", "/tickets?whose=all", f"/orders/{NUMBER}",
            "/search?q=sara@example.com", "/settings/looks"]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fa"])
def test_nothing_stands_beside_the_screen(desk: Desk, mina: Account, pages: list[str], language: str) -> None:
    accounts.prefer(desk.hub.database, mina.id, language, "light")
    page = desk.page(mina)
    beside = []
    for path in pages:
        page.goto(path)
        for width in (1440, 900, 360):
            page.set_viewport_size({"width": width, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                beside.append(f"{path} {width}")
            if width == 1440 and page.locator("#side").count() and sticks_out(page, "#side"):
                beside.append(f"the side of {path}")
    assert beside == []


def sticks_out(page: Page, of: str) -> Any:
    return page.locator(of).evaluate("side => side.scrollWidth > side.clientWidth")


def test_on_a_telephone_home_says_who_and_what_about(desk: Desk, mina: Account) -> None:
    desk.history()
    page = desk.page(mina, width=360)
    page.goto("/")
    row = page.locator("#tickets .row").first
    expect(row.locator("b")).to_have_text("Sara Karimi")
    assert not row.locator("b").evaluate("name => name.scrollWidth > name.clientWidth")
    assert row.locator(".words").evaluate("about => about.clientWidth") > 100


def test_however_long_a_caller_is_called_the_call_can_be_accepted_at_a_glance(desk: Desk, mina: Account) -> None:
    desk.send("party.described", party=SARA, name=WORD)
    desk.send("message.received", channel="chat", message="m1", thread="t1", party=SARA, subject=WORD, text=WORD)
    desk.settle()
    page = desk.page(mina, width=360, height=560)
    page.goto("/tickets")
    desk.rings(agent="202")
    accept = page.locator(".pop .button.main")
    expect(accept).to_be_in_viewport(ratio=1)
    assert page.locator(".pop-name").evaluate("name => name.offsetHeight") <= 64
    accept.click(trial=True)  # nothing lies over it


_NAMES = """() => [...document.querySelectorAll(".nav-link span")].map((one) => one.getBoundingClientRect())
    .map((box) => [box.left, box.right]).sort((a, b) => a[0] - b[0])"""


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_names_in_the_bar_do_not_run_into_each_other(desk: Desk, mina: Account, language: str) -> None:
    accounts.prefer(desk.hub.database, mina.id, language, "light")
    page = desk.page(mina)
    page.goto("/tickets")
    for width in (320, 375, 768):
        page.set_viewport_size({"width": width, "height": 700})
        names = page.evaluate(_NAMES)
        assert all(before[1] <= after[0] for before, after in pairwise(names)), (width, names)
        links = page.locator(".nav-link").all()
        assert min(link.bounding_box()["width"] for link in links) >= 40  # type: ignore[index]


def test_a_stage_that_has_no_room_is_as_wide_as_those_above_it(desk: Desk, mina: Account) -> None:
    stages = ("placed", "confirmed", "paid", "packed", "shipped", "delivered", "returned", "refunded")
    for n, stage in enumerate(stages):
        party = {"party": [SARA, MAIL]} if stage == "placed" else {}
        desk.send(f"order.{stage}", ago=timedelta(days=len(stages) - n), order="1047", **party)
    desk.settle()
    page = desk.page(mina)
    page.goto("/orders/1047")
    expect(page.locator(".stage")).to_have_count(8)
    for width, rows in ((1440, 1), (1024, 2), (375, 3)):
        page.set_viewport_size({"width": width, "height": 800})
        boxes = page.locator(".stage").evaluate_all("all => all.map((one) => [one.offsetTop, one.offsetWidth])")
        assert len({top for top, _ in boxes}) == rows, width
        assert max(wide for _, wide in boxes) - min(wide for _, wide in boxes) <= 1, width


# Of what can be touched, and is no word within a sentence or the row that it fills, the height.
_TOUCHED = """() => [...document.querySelectorAll("main a[href]:not(.row-link), main button, main summary, nav a, nav summary")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 1)
    .map((one) => [one.getBoundingClientRect().height, one.outerHTML.slice(0, 120)])"""


def test_a_thumb_finds_all_that_can_be_touched_on_a_telephone(desk: Desk, mina: Account) -> None:
    desk.history()
    page = desk.page(mina, width=375)
    ticket = desk.client.get("/v1/tickets").json()["items"][0]["id"]
    for path in ("/", f"/customers/{desk.sara()}", f"/tickets/{ticket}", "/orders/1047", "/search?q=karimi"):
        page.goto(path)
        expect(page.locator("[data-load]:not(#pop):empty")).to_have_count(0)
        assert [html for high, html in page.evaluate(_TOUCHED) if high < 24] == [], path
