"""What a contact sets off by itself: it opens a ticket, joins the open one, or wakes the one that was resolved."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from hub.desk._shape import Decision
from hub.desk.forms import own_words
from hub.events.envelope import Event, Json
from hub.events.outcomes import asking
from hub.events.text import squeeze
from hub.projections.tickets import Ticket, folded

CONTACTS = frozenset(
    {"message.received", "message.sent", "contact.recorded", "visit.recorded", "call.ended", "form.submitted"}
)
PAPER = frozenset({"letter", "fax"})  # written to be answered, as a message is; its words are often on the picture alone
MESSAGES = frozenset(
    {"sms", "mms", "chat", "messenger", "whatsapp", "telegram", "signal", "viber", "line", "wechat", "instagram", "facebook",
     "twitter", "bale", "eitaa", "rubika", "soroush", "email", "message"}
)  # fmt: skip
UNFINISHED = frozenset({"new", "open", "waiting"})
AGAIN = timedelta(days=14)  # who writes so soon after the solution means the same matter
_SUBJECT, _FIRST_WORDS = 200, 80  # characters


def concerns(event: Event) -> bool:
    """Does it set anything off? History was seen to long ago; a correction was when the first came."""
    if event.type not in CONTACTS or event.data.get("history") or event.replaces:
        return False
    if event.type in ("message.received", "message.sent"):
        return bool(event.data.get("automatic", "no") == "no")
    return _asks(event)


def _asks(event: Event) -> bool:
    """Does somebody here have to see to it, though it is no message?"""
    if event.type == "form.submitted":
        return own_words(event.personal.get("fields")) is not None
    if event.type == "contact.recorded" and event.data.get("direction") == "in" and _written(event):
        return True
    return asking(event.data.get("outcome")) is not None


def _written(event: Event) -> bool:
    """A letter, or a message with words of its own; not what an invitation brought back."""
    channel = str(event.data.get("channel")).casefold()
    if channel in PAPER:
        return True
    invited = event.data.get("campaign") or event.personal.get("code")
    return channel in MESSAGES and not invited and bool((event.personal.get("text") or "").strip())


def on_contact(event: Event, tickets: Sequence[Ticket], forgotten: Set[str] = frozenset()) -> list[Decision]:
    """`tickets`: those of the contact's conversation, oldest first. `forgotten`: parties of whom nothing can be written down
    any more; who goes on with theirs begins anew."""
    if not concerns(event) or any(event.root in ticket.contacts for ticket in tickets):
        return []
    tickets = [ticket for ticket in tickets if ticket.party not in forgotten]
    unfinished = [ticket for ticket in tickets if ticket.state in UNFINISHED]
    if event.type == "message.sent":
        return _on_our_message(event, unfinished[-1]) if unfinished else []
    if unfinished:
        where = {"contact": event.root, "conversation": event.stream}
        return [Decision("ticket.contact_attached", unfinished[-1].ticket, where)]
    resolved = max((t for t in tickets if t.state == "resolved"), key=_resolved, default=None)
    if resolved and moment(event) - _resolved(resolved) <= AGAIN:
        why = {"why": "the customer wrote again"}
        return [Decision("ticket.reopened", resolved.ticket, {"contact": event.root}, why)]
    return [_opening(event, tickets)]


def _on_our_message(event: Event, ticket: Ticket) -> list[Decision]:
    """Who wrote it elsewhere has answered: he has the ticket if nobody had, then it is the customer's turn, unless something
    came since that is only told later. Where it is that already, it stays so: a contact that is attached would end it."""
    attached = {"contact": event.root, "conversation": event.stream}
    found = [Decision("ticket.contact_attached", ticket.ticket, attached)]
    agent = (event.data.get("agent") or "").strip()
    by = {"by": agent} if agent else {}
    if agent and not ticket.owner:
        found.append(Decision("ticket.assigned", ticket.ticket, {"to": agent} | by))
    waited = ticket.state == "waiting" and ticket.waiting_for == "customer"
    if waited or (agent and ticket.state in ("new", "open") and not _came_since(ticket, moment(event))):
        until = {"until": ticket.until} if waited and ticket.until else {}
        found.append(Decision("ticket.waiting", ticket.ticket, {"for": "customer"} | by | until))
    return found


def _came_since(ticket: Ticket, when: datetime) -> bool:
    """Whether a contact counts from later on. One that counts from the step before it was dated earlier, nobody knows when."""
    times = [datetime.fromisoformat(str(step[1])) for step in ticket.steps]
    known = zip(ticket.steps, times, [None, *times], strict=False)
    return any(_brought(step) and time > when and time != before for step, time, before in known)


def _brought(step: Sequence[Any]) -> bool:
    """Whether a contact came with this step of a ticket."""
    return bool(step[5].get("contact") or step[5].get("contacts"))


def moment(event: Event) -> datetime:
    """When the contact counts: when it took place, but not after the hub learnt of it, whatever its sender claims."""
    return min(event.time, event.recorded)


def _resolved(ticket: Ticket) -> datetime:
    return ticket.resolved or ticket.changed


def _opening(event: Event, tickets: Sequence[Ticket]) -> Decision:
    data: Json = {"contacts": [event.root], "conversation": event.stream}
    if tickets:
        data["follows"] = tickets[-1].ticket
    subject = _subject({"text": own_words(event.personal.get("fields"))} | event.personal)
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


def on_undone(ticket: Ticket, by: str | None, undone: Collection[str]) -> list[Decision]:
    """Without the answers that were taken back, `undone` by their ids, it is not the customer's turn; but it is where another
    one went out, or where somebody said so."""
    steps = [step for step in ticket.steps if step[2] not in undone]
    if ticket.state != "waiting" or ticket.waiting_for != "customer" or folded(ticket.stream, steps).state == "waiting":
        return []
    data = {"by": by} if by else {}
    return [Decision("ticket.reopened", ticket.ticket, data, {"why": "the answer was taken back"})]


def on_settled(ticket: Ticket, by: str | None, answer: str) -> list[Decision]:
    """The answer with this id arrived after all, or goes out again: it is the customer's turn, unless he wrote since."""
    ids = [step[2] for step in ticket.steps]
    since = ticket.steps[ids.index(answer) + 1 :] if answer in ids else []
    if ticket.state not in ("new", "open") or any(map(_brought, since)):
        return []
    return [Decision("ticket.waiting", ticket.ticket, {"for": "customer"} | ({"by": by} if by else {}))]
