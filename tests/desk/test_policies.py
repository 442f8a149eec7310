"""What a contact sets off by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.desk._shape import Decision
from hub.desk.policies import concerns, moment, on_contact, on_settled, on_undone
from hub.events.envelope import Event
from hub.projections.tickets import Ticket

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
CONVERSATION = "conversation:c"
CONTACT = "11111111-93c1-5d0e-8c5e-1d2a7b90c4f1"


def contact(type: str = "message.received", personal: dict[str, Any] | None = None, **data: Any) -> Event:
    told = {"subject": "Where is my order?", "text": "Hello ..."} if personal is None else personal
    return Event(
        id=CONTACT, type=type, version=1, time=NOW, recorded=NOW, source="s", stream=CONVERSATION, data=data,
        personal=told,
    )  # fmt: skip


def message(automatic: str = "no", **data: Any) -> Event:
    return contact(automatic=automatic, channel="email", **data)


def ticket(name: str, state: str, resolved: datetime | None = None) -> Ticket:
    return Ticket(
        f"ticket:{name}", name, None, state, *(None,) * 9, opened=NOW, changed=resolved or NOW, resolved=resolved,
        contacts=[], revision=1, steps=[],
    )  # fmt: skip


def test_a_persons_message_opens_a_ticket() -> None:
    assert on_contact(message(), []) == [
        Decision("ticket.opened", None, {"contacts": [CONTACT], "conversation": CONVERSATION},
                 {"subject": "Where is my order?"})
    ]  # fmt: skip


@pytest.mark.parametrize("automatic", ["reply", "bounce", "list"])
def test_what_machines_write_sets_nothing_off(automatic: str) -> None:
    assert on_contact(message(automatic), []) == []
    assert on_contact(message(automatic), [ticket("a", "resolved", NOW)]) == []
    assert on_contact(message(automatic), [ticket("a", "waiting")]) == []


def test_history_and_corrections_set_nothing_off() -> None:
    assert on_contact(message(history=True), []) == []
    assert on_contact(replace(message(), replaces="22222222-93c1-5d0e-8c5e-1d2a7b90c4f1"), []) == []


@pytest.mark.parametrize("state", ["new", "open", "waiting"])
def test_a_message_joins_the_unfinished_ticket(state: str) -> None:
    others = [ticket("a", "closed", NOW), ticket("b", state), ticket("c", "resolved", NOW)]
    assert on_contact(message(), others) == [
        Decision("ticket.contact_attached", "b", {"contact": CONTACT, "conversation": CONVERSATION})
    ]


@pytest.mark.parametrize(
    ("ago", "type"),
    [
        (timedelta(hours=-1), "ticket.reopened"),
        (timedelta(0), "ticket.reopened"),
        (timedelta(days=14), "ticket.reopened"),
        (timedelta(days=14, microseconds=1), "ticket.opened"),
        (timedelta(days=300), "ticket.opened"),
    ],
)
def test_a_reply_within_14_days_of_the_solution_reopens_later_it_opens_a_new_ticket(ago: timedelta, type: str) -> None:
    [decision] = on_contact(message(), [ticket("a", "resolved", NOW - ago)])
    assert decision.type == type


def test_of_two_that_were_resolved_the_one_resolved_last_is_reopened() -> None:
    resolved = [ticket("a", "resolved", NOW - timedelta(days=1)), ticket("b", "resolved", NOW - timedelta(days=20))]
    assert [decision.ticket for decision in on_contact(message(), resolved)] == ["a"]
    told_since = replace(ticket("c", "resolved", NOW - timedelta(days=20)), changed=NOW)
    assert [decision.type for decision in on_contact(message(), [told_since])] == ["ticket.opened"]


def test_a_reopened_ticket_is_told_by_which_contact_and_why() -> None:
    [decision] = on_contact(message(), [ticket("a", "resolved", NOW)])
    assert decision == Decision("ticket.reopened", "a", {"contact": CONTACT}, {"why": "the customer wrote again"})


def test_a_new_ticket_names_the_one_before_it() -> None:
    old = [ticket("a", "closed", NOW), ticket("b", "resolved", NOW - timedelta(days=20))]
    [decision] = on_contact(message(), old)
    assert decision.type == "ticket.opened"
    assert decision.data["follows"] == "b"


def test_a_closed_ticket_stays_closed() -> None:
    [decision] = on_contact(message(), [ticket("a", "closed", NOW - timedelta(hours=1))])
    assert decision.type == "ticket.opened"
    assert decision.data["follows"] == "a"


def test_a_contact_that_belongs_to_a_ticket_already_sets_nothing_off() -> None:
    assert on_contact(message(), [replace(ticket("a", "open"), contacts=[CONTACT])]) == []


@pytest.mark.parametrize("type", ["call.ended", "visit.recorded", "contact.recorded"])
@pytest.mark.parametrize("outcome", ["ticket", "Follow_Up", "COMPLAINT", " callback "])
def test_a_call_or_a_visit_opens_a_ticket_where_its_outcome_asks(type: str, outcome: str) -> None:
    [decision] = on_contact(contact(type, {"reason": "Lamp broken"}, outcome=outcome, channel="x"), [])
    assert decision.type == "ticket.opened"
    assert decision.personal == {"subject": "Lamp broken"}


@pytest.mark.parametrize("outcome", [None, "", "sold", "tickets"])
def test_a_call_or_a_visit_opens_none_otherwise(outcome: str | None) -> None:
    for type in ("call.ended", "visit.recorded", "contact.recorded"):
        assert not concerns(contact(type, outcome=outcome, channel="kiosk", direction="in"))
    assert not concerns(contact("call.ringing", outcome="ticket"))


def test_a_letter_or_a_fax_that_came_in_opens_a_ticket() -> None:
    for channel in ("letter", "fax"):
        assert concerns(contact("contact.recorded", channel=channel, direction="in"))
        assert not concerns(contact("contact.recorded", channel=channel, direction="out"))


@pytest.mark.parametrize("channel", ["sms", "SMS", "messenger", "telegram"])
def test_a_message_that_was_written_down_opens_a_ticket_where_it_came_in_with_words(channel: str) -> None:
    said = {"text": "Call me"}
    [decision] = on_contact(contact("contact.recorded", said, channel=channel, direction="in"), [])
    assert (decision.type, decision.personal) == ("ticket.opened", {"subject": "Call me"})
    assert not concerns(contact("contact.recorded", said, channel=channel, direction="out"))
    assert not concerns(contact("contact.recorded", {"text": " "}, channel=channel, direction="in"))
    assert not concerns(contact("contact.recorded", said, channel=channel, direction="in", campaign="tea-week"))
    assert not concerns(contact("contact.recorded", said | {"code": "TEA5"}, channel=channel, direction="in"))
    assert not concerns(contact("contact.recorded", {"text": None}, channel=channel, direction="in"))
    assert not concerns(contact("contact.recorded", said, channel=channel, direction="in", history=True))


def test_a_form_opens_a_ticket_where_somebody_wrote_something_into_it() -> None:
    said = {"title": "Contact", "fields": {"name": "Sara", "message": "My lamp is broken"}}
    [decision] = on_contact(contact("form.submitted", said), [])
    assert (decision.type, decision.personal) == ("ticket.opened", {"subject": "My lamp is broken"})
    assert not concerns(contact("form.submitted", {"title": "Our newsletter", "fields": {"email": "sara@example.com"}}))
    assert not concerns(contact("form.submitted", said, history=True))


def test_what_we_send_opens_nothing_and_wakes_nothing() -> None:
    for agent in (None, "reza"):
        sent = contact("message.sent", automatic="no", agent=agent)
        assert on_contact(sent, []) == []
        assert on_contact(sent, [ticket("a", "resolved", NOW), ticket("b", "closed", NOW)]) == []


ATTACHED = ("ticket.contact_attached", {"contact": CONTACT, "conversation": CONVERSATION})
WAITS = ("ticket.waiting", {"for": "customer", "by": "reza"})


def what_we_sent_does(before: Ticket, **data: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(decision.type, decision.data) for decision in on_contact(contact("message.sent", **data), [before])]


@pytest.mark.parametrize("state", ["new", "open"])
def test_who_answers_in_the_channel_itself_has_the_ticket_and_it_waits_for_the_customer(state: str) -> None:
    assigned = ("ticket.assigned", {"to": "reza", "by": "reza"})
    assert what_we_sent_does(ticket("a", state), agent="reza") == [ATTACHED, assigned, WAITS]
    assert what_we_sent_does(replace(ticket("a", state), owner="sara"), agent="reza") == [ATTACHED, WAITS]


def test_what_we_sent_before_the_customer_wrote_again_and_is_told_of_later_leaves_the_ticket_with_us() -> None:
    for minutes, then in ((1, [ATTACHED]), (-1, [ATTACHED, WAITS])):
        wrote = [2, (NOW + timedelta(minutes=minutes)).isoformat(), "e", "ticket.contact_attached", None, {"contact": "c"}]
        assert what_we_sent_does(replace(ticket("a", "open"), owner="sara", steps=[wrote]), agent="reza") == then


def test_a_chat_whose_clock_is_slow_is_answered_all_the_same() -> None:
    """What a customer wrote there by its clock before somebody here did something counts from then."""
    at = (NOW + timedelta(minutes=3)).isoformat()
    steps = [[1, at, "d", "ticket.noted", "sara", {}], [2, at, "e", "ticket.contact_attached", None, {"contact": "c"}]]
    assert what_we_sent_does(replace(ticket("a", "open"), owner="sara", steps=steps), agent="reza") == [ATTACHED, WAITS]


@pytest.mark.parametrize("agent", [None, "", " "])
def test_what_we_sent_and_nobody_signed_belongs_to_the_ticket_and_changes_nothing(agent: str | None) -> None:
    for state in ("new", "open"):
        assert what_we_sent_does(ticket("a", state), agent=agent) == [ATTACHED]


def test_a_ticket_that_waits_goes_on_waiting_when_we_write_again() -> None:
    waiting = replace(ticket("a", "waiting"), owner="reza", waiting_for="customer", until="2026-05-27T12:00:00+00:00")
    assert what_we_sent_does(waiting) == [ATTACHED, ("ticket.waiting", {"for": "customer", "until": waiting.until})]
    assert what_we_sent_does(replace(waiting, until=None)) == [ATTACHED, ("ticket.waiting", {"for": "customer"})]
    assert what_we_sent_does(replace(waiting, waiting_for="third_party"), agent="reza") == [ATTACHED]


@pytest.mark.parametrize("by", ["sara", None])
def test_without_its_answer_a_ticket_is_open_again_and_with_it_waits_again(by: str | None) -> None:
    who = {"by": by} if by else {}
    opened = [1, NOW.isoformat(), "d", "ticket.opened", None, {}]
    waiting = replace(ticket("a", "waiting"), waiting_for="customer", steps=[opened])
    assert [(d.type, d.data) for d in on_undone(waiting, by, {"e"})] == [("ticket.reopened", who)]
    for other in (replace(waiting, waiting_for="us"), ticket("a", "open")):
        assert on_undone(other, by, {"e"}) == []
    for state in ("new", "open"):
        [decision] = on_settled(ticket("a", state), by, "e")
        assert (decision.type, decision.data) == ("ticket.waiting", {"for": "customer"} | who)
    for state in ("waiting", "resolved", "closed"):
        assert on_settled(ticket("a", state), by, "e") == []


@pytest.mark.parametrize("data", [{"automatic": "reply"}, {"automatic": "list"}, {"history": True}])
def test_what_our_machines_sent_or_history_tells_does_not_concern_the_ticket(data: dict[str, Any]) -> None:
    assert what_we_sent_does(ticket("a", "open"), agent="reza", **data) == []


@pytest.mark.parametrize(
    ("told", "subject"),
    [
        ({"subject": " Re:  lamp\n", "text": "x"}, {"subject": "Re: lamp"}),
        ({"subject": " ", "text": "سلام،\nسفارش من کجاست؟"}, {"subject": "سلام، سفارش من کجاست؟"}),
        ({"text": "word " * 100}, {"subject": "word " * 15 + "word…"}),
        ({"note": "came with the receipt"}, {"subject": "came with the receipt"}),
        ({"subject": None}, {}),
        ({}, {}),
    ],
)
def test_the_subject_is_that_of_the_contact_or_its_first_words(told: dict[str, Any], subject: dict[str, str]) -> None:
    [decision] = on_contact(contact(personal=told, automatic="no"), [])
    assert decision.personal == subject


def test_a_contact_dated_in_the_future_counts_from_when_it_came() -> None:
    assert moment(replace(message(), time=NOW + timedelta(days=30_000))) == NOW
