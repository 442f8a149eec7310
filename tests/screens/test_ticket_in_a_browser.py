"""The page of a ticket in a real browser: nothing typed is lost, whatever happens meanwhile; keys, undo, clean mails."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from hub.consumers.record import payload_of_bytes
from hub.consumers.runner import clock
from hub.store import accounts, mailboxes, sessions
from hub.store.mailboxes import Entered
from hub.transport.servers import Server
from tests.browser.rig import PATIENCE

from .browsing import address_of, colleague
from .conftest import Api
from .hostile_markup import EVIL, HOSTILE
from .test_clean import Heard

pytestmark = pytest.mark.usefixtures("worker")
DOT = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


@pytest.fixture
def ticket(api: Api) -> dict[str, Any]:
    smtp = Server("smtp", "127.0.0.1", 9, "none")
    mailboxes.add(api.hub.database, api.hub.keys, Entered("Shop", "hello@shop.example", smtp=smtp, smtp_password=""))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Sara <sara@example.com>", "hello@shop.example", "Lamp"
    mail["Message-ID"] = "<1@example.com>"
    mail.set_content("The lamp is broken.")
    hostile = "".join(HOSTILE.values())
    mail.add_alternative(f'<p>The lamp is <b>broken</b>.</p><img src="cid:lamp" alt="my lamp">{hostile}', subtype="html")
    parts = mail.get_payload()
    assert isinstance(parts, list)
    parts[1].add_related(DOT, "image", "png", cid="<lamp>")  # type: ignore[union-attr]
    outgoing = payload_of_bytes(api.hub.recorder, "email", "a mailbox", mail.as_bytes(), {}, clock())
    api.hub.recorder.record(lambda _: [outgoing])
    api.fold()
    found: dict[str, Any] = api.client.get("/v1/tickets").json()["items"][0]
    return found


Open = Callable[..., Page]


@pytest.fixture
def open_page(api: Api, chromium: Browser) -> Iterator[Open]:
    """Each call is a tab of its own browser, in which `login` is signed in."""
    signed_in: dict[str, BrowserContext] = {}

    def opened(path: str, login: str = "reza", **more: Any) -> Page:
        if login not in signed_in:
            account = accounts.find(api.hub.database, login) or colleague(api, login, password=None)
            with api.hub.database.transaction() as tx:
                token = sessions.begin(tx, account.id, clock())
            signed_in[login] = chromium.new_context(viewport={"width": 1280, "height": 900}, **more)
            signed_in[login].add_cookies([{"name": "hub_session", "value": token, "url": address_of(api)}])
        page = signed_in[login].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address_of(api) + path)
        page.wait_for_function("() => window.htmx !== undefined")
        return page

    yield opened
    for context in signed_in.values():
        context.close()


def now(api: Api, ticket: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.client.get(f"/v1/tickets/{ticket['id']}").json()
    return found


def ask(api: Api, ticket: dict[str, Any], command: dict[str, Any]) -> None:
    body = {"id": str(uuid4()), "command": command}
    assert api.roles["agent"].post(f"/v1/tickets/{ticket['id']}/commands", json=body).status_code == 200


def test_what_is_typed_stays_while_others_change_the_ticket_and_is_sent_in_the_end(
    api: Api, ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.keyboard.press("r")
    page.keyboard.type("It is on its")
    ask(api, ticket, {"note": {"text": "the courier called"}})
    expect(page.locator("#changed")).to_contain_text("a agent wrote a note")
    expect(page.locator("#conversation")).to_contain_text("the courier called")
    page.keyboard.type(" way.")
    expect(page.locator("#answer-text")).to_have_value("It is on its way.")
    page.locator("#go-answer").click()
    expect(page.locator("#box")).to_contain_text("It changed meanwhile")
    expect(page.locator("#answer-text")).to_have_value("It is on its way.")
    assert now(api, ticket)["deliveries"] == []
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator("#conversation")).to_contain_text("It is on its way.")
    expect(page.locator("#answer-text")).to_have_value("")


def test_a_draft_is_there_again_after_a_reload_and_gone_once_it_was_sent(
    api: Api, ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.keyboard.press("n")
    page.keyboard.type("half a thought")
    page.reload()
    page.wait_for_function("() => window.htmx !== undefined")
    page.keyboard.press("n")
    expect(page.locator("#note-text")).to_have_value("half a thought")
    page.locator("#go-note").click()
    expect(page.locator("#conversation")).to_contain_text("half a thought")
    expect(page.locator("#note-text")).to_have_value("")  # the answer is there: the page may have heard of the note before
    page.reload()
    expect(page.locator("#note-text")).to_have_value("")


def test_whom_an_answer_goes_to_stays_as_it_was_chosen(api: Api, ticket: dict[str, Any], open_page: Open) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.locator("#answer-to").fill("sara@home.example")
    page.locator("#answer-text").fill("It is on its way.")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.locator("#note-text").fill("he asked for another address")
    page.locator("#go-note").click()
    expect(page.locator("#conversation")).to_contain_text("he asked for another address")
    expect(page.locator("#answer-text")).to_have_value("It is on its way.")
    expect(page.locator("#answer-to")).to_have_value("sara@home.example")
    page.reload()
    expect(page.locator("#answer-to")).to_have_value("sara@home.example")


def test_how_it_was_solved_can_still_be_read_where_somebody_else_closed_it(
    api: Api, ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.keyboard.press("e")
    page.keyboard.type("a new lamp was sent")
    ask(api, ticket, {"close": {}})
    page.locator("#go-resolve").click()
    expect(page.locator("#box")).to_contain_text("changed")
    expect(page.locator("#resolve-how")).to_be_visible()
    expect(page.locator("#resolve-how")).to_have_value("a new lamp was sent")
    expect(page.locator("#go-resolve")).to_have_count(0)
    page.locator("label[for=mode-note]").click()
    expect(page.locator("#note-text")).to_be_visible()


def test_when_the_connection_is_cut_it_is_said_and_the_text_stays_and_is_sent_once(
    api: Api, ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.keyboard.press("r")
    page.keyboard.type("Tomorrow.")
    page.route("**/do", lambda route: route.abort("connectionfailed"))
    page.locator("#go-answer").click()
    expect(page.locator("#box-cut")).to_be_visible()
    expect(page.locator("#answer-text")).to_have_value("Tomorrow.")
    page.unroute("**/do")
    page.locator("#go-answer").dblclick()
    expect(page.locator("#conversation")).to_contain_text("Tomorrow.")
    expect(page.locator("#box-cut")).to_be_hidden()
    assert len(now(api, ticket)["deliveries"]) == 1


def test_an_answer_counts_down_survives_a_reload_and_is_taken_back_into_the_box(
    api: Api, ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.keyboard.press("r")
    page.keyboard.type("Too soon")
    page.locator("#go-answer").click()
    page.wait_for_selector("text=/Sends in [1-9] s/")
    page.reload()
    page.wait_for_selector("text=/Sends in [1-9] s/")
    page.wait_for_function("() => window.htmx !== undefined")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#conversation")).to_contain_text("Taken back")
    expect(page.locator("#answer-text")).to_have_value("Too soon")
    assert now(api, ticket)["deliveries"][0]["state"] == "undone"


def test_the_words_come_back_though_the_conversation_was_renewed_before_the_answer_to_undo(
    api: Api, ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.keyboard.press("r")
    page.keyboard.type("Too soon")
    page.locator("#go-answer").click()
    page.wait_for_selector("text=/Sends in [1-9] s/")

    def late(route: Route) -> None:
        """The undo is done, and its answer held back until the page has heard of it by itself."""
        answer = route.fetch()
        expect(page.locator("#conversation")).to_contain_text("Taken back")
        route.fulfill(response=answer)

    page.route("**/undo", late)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#answer-text")).to_have_value("Too soon")


def test_the_seconds_are_the_servers_whatever_this_computers_clock_says(
    ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    page.evaluate("() => { const real = Date.now; Date.now = () => real() + 3600 * 1000; }")
    page.keyboard.press("r")
    page.keyboard.type("Late clock")
    page.locator("#go-answer").click()
    page.wait_for_selector("text=/Sends in [4-9] s/")


def test_a_key_opens_each_form_and_a_second_one_takes_the_ticket(
    api: Api, ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    for key, focused in (("r", "answer-text"), ("n", "note-text"), ("e", "resolve-how"), ("a", "go-assign-me")):
        page.keyboard.press(key)
        expect(page.locator(f"#{focused}")).to_be_focused()
        page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("a")
    expect(page.locator("#go-assign-me")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-head")).to_contain_text("Reza")
    assert now(api, ticket)["owner"] == "reza"


def test_a_hostile_mail_shown_as_it_was_sent_does_nothing_and_its_own_picture_is_there(
    ticket: dict[str, Any], open_page: Open
) -> None:
    page = open_page(f"/tickets/{ticket['id']}")
    heard = Heard(lambda url: EVIL not in url and "sign-out" not in url)
    heard.listen(page)
    page.get_by_text("Show as it was sent").click()
    picture = page.locator('.mail img[alt="my lamp"]')
    expect(picture).to_be_visible()
    assert picture.evaluate("async (one) => { await one.decode(); return one.naturalWidth; }") == 1
    page.wait_for_timeout(300)
    assert heard.done == []
    assert page.locator(".mail [id], .mail [style], .mail form, .mail iframe, .mail script").count() == 0


def test_the_list_is_walked_with_keys(ticket: dict[str, Any], open_page: Open) -> None:
    page = open_page("/tickets?whose=unowned")
    page.keyboard.press("j")
    expect(page.locator(f"#link-{ticket['id']}")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tickets/{ticket['id']}")


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_barrier(
    api: Api, ticket: dict[str, Any], open_page: Open, language: str, theme: str
) -> None:
    outgoing = payload_of_bytes(api.hub.recorder, "email", "a mailbox", b"no mail", {}, clock())
    api.hub.recorder.record(lambda _: [outgoing])
    order = {"specversion": "1.0", "id": "o", "source": "shop", "type": "order.placed", "data": {
        "order": "1047", "lines": [{"sku": "L", "title": "Lamp", "quantity": 1, "price": "2"}], "total": "2",
        "currency": "EUR"}}  # fmt: skip
    api.send(order)
    ask(api, ticket, {"note": {"text": "look"}})
    ask(api, ticket, {"answer": {"channel": "email", "text": "Yes."}})
    account = colleague(api, "nora", "supervisor", password=None)
    accounts.prefer(api.hub.database, account.id, language, theme)
    for path in (f"/tickets/{ticket['id']}", "/tickets?whose=all", "/orders/1047", "/rejected",
                 f"/rejected/{outgoing.event.id}"):  # fmt: skip
        page = open_page(path, "nora")
        modes = page.locator(".mode label").count()
        assert (modes > 2) == (path == f"/tickets/{ticket['id']}"), path
        for n in range(max(1, modes)):
            if modes:
                page.locator(".mode label").nth(n).click()
            found = Axe().run(page)
            assert found.violations_count == 0, (path, n, found.generate_report())
        page.set_viewport_size({"width": 375, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, path
        page.close()
