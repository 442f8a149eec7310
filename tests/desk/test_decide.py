"""Every command in every state of a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from hub.desk import policies
from hub.desk._shape import Decision, Refused
from hub.desk.answers import Letter
from hub.desk.answers import answered as written
from hub.desk.commands import Answer, Assign, Attach, Close, Command, Note, Prioritise, Reopen, Resolve, Wait, Whom
from hub.desk.decide import decide
from hub.events.catalogue import kind_of
from hub.events.envelope import Event
from hub.projections.tickets import Ticket, apply

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TICKET = "0b0e8a52-93c1-5d0e-8c5e-1d2a7b90c4f1"
CONTACT = "11111111-93c1-5d0e-8c5e-1d2a7b90c4f1"
OPENED = Decision("ticket.opened", TICKET, {"contacts": [CONTACT]}, {"subject": "Where is it?"})

HISTORY: dict[str, list[Command]] = {
    "new": [],
    "open": [Assign("sara")],
    "waiting": [Assign("sara"), Wait("customer")],
    "resolved": [Resolve("sent")],
    "closed": [Close()],
}

CLOSED = "It is closed; reopen it first."
RESOLVED = "It is resolved; reopen it first."
LETTER = Letter("m@shop.example", "hello@shop.example", "a@b.example", "conversation:c", subject="Re: Where is it?")

# What becomes of it: the state afterwards, or why not.
TABLE: list[tuple[Command, dict[str, str]]] = [
    (Assign("reza"), {"new": "open", "open": "open", "waiting": "waiting", "resolved": "resolved", "closed": CLOSED}),
    (Note("hm"), {"new": "new", "open": "open", "waiting": "waiting", "resolved": "resolved", "closed": "closed"}),
    (Answer("email", "a@b.example", "Hi"), {"new": "waiting", "open": "waiting", "waiting": "waiting",
                                            "resolved": "resolved", "closed": CLOSED}),
    (Wait("us"), {"new": "waiting", "open": "waiting", "waiting": "waiting", "resolved": RESOLVED, "closed": CLOSED}),
    (Resolve("so"), {"new": "resolved", "open": "resolved", "waiting": "resolved",
                     "resolved": "It is already resolved.", "closed": CLOSED}),
    (Close(), {"new": "closed", "open": "closed", "waiting": "closed", "resolved": "closed",
               "closed": "It is already closed."}),
    (Reopen("again"), {"new": "It is already open.", "open": "It is already open.", "waiting": "open",
                       "resolved": "open", "closed": "open"}),
    (Attach("22222222-93c1-5d0e-8c5e-1d2a7b90c4f1"), {"new": "new", "open": "open", "waiting": "open",
                                                       "resolved": "resolved", "closed": CLOSED}),
    (Prioritise("high"), {"new": "new", "open": "open", "waiting": "waiting", "resolved": "resolved",
                          "closed": CLOSED}),
]  # fmt: skip


def after(ticket: Ticket | None, decision: Decision, at: datetime = NOW) -> Ticket:
    revision = ticket.revision + 1 if ticket else 1
    data = {"ticket": TICKET} | decision.data
    return apply(ticket, Event(
        id=f"e{revision}", type=decision.type, version=kind_of(decision.type).version, time=at, recorded=at,
        source="hub", stream=f"ticket:{TICKET}", data=data, personal=decision.personal, revision=revision,
    ))  # fmt: skip


def given(*commands: Command) -> Ticket:
    ticket = after(None, OPENED)
    for command in commands:
        decisions = decide(ticket, command, "sara", NOW)
        assert not isinstance(decisions, Refused)
        for decision in decisions:
            ticket = after(ticket, decision)
    return ticket


@pytest.mark.parametrize("state", HISTORY)
@pytest.mark.parametrize(("command", "outcomes"), TABLE, ids=lambda v: type(v).__name__)
def test_a_command_has_its_effect_or_its_refusal_in_each_state(
    command: Command, outcomes: dict[str, str], state: str
) -> None:
    ticket = given(*HISTORY[state])
    assert ticket.state == state
    outcome = decide(ticket, command, "sara", NOW, LETTER)
    if isinstance(outcome, Refused):
        assert outcome.why == outcomes[state]
    else:
        assert after(ticket, outcome[0]).state == outcomes[state]


@pytest.mark.parametrize(
    ("before", "command", "why"),
    [
        ([Assign("sara")], Assign("sara"), "It is already assigned to sara."),
        ([Assign("sara", "returns")], Assign("sara", "returns"), "It is already assigned to sara."),
        ([], Assign(None), "It is already assigned to nobody."),
        ([Prioritise("high")], Prioritise("high"), "Its priority is already high."),
        ([Wait("customer")], Wait("customer"), "It is already waiting for the customer."),
        ([], Attach(CONTACT), "That contact already belongs to it."),
        ([], Wait("us", NOW), "The time to wait until has already passed."),
    ],
)
def test_what_would_change_nothing_is_refused(before: list[Command], command: Command, why: str) -> None:
    assert decide(given(*before), command, "sara", NOW) == Refused(why)


def test_waiting_for_the_same_until_another_time_is_something_new() -> None:
    outcome = decide(given(Wait("customer")), Wait("customer", NOW + timedelta(days=1)), "sara", NOW)
    assert outcome == (
        Decision("ticket.waiting", TICKET, {"by": "sara", "for": "customer", "until": "2026-05-02T12:00:00+00:00"}),
    )


def test_a_ticket_taken_from_everybody_has_no_owner() -> None:
    assert given(Assign("sara"), Assign(None)).owner is None


def test_a_ticket_goes_to_another_department_though_whoever_has_it_keeps_it() -> None:
    ticket = given(Assign("sara"), Assign("sara", "returns"))
    assert (ticket.owner, ticket.department) == ("sara", "returns")
    assert given(Assign("sara", "returns"), Assign("reza")).department == "returns"


def test_a_ticket_is_as_it_was_opened() -> None:
    said: dict[str, Any] = {
        "number": 1001, "conversation": "conversation:c", "priority": "high", "department": "returns", "follows": CONTACT,
    }  # fmt: skip
    ticket = after(None, Decision("ticket.opened", TICKET, said | {"contacts": [CONTACT]}, {"subject": "Where is it?"}))
    assert {name: getattr(ticket, name) for name in said} == said
    assert (ticket.subject, ticket.state, ticket.opened, ticket.contacts) == ("Where is it?", "new", NOW, [CONTACT])
    assert given(Assign(None, "returns")).state == "new"


@pytest.mark.parametrize("waits_for", ["us", "third_party"])
def test_what_waits_for_others_goes_on_waiting_when_the_customer_writes(waits_for: Whom) -> None:
    ticket = given(Wait(waits_for), Attach("22222222-93c1-5d0e-8c5e-1d2a7b90c4f1"))
    assert (ticket.state, ticket.waiting_for, len(ticket.contacts)) == ("waiting", waits_for, 2)


def test_a_contact_is_on_its_ticket_once() -> None:
    assert after(given(), Decision("ticket.contact_attached", TICKET, {"contact": CONTACT})).contacts == [CONTACT]


def test_what_was_resolved_and_closed_later_was_solved_when_it_was_resolved() -> None:
    later, closed = NOW + timedelta(hours=1), Decision("ticket.closed", TICKET, {})
    assert after(given(Resolve("sent")), closed, later).resolved == NOW
    assert after(given(), closed, later).resolved == later
    assert after(given(), closed, NOW - timedelta(hours=1)).changed == NOW


def test_imported_steps_count_by_their_time_in_whatever_order_they_come() -> None:
    told: list[tuple[str, dict[str, Any]]] = [
        ("ticket.opened", {"contacts": [CONTACT]}), ("ticket.assigned", {"to": "sara"}), ("ticket.assigned", {"to": "reza"}),
    ]  # fmt: skip
    steps = [
        Event(id=f"e{n}", type=type, version=1, time=NOW + timedelta(hours=n), recorded=NOW, source="import",
              stream=f"ticket:{TICKET}", data={"ticket": TICKET} | data)
        for n, (type, data) in enumerate(told)
    ]  # fmt: skip
    for came in permutations(steps):
        ticket = None
        for step in came:
            ticket = apply(ticket, step)
        assert ticket
        assert (ticket.owner, ticket.state, ticket.revision, ticket.opened) == ("reza", "open", 3, NOW)


def test_what_people_write_is_personal_and_who_wrote_it_is_not() -> None:
    for command, name in ((Note("a secret"), "text"), (Resolve("a secret"), "how")):
        outcome = decide(given(), command, "sara", NOW)
        assert not isinstance(outcome, Refused)
        assert outcome[0].personal == {name: "a secret"}
        assert outcome[0].data == {"by": "sara"}


def test_what_was_not_said_is_not_written_down() -> None:
    assert decide(given(), Resolve(), None, NOW) == (Decision("ticket.resolved", TICKET, {}, {}),)
    assert decide(given(), Assign("reza"), "sara", NOW) == (Decision("ticket.assigned", TICKET, {"by": "sara", "to": "reza"}),)


def test_each_decision_is_a_valid_event_of_its_kind() -> None:
    for command, _ in TABLE:
        ticket = replace(given(), state="waiting", waiting_for="third_party")
        outcome = decide(ticket, command, "sara", NOW, LETTER)
        assert not isinstance(outcome, Refused), outcome
        assert outcome
        for decision in outcome:
            kind_of(decision.type).model_validate({"ticket": TICKET} | decision.data | decision.personal)


def answered(ticket: Ticket, by: str | None = "sara", automatic: str = "no") -> Ticket:
    return after(ticket, written(TICKET, LETTER, "Hi", None, by, automatic))


def test_who_answers_has_the_ticket_unless_somebody_has_it() -> None:
    assert answered(given()).owner == "sara"
    assert answered(given(Assign("reza"))).owner == "reza"


def test_after_an_answer_it_is_the_customers_turn_but_what_waits_for_others_goes_on_waiting() -> None:
    assert answered(given()).waiting_for == "customer"
    assert answered(given(Wait("third_party"))).waiting_for == "third_party"


def test_an_answer_is_one_of_the_tickets_contacts() -> None:
    assert answered(given()).contacts == [CONTACT, "e2"]


def test_what_the_hub_answers_by_itself_changes_neither_state_nor_owner() -> None:
    ticket = answered(given(), None, "reply")
    assert (ticket.state, ticket.owner, ticket.contacts) == ("new", None, [CONTACT, "e2"])


@pytest.mark.parametrize(
    ("command", "letter", "why"),
    [
        (Answer("email", None, None), LETTER, "There is nothing in the answer; write something first."),
        (Answer("sms", None, "Hi"), LETTER, "Answers go out by e-mail; there is no way out for sms."),
        (Answer("email", None, "Hi"), None, "There is nobody to answer to."),
        (Answer(None, None, "Hi"), Refused("no way out"), "no way out"),
    ],
)
def test_an_answer_that_cannot_go_out_is_refused_with_its_reason(
    command: Answer, letter: Letter | Refused | None, why: str
) -> None:
    outcome = decide(given(), command, "sara", NOW, letter)
    assert isinstance(outcome, Refused)
    assert outcome.why == why


def test_an_answer_that_did_not_arrive_opens_the_ticket_again_and_says_why() -> None:
    [decision] = policies.on_undelivered(answered(given()), "It came back: the mailbox is full.")
    ticket = after(answered(given()), decision)
    assert (ticket.state, ticket.waiting_for) == ("open", None)
    assert ticket.steps[-1][5]["why"] == "It came back: the mailbox is full."  # type: ignore[index]


def test_an_answer_that_was_taken_back_leaves_the_ticket_with_us() -> None:
    [decision] = policies.on_undone(answered(given()), "sara", {"e2"})
    assert after(answered(given()), decision).state == "open"
    assert policies.on_undone(given(Resolve("sent")), "sara", {"e2"}) == []
    assert policies.on_undone(given(Wait("third_party")), "sara", {"e2"}) == []
    assert policies.on_undone(answered(given(Wait("customer", NOW + timedelta(days=5)))), "sara", {"e3"}) == []


def test_while_another_answer_stands_it_stays_the_customers_turn() -> None:
    twice = answered(answered(given()))
    assert policies.on_undone(twice, "sara", {"e2"}) == policies.on_undone(twice, "sara", {"e3"}) == []
    assert [decision.type for decision in policies.on_undone(twice, "sara", {"e2", "e3"})] == ["ticket.reopened"]


def test_an_answer_that_arrived_after_all_makes_it_the_customers_turn_unless_he_wrote_since() -> None:
    [reopened] = policies.on_undelivered(answered(given()), "It came back.")
    bounced = after(answered(given()), reopened)
    [decision] = policies.on_settled(bounced, "sara", "e2")
    assert after(bounced, decision).waiting_for == "customer"
    wrote = after(bounced, Decision("ticket.contact_attached", TICKET, {"contact": "22222222-93c1-5d0e-8c5e-1d2a7b90c4f1"}))
    assert policies.on_settled(wrote, "sara", "e2") == []
    assert policies.on_settled(given(Resolve("sent")), "sara", "e2") == []
