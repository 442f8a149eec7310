"""The list of tickets and the page of one: what is shown, what is done there, and that nothing typed is lost."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hub.consumers import answers, decide, deliver
from hub.consumers.runner import clock
from hub.desk import commands, policies
from hub.desk import decide as desk_decide
from hub.events.kinds.tickets import KINDS
from hub.screens import ticket_commands
from hub.screens.words import LANGUAGES, words
from hub.store import mailboxes, options
from hub.store.mailboxes import Entered
from hub.transport.servers import Server

from .browsing import Browser, browser_of, colleague, text_of
from .conftest import Api, Event

PARTY = {"kind": "email", "value": "maryam@example.org"}
HX = {"hx-request": "true"}


@pytest.fixture
def ticket(api: Api, event: Callable[..., Event]) -> dict[str, Any]:
    smtp = Server("smtp", "127.0.0.1", 9, "none")
    mailboxes.add(api.hub.database, api.hub.keys, Entered("Shop", "hello@shop.example", smtp=smtp, smtp_password=""))
    said = {"channel": "email", "message_id": "1@example.org", "from": {"address": PARTY["value"], "name": "Maryam"}}
    text = "The lamp is broken.\n\nOn 3 Oct 2026 at 10:00, Shop <hello@shop.example> wrote:\n> Your lamp was sent."
    api.send(event("1", subject="Lamp", text=text, thread="1@example.org", party=PARTY, **said))
    found: dict[str, Any] = api.client.get("/v1/tickets").json()["items"][0]
    return found


@pytest.fixture
def reza(api: Api) -> Iterator[Browser]:
    with browser_of(api, colleague(api, "reza")) as browser:
        yield browser


def do(browser: Browser, ticket: dict[str, Any], command: str, *, live: bool = True, **fields: Any) -> httpx.Response:
    """As the box on the page sends it."""
    sent = {"id": str(uuid4()), "expects": str(ticket["revision"]), "command": command, "csrf": browser.csrf} | fields
    headers = {"origin": browser.origin, "sec-fetch-site": "same-origin"} | (HX if live else {})
    return browser.post(f"/tickets/{ticket['id']}/do", data=sent, headers=headers)


def now(api: Api, ticket: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.client.get(f"/v1/tickets/{ticket['id']}").json()
    return found


def field(page: httpx.Response, name: str, command: str) -> str:
    """The value of a hidden field in the form of this command."""
    form = re.search(rf'data-command="{command}".*?</form>', page.text, re.DOTALL)
    assert form, page.text
    found = re.search(rf'name="{name}" value="([^"]*)"', form[0])
    assert found, form[0]
    return unescape(found[1])


def test_the_page_shows_the_conversation_without_what_was_quoted(api: Api, ticket: dict[str, Any], reza: Browser) -> None:
    page = reza.get(f"/tickets/{ticket['id']}")
    assert page.status_code == 200
    assert "Lamp" in page.text
    assert re.search(r'<div class="text" dir="auto">The lamp is broken\.</div>', page.text)
    assert re.search(r'<details class="quoted".*?Your lamp was sent', page.text, re.DOTALL)
    assert reza.get(f"/tickets/{ticket['number']}").status_code == 200
    assert reza.get("/tickets/999999").status_code == 404


@pytest.mark.usefixtures("worker")
def test_everything_that_can_be_asked_of_a_ticket_can_be_asked_on_its_page(
    api: Api, ticket: dict[str, Any], reza: Browser
) -> None:
    assert ticket_commands.FIELDS.keys() == commands.COMMANDS.keys()
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("assign", {"to": "reza"}, "open"), ("assign", {"to": "reza", "department": "Returns"}, "open"),
        ("note", {"text": "seen"}, "open"), ("prioritise", {"priority": "high"}, "open"),
        ("wait", {"for": "third_party", "until": "2099-01-02T10:30"}, "waiting"), ("resolve", {"how": "a new one"}, "resolved"),
        ("reopen", {"why": "broken again"}, "open"), ("answer", {"channel": "email", "text": "It is sent."}, "waiting"),
        ("close", {}, "closed"),
    ]  # fmt: skip
    for command, fields, state in asked:
        done = do(reza, now(api, ticket), command, **fields)
        assert done.status_code == 200, (command, text_of(done))
        assert now(api, ticket)["state"] == state
    shown = text_of(reza.get(f"/tickets/{ticket['id']}"))
    for words_ in ("seen", "a new one", "broken again", "It is sent.", "Reza took it", "Department Returns",
                   "(Department: Returns )"):  # fmt: skip
        assert words_ in shown


@pytest.mark.usefixtures("worker")
def test_a_ticket_leads_to_the_one_that_it_follows(
    api: Api, event: Callable[..., Event], ticket: dict[str, Any], reza: Browser
) -> None:
    assert do(reza, ticket, "close").status_code == 200
    api.send(event("2", text="It broke again.", thread="1@example.org", channel="email", party=PARTY))
    [second] = api.client.get("/v1/tickets?state=new").json()["items"]
    page = reza.get(f"/tickets/{second['id']}")
    assert f"Follows #{ticket['number']} Lamp" in text_of(page)
    assert f'href="/tickets/{ticket["id"]}"' in page.text
    assert "Follows" not in text_of(reza.get(f"/tickets/{ticket['id']}"))


@pytest.mark.usefixtures("worker")
def test_without_scripts_a_command_leads_back_to_the_page(api: Api, ticket: dict[str, Any], reza: Browser) -> None:
    done = do(reza, ticket, "note", text="by hand", live=False)
    assert (done.status_code, done.headers["location"]) == (303, f"/tickets/{ticket['id']}#box")


@pytest.mark.usefixtures("worker")
def test_a_form_sent_twice_does_its_command_once(api: Api, ticket: dict[str, Any], reza: Browser) -> None:
    id = str(uuid4())
    done = [do(reza, ticket, "answer", id=id, channel="email", text="Once.") for _ in range(3)]
    assert [one.status_code for one in done] == [200, 200, 200]
    assert len(now(api, ticket)["deliveries"]) == 1


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("command", "shown"), [("answer", "answer"), ("assign", "note"), ("prioritise", "note"), ("no such", "note")]
)
def test_what_comes_too_late_for_a_closed_ticket_leaves_a_box_that_can_be_used(
    api: Api, ticket: dict[str, Any], reza: Browser, command: str, shown: str
) -> None:
    with browser_of(api, colleague(api, "mina")) as mina:
        assert do(mina, ticket, "close").status_code == 200
    told = do(reza, ticket, command, channel="email", text="Hello", to="reza", priority="low")
    assert told.status_code in (409, 422)
    assert re.findall(r'value="(\w+)" autocomplete="off" checked', told.text) == [shown]
    assert f'id="panel-{shown}"' in told.text
    assert 'id="go-answer"' not in told.text


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("live", [True, False])
def test_who_saw_an_older_ticket_keeps_his_words_sees_the_change_and_can_send_anyway(
    api: Api, ticket: dict[str, Any], reza: Browser, live: bool
) -> None:
    with browser_of(api, colleague(api, "mina")) as mina:
        assert do(mina, ticket, "prioritise", priority="urgent").status_code == 200
    told = do(reza, ticket, "answer", channel="email", text='Half an <hour> & a "day"', live=live)
    assert told.status_code == 409
    assert "Half an &lt;hour&gt; &amp; a &#34;day&#34;</textarea>" in told.text
    assert "Mina set the priority: Urgent" in text_of(told)
    assert "Send anyway" in text_of(told)
    assert now(api, ticket)["deliveries"] == []
    sent = do(
        reza, ticket, "answer", channel="email", text="Half an hour", id=field(told, "id", "answer"),
        expects=field(told, "expects", "answer"), live=live,
    )  # fmt: skip
    assert sent.status_code == (200 if live else 303)
    assert len(now(api, ticket)["deliveries"]) == 1


@pytest.mark.usefixtures("worker")
def test_what_changed_since_the_form_was_shown_is_a_part_of_its_own(
    api: Api, ticket: dict[str, Any], reza: Browser
) -> None:
    part = f"/tickets/{ticket['id']}?part=changed&seen={ticket['revision']}"
    assert text_of(reza.get(part)) == ""
    with browser_of(api, colleague(api, "mina")) as mina:
        do(mina, ticket, "note", text="for you")
    assert "Mina wrote a note" in text_of(reza.get(part))


@pytest.mark.usefixtures("worker")
def test_a_refusal_is_said_in_the_readers_language_beside_what_he_typed(api: Api, ticket: dict[str, Any]) -> None:
    with browser_of(api, colleague(api, "sima")) as sima:
        sima.send_form("/settings/me", language="fa", theme="light")
        refused = do(sima, ticket, "answer", channel="email", to="nobody at all", text="کجاست؟")
        assert refused.status_code == 422
        assert words("fa")["desk.no_address"] in text_of(refused)
        assert "کجاست؟</textarea>" in refused.text
        assert 'value="nobody at all"' in refused.text
        for until in ("soon", "9999-12-31T23:59-12:00"):
            wait: dict[str, Any] = {"for": "us", "until": until}
            wrong = do(sima, ticket, "wait", **wait)
            assert (wrong.status_code, words("fa")["ticket.wrong.until"] in text_of(wrong)) == (422, True)
        empty = do(sima, ticket, "note", text=" \n ")
        assert (empty.status_code, words("fa")["ticket.wrong.empty"] in text_of(empty)) == (422, True)


def test_what_the_desk_and_the_deliverer_say_has_words() -> None:
    """A sentence that somebody adds there and nobody here would be English on a Persian page."""
    said = {
        text for module in (desk_decide, answers, decide, deliver, policies)
        for text in _sentences(Path(str(module.__file__)).read_text(encoding="utf-8"))
    }  # fmt: skip
    assert len(said) > 20
    for text in said:
        spoken = ticket_commands.told("fa", text)
        assert not re.search("[A-Za-z]{3}", re.sub("XX", "", spoken)), text


def _sentences(source: str) -> Iterator[str]:
    """The texts of a module that are said to people: `Refused(...)`, `Answer(422, ...)`, what speaks against a command, why
    a ticket was reopened, and what is wrong with a delivery."""

    def text(node: ast.AST) -> str | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.JoinedStr):
            return "".join(str(v.value) if isinstance(v, ast.Constant) else "XX" for v in node.values)
        return None

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Refused", "Answer", "Reply"):
            found = [text(one) for one in node.args]
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.IfExp):
            found = [text(node.value.body)]
        elif isinstance(node, ast.Dict):
            found = [text(v) for k, v in zip(node.keys, node.values, strict=True) if k and text(k) == "why"]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            found = [text(node.value)]
        else:
            found = []
        # who asks about what is not there sees the page of a missing thing, with its own words
        unseen = ("No ticket has this id.", "No answer has this id.", "This command's id was used for another ticket.")
        yield from (one for one in found if one and " " in one and one not in unseen and "revision" not in one)


@pytest.mark.usefixtures("worker")
def test_an_answer_is_there_at_once_can_be_taken_back_and_its_words_put_back(
    api: Api, ticket: dict[str, Any], reza: Browser
) -> None:
    sent = do(reza, ticket, "answer", channel="email", text="It is on its way.")
    assert "It is on its way." in sent.text
    assert re.search(r"Sends in \d+ s", text_of(sent))
    [delivery] = now(api, ticket)["deliveries"]
    again = reza.get(f"/tickets/{ticket['id']}")
    assert f'action="/deliveries/{delivery["id"]}/undo"' in again.text
    undone = reza.send_form(f"/deliveries/{delivery['id']}/undo")
    assert undone.status_code == 303
    page = reza.get(undone.headers["location"])
    assert "It is on its way.</textarea>" in page.text
    assert "Taken back" in text_of(page)
    late = reza.send_form(f"/deliveries/{delivery['id']}/arrived")
    assert (late.status_code, "Not now" in text_of(late)) == (409, True)


@pytest.mark.usefixtures("worker")
def test_of_an_answer_that_may_have_gone_out_people_say_what_became_of_it(
    api: Api, ticket: dict[str, Any], reza: Browser
) -> None:
    do(reza, ticket, "answer", channel="email", text="Perhaps.")
    [delivery] = now(api, ticket)["deliveries"]
    with api.hub.database.transaction() as tx:
        tx.execute("UPDATE delivery SET created = created - interval '2 hours' WHERE id = %s", [delivery["id"]])
    assert deliver.hold_back(api.hub.recorder, clock()) == 1
    page = reza.get(f"/tickets/{ticket['id']}")
    assert "Nobody knows whether it arrived" in text_of(page)
    for wish in ("again", "arrived"):
        assert f'action="/deliveries/{delivery["id"]}/{wish}"' in page.text
    assert reza.send_form(f"/deliveries/{delivery['id']}/arrived").status_code == 303
    assert now(api, ticket)["deliveries"][0]["state"] == "sent"


def test_the_list_is_by_who_has_them_and_how_they_stand(api: Api, event: Callable[..., Event], reza: Browser) -> None:
    for n in range(45):
        api.send(event(f"m{n}", text=f"matter {n:02}", thread=f"t{n}", party=PARTY))
    first = reza.get("/tickets?whose=unowned")
    rows = re.findall(r'<li class="row ticket-row" id="ticket-([0-9a-f-]+)"', first.text)
    further = re.search(r'href="(/tickets\?[^"]*before=[^"]*)"', first.text)
    assert (len(rows), bool(further)) == (40, True)
    assert further
    rest = re.findall(r'id="ticket-([0-9a-f-]+)"', reza.get(unescape(further[1])).text)
    assert len(set(rows) | set(rest)) == 45
    assert "matter" not in text_of(reza.get("/tickets"))
    assert "matter" not in text_of(reza.get("/tickets?whose=all&state=closed"))
    assert "matter 44" in text_of(reza.get("/tickets?whose=all&state=new"))
    assert 'class="button plain" href="/tickets?whose=unowned&amp;state=open"' in reza.get("/tickets?whose=mine&state=open").text


def test_beside_a_ticket_and_an_order_stand_eight_open_tickets_and_the_way_to_the_rest(
    api: Api, event: Callable[..., Event], ticket: dict[str, Any], reza: Browser
) -> None:
    api.send(*[event(f"m{n}", "message.received", message=f"m{n}", channel="chat", thread=f"t{n}", party=PARTY, text="Hello")
               for n in range(10)])  # fmt: skip
    api.send(event("o1", "order.placed", order="1047", party=PARTY))
    for path, count in ((f"/tickets/{ticket['id']}", 10), ("/orders/1047", 11)):
        side = reza.get(path).text.partition('id="side"')[2]
        assert len(re.findall(r'<a href="/tickets/', side)) == 8, path
        more = re.search(r'<p><a href="(/customers/[^"]+)">(and \d+ more)</a>', side)
        assert more, side
        assert more[2] == f"and {count - 8} more"
        assert reza.get(more[1]).text.count('<li class="side-row"><a href="/tickets/') == 11


def test_whoever_may_only_read_has_no_box(api: Api, ticket: dict[str, Any]) -> None:
    with browser_of(api, colleague(api, "ana", "analyst")) as ana:
        assert 'id="box"' not in ana.get(f"/tickets/{ticket['id']}").text
        assert do(ana, ticket, "note", text="no").status_code == 403
    assert now(api, ticket)["revision"] == ticket["revision"]


def test_a_form_without_its_proof_changes_nothing(api: Api, ticket: dict[str, Any], reza: Browser) -> None:
    assert do(reza, ticket, "note", text="forged", csrf="").status_code == 403
    assert now(api, ticket)["revision"] == ticket["revision"]


def test_canned_answers_and_the_signature_are_at_hand(api: Api, ticket: dict[str, Any], reza: Browser) -> None:
    with api.hub.database.transaction() as tx:
        options.write(tx, "canned", [{"name": "Thanks", "text": "Thank you & goodbye"}], "admin")
        options.write(tx, "signature", {"text": "The shop\n+98 21"}, "admin")
    page = reza.get(f"/tickets/{ticket['id']}").text
    assert '<option value="Thank you &amp; goodbye">Thanks</option>' in page
    assert "The shop\n+98 21" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_of_a_ticket_has_words(language: str) -> None:
    told = {"assigned": ("assigned", "took", "nobody"), "waiting": ("waiting", "waiting_until")}
    for kind in KINDS:
        step = kind.type.removeprefix("ticket.")
        for name in told.get(step, (step,)):
            assert f"ticket.step.{name}" in words(language)
