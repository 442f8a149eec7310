"""Tickets that another system kept, whose fields say what nobody here would: every page that shows them is still there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from hub import printing
from hub.consumers.record import Outgoing
from hub.events.draft import Draft
from hub.events.prepare import prepare
from hub.store import reads

from .browsing import Browser, browser_of, colleague, text_of
from .conftest import Api, Event

PARTY = {"kind": "phone", "value": "0912 123 4567"}
THEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
UNTIL: dict[str, str | None] = {
    "2026-12-24": "2026-12-24T00:00:00+00:00", "2026-12-24T10:00": "2026-12-24T10:00:00+00:00",
    "2026-12-24t10:00:00+03:30": "2026-12-24T06:30:00+00:00", "tomorrow": None, "": None, " ": None, "12/24/2026": None,
    "0001-01-01": None, "9999-12-31T23:59:59-14:00": None, "1404-10-03": None,
}  # fmt: skip
SAID: list[dict[str, Any]] = [
    *({"until": until} for until in UNTIL), *({"priority": name} for name in ("P1", "", "Urgent", "x" * 400)),
    {"number": 7}, {"follows": "4711"}, {"department": "x" * 400}, {"subject": " "},
]  # fmt: skip


def bring(api: Api, ticket: str, type: str, n: int = 0, **fields: Any) -> None:
    """One event of an import of history."""
    time = THEN + timedelta(minutes=n)
    draft = Draft(type, time, "old", f"{ticket}/{type}/{n}", {"ticket": ticket} | fields)
    api.hub.recorder.record(lambda here: [Outgoing(prepare(draft, here, time, history=True))])


def imported(api: Api, **said: Any) -> str:
    """A ticket of Mina's that waits for us."""
    ticket = str(uuid4())
    until = {"until": said.pop("until")} if "until" in said else {}
    bring(api, ticket, "ticket.opened", party=PARTY, **{"subject": "Old"} | said)
    bring(api, ticket, "ticket.assigned", 1, to="mina", department=said.get("department"))
    bring(api, ticket, "ticket.waiting", 2, **{"for": "us"} | until)
    bring(api, ticket, "ticket.prioritised", 3, priority=said.get("priority", "normal"))
    api.fold()
    return ticket


@pytest.fixture
def mina(api: Api) -> Browser:
    return browser_of(api, colleague(api, "mina", password=None, rings=["202"]))


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_page_that_shows_a_ticket_bears_whatever_was_imported(
    api: Api, mina: Browser, event: Callable[..., Event], language: str
) -> None:
    mina.send_form("/settings/me", language=language, theme="light")
    tickets = [imported(api, **said) for said in SAID]
    bring(api, str(uuid4()), "ticket.waiting", until="tomorrow", party=PARTY)
    odd: dict[str, Any] = {"contact": ["x"], "how": {"x": 1}, "why": 7, "until": [1], "priority": {}, "for": 1}
    bring(api, tickets[0], "ticket.closed", 4, **odd)
    bring(api, tickets[0], "ticket.reopened", 5)
    api.fold()
    now = datetime.now(UTC).isoformat()
    api.send(
        event("r1", "call.ringing", time=now, call="c1", party=PARTY, agent="202"),
        event("r2", "call.ringing", time=now, call="c2", party={"kind": "phone", "value": "0935 111 2233"}, agent="202"),
    )
    customer = api.client.get("/v1/lookup?phone=09121234567").json()["customers"][0]["id"]
    pages = ("/", "/home/tickets", "/home/ringing", "/pop", "/tickets?whose=all", "/tickets?whose=mine&state=waiting",
             "/tickets?whose=unowned", f"/customers/{customer}", "/search?q=7")  # fmt: skip
    for path in (*pages, *(f"/tickets/{id}" for id in tickets)):
        page = mina.get(path)
        assert page.status_code == 200, path
        assert "#None" not in text_of(page), path


def test_a_promise_is_kept_where_it_can_be_read_as_a_time(api: Api, mina: Browser) -> None:
    tickets = {said: imported(api, until=said) for said in UNTIL}
    rows = dict(api.hub.database.rows("SELECT ticket::text, until FROM tickets WHERE state = 'waiting' AND waiting_for = 'us'"))
    assert {said: rows[ticket] for said, ticket in tickets.items()} == UNTIL
    for said, ticket in tickets.items():
        assert ("romised until" in text_of(mina.get(f"/tickets/{ticket}"))) == bool(UNTIL[said]), said


def test_a_priority_that_is_none_of_ours_is_shown_as_it_is(api: Api, mina: Browser) -> None:
    ticket = imported(api, priority="P1")
    for path in ("/", "/tickets", f"/tickets/{ticket}"):
        assert "P1" in text_of(mina.get(path)), path
    assert api.client.get(f"/v1/tickets/{ticket}").json()["priority"] == "P1"


def test_a_ticket_without_a_number_is_not_called_none(api: Api, mina: Browser) -> None:
    ticket = imported(api)
    with api.hub.database.reading() as tx:
        one = reads.ticket(tx, ticket)
    assert one
    assert "#–" in text_of(mina.get("/"))
    assert printing.ticket_row(one)[0] == "#–"
    assert next(iter(printing.ticket(one))).startswith("#–  Old")


def test_what_is_urgent_comes_first_and_what_is_low_last(api: Api, mina: Browser) -> None:
    asked = ("low", "normal", "high", "P1", "urgent")
    tickets = {imported(api, priority=name, subject=f"a matter {name}"): name for name in asked}
    order = [tickets[id] for id in re.findall(r'id="ticket-([0-9a-f-]+)"', mina.get("/home/tickets").text)]
    assert (order[:2], set(order[2:4]), order[4]) == (["urgent", "high"], {"normal", "P1"}, "low")
    assert "High" in text_of(mina.get("/home/tickets"))


@pytest.mark.parametrize(("language", "late"), [("en", "Late"), ("fa", "دیر شد")])
def test_a_promise_that_was_not_kept_is_seen_in_the_list(api: Api, mina: Browser, language: str, late: str) -> None:
    mina.send_form("/settings/me", language=language, theme="light")
    imported(api, until="2099-12-24")
    assert late not in text_of(mina.get("/tickets"))
    imported(api, until="2026-03-02")
    assert text_of(mina.get("/tickets")).count(late) == 1
