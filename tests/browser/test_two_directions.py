"""Words of one direction in a page of the other: they begin where the line begins, and are cut at their own end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from hub.store import access, accounts
from hub.store.accounts import Account

from .conftest import MAIL, SARA, Desk

WORDS = {
    "fa": "خانهٔ باران سفارش شما را فرستاد؛ کد رهگیری آن را هم همین امروز برایتان پیامک می‌کنیم و اگر نرسید تلفن بزنید",
    "en": "The shop has sent your order; we text its tracking number to you today, and please call us if it does not come",
}
# How far the first letter stands from where its box begins in its own direction, and the box from what is before it.
_STANDS = """said => {
    const first = document.createRange();
    first.setStart(said.firstChild, 0);
    first.setEnd(said.firstChild, 1);
    const [letter, box] = [first.getBoundingClientRect(), said.getBoundingClientRect()];
    const own = getComputedStyle(said).direction === "rtl" ? box.right - letter.right : letter.left - box.left;
    const line = said.parentElement.getBoundingClientRect();
    const ahead = getComputedStyle(said.parentElement).direction === "rtl" ? line.right - box.right : box.left - line.left;
    return { own, ahead, cut: said.scrollWidth > said.clientWidth };
}"""


def stands(said: Locator) -> dict[str, float]:
    found: dict[str, float] = said.evaluate(_STANDS)
    return found


@pytest.mark.parametrize(("page_of", "words_of"), [("en", "fa"), ("fa", "en")])
def test_words_of_the_other_direction_begin_where_the_line_does(
    desk: Desk, mina: Account, page_of: str, words_of: str
) -> None:
    accounts.prefer(desk.hub.database, mina.id, page_of, "light")
    long, short = WORDS[words_of], WORDS[words_of][:8]
    desk.send("party.described", party=MAIL, name="Sara")
    desk.send("message.received", channel="chat", message="m1", thread="t1", party=MAIL, text=long)
    desk.send("message.received", channel="sms", message="m2", thread="t2", party=MAIL, text=short)
    desk.send("message.received", channel="email", message="m3", thread="t3", party=MAIL, subject=f"Re: {short}", text=None)
    desk.settle()
    page = desk.page(mina, width=375)
    page.goto("/")
    expect(page.locator("#today .said")).to_have_count(3)
    for row in page.locator("#today .said").all():
        told = stands(row)
        assert abs(told["own"]) < 2, row.inner_text()
        assert abs(told["ahead"]) < 2, row.inner_text()
    assert stands(page.locator("#today .said", has_text=long[:20]))["cut"]
    expect(page.locator("#today .said", has_text="Re:")).to_have_count(0)


# How far the words of a cell stand from those of the cell before it, the least of all rows.
_APART = """() => Math.min(...[...document.querySelectorAll("tbody td + td")].map((cell) => {
    const all = document.createRange();
    const words = (one) => { all.selectNodeContents(one); return all.getBoundingClientRect(); };
    const [one, before] = [words(cell), words(cell.previousElementSibling)];
    return Math.max(before.left - one.right, one.left - before.right);
}))"""


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("path", ["/settings/looks", "/settings/keys"])
def test_words_of_a_table_stand_apart_in_both_directions(desk: Desk, mina: Account, path: str, language: str) -> None:
    accounts.prefer(desk.hub.database, mina.id, language, "light")
    desk.history()
    page = desk.page(mina, width=375)
    page.goto(f"/customers/{desk.sara()}")
    page.goto(path)
    expect(page.locator("tbody tr").first).to_be_visible()
    assert page.evaluate(_APART) >= 8


@pytest.mark.parametrize("language", ["en", "fa"])
def test_what_asks_once_more_has_room_on_a_telephone_and_since_names_a_time(desk: Desk, mina: Account, language: str) -> None:
    accounts.prefer(desk.hub.database, mina.id, language, "light")
    access.create(desk.hub.database, "telephones", "machine")
    page = desk.page(mina, width=375)
    page.goto("/settings/keys")
    page.locator("details.sure > summary").first.click()
    expect(page.locator("details.sure form button").first).to_be_visible()
    edges = page.locator("tbody td:last-child").first.evaluate(
        "cell => { const box = cell.closest('main').getBoundingClientRect(), own = cell.getBoundingClientRect();"
        " return [own.left - box.left, box.right - own.right]; }"
    )
    assert min(edges) >= 16
    assert re.fullmatch(r"\w\w:\w\w", page.locator("tbody time").first.inner_text())


def test_of_replies_each_line_says_what_it_says_itself(desk: Desk, mina: Account) -> None:
    desk.history()
    for n, text in enumerate(("It has not come.", "Now it came, thank you!")):
        desk.send("message.received", channel="email", message=f"r{n}", thread="t1", party=MAIL,
                  subject="Re: Where is my order #1047?", text=text)  # fmt: skip
    desk.send("call.ringing", call="c1", party=SARA, agent="202")
    desk.settle()
    page = desk.page(mina)
    page.goto(f"/customers/{desk.sara()}")
    lines = page.locator(".timeline .item:not(.milestone) .first-words")
    for words in ("It has not come.", "Now it came, thank you!", "Where is my order #1047?"):
        expect(lines.filter(has_text=words)).to_have_count(1)
    expect(lines.filter(has_text="Mina")).to_have_count(1)


# Where the first of its letters would stand: a field is looked at from the right in Persian, whatever is to be typed there.
_RUNS = "field => getComputedStyle(field).direction"


@pytest.mark.parametrize("language", ["en", "fa"])
def test_an_empty_field_has_the_direction_of_the_page_and_a_written_one_its_own(
    desk: Desk, mina: Account, language: str
) -> None:
    accounts.prefer(desk.hub.database, mina.id, language, "light")
    desk.history()
    ticket = desk.client.get("/v1/tickets").json()["items"][0]["id"]
    page = desk.page(mina)
    own = {"en": "ltr", "fa": "rtl"}[language]
    contact = f"/contacts/new?customer={desk.sara()}"
    for path, field in (("/search", "#q"), (f"/tickets/{ticket}", "#answer-text"), (contact, "#f-text")):
        page.goto(path)
        assert page.locator(field).evaluate(_RUNS) == own, path
        page.locator(field).fill("It has not come.")
        assert page.locator(field).evaluate(_RUNS) == "ltr", path
        page.locator(field).fill("هنوز نرسیده.")
        assert page.locator(field).evaluate(_RUNS) == "rtl", path


@pytest.mark.parametrize("language", ["en", "fa"])
def test_who_is_found_is_shown_with_all_that_he_is_known_by_on_a_telephone(desk: Desk, mina: Account, language: str) -> None:
    accounts.prefer(desk.hub.database, mina.id, language, "light")
    desk.history()
    page = desk.page(mina, width=320)
    page.goto("/search?q=karimi")
    known = page.locator("#found .words")
    expect(known).to_contain_text("sara@example.com")
    expect(known).to_contain_text("0912 123 4567")
    assert known.evaluate("one => one.scrollWidth <= one.clientWidth")
    expect(page.locator("#found b")).to_have_text("Sara Karimi")
