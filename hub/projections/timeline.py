"""The timeline: one item per contact and party; calls are read from `calls`, which has one row for a whole call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.events.catalogue import catalogue, kind_of
from hub.events.envelope import Event, Json
from hub.events.kinds.orders import KINDS as ORDER_STEPS
from hub.events.kinds.orders import OF_MONEY
from hub.events.text import squeeze
from hub.projections._shape import Append, Uuid

TEXT = 100_000  # characters of a text that are kept here; the whole is in the archive


@dataclass(frozen=True, slots=True)
class Item:
    """`n`: which of the event's parties; `party` is null where the event names none (then its stream's owners see it)."""

    stream: str
    item: Uuid
    n: int
    party: Uuid | None
    time: datetime
    recorded: datetime
    type: str
    channel: str
    direction: str
    title: str | None
    text: str | None
    agent: str | None
    automatic: str | None
    orders: list[str]
    attachments: list[Json]


def _message(event: Event) -> Json:
    about = event.data.get("automatic")
    direction = "in" if event.type == "message.received" else "out"
    return {"channel": event.data["channel"], "direction": direction, "title": event.personal.get("subject"),
            "automatic": about if about != "no" else None}  # fmt: skip


def _answer(event: Event) -> Json:
    about = event.data.get("automatic")
    return {"channel": event.data["channel"], "direction": "out", "title": event.personal.get("subject"),
            "agent": event.data.get("by"), "automatic": about if about != "no" else None}  # fmt: skip


def _visit(event: Event) -> Json:
    said = event.personal
    text = _with_noted(said.get("note"), event, "place", "outcome")
    return {"channel": "visit", "direction": "in", "title": said.get("reason"), "text": text}


def _page(event: Event) -> Json:
    title = event.personal.get("title") or event.personal.get("url")
    return {"channel": "web", "direction": "in", "title": title, "text": _filled_in(event.personal.get("fields"))}


def _contact(event: Event) -> Json:
    data, said = event.data, event.personal
    title = said.get("subject") or data.get("campaign")
    text = _with_noted(said.get("text"), event, *(["campaign"] if said.get("subject") else []), "code", "outcome")
    return {"channel": data["channel"], "direction": data["direction"], "title": title, "text": text}


def _order(event: Event) -> Json:
    number = event.data.get("order")
    return {"channel": "order", "direction": "internal", "title": event.type.replace("order.", "order "),
            "text": "\n".join(_said_of_order(event)) or None, "orders": [number] if number else []}  # fmt: skip


def _said_of_order(event: Event) -> Iterator[str]:
    """In words that are the same in every language: the invoice's number, the amount, the parcel, the note."""
    data = event.data
    amount = data.get("amount") if event.type.removeprefix("order.") in OF_MONEY else None
    for parts in (
        [data.get("document")], [amount, amount and data.get("currency")], [data.get("carrier"), data.get("tracking")],
        [event.personal.get("note")],
    ):  # fmt: skip
        if line := " ".join(filter(None, parts)):
            yield line


def _plain(event: Event) -> Json:
    """A kind that needs no words of its own: its texts, under the channel that it names."""
    kind = kind_of(event.type)
    said = [text for name in kind.texts if (text := event.personal.get(name))]
    return {"channel": event.data.get("channel") or kind.shown_as, "direction": event.data.get("direction") or "in",
            "title": said[0] if said else None, "text": "\n".join(said[1:]) or None}  # fmt: skip


def _with_noted(text: str | None, event: Event, *names: str) -> str | None:
    """The text, and on a line below it what was noted beside it. That it asks for a ticket the ticket itself shows."""
    said = event.data | event.personal
    noted = [value for name in names if (value := said.get(name)) and (name, value) != ("outcome", "ticket")]
    return "\n".join(line for line in (text, " · ".join(noted)) if line) or None


def _filled_in(fields: Any) -> str | None:
    if not isinstance(fields, dict):
        return None
    return "\n".join(f"{name}: {value}" for name, value in fields.items()) or None


SHOWN: Mapping[str, Callable[[Event], Json]] = {
    "message.received": _message, "message.sent": _message, "ticket.answered": _answer, "visit.recorded": _visit,
    "page.viewed": _page, "form.submitted": _page, "contact.recorded": _contact,
    **dict.fromkeys((kind.type for kind in ORDER_STEPS), _order),
    **dict.fromkeys((name for name, kind in catalogue().items() if kind.shown_as), _plain),
}  # fmt: skip


def rows(event: Event) -> Iterator[Item]:
    """One row for each party of the event, or one without a party."""
    personal = event.personal
    look: Json = {
        "title": None,
        "text": personal.get("text"),
        "automatic": None,
        "agent": event.data.get("agent"),
        "orders": event.data.get("orders") or [],
    }
    look |= SHOWN[event.type](event)
    mine: list[str | None] = [party.id for party in event.named if party.role in ("party", "about")]
    for n, party in enumerate(mine or [None]):
        yield Item(
            stream=event.stream, item=event.root, n=n, party=party, time=event.time, recorded=event.recorded,
            type=event.type, channel=look["channel"], direction=look["direction"],
            title=look["title"] and squeeze(look["title"], 300), text=look["text"] and look["text"][:TEXT],
            agent=look["agent"], automatic=look["automatic"], orders=look["orders"],
            attachments=_attachments(event),
        )  # fmt: skip


def _attachments(event: Event) -> list[Json]:
    kept = event.data.get("attachments") or []
    names = (event.personal.get("attachments") if kept else None) or [None] * len(kept)
    return [
        {"name": name, "type": a.get("type"), "size": a.get("size"), "sha256": a.get("sha256")}
        for a, name in zip(kept, names, strict=False)
    ]


projection = Append(
    name="timeline", version=3, row=Item, types=frozenset(SHOWN), rows=rows, key=("stream", "item", "n"),
    indexes=("(party, time DESC, item DESC)", "(stream) WHERE party IS NULL"),
)  # fmt: skip
