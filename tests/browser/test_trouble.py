"""What goes wrong at a desk: two tabs, old forms, double clicks, a hub that restarts, a net that fails. Nothing is lost,
nothing is done twice, and the agent is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.conftest import reachable_folder
from tests.kill.running import until

from .rig import PATIENCE, SARA, Customer, Shop, listening, open_shop

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with reachable_folder() as home, open_shop(home) as shop:
        yield shop


@pytest.fixture(scope="module")
def signed_in(shop: Shop, chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(shop.link())
    page.close()
    yield context
    context.close()


@pytest.fixture
def customer(shop: Shop) -> Customer:
    """Each test has one of its own."""
    order = str(3000 + len(list(shop.files.glob("*"))))
    new = replace(
        SARA, address=f"sara{order}@example.com", phone=f"+98 912 123 {order}", order=order, ticket=str(uuid4()),
        text=SARA.text.replace(SARA.order, order),
    )  # fmt: skip
    shop.tell(new)
    return new


Tab = Callable[[], Page]


@pytest.fixture
def tab(shop: Shop, signed_in: BrowserContext, customer: Customer) -> Iterator[Tab]:
    """Each call opens the customer's ticket in a tab more."""
    opened: list[Page] = []

    def another() -> Page:
        page = signed_in.new_page()
        opened.append(page)
        page.goto(f"{shop.hub.url}/tickets/{customer.ticket}")
        listening(page)
        return page

    yield another
    for page in opened:
        page.close()


def test_the_second_of_two_tabs_learns_of_the_change_and_keeps_its_text(shop: Shop, customer: Customer, tab: Tab) -> None:
    first, second = tab(), tab()
    answers(second, "From the second tab.")
    answers(first, "From the first tab.")
    first.locator("#go-answer").click()
    expect(first.locator("#conversation")).to_contain_text("From the first tab.")
    expect(second.locator("#changed")).to_contain_text("Changed meanwhile")
    expect(second.locator("#conversation")).to_contain_text("From the first tab.")
    with second.expect_response("**/do") as refused:
        second.locator("#go-answer").click()
    assert refused.value.status == 409
    expect(second.locator("#box")).to_contain_text("your text is kept")
    expect(second.locator("#answer-text")).to_have_value("From the second tab.")
    assert shop.steps(customer, "ticket.answered") == 1
    second.get_by_role("button", name="Send anyway").click()
    expect(second.locator("#conversation")).to_contain_text("From the second tab.")
    expect(first.locator("#conversation")).to_contain_text("From the second tab.")
    assert shop.steps(customer, "ticket.answered") == 2


def test_a_form_that_stood_while_somebody_else_acted_is_refused_even_without_a_word_from_the_stream(
    shop: Shop, customer: Customer, tab: Tab
) -> None:
    page = tab()
    page.route("**/tickets/*?part=*", lambda route: route.abort())
    answers(page, "It is old news.")
    shop.do(customer, {"note": {"text": "She has called meanwhile."}})
    with page.expect_response("**/do") as refused:
        page.locator("#go-answer").click()
    assert refused.value.status == 409
    expect(page.locator("#answer-text")).to_have_value("It is old news.")
    expect(page.locator("#box")).to_contain_text("It changed meanwhile")
    assert shop.steps(customer, "ticket.answered") == 0


def test_a_double_click_answers_once(shop: Shop, customer: Customer, tab: Tab) -> None:
    page = tab()
    answers(page, "Only once, please.")
    page.locator("#go-answer").dblclick()
    expect(page.locator("#conversation")).to_contain_text("Only once, please.")
    expect(page.locator("#answer-text")).to_have_value("")
    assert shop.steps(customer, "ticket.answered") == 1


