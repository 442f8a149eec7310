"""Tickets: the state of each, folded from what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.events.envelope import Event, Json, iso
from hub.events.kinds.tickets import KINDS
from hub.events.moments import readable
from hub.projections._shape import Fold, Uuid


@dataclass(frozen=True, slots=True)
class Ticket:
    """`steps`: [revision, time, id, type, by, what it said], in the order in which they count.

    Decided steps count by their revision; imported ones have none, come before and count by (time, id). `until`: ISO 8601
    in UTC; what an import says and nobody can read as a time is none.
    """

    stream: str
    ticket: Uuid
    number: int | None
    state: str
    waiting_for: str | None
    until: str | None
    subject: str | None
    party: Uuid | None
    owner: str | None
    priority: str | None
    department: str | None
    conversation: str | None
    follows: str | None
    opened: datetime
    changed: datetime
    resolved: datetime | None
    contacts: list[str]
    revision: int
    steps: list[list[object]]


KEPT = ("number", "conversation", "contacts", "contact", "priority", "department", "follows", "to", "for", "until",
        "automatic")  # fmt: skip


def apply(row: Ticket | None, event: Event) -> Ticket:
    said: Json = {name: event.data[name] for name in KEPT if name in event.data}
    if event.party:
        said["party"] = event.party
    if event.type == "ticket.opened" and event.personal.get("subject"):
        said["subject"] = event.personal["subject"]
    if event.type == "ticket.reopened" and event.personal.get("why"):
        said["why"] = event.personal["why"]
    step = [event.revision or 0, iso(event.time), event.root, event.type, event.data.get("by"), said]
    if row and step[:3] > row.steps[-1][:3]:
        return replace(row, steps=[*row.steps, step], **_changes(row, step))
    steps = sorted([*(row.steps if row else ()), step], key=lambda s: s[:3])
    return folded(event.stream, steps)


def folded(stream: str, steps: list[list[object]]) -> Ticket:
    """A ticket from all its steps."""
    first = datetime.fromisoformat(str(steps[0][1]))
    ticket = Ticket(
        stream, stream.removeprefix("ticket:"), None, "new", *(None,) * 9,
        opened=first, changed=first, resolved=None, contacts=[], revision=0, steps=steps,
    )  # fmt: skip
    for step in steps:
        ticket = replace(ticket, **_changes(ticket, step))
    return ticket


def _changes(ticket: Ticket, step: list[object]) -> dict[str, Any]:
    """The fields of a ticket that a step changes: all at once, for a copy for each of them would be slow."""
    revision, at, id, kind, by, said = step
    assert isinstance(revision, int)
    assert isinstance(said, dict)
    time = datetime.fromisoformat(str(at))
    new: dict[str, Any] = {"revision": revision or ticket.revision + 1, "changed": max(ticket.changed, time)}
    match kind:
        case "ticket.opened":
            facts = ("number", "subject", "party", "priority", "department", "conversation", "follows")
            new |= {name: said[name] for name in facts if said.get(name) is not None}
            return new | {"opened": time} | _with(ticket, said.get("contacts") or [])
        case "ticket.assigned":
            state = "open" if ticket.state == "new" and said.get("to") else ticket.state
            return new | {
                "owner": said.get("to"), "department": said.get("department") or ticket.department, "state": state,
            }  # fmt: skip
        case "ticket.waiting":
            return new | {"state": "waiting", "waiting_for": said.get("for"), "until": _moment(said.get("until"))}
        case "ticket.resolved":
            return new | _AWAKE | {"state": "resolved", "resolved": time}
        case "ticket.closed":
            return new | _AWAKE | {"state": "closed", "resolved": ticket.resolved or time}
        case "ticket.reopened":
            return new | _AWAKE | {"state": "open", "resolved": None} | _with(ticket, [said.get("contact")])
        case "ticket.contact_attached":
            answered = ticket.state == "waiting" and ticket.waiting_for == "customer"
            return new | (_AWAKE | {"state": "open"} if answered else {}) | _with(ticket, [said.get("contact")])
        case "ticket.answered":
            return new | _with(ticket, [str(id)]) | _answered(ticket, None if said.get("automatic") == "reply" else by)
        case "ticket.prioritised":
            return new | {"priority": said.get("priority")}
        case _:
            return new


_AWAKE: dict[str, Any] = {"waiting_for": None, "until": None}


def _moment(said: object) -> str | None:
    at = readable(said)
    return iso(at) if at else None


def _answered(ticket: Ticket, by: object) -> dict[str, Any]:
    """Who answers has it, if nobody had; then it is the customer's turn. What waits for others goes on waiting."""
    if by is None:
        return {}
    turn = {"state": "waiting", "waiting_for": "customer"} if ticket.state in ("new", "open") else {}
    return {"owner": ticket.owner or str(by), **turn}


def _with(ticket: Ticket, contacts: list[str | None]) -> dict[str, Any]:
    new = [contact for contact in contacts if contact and contact not in ticket.contacts]
    return {"contacts": [*ticket.contacts, *new]} if new else {}


OWNER_TOLD_BY = 200  # characters: an import may name anybody, and an index holds no long texts
OWNER = f"left(coalesce(owner, ''), {OWNER_TOLD_BY})"

projection = Fold(
    name="tickets", version=4, row=Ticket, types=frozenset(kind.type for kind in KINDS), apply=apply,
    indexes=(
        "(ticket)", "(number)", "(party)", "(conversation)", "(state, changed DESC)",
        f"(state, {OWNER}, changed DESC)",
    ),
)  # fmt: skip
