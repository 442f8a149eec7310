"""What is found by words: names, numbers, texts, cut and folded so that spelling does not matter (`hub.events.text.terms`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.events.envelope import Event
from hub.events.kinds.messages import mailbox
from hub.events.kinds.orders import KINDS as ORDER_STEPS
from hub.events.text import leaves, terms
from hub.projections._shape import Append, Uuid
from hub.projections.owners import identifier, of_others

WORDS = 8_000  # characters of a text that are searched


@dataclass(frozen=True, slots=True)
class Found:
    """`words`: what is found, its terms with blanks between."""

    stream: str
    item: Uuid
    party: Uuid | None
    time: datetime
    words: str


def _values(event: Event, *names: str) -> list[str]:
    return [str(value) for name in names if (value := event.personal.get(name))]


def _text(event: Event) -> list[str]:
    return _values(event, "subject", "title", "reason", "note", "caller_name", "text")


def _message(event: Event) -> list[str]:
    theirs = {"from", "reply_to"} - of_others(event)
    senders = [mailbox(event.personal, place).get("name") for place in sorted(theirs)]
    return [*(str(name) for name in senders if name), *_text(event)]


def _form(event: Event) -> list[str]:
    return [*_text(event), *leaves(event.personal.get("fields"))]


def _contact(event: Event) -> list[str]:
    campaign = event.data.get("campaign")
    return [*_text(event), *([campaign] if campaign else []), *_values(event, "code", "outcome")]


def _visit(event: Event) -> list[str]:
    return [*_text(event), *_values(event, "place", "outcome")]


def _described(event: Event) -> list[str]:
    return leaves({name: value for name, value in event.personal.items() if name != "party"})


def _order(event: Event) -> list[str]:
    titles = [line["title"] for line in event.data.get("lines") or () if line.get("title")]
    return [v for name in ("order", "tracking", "document") if (v := event.data.get(name))] + titles


def _ticket(event: Event) -> list[str]:
    number = event.data.get("number")
    return [*([str(number)] if number else []), *_values(event, "subject", "text", "how", "why")]


SOURCES: dict[str, Callable[[Event], list[str]]] = {
    **dict.fromkeys(("message.received", "message.sent"), _message),
    "call.ended": _text,
    "visit.recorded": _visit,
    "form.submitted": _form,
    "contact.recorded": _contact,
    "party.described": _described,
    **dict.fromkeys((kind.type for kind in ORDER_STEPS), _order),
    **dict.fromkeys(("ticket.opened", "ticket.noted", "ticket.resolved", "ticket.answered"), _ticket),
}


def rows(event: Event) -> Iterator[Found]:
    known = [value for named in event.named if named.role == "party" and (value := identifier(event, named))]
    words = " ".join(terms(" ".join([*known, *SOURCES[event.type](event)])[:WORDS]))
    if words:
        yield Found(event.stream, event.root, event.party, event.time, words)


projection = Append(
    name="search", version=4, row=Found, types=frozenset(SOURCES), rows=rows, key=("stream", "item"),
    indexes=("USING gin (to_tsvector('simple', words))", "(time DESC)"),
)  # fmt: skip
