"""What becomes of a command, given the ticket as it is: the decisions that it means, or why not."""

from __future__ import annotations

from datetime import datetime

from hub.desk._shape import Decision, Refused
from hub.desk.answers import Letter, answered
from hub.desk.commands import (
    Answer,
    Assign,
    Attach,
    Close,
    Command,
    Note,
    Prioritise,
    Reopen,
    Resolve,
    Wait,
)
from hub.events.envelope import Json, iso
from hub.projections.tickets import Ticket

WHO = {"customer": "the customer", "us": "us", "third_party": "a third party"}


def decide(
    ticket: Ticket, command: Command, by: str | None, now: datetime, letter: Letter | Refused | None = None
) -> tuple[Decision, ...] | Refused:
    """`by`: who asks; `now`: when. What would change nothing is refused, so that nobody believes that he did it.

    `letter`: how an answer would go out, or why it cannot.
    """
    why = _against(ticket, command, now)
    if why:
        return Refused(why)
    if isinstance(command, Answer):
        return _answer(ticket, command, by, letter)
    kind, data, personal = _meaning(command)
    return (Decision(kind, ticket.ticket, _told({"by": by} | data), _told(personal)),)


def _against(ticket: Ticket, command: Command, now: datetime) -> str | None:
    """Why not, if something speaks against it."""
    match command:
        case Note():
            return None
        case Reopen():
            return "It is already open." if ticket.state in ("new", "open") else None
        case Close():
            return "It is already closed." if ticket.state == "closed" else None
        case _ if ticket.state == "closed":
            return "It is closed; reopen it first."
        case Answer():
            return None
        case Resolve():
            return "It is already resolved." if ticket.state == "resolved" else None
        case Wait():
            return _against_waiting(ticket, command, now)
        case Assign(to=to, department=department):
            same = to == ticket.owner and department in (None, ticket.department)
            return f"It is already assigned to {to or 'nobody'}." if same else None
        case Attach(event=event):
            return "That contact already belongs to it." if event in ticket.contacts else None
        case Prioritise(priority=priority):
            return f"Its priority is already {priority}." if priority == ticket.priority else None


def _answer(
    ticket: Ticket, command: Answer, by: str | None, letter: Letter | Refused | None
) -> tuple[Decision, ...] | Refused:  # fmt: skip
    if not command.text:
        return Refused("There is nothing in the answer; write something first.", "$.command.answer.text")
    if (command.channel or "email") != "email":
        why = f"Answers go out by e-mail; there is no way out for {command.channel}."
        return Refused(why, "$.command.answer.channel")
    if letter is None or isinstance(letter, Refused):
        return letter or Refused("There is nobody to answer to.", "$.command.answer.to")
    return (answered(ticket.ticket, letter, command.text, command.html, by),)


def _against_waiting(ticket: Ticket, command: Wait, now: datetime) -> str | None:
    if ticket.state == "resolved":
        return "It is resolved; reopen it first."
    if command.until and command.until <= now:
        return "The time to wait until has already passed."
    until = iso(command.until) if command.until else None
    if ticket.state == "waiting" and (ticket.waiting_for, ticket.until) == (command.waits_for, until):
        return f"It is already waiting for {WHO[command.waits_for]}."
    return None


def _meaning(command: Command) -> tuple[str, Json, Json]:
    """The event that a command means: type, data, personal part."""
    match command:
        case Assign(to=to, department=department):
            return "ticket.assigned", {"to": to, "department": department}, {}
        case Note(text=text):
            return "ticket.noted", {}, {"text": text}
        case Wait(waits_for=who, until=until):
            return "ticket.waiting", {"for": who, "until": iso(until) if until else None}, {}
        case Resolve(how=how):
            return "ticket.resolved", {}, {"how": how}
        case Close():
            return "ticket.closed", {}, {}
        case Reopen(why=why):
            return "ticket.reopened", {}, {"why": why}
        case Attach(event=event, conversation=conversation):
            return "ticket.contact_attached", {"contact": event, "conversation": conversation}, {}
        case Prioritise(priority=priority):
            return "ticket.prioritised", {"priority": priority}, {}
        case Answer():
            raise ValueError("an answer is decided with its letter")


def _told(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
