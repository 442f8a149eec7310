"""How an answer would go out: to whom, from where and under which ids; what its delivery says of itself in the log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.consumers.decode import decode, opened
from hub.consumers.ours import our_addresses
from hub.consumers.record import Outgoing, Recorder, decided
from hub.desk import answers
from hub.desk._shape import Decision, Refused
from hub.desk.answers import Letter
from hub.events.catalogue import Origin
from hub.events.envelope import Event, Json
from hub.events.identifiers import Identifier
from hub.events.ids import named
from hub.events.kinds.messages import conversation
from hub.events.order_numbers import order_numbers
from hub.projections.tickets import Ticket
from hub.store import archive, customers, decisions, deliveries
from hub.store.database import Connection
from hub.store.deliveries import Delivery

AT = "$.command.answer.to"
NO_WAY = "Answers cannot be sent yet: no way out for e-mail is set up. An administrator adds one under Settings, Mailboxes."
_CONTACTS = 200  # of a ticket, the last ones; what was said before them is not answered any more
_WRITABLE = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")


def letter(
    recorder: Recorder, tx: Connection, ticket: Ticket, steps: Sequence[Event], to: Any, answer: str
) -> Letter | Refused:  # fmt: skip
    """How the answer with this id would go out, or why it cannot. `steps`: the ticket's. `to`: as the command has it."""
    last = answers.last_word(_messages(recorder, tx, ticket))
    address = _address(recorder, tx, ticket, last, to)
    if isinstance(address, Refused):
        return address
    if address in our_addresses(recorder, tx):
        return Refused("That is one of our own addresses.", AT)
    before = last or _earlier(steps, address)
    mailbox = _mailbox(recorder, tx, last)
    if mailbox is None:
        return Refused(NO_WAY)
    return _written(recorder, ticket, before, mailbox, address, answer)


def letter_by_itself(recorder: Recorder, tx: Connection, contact: Event, answer: str) -> Letter | None:
    """The same for what the hub answers by itself to who wrote this; None where there is no way out."""
    mailbox, address = _mailbox(recorder, tx, contact), answers.sender_of(contact)
    if mailbox is None or address is None or not _WRITABLE.fullmatch(address):
        return None
    return _written(recorder, None, contact, mailbox, address.lower(), answer)


def with_orders(recorder: Recorder, decision: Decision) -> Decision:
    """The orders that an answer names, as those of every message."""
    said = [text for name in ("subject", "text") if (text := decision.personal.get(name))]
    return replace(decision, data=decision.data | {"orders": order_numbers(said, recorder.here.order_pattern)})


def addressee(recorder: Recorder, to: Letter) -> Identifier:
    return customers.identified("email", to.to, recorder.here.region) or Identifier("email", to.to)


def delivery_step(
    answer: Event, kind: str, delivery: Delivery, now: datetime, *, about: str = "", reason: str | None = None, **more: Any
) -> Outgoing:  # fmt: skip
    """An event of a delivery. `about`: what tells it from another of the kind in the same attempt."""
    data: Json = {name: answer.data[name] for name in ("parties", "named") if name in answer.data}
    data |= {"delivery": delivery.id, "ticket": delivery.ticket, "attempt": delivery.attempts}
    data |= {name: value for name, value in more.items() if value is not None}
    kept = "to" in answer.personal  # else whom it concerns was forgotten, and nothing can be sealed for him
    personal = {"party": answer.personal["party"]} if kept and answer.personal.get("party") else {}
    if reason and kept:
        personal["reason"] = reason
    return decided(
        kind, f"delivery:{delivery.id}", data, personal, id=named("delivery", delivery.id, kind, str(delivery.attempts), about),
        time=now, subject=answer.subject, cause=answer.id, correlation=delivery.ticket,
    )  # fmt: skip


def event_of(recorder: Recorder, tx: Connection, id: str) -> Event | None:
    """An event by its id, its personal part opened as far as the keys are left."""
    found = decisions.event(tx, id)
    return opened(recorder.keys, found) if found else None


def _written(
    recorder: Recorder, ticket: Ticket | None, before: Event | None, mailbox: str, address: str, answer: str
) -> Letter:  # fmt: skip
    own = answers.message_id(answer, mailbox)
    answered, references = answers.chain(before) if before else (None, ())
    subject = (before.personal.get("subject") if before else None) or (ticket.subject if ticket else None)
    received = before if before and before.type == "message.received" else None
    where = received.stream if received else (before.data.get("conversation") if before else None)
    return Letter(
        message_id=own, mailbox=mailbox, to=address, in_reply_to=answered, references=references,
        conversation=where or conversation(Origin(recorder.here.secret, "hub", answer, ()), "email", own),
        answers=received.root if received else None, subject=answers.subject(subject),
    )  # fmt: skip


def _messages(recorder: Recorder, tx: Connection, ticket: Ticket) -> list[Event]:
    """What was written in the ticket's conversations."""
    streams = archive.streams_of_events(tx, ticket.contacts[-_CONTACTS:]) | {ticket.conversation or ""}
    threads = {stream for stream in streams if stream.startswith("conversation:")}
    return decode(recorder.keys, decisions.steps(tx, threads), {"message.received"})


def _earlier(steps: Sequence[Event], address: str) -> Event | None:
    """The last answer that went to this address."""
    return next((s for s in reversed(steps) if s.type == "ticket.answered" and s.personal.get("to") == address), None)


def _mailbox(recorder: Recorder, tx: Connection, last: Event | None) -> str | None:
    boxes = [*(last.personal.get("to") or []), *(last.personal.get("cc") or [])] if last else []
    return deliveries.mailbox(tx, [box["address"] for box in boxes if box and box.get("address")]) or recorder.sends_from


def _address(recorder: Recorder, tx: Connection, ticket: Ticket, last: Event | None, to: Any) -> str | Refused:
    """In its normal spelling."""
    if to is None or (isinstance(to, str) and not to.strip()):
        asked = (answers.sender_of(last) if last else None) or _only_address(tx, ticket)
    else:
        asked = _named(tx, to)
    if isinstance(asked, Refused):
        return asked
    if asked is None:
        return Refused("There is nobody to answer to: no e-mail address of the customer is known.", AT)
    who = customers.identified("email", asked, recorder.here.region)
    if who is None or who.kind != "email" or not _WRITABLE.fullmatch(who.value):
        return Refused("This is no e-mail address that can be written to.", AT)
    return who.value


def _only_address(tx: Connection, ticket: Ticket) -> str | Refused | None:
    if ticket.party is None:
        return None
    known = customers.identifiers(tx, customers.shown_with(tx, ticket.party))
    found = [one["value"] for one in known if one["kind"] == "email" and one["value"]]
    if len(found) > 1:
        return Refused("The customer has several e-mail addresses; choose one.", AT)
    return found[0] if found else None


def _named(tx: Connection, to: Any) -> str | Refused | None:
    """What a command names: an address, a party's id, or a party as it is written down outside."""
    if isinstance(to, dict) and isinstance(to.get("value"), str) and to.get("kind", "email") == "email":
        return str(to["value"])
    if not isinstance(to, str):
        return Refused("Say an e-mail address, or the id of a party that is one.", AT)
    try:
        party = str(UUID(to.strip()))
    except ValueError:
        return to
    found = customers.identifiers(tx, [party])
    if found and found[0]["kind"] == "email":
        return found[0]["value"] or Refused("The person was forgotten: nobody knows the address any more.", AT)
    return Refused("Say an e-mail address, or the id of a party that is one.", AT)
