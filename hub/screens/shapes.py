"""The contract's shapes, for the OpenAPI document. The answers themselves are written as they were read.

Fields may be added: readers pass over what they do not know.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

TICKET_ID = "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"
PARTY_ID = "5b1c7f0e-9a44-8f6b-a3c0-6f0f3f1d2c11"
TIME = "2026-01-31T10:00:00+00:00"


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(extra="allow", json_schema_extra={"example": fields})


class Identifier(BaseModel):
    """How a customer is known: one party."""

    model_config = _example(kind="phone", value="+989121234567", party=PARTY_ID)
    kind: str
    value: str | None
    party: str


class Link(BaseModel):
    """Why two parties are one customer. `by`: the person who said so, null where it was seen."""

    model_config = ConfigDict(extra="allow")
    id: str
    a: str
    b: str
    evidence: str | None
    by: str | None
    time: datetime | None


class Step(BaseModel):
    """One step of a ticket. `id` is its event; `why` the reason, where it has one; `text`: what was written, which is a note,
    how it was resolved or why it was reopened, where one ticket is asked for. In lists `text` is null."""

    model_config = ConfigDict(extra="allow")
    type: str
    time: datetime
    by: str | None
    id: str
    why: str | None
    text: str | None


class Delivery(BaseModel):
    """What became of an answer on its way out; its id is the answer's. `due`: not before; `reason`: in words."""

    model_config = _example(id=TICKET_ID, state="waiting", due=TIME, reason=None)
    id: str
    state: Literal["waiting", "sending", "sent", "failed", "uncertain", "undone"]
    due: datetime
    reason: str | None


class DeliveryAsked(Delivery):
    """`text`: the words of an answer that was taken back, for the box that they were written in."""

    model_config = _example(id=TICKET_ID, state="undone", due=TIME, reason=None, text="It left today.")
    text: str | None


class Ticket(BaseModel):
    """A ticket as it is now. `until`: the time that was said for which it waits, mostly what somebody promised."""

    model_config = _example(
        id=TICKET_ID, number=1001, state="open", waiting_for=None, until=None, subject="Where is my order?", customer=PARTY_ID,
        owner="sara", priority="normal", department=None, opened=TIME, changed=TIME, contacts=[], orders=["1042"],
        history=[{"type": "ticket.opened", "time": TIME, "by": None, "id": TICKET_ID, "why": None, "text": None}], revision=2,
        deliveries=[],
    )  # fmt: skip
    id: str
    number: int | None
    state: Literal["new", "open", "waiting", "resolved", "closed"]
    waiting_for: Literal["customer", "us", "third_party"] | None
    until: datetime | None
    subject: str | None
    customer: str | None
    owner: str | None
    priority: str | None
    department: str | None
    opened: datetime
    changed: datetime
    contacts: list[str]
    orders: list[str]
    history: list[Step]
    revision: int
    deliveries: list[Delivery]


class Line(BaseModel):
    """One line of an order; `price` is for one piece."""

    model_config = ConfigDict(extra="allow")
    sku: str | None = None
    title: str | None = None
    quantity: float | None = None
    price: str | None = None


class Stage(BaseModel):
    """A step of an order in the back office, and what was said with it. A payment or refund of a part is no stage yet."""

    model_config = ConfigDict(extra="allow")
    stage: str
    time: datetime
    source: str
    amount: str | None
    currency: str | None
    document: str | None
    tracking: str | None
    carrier: str | None


class Order(BaseModel):
    """An order and its stage: the furthest that was reported. `tracking` and `carrier` are the last that were said, those of
    each parcel stand in `history`."""

    model_config = _example(
        number="1042", stage="shipped", customer=PARTY_ID, total="12.50", currency="EUR", lines=[], tracking="AB123",
        carrier="DHL", changed=TIME, history=[{
            "stage": "shipped", "time": TIME, "source": "shop", "amount": None, "currency": None, "document": None,
            "tracking": "AB123", "carrier": "DHL",
        }],
    )  # fmt: skip
    number: str | None
    stage: str | None
    customer: str | None
    total: str | None
    currency: str | None
    lines: list[Line]
    tracking: Any
    carrier: str | None
    history: list[Stage]
    changed: datetime


