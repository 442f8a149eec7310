"""Conversations: who writes with us about what, how often, and who said the last word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hub.events.envelope import Event, Json
from hub.projections._shape import Fold, Uuid


@dataclass(frozen=True, slots=True)
class Conversation:
    """`party` and `subject` are those of its earliest message. `names`: how people sign, party -> [time, id, name]."""

    stream: str
    channel: str
    party: Uuid | None
    subject: str | None
    first: datetime
    first_item: Uuid
    last: datetime
    last_item: Uuid
    last_direction: str
    received: int
    sent: int
    names: Json


def apply(row: Conversation | None, event: Event) -> Conversation:
    direction = "in" if event.type == "message.received" else "out"
    here = (event.time, event.root)
    subject = event.personal.get("subject")
    if row is None:
        row = Conversation(
            event.stream, event.data["channel"], event.party, subject, *here, *here, direction, 0, 0, {},
        )  # fmt: skip
    if here < (row.first, row.first_item):
        row = replace(row, first=event.time, first_item=event.root, party=event.party, subject=subject,
                      channel=event.data["channel"])  # fmt: skip
    if here > (row.last, row.last_item):
        row = replace(row, last=event.time, last_item=event.root, last_direction=direction)
    counted = "received" if direction == "in" else "sent"
    return replace(row, **{counted: getattr(row, counted) + 1}, names=_names(row.names, event))


def _names(names: Json, event: Event) -> Json:
    name = (event.personal.get("from") or {}).get("name")
    party = event.party
    if event.type != "message.received" or not (name and party):
        return names
    new = [event.time.isoformat(), event.root, name]
    return names if names.get(party, []) >= new else names | {party: new}


projection = Fold(
    name="conversations", version=1, row=Conversation, types=frozenset({"message.received", "message.sent"}),
    apply=apply,
)  # fmt: skip
