"""What is printed: what was said, whole, black on white, without what one can only click."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from hub.store import accounts
from hub.store.accounts import Account

from .conftest import MAIL, Desk

pytestmark = pytest.mark.real


def test_a_ticket_is_printed_whole_and_dark_on_white(desk: Desk, mina: Account) -> None:
    accounts.prefer(desk.hub.database, mina.id, "en", "dark")
    for n in range(4):
        desk.send("message.received", channel="chat", message=f"p{n}", thread="t1", party=MAIL, text=f"{'Well, ' * 40}end {n}.")
    desk.settle()
    ticket = desk.client.get("/v1/tickets").json()["items"][0]["id"]
    page = desk.page(mina)
    page.goto(f"/tickets/{ticket}")
    first = page.locator("#conversation .text").first
    expect(first).to_be_hidden()
    page.emulate_media(media="print")
    expect(first).to_be_visible()
    expect(first).to_contain_text("end 0.")
    for one in (".nav", "#box", ".side-open", ".to-box"):
        expect(page.locator(one)).to_be_hidden()
    expect(page.locator("#side")).to_be_visible()
    red, green, blue = (int(part) for part in re.findall(r"\d+", first.evaluate("one => getComputedStyle(one).color"))[:3])
    assert max(red, green, blue) < 80
