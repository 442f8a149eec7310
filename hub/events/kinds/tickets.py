"""What was decided about tickets. Decided by the desk; from outside only in an import of history."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from hub.events.catalogue import NONE, Count, EventId, FoundBy, Id, Kind, Origin, Parties, Text
from hub.events.envelope import Json
from hub.events.kinds.messages import conversation

Contacts = Annotated[list[Annotated[Text, EventId]], BeforeValidator(lambda v: v or [])]


class TicketStep(Kind):
    """`by`: who decided, null for a policy of the hub."""

    sender = "history"
    personal = frozenset({"text", "why", "subject", "how", "thread"})

    ticket: Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
    party: Parties = NONE
    by: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _lower(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and isinstance(fields.get("ticket"), str):
            return fields | {"ticket": fields["ticket"].lower()}
        return fields

    def stream(self, origin: Origin) -> str:
        return f"ticket:{self.ticket}"


class TicketOpened(TicketStep):
    """`contacts`: the events it is about; `conversation`: the stream it answers (history may say `channel` and `thread`
    instead); `follows`: an earlier ticket."""

    type = "ticket.opened"
    number: Count | None = None
    subject: Text | None = None
    conversation: Annotated[Text, FoundBy] | None = None
    channel: Text | None = None
    thread: Text | None = None
    contacts: Contacts = NONE
    priority: Text | None = None
    department: Text | None = None
    follows: Text | None = None

    def derived(self, origin: Origin) -> Json:
        if self.conversation or not (self.channel and self.thread):
            return {}
        return {"conversation": conversation(origin, self.channel, self.thread)}


class TicketAssigned(TicketStep):
    """`to` is the agent who has it now, null when nobody has."""

    type = "ticket.assigned"
    to: Text | None = None
    department: Text | None = None


class TicketNoted(TicketStep):
    """An internal note."""

    type = "ticket.noted"
    text: Text | None = None


class TicketWaiting(TicketStep):
    """It waits `for` somebody, until (ISO 8601) if a time was said."""

    type = "ticket.waiting"
    waits_for: Annotated[Literal["customer", "us", "third_party"], Field(alias="for")] = "customer"
    until: Text | None = None


class TicketResolved(TicketStep):
    """`how` it was solved."""

    type = "ticket.resolved"
    how: Text | None = None


class TicketClosed(TicketStep):
    """Nothing more will come."""

    type = "ticket.closed"


class TicketReopened(TicketStep):
    """Work starts again, for a reason; `contact` is the message that asked for it, if one did."""

    type = "ticket.reopened"
    why: Text | None = None
    contact: Annotated[Id, EventId] | None = None


class TicketContactAttached(TicketStep):
    """One more contact belongs to it; `conversation` is the contact's stream if it has one."""

    type = "ticket.contact_attached"
    contact: Annotated[Id, EventId]
    conversation: Annotated[Text, FoundBy] | None = None


class TicketAnswered(TicketStep):
    """An answer was written; its delivery is told on a stream of its own (`delivery:` and this event's id).

    `party` is whom it goes to and `to` his address; `mailbox` the address that it comes from. `answers` is the contact
    that it answers, `conversation` the stream in which the customer's reply is expected. `message_id`, `in_reply_to` and
    `references` are as in the mail's header, without brackets. `automatic`: "reply" where the hub answered by itself.
    """

    type = "ticket.answered"
    personal = TicketStep.personal | {"to", "html"}
    texts = ("subject", "text")

    channel: Id = "email"
    to: Text | None = None
    subject: Text | None = None
    text: Text | None = None
    html: Text | None = None
    message_id: Text | None = None
    in_reply_to: Text | None = None
    references: Annotated[list[Text], BeforeValidator(lambda v: v or [])] = NONE
    conversation: Annotated[Text, FoundBy] | None = None
    mailbox: Text | None = None
    answers: Id | None = None
    automatic: Literal["no", "reply"] = "no"


class TicketPrioritised(TicketStep):
    """Its priority: low, normal, high or urgent."""

    type = "ticket.prioritised"
    priority: Text


KINDS = (
    TicketOpened, TicketAssigned, TicketNoted, TicketWaiting, TicketResolved, TicketClosed, TicketReopened,
    TicketContactAttached, TicketPrioritised, TicketAnswered,
)  # fmt: skip
