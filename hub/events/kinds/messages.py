"""Messages of any channel that has threads: e-mail, chat, SMS, messengers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from hub.events.catalogue import NONE, Count, Id, Kind, Origin, Parties, Party, Text
from hub.events.envelope import Json
from hub.events.text import storable_all


class Mailbox(BaseModel):
    """Somebody's name and address in a mail's header."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)
    name: Text | None = None
    address: Text | None = None


class Attached(BaseModel):
    """An attachment: as sent with `base64`, as kept with `size` (bytes) and `sha256` (hexadecimal)."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)
    name: Text | None = None
    type: Text | None = None
    base64: str | None = None
    size: Count | None = None
    sha256: Text | None = None
    blob: Text | None = None


def conversation(origin: Origin, channel: str, thread: str) -> str:
    """The stream of a thread. Mail threads are world-wide, those of other channels belong to their source."""
    return origin.keyed("conversation", channel, "" if channel == "email" else origin.source, thread)


def mailbox(personal: Json, place: str) -> Json:
    """Name and address at this place of the header; empty where there is none. Who sends what a kind does not know, such as
    the `reply_to` of a message sent, may send anything under that name."""
    found = personal.get(place)
    return found if isinstance(found, dict) else {}


def _of_a_header(address: str) -> Party:
    """As it stands there, unchecked: what is no address, for its length or whatever, is told from one where it is read."""
    return Party.model_construct(kind="email", value=address)


def _returned(bounce: dict[str, Any]) -> dict[str, Any]:
    """What a bounce says of the mail that came back; the hub acts on these of its words."""
    for name in ("original", "status", "action"):
        if not isinstance(bounce.get(name), str | None):
            raise ValueError(f"{name} is text, or absent")
    stored: dict[str, Any] = storable_all(bounce)
    return stored


Mailboxes = Annotated[list[Mailbox], BeforeValidator(lambda v: v or [])]


class Message(Kind):
    personal = frozenset({"thread", "subject", "text", "html", "from", "to", "cc"})
    texts = ("subject", "text")
    parties: ClassVar[tuple[str, ...]] = ("party", "about", "from", "to", "cc")

    message: Id | None = None
    channel: Id = "message"
    thread: Id | None = None
    party: Parties = NONE
    agent: Text | None = None
    subject: Text | None = None
    text: Text | None = None
    html: Text | None = None
    attachments: Annotated[list[Attached], BeforeValidator(lambda v: v or [])] = NONE
    sender_: Annotated[Mailbox | None, Field(alias="from")] = None
    to: Mailboxes = NONE
    cc: Mailboxes = NONE
    message_id: Text | None = None
    in_reply_to: Text | None = None
    references: Annotated[list[Text], BeforeValidator(lambda v: v or [])] = NONE
    automatic: Literal["no", "reply", "bounce", "list"] = "no"
    about: Parties = NONE
    bounce: Annotated[dict[str, Any], AfterValidator(_returned)] | None = None
    raw: Text | None = None
    claimed_date: Text | None = None

    def stream(self, origin: Origin) -> str:
        return conversation(origin, self.channel, self.thread or self.message or origin.event)

    def identifiers(self) -> Iterator[tuple[str, str, Party]]:
        """The people of the header are named beside the parties, each at his place."""
        for role in ("party", "about"):
            for n, party in enumerate(getattr(self, role)):
                yield role, f"{role}/{n}", party
        if self.sender_ and self.sender_.address:
            yield "from", "from", _of_a_header(self.sender_.address)
        for role in ("to", "cc"):
            for n, mailbox in enumerate(getattr(self, role)):
                if mailbox.address:
                    yield role, f"{role}/{n}", _of_a_header(mailbox.address)


class MessageReceived(Message):
    """A message of a customer reached the organisation. `reply_to`: where its answer goes, if not to `from`."""

    type = "message.received"
    version = 2
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: dict}  # version 1 had no `reply_to`
    personal = Message.personal | {"reply_to"}
    parties = (*Message.parties, "reply_to")
    reply_to: Mailbox | None = None

    def identifiers(self) -> Iterator[tuple[str, str, Party]]:
        yield from super().identifiers()
        if self.reply_to and self.reply_to.address:
            yield "reply_to", "reply_to", _of_a_header(self.reply_to.address)


class MessageSent(Message):
    """A message of the organisation went to a customer; `party` is whom it went to."""

    type = "message.sent"


KINDS = (MessageReceived, MessageSent)