def test_a_click_whose_answer_was_lost_is_not_done_twice(shop: Shop, customer: Customer, tab: Tab) -> None:
    page = tab()
    answers(page, "Did it arrive?")

    def loses_the_answer(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/do", loses_the_answer)
    page.locator("#go-answer").click()
    expect(page.locator("#box-cut")).to_be_visible()
    expect(page.locator("#answer-text")).to_have_value("Did it arrive?")
    page.unroute("**/do")
    page.locator("#go-answer").click()
    expect(page.locator("#answer-text")).to_have_value("")
    expect(page.locator("#box-cut")).to_be_hidden()
    assert shop.steps(customer, "ticket.answered") == 1


def test_without_a_net_the_agent_is_told_and_goes_on_writing(shop: Shop, customer: Customer, tab: Tab) -> None:
    page = tab()
    answers(page, "Half of it")
    page.context.set_offline(True)
    expect(page.locator("#away")).to_be_visible()
    shop.do(customer, {"note": {"text": "Written by somebody who has a net."}})
    page.locator("#answer-text").press_sequentially(" and the rest.")
    page.locator("#go-answer").click()
    expect(page.locator("#box-cut")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#conversation")).to_contain_text("Written by somebody who has a net.")
    expect(page.locator("#away")).to_be_hidden()
    expect(page.locator("#answer-text")).to_have_value("Half of it and the rest.")
    page.locator("#go-answer").click()
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#conversation")).to_contain_text("Half of it and the rest.")
    assert shop.steps(customer, "ticket.answered") == 1


def test_the_page_outlives_a_web_process_that_is_killed(shop: Shop, customer: Customer, tab: Tab) -> None:
    page = tab()
    answers(page, "Written before, sent after.")
    killed = shop.hub.kill("web")
    expect(page.locator("#away")).to_be_visible()
    shop.hub.await_restart("web", killed)
    shop.do(customer, {"prioritise": {"priority": "high"}})
    expect(page.locator("#ticket-head")).to_contain_text("high", ignore_case=True)
    expect(page.locator("#away")).to_be_hidden()
    expect(page.locator("#answer-text")).to_have_value("Written before, sent after.")
    page.locator("#go-answer").click()
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#answer-text")).to_have_value("")
    assert shop.steps(customer, "ticket.answered") == 1


def test_undo_works_after_the_web_process_was_killed_and_the_page_reloaded(shop: Shop, customer: Customer, tab: Tab) -> None:
    page = tab()
    answers(page, "Better not.")
    page.locator("#go-answer").click()
    expect(page.locator(".delivery.waiting")).to_have_count(1)
    with psycopg.connect(shop.hub.run()["database"]) as database:  # a slow machine takes ten to start the web process
        database.execute("UPDATE delivery SET due = due + interval '5 minutes' WHERE ticket = %s", [customer.ticket])
    shop.hub.kill("web")
    page.reload()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".delivery.undone")).to_have_count(1)
    expect(page.locator("#answer-text")).to_have_value("Better not.")
    deliveries = until(lambda: shop.ticket(customer)["deliveries"], 30, "the answer is known")
    assert [one["state"] for one in deliveries] == ["undone"]


def test_what_has_the_focus_keeps_it_when_the_page_changes_by_itself(shop: Shop, customer: Customer, tab: Tab) -> None:
    page = tab()
    for selector in ("#ticket-head a", "#ticket-side a[href^='/orders/']", "#conversation summary"):
        one = page.locator(selector).first
        one.focus()
        was = one.inner_text()
        shop.do(customer, {"note": {"text": f"While {selector} has the focus."}})
        expect(page.locator("#conversation")).to_contain_text(f"While {selector} has the focus.")
        expect(page.locator("#changed")).to_be_empty()
        page.wait_for_timeout(1_200)  # the side is asked for once a second
        assert page.evaluate("document.activeElement.innerText") == was


def answers(page: Page, text: str) -> None:
    page.bring_to_front()
    page.keyboard.press("r")
    expect(page.locator("#answer-text")).to_be_focused()
    page.keyboard.type(text)
