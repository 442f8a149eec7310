from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from hub.store.accounts import Account

from .conftest import Desk

# What the keys of a keyboard type where its layout is Persian: the sign, and the key's place on the board.
PERSIAN = {"g": ("ل", "KeyG"), "h": ("ا", "KeyH"), "j": ("ت", "KeyJ"), "o": ("خ", "KeyO"), "?": ("؟", "Slash")}


@pytest.fixture
def page(desk: Desk, mina: Account) -> Page:
    page = desk.page(mina)
    desk.history()
    return page


def types(page: Page, key: str) -> None:
    sign, place = PERSIAN[key]
    told = {"key": sign, "code": place, "shiftKey": key == "?"}
    page.evaluate("""told => document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { ...told, bubbles: true, cancelable: true }))""", told)  # fmt: skip


def test_the_keys_work_on_a_persian_keyboard(desk: Desk, page: Page) -> None:
    page.goto(f"/customers/{desk.sara()}")
    types(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    types(page, "j")
    expect(page.locator(".timeline summary").first).to_be_focused()
    types(page, "g")
    types(page, "h")
    page.wait_for_url(desk.address + "/")


def test_a_call_is_answered_on_a_persian_keyboard(desk: Desk, page: Page) -> None:
    page.goto("/search")
    expect(page.locator("body[data-listening]")).to_be_attached()
    page.keyboard.press("Escape")
    desk.rings(agent="202")
    expect(page.locator(".pop")).to_be_visible()
    types(page, "o")
    page.wait_for_url("**/orders/1047")


def test_what_cannot_be_taken_back_asks_once_more(desk: Desk, mina: Account) -> None:
    page = desk.page(mina)
    page.goto("/settings/keys")
    key = page.locator("tbody tr").filter(has_text="test")
    sure = key.get_by_role("button", name="Delete for good")
    expect(sure).to_be_hidden()
    key.locator("summary").press("Enter")
    expect(key).to_contain_text("locked out")
    sure.click()
    expect(page.locator("tbody tr").filter(has_text="test")).to_have_count(0)
