"""All that the page of a ticket shows, put together: its contacts, notes and steps in their order, and who is who."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.channels.email.quoted import said
from hub.consumers.decode import decode
from hub.consumers.standing import every_step, words
from hub.events.envelope import Event
from hub.events.moments import readable
from hub.screens.asked import Hub
from hub.store import accounts, archive, customers, deliveries, options, reads, ticket_contacts
from hub.store.database import Connection
from hub.store.today import named

Json = dict[str, Any]
_ORDERS, _CHOICES = 12, 20
_MARKUP = 40  # mails, the last ones, of which it is looked up whether they have html


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the course of a ticket: a `contact` (`item`), a `note` or a `step` (`said`: what its event says).

    `open`: shown whole at once. `words`: the note's, or why and how of a step.
    """

    kind: str
    id: str
    time: datetime
    type: str
    by: str | None = None
    item: Json = field(default_factory=dict)
    said: Json = field(default_factory=dict)
    words: str | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """`people`: the customers by party; `names`: colleagues by login; `orders`: those that are named, with their stage;
    `earlier`: the ticket that this one follows."""

    ticket: Json
    entries: list[Entry]
    customer: Json | None
    people: dict[str, Json]
    names: dict[str, str]
    orders: list[Json]
    with_markup: frozenset[str]
    earlier: Json | None = None


def gathered(hub: Hub, tx: Connection, id: str) -> View | None:
    """A ticket by its id or number; None where there is none."""
    found = reads.ticket(tx, id)
    if found is None:
        return None
    ticket = found | ticket_contacts.standing(tx, found["id"])
    hub.recorder.enter(tx)
    items = ticket_contacts.contacts(tx, ticket["id"], ticket["contacts"], ticket["conversation"])
    known = _known_orders(tx, ticket["orders"])
    numbers = {one["number"] for one in known}
    for item in items:
        item["said"] = said(item["text"], item["title"]) if item["text"] else None
        item["orders"] = [number for number in item["orders"] if number in numbers]
        item["ticket"] = None
    entries = _opened([*map(_contact, items), *_told(steps(hub, tx, ticket["id"]), {item["id"] for item in items})])
    return View(
        ticket, entries, _customer(tx, ticket["customer"]),
        named(tx, [item["party"] for item in items if item["party"]]),
        colleagues(hub), known, _with_markup(hub, tx, items),
        ticket_contacts.earlier(tx, ticket["follows"]),
    )  # fmt: skip


def steps(hub: Hub, tx: Connection, ticket: str) -> list[Event]:
    """What was decided about it, the personal part opened as far as the keys are left."""
    return every_step(hub.recorder, tx, [f"ticket:{ticket}"])


def since(events: Sequence[Event], revision: int) -> list[Entry]:
    """What happened after this revision was seen."""
    return [entry for event in events if (event.revision or 0) > revision for entry in [_entry(event)]]


def colleagues(hub: Hub) -> dict[str, str]:
    """Everybody's name by login, those who work here first."""
    return {one.login: one.name for one in accounts.everybody(hub.database)}


def assignable(hub: Hub) -> list[tuple[str, str]]:
    """Who can be given a ticket: login and name."""
    return [(one.login, one.name) for one in accounts.everybody(hub.database) if one.active and one.may("command")]


def canned(hub: Hub) -> list[dict[str, str]]:
    kept: list[dict[str, str]] = options.read(hub.database, "canned", [])
    return kept


def signature(hub: Hub) -> str:
    kept: dict[str, str] = options.read(hub.database, "signature", {"text": ""})
    return kept.get("text") or ""


def attachable(tx: Connection, view: View) -> list[Json]:
    """The customer's last contacts that belong to no ticket yet."""
    if view.customer is None:
        return []
    mine = {entry.item["id"] for entry in view.entries if entry.item}
    parties = [one["party"] for one in view.customer["identifiers"]]
    items = reads.timeline(tx, parties, _CHOICES * 2)["items"]
    return [
        item for item in items if item["channel"] not in ("order", "ticket") and not item["ticket"] and item["id"] not in mine
    ][:_CHOICES]


def addresses(view: View) -> list[str]:
    """To whom an answer can go: who wrote last, then the customer's other e-mail addresses."""
    wrote = [
        view.people[entry.item["party"]] for entry in reversed(view.entries)
        if entry.item and entry.item["direction"] == "in" and entry.item["party"] in view.people
    ]  # fmt: skip
    last = [one["value"] for one in wrote if one["kind"] == "email" and one["value"]]
    known = view.customer["identifiers"] if view.customer else []
    others = [one["value"] for one in known if one["kind"] == "email" and one["value"]]
    return list(dict.fromkeys([*last, *others]))


def _known_orders(tx: Connection, numbers: Sequence[str]) -> list[Json]:
    return [found for number in numbers[:_ORDERS] if (found := reads.order(tx, number))]


def _customer(tx: Connection, party: str | None) -> Json | None:
    if party is None:
        return None
    return reads.customer(tx, customers.shown_with(tx, party))


def _contact(item: Json) -> Entry:
    return Entry("contact", item["id"], item["time"], item["type"], item["agent"], item)


def _told(events: Sequence[Event], shown: Collection[str]) -> Iterator[Entry]:
    """Notes and steps; a step that only says that a contact came, which is shown itself, is left out."""
    for event in events:
        came = event.type == "ticket.contact_attached" and event.data.get("contact") in shown
        if event.type != "ticket.answered" and not came:
            yield _entry(event)


def _entry(event: Event) -> Entry:
    kind = "note" if event.type == "ticket.noted" else "step"
    said = event.data | ({"until": readable(event.data["until"])} if event.data.get("until") else {})
    return Entry(kind, event.root, event.time, event.type, event.data.get("by"), said=said, words=words(event))


def _opened(entries: Sequence[Entry]) -> list[Entry]:
    """In order of time; what the customer said last and all after it is open, and the last contact in any case."""
    ordered = sorted(entries, key=lambda entry: (entry.time, entry.id))
    contacts = [n for n, entry in enumerate(ordered) if entry.kind == "contact"]
    theirs = [n for n in contacts if ordered[n].item["direction"] == "in"]
    first = min([*theirs[-1:], *contacts[-1:]], default=len(ordered))
    return [replace(entry, open=True) if n >= first else entry for n, entry in enumerate(ordered)]


def _with_markup(hub: Hub, tx: Connection, items: Sequence[Json]) -> frozenset[str]:
    """Those of the mails that came with html."""
    mails = [item["id"] for item in items if item["channel"] == "email" and item["type"] == "message.received"]
    events = decode(hub.keys, archive.by_id(tx, mails[-_MARKUP:]), {"message.received"})
    return frozenset(event.root for event in events if event.personal.get("html"))


def ticket_of_answer(tx: Connection, answer: str) -> str | None:
    """The ticket that an answer belongs to."""
    found = deliveries.find(tx, answer)
    return found.ticket if found else None
