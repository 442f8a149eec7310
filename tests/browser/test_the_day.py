"""A day at the desk, as the agent lives it: in Chromium, over a hub that is up, with mail that really goes and comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.events.moments import zone
from hub.screens.dates import day
from hub.screens.words import say
from tests import both_logs

from .rig import MARYAM, PATIENCE, SARA, SHOP, Customer, Shop, ago, listening, open_shop

pytestmark = pytest.mark.real
DAYS = [("embedded", "en", SARA), ("kafka", "en", SARA), ("embedded", "fa", MARYAM)]
ANSWERS = {
    "en": ("It was sent yestreday.", "It was sent yesterday and comes tomorrow."),
    "fa": ("دیروز فرستداه شد.", "دیروز فرستاده شد و فردا می‌رسد."),
}  # fmt: skip
ORDER_PAGE, TICKET_PAGE = re.compile(r"/orders/"), re.compile(r"/tickets/[0-9a-f-]{36}")


@pytest.fixture
def shop(home: Path, log: str, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Its hub is told where its log is."""
    environ = both_logs.told(request.getfixturevalue("kafka_broker")) if log == "kafka" else {}
    with open_shop(home, environ) as shop:
        yield shop


@pytest.fixture
def page(shop: Shop, chromium: Browser) -> Iterator[Page]:
    """A new browser, which nobody has signed in."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("log", "language", "customer"), DAYS, ids=["en", "en-kafka", "fa"])
def test_the_phone_rings_and_the_answer_goes_out_and_comes_back(
    shop: Shop, page: Page, log: str, language: str, customer: Customer
) -> None:
    shop.tell(customer)
    enter(page, shop, language)
    shop.rings(customer)
    pops_up(page, language, customer)
    page.keyboard.press("Enter")
    tells_at_a_glance(page, language, customer)
    page.locator("#side").get_by_role("link", name=customer.subject).click()
    page.wait_for_url(TICKET_PAGE)
    answered_at_the_second_try(page, shop, language, customer)
    [mail] = shop.await_mail(customer, 1)
    in_the_thread(mail, customer, ANSWERS[language][1])
    expect(page.locator(".delivery.sent")).to_have_count(1)
    replies(page, shop, customer)
    resolves(page, shop, language, customer)
    assert len(shop.post.mails) == 1
    assert ("relay" in {lane["name"] for lane in shop.hub.json("status")["lanes"]}) == (log == "kafka")


def enter(page: Page, shop: Shop, language: str) -> None:
    """By the link that `hub up` prints; nothing is typed into the address line after it."""
    page.goto(shop.link())
    listening(page)
    if language != "en":
        page.locator("#you summary").click()
        page.locator(f"#you button[lang={language}]").click()
        expect(page.locator(f"html[lang={language}]")).to_be_attached()
        listening(page)
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "fa" else "ltr")
    expect(page.locator("h1")).to_have_text(say(language, "home.title"))


def pops_up(page: Page, language: str, customer: Customer) -> None:
    """It says who calls, why he probably does, where his order is, what he wrote last week."""
    pop = page.locator(".pop")
    expect(pop.locator(".pop-name")).to_have_text(customer.name)
    facts = pop.locator(".pop-facts")
    for told in (customer.order, say(language, "stage.shipped"), say(language, "channel.email"), customer.subject):
        expect(facts).to_contain_text(told)
    expect(pop.locator(".pop-since")).to_contain_text(say(language, "pop.ringing"))


def tells_at_a_glance(page: Page, language: str, customer: Customer) -> None:
    """The question, answered from one screen: the mail of last week, and at what stage that order is."""
    expect(page.locator("h1")).to_have_text(customer.name)
    mail = page.locator(".timeline .item.email")
    expect(mail).to_have_count(1)
    expect(mail).to_contain_text(customer.subject)
    order = page.locator("#side .side-row", has=page.locator("a[href^='/orders/']"))
    expect(order).to_contain_text(customer.order)
    expect(order).to_contain_text(say(language, "stage.shipped"), ignore_case=True)
    came = ago(days=8).astimezone(zone(None, "IR")).date()  # after half past eight in UTC it is tomorrow there
    expect(page.locator(".timeline .day h2", has_text=day(came, language))).to_be_visible()
    stage = order.get_by_text(say(language, "stage.shipped"))
    for one in (mail.locator("summary"), order, stage):
        expect(one).to_be_in_viewport(ratio=1)
    assert page.evaluate("[scrollY, innerWidth, innerHeight]") == [0, 1280, 900]
    page.keyboard.press("j")
    page.keyboard.press("j")
    mail.locator("summary").click()
    expect(mail.locator(".text").first).to_contain_text(customer.text[:40])


def answered_at_the_second_try(page: Page, shop: Shop, language: str, customer: Customer) -> None:
    """Sent too quickly, taken back, put right, sent again."""
    wrong, right = ANSWERS[language]
    page.keyboard.press("r")
    expect(page.locator("#answer-text")).to_be_focused()
    page.keyboard.type(wrong)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=say(language, "delivery.do.undo")).click()
    expect(page.locator(".delivery.undone")).to_have_count(1)
    expect(page.locator("#answer-text")).to_have_value(wrong)
    page.locator("#answer-text").fill(right)
    page.locator("#go-answer").click()
    expect(page.locator(".delivery.waiting, .delivery.sending, .delivery.sent")).to_have_count(1)
    expect(page.locator("#answer-text")).to_have_value("")
    assert shop.steps(customer, "ticket.answered") == 2


def in_the_thread(mail: EmailMessage, customer: Customer, text: str) -> None:
    """The customer's mail program will show it below what he wrote."""
    assert (mail["To"], mail["In-Reply-To"], mail["References"]) == (customer.address, customer.message_id, customer.message_id)
    assert mail["From"].addresses[0].addr_spec == SHOP
    assert mail["Subject"] == f"Re: {customer.subject}"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().startswith(text)


def replies(page: Page, shop: Shop, customer: Customer) -> None:
    """What he writes in his mail program joins the ticket on the page that is open, without a reload."""
    page.evaluate("window.stayed = true")
    shop.post.reply(customer, shop.hub.run()["smtp"])
    expect(page.locator("#conversation")).to_contain_text(customer.thanks)
    assert page.evaluate("window.stayed")
    assert TICKET_PAGE.search(page.url)
    now = str(shop.ticket(customer)["revision"])
    expect(page.locator("#box input[name=expects]").first).to_have_value(now)


def resolves(page: Page, shop: Shop, language: str, customer: Customer) -> None:
    page.keyboard.press("e")
    expect(page.locator("#resolve-how")).to_be_focused()
    page.keyboard.type("told him when it comes")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-head .state.resolved")).to_have_text(say(language, "state.resolved"))
    assert shop.ticket(customer)["state"] == "resolved"
