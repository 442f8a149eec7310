"""What pages look like when something is open, rings or is forbidden: nothing keeps anybody out there either."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from hub.store import accounts, mailboxes
from hub.store.accounts import Account
from hub.store.mailboxes import Entered
from hub.transport.servers import Server

from .conftest import SARA, Desk, complaints
from .test_every_page import barriers
from .test_pop_and_home import listening

pytestmark = pytest.mark.real
READERS = [("en", "light"), ("fa", "dark")]
WIDE, MIDDLE, NARROW = 1280, 900, 375
SOME = re.compile(r"\S")
MANY = {"kind": "phone", "value": "021 8888 0000"}  # a switchboard's number
NOBODY = {"kind": "phone", "value": "0912 555 0000"}


@dataclass
class Looks:
    """A page and what was found wrong on it."""

    page: Page

    def finds_nothing(self, what: str, *widths: int) -> None:
        faults = []
        self.page.evaluate(AXE_SCRIPT)
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 900})
            faults += [f"{what} {width}: {fault}" for fault in barriers(self.page)]
            if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                faults.append(f"{what} {width}: something stands beside the screen")
        assert faults == [], "\n".join(faults)


Look = Callable[..., Looks]


@pytest.fixture(params=READERS, ids=["-".join(one) for one in READERS])
def look(desk: Desk, request: pytest.FixtureRequest) -> Look:
    """The pages as somebody of a role sees them, in his language and colours."""
    language, theme = request.param

    def looked(role: str = "admin") -> Looks:
        account: Account = accounts.ensure(desk.hub.database, role, role.capitalize(), role)
        accounts.prefer(desk.hub.database, account.id, language, theme)
        page = desk.page(account)
        page.emulate_media(reduced_motion="reduce")
        return Looks(page)

    return looked


def goes(looks: Looks, path: str) -> Page:
    looks.page.goto(path)
    listening(looks.page)
    return looks.page


def ticket(desk: Desk) -> str:
    return str(desk.client.get("/v1/tickets").json()["items"][0]["id"])


def test_first_steps(look: Look) -> None:
    looks = look()
    goes(looks, "/")
    looks.finds_nothing("first steps", WIDE, NARROW)


def test_the_pop_of_somebody_unknown_of_many_and_of_several_calls(desk: Desk, look: Look) -> None:
    desk.history()
    for n in range(7):
        one = {"kind": "email", "value": f"s{n}@example.com"}
        desk.send("order.placed", order=f"S{n}", party=[MANY, one])
        desk.send("message.received", channel="chat", message=f"s{n}", thread=f"s{n}", party=one, text="Hi")
    desk.settle()
    looks = look()
    page = goes(looks, "/")
    desk.rings("unknown", NOBODY)
    expect(page.locator("#pop input[name=who]")).to_be_visible()
    looks.finds_nothing("an unknown caller", WIDE, NARROW)
    desk.send("call.ended", call="unknown", cause="no_answer")
    expect(page.locator("#pop .pop")).to_have_count(0)
    desk.rings("shared", MANY)
    expect(page.locator("#pop")).to_contain_text("s1@example.com")
    looks.finds_nothing("a number of many", WIDE, NARROW)
    desk.rings("another", SARA)
    desk.rings("withheld", NOBODY)
    expect(page.locator("#pop")).to_contain_text("Sara Karimi")
    looks.finds_nothing("several calls", WIDE, NARROW)


def test_the_dialogs(desk: Desk, look: Look) -> None:
    desk.history()
    looks = look()
    page = goes(looks, "/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_have_accessible_name(SOME)  # axe does not ask it of <dialog>
    looks.finds_nothing("the keys", WIDE, NARROW)
    page.keyboard.press("Escape")
    page.locator("#you summary").click()
    looks.finds_nothing("the menu", WIDE, NARROW)
    page.locator("[data-open=ring]").click()
    expect(page.locator("#ring")).to_have_accessible_name(SOME)
    looks.finds_nothing("a test call", WIDE, NARROW)


def test_every_panel_of_a_ticket_and_the_sheet_beside_it(desk: Desk, look: Look) -> None:
    desk.history()
    looks = look()
    page = goes(looks, f"/tickets/{ticket(desk)}")
    looks.finds_nothing("a ticket", MIDDLE)
    panels = page.locator(".mode label").count()
    assert panels > 2
    for n in range(panels):
        page.locator(".mode label").nth(n).click()
        looks.finds_nothing(f"panel {n} of a ticket", NARROW)
    page.locator(".side-open").click()
    expect(page.locator("#side")).to_be_visible()
    looks.finds_nothing("the sheet of a ticket", NARROW)


def test_pages_at_900_px_and_a_customers_sheet(desk: Desk, look: Look) -> None:
    desk.history()
    looks = look()
    for path in ("/", "/tickets?whose=all", "/orders/1047", "/search?q=karimi", "/settings/users", f"/customers/{desk.sara()}"):
        goes(looks, path)
        looks.finds_nothing(path, MIDDLE)
    looks.page.set_viewport_size({"width": NARROW, "height": 900})
    looks.page.locator(".side-open").click()
    expect(looks.page.locator("#side")).to_be_visible()
    looks.finds_nothing("the sheet of a customer", NARROW)


@pytest.mark.parametrize("role", ["agent", "analyst"])
def test_pages_of_who_may_less(desk: Desk, look: Look, role: str) -> None:
    desk.history()
    looks = look(role)
    for path in ("/", f"/customers/{desk.sara()}", f"/tickets/{ticket(desk)}"):
        goes(looks, path)
        looks.finds_nothing(f"{path} of the {role}", WIDE)
    for path in ("/settings/me", "/settings/users"):
        looks.page.goto(path)
        looks.finds_nothing(f"{path} of the {role}", WIDE)
    complaints[:] = [one for one in complaints if "403" not in one]  # that it is refused is meant


def test_the_form_of_a_mailbox_that_is_there(desk: Desk, look: Look) -> None:
    server = Server("imap", "127.0.0.1", 9, "none", "shop", "INBOX")
    smtp = Server("smtp", "127.0.0.1", 9, "none")
    entered = Entered("Shop", "hello@shop.example", server, "secret", smtp=smtp, smtp_password="")
    id = mailboxes.add(desk.hub.database, desk.hub.keys, entered)
    looks = look()
    goes(looks, f"/settings/mailboxes/{id}")
    looks.finds_nothing("the form of a mailbox", WIDE, NARROW)
    goes(looks, "/settings/mailboxes")
    looks.finds_nothing("the mailboxes", WIDE, NARROW)
