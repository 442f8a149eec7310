"""Every command in every state of a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.desk._shape import Decision, Refused
from hub.desk.commands import Answer, Assign, Attach, Close, Command, Note, Prioritise, Reopen, Resolve, Wait
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
NO_ANSWERS = "Answers cannot be sent yet: no way out for email is set up."

# What becomes of it: the state afterwards, or why not.
TABLE: list[tuple[Command, dict[str, str]]] = [
    (Assign("reza"), {"new": "open", "open": "open", "waiting": "waiting", "resolved": "resolved", "closed": CLOSED}),
    (Note("hm"), {"new": "new", "open": "open", "waiting": "waiting", "resolved": "resolved", "closed": "closed"}),
    (Answer("email", "a@b.example", "Hi"), dict.fromkeys(HISTORY, NO_ANSWERS)),
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
    outcome = decide(ticket, command, "sara", NOW)
    if isinstance(outcome, Refused):
        assert outcome.why == outcomes[state]
    else:
        assert after(ticket, outcome[0]).state == outcomes[state]


@pytest.mark.parametrize(
    ("before", "command", "why"),
    [
        ([Assign("sara")], Assign("sara"), "It is already assigned to sara."),
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


def test_what_people_write_is_personal_and_who_wrote_it_is_not() -> None:
    for command, name in ((Note("a secret"), "text"), (Resolve("a secret"), "how")):
        outcome = decide(given(), command, "sara", NOW)
        assert not isinstance(outcome, Refused)
        assert outcome[0].personal == {name: "a secret"}
        assert outcome[0].data == {"by": "sara"}


def test_each_decision_is_a_valid_event_of_its_kind() -> None:
    for command, _ in TABLE:
        ticket = replace(given(), state="waiting", waiting_for="third_party")
        outcome = decide(ticket, command, "sara", NOW)
        if not isinstance(outcome, Refused):
            for decision in outcome:
                kind_of(decision.type).model_validate({"ticket": TICKET} | decision.data | decision.personal)
