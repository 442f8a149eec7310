"""Conversations: who writes with us about what, how often, and who said the last word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.events.envelope import Event, Json
from hub.events.kinds.messages import mailbox
from hub.projections._shape import Fold, Uuid
from hub.projections.owners import of_others


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
    incoming = event.type == "message.received"
    direction = "in" if incoming else "out"
    if row is None:
        return Conversation(
            event.stream, event.data["channel"], event.party, event.personal.get("subject"), event.time, event.root,
            event.time, event.root, direction, int(incoming), int(not incoming), _names({}, event),
        )  # fmt: skip
    here = (event.time, event.root)
    first, last = here < (row.first, row.first_item), here > (row.last, row.last_item)
    return Conversation(
        event.stream,
        event.data["channel"] if first else row.channel,
        event.party if first else row.party,
        event.personal.get("subject") if first else row.subject,
        event.time if first else row.first,
        event.root if first else row.first_item,
        event.time if last else row.last,
        event.root if last else row.last_item,
        direction if last else row.last_direction,
        row.received + incoming,
        row.sent + (not incoming),
        _names(row.names, event),
    )


def _names(names: Json, event: Event) -> Json:
    party = event.party
    stood_in = any(named.id == party and named.role == "reply_to" for named in event.named)
    place = "reply_to" if stood_in else "from"
    name = mailbox(event.personal, place).get("name")
    if event.type != "message.received" or not (name and party) or place in of_others(event):
        return names
    new = [event.time.isoformat(), event.root, name]
    return names if names.get(party, []) >= new else names | {party: new}


projection = Fold(
    name="conversations", version=2, row=Conversation, types=frozenset({"message.received", "message.sent"}),
    apply=apply,
)  # fmt: skip