class Attachment(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str | None
    type: str | None
    size: int | None
    sha256: str | None


class Item(BaseModel):
    """One contact or back-office step in a timeline. `said`: the text without what it quotes, null where that is all of
    it; `delivery`: what became of an answer of ours; `answered`: whether somebody took the call, `seconds`: how long they
    talked, `cause`: why it ended, as far as it is known; `automatic`: reply, bounce or list, where no person wrote it;
    `agent`: whose contact it was on our side; `stream`: the log's name for what it belongs to."""

    model_config = _example(
        id=TICKET_ID, type="message.received", time=TIME, recorded=TIME, channel="email", direction="in",
        party=PARTY_ID, title="Where is my order?", text="I ordered last week ...", ticket=TICKET_ID, orders=["1042"],
        attachments=[], said=None, delivery=None, answered=None, seconds=None, cause=None, automatic=None, agent=None,
        stream="conversation:5d0f3e5c-1c35-8f5e-9f0e-3a9f0e6b1c11",
    )  # fmt: skip
    id: str
    type: str
    time: datetime
    recorded: datetime
    channel: str
    direction: Literal["in", "out", "internal"]
    party: str | None
    title: str | None
    text: str | None
    ticket: str | None
    orders: list[str]
    attachments: list[Attachment]
    said: str | None
    delivery: Delivery | None
    answered: bool | None
    seconds: float | None
    cause: str | None
    automatic: str | None
    agent: str | None
    stream: str


class Customer(BaseModel):
    """A customer: the parties that are one person. Any member's id finds him. `orders`: the last 1,000 that changed, of
    `order_count`."""

    model_config = _example(
        id=PARTY_ID, name="Sara Ahmadi", identifiers=[{"kind": "phone", "value": "+989121234567", "party": PARTY_ID}],
        links=[], contacts=3, first_contact=TIME, last_contact=TIME, open_tickets=[], orders=[], order_count=0,
    )  # fmt: skip
    id: str
    name: str | None
    identifiers: list[Identifier]
    links: list[Link]
    contacts: int
    first_contact: datetime | None
    last_contact: datetime | None
    open_tickets: list[Ticket]
    orders: list[Order]
    order_count: int


class Likely(BaseModel):
    """What a caller most likely means, and why."""

    kind: Literal["order", "ticket"]
    id: str
    why: str


class LookUp(BaseModel):
    """What is known of a caller. An unknown one is no error: `match` is none."""

    model_config = _example(match="none", customers=[], recent=[], likely=None)
    match: Literal["one", "none", "many"]
    customers: list[Customer]
    recent: list[Item]
    likely: Likely | None


class Envelope(BaseModel):
    """An event with its personal part readable. What was forgotten is null."""

    model_config = _example(
        id=TICKET_ID, type="message.received", version=2, time=TIME, recorded=TIME, source="shop-chat",
        stream="conversation:7c2f6f0e-1a44-8f6b-a3c0-6f0f3f1d2c11", revision=None, subject=PARTY_ID, cause=None,
        correlation=None, replaces=None, data={"channel": "chat", "message": "m1"}, personal={"text": "Hello"},
    )  # fmt: skip
    id: str
    type: str
    version: int
    time: datetime
    recorded: datetime
    source: str
    stream: str
    revision: int | None
    subject: str | None
    cause: str | None
    correlation: str | None
    replaces: str | None
    data: dict[str, Any]
    personal: dict[str, Any]


class Customers(BaseModel):
    items: list[Customer]
    next: str | None


class Items(BaseModel):
    items: list[Item]
    next: str | None


class Tickets(BaseModel):
    items: list[Ticket]
    next: str | None


class Envelopes(BaseModel):
    """In the order of the log; `next` goes on behind the last."""

    items: list[Envelope]
    next: str | None


class RefusedEvent(BaseModel):
    index: int
    why: str
    at: str | None


class TakenEvent(BaseModel):
    """`position` is "topic/partition/offset"."""

    id: str
    position: str | None


class Taken(BaseModel):
    """What became of the events that were sent. Accepted ones are durable."""

    model_config = _example(
        accepted=1, duplicates=0, rejected=[], events=[{"id": TICKET_ID, "position": "touchpoints/7/42"}]
    )
    accepted: int
    duplicates: int
    rejected: list[RefusedEvent]
    events: list[TakenEvent]


class Made(BaseModel):
    model_config = _example(id=TICKET_ID)
    id: str


class SchemaEntry(BaseModel):
    name: str
    url: str


class Schemas(BaseModel):
    items: list[SchemaEntry]
    next: str | None


class Alive(BaseModel):
    alive: bool


class Ready(BaseModel):
    """`lanes`: events and seconds by which each step is behind."""

    ready: bool
    lanes: list[dict[str, Any]]
