"""What a contact sets off by itself: it opens a ticket, joins the open one, or wakes the one that was resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.desk._shape import Decision
from hub.events.envelope import Event, Json
from hub.events.outcomes import asking
from hub.events.text import squeeze
from hub.projections.tickets import Ticket

CONTACTS = frozenset({"message.received", "contact.recorded", "visit.recorded", "call.ended"})
PAPER = frozenset({"letter", "fax"})  # written to be answered, as a message is
UNFINISHED = frozenset({"new", "open", "waiting"})
AGAIN = timedelta(days=14)  # who writes so soon after the solution means the same matter
_SUBJECT, _FIRST_WORDS = 200, 80  # characters


def asks(event: Event) -> bool:
    """Does somebody here have to see to it? History was seen to long ago; a correction was when the first came."""
    if event.type not in CONTACTS or event.data.get("history") or event.replaces:
        return False
    if event.type == "message.received":
        return bool(event.data.get("automatic", "no") == "no")
    if event.type == "contact.recorded" and event.data.get("direction") == "in" and event.data.get("channel") in PAPER:
        return True
    return asking(event.data.get("outcome")) is not None


def on_contact(event: Event, tickets: Sequence[Ticket]) -> list[Decision]:
    """`tickets`: those of the contact's conversation, oldest first."""
    if not asks(event) or any(event.root in ticket.contacts for ticket in tickets):
        return []
    unfinished = [ticket for ticket in tickets if ticket.state in UNFINISHED]
    if unfinished:
        where = {"contact": event.root, "conversation": event.stream}
        return [Decision("ticket.contact_attached", unfinished[-1].ticket, where)]
    resolved = max((t for t in tickets if t.state == "resolved"), key=_resolved, default=None)
    if resolved and moment(event) - _resolved(resolved) <= AGAIN:
        why = {"why": "the customer wrote again"}
        return [Decision("ticket.reopened", resolved.ticket, {"contact": event.root}, why)]
    return [_opening(event, tickets)]


def moment(event: Event) -> datetime:
    """When the contact counts: when it took place, but not after the hub learnt of it, whatever its sender claims."""
    return min(event.time, event.recorded)


def _resolved(ticket: Ticket) -> datetime:
    return ticket.resolved or ticket.changed


def _opening(event: Event, tickets: Sequence[Ticket]) -> Decision:
    data: Json = {"contacts": [event.root], "conversation": event.stream}
    if tickets:
        data["follows"] = tickets[-1].ticket
    subject = _subject(event.personal)
    return Decision("ticket.opened", None, data, {"subject": subject} if subject else {})


def _subject(said: Json) -> str | None:
    for name, length in (("subject", _SUBJECT), ("reason", _SUBJECT), ("text", _FIRST_WORDS), ("note", _FIRST_WORDS)):
        text = said.get(name)
        if isinstance(text, str) and (words := squeeze(text, length)):  # what a kind does not know may be anything
            return words
    return None


def on_undelivered(ticket: Ticket, why: str) -> list[Decision]:
    """The customer has no answer: whoever has the ticket finds it open, and reads why."""
    return [Decision("ticket.reopened", ticket.ticket, {}, {"why": why})]


def on_undone(ticket: Ticket, by: str | None) -> list[Decision]:
    """Without the answer it is not the customer's turn; but what was promised for a certain time still is."""
    if ticket.state != "waiting" or ticket.waiting_for != "customer" or ticket.until:
        return []
    data = {"by": by} if by else {}
    return [Decision("ticket.reopened", ticket.ticket, data, {"why": "the answer was taken back"})]


def on_settled(ticket: Ticket, by: str | None) -> list[Decision]:
    """The answer arrived after all, or goes out again: it is the customer's turn."""
    if ticket.state not in ("new", "open"):
        return []
    return [Decision("ticket.waiting", ticket.ticket, {"for": "customer"} | ({"by": by} if by else {}))]
