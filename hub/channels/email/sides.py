"""Which side wrote a mail: a customer, or the organisation itself, whose own mail comes in by the same doors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hub.channels.email.addresses import Address, read_addresses
from hub.channels.email.header_fields import Headers
from hub.channels.email.senders import ORIGINALLY, VIA, reply_to, stands_in


@dataclass(frozen=True, slots=True)
class Side:
    """`kind`: the event that the mail is; `party`: whose contact it is; `about`: to whom else it went."""

    kind: str
    party: Address | None
    answers_to: Address | None
    about: tuple[Address, ...] = ()


def side(headers: Headers, sender: Address | None, ours: Collection[str], of_a_person: bool) -> Side:
    """`sender`: of From; `ours`: our own addresses, in lower case.

    What comes from one of them went out to whoever of its recipients is somebody else. But what went to ourselves alone
    was written by somebody else: the form of a web site sends so, and names him as Reply-To.
    """
    if sender is None or not sender.usable or sender.address.lower() not in ours or _stood_in(headers, sender):
        return _theirs(headers, sender, of_a_person)
    recipients = [one for name in ("to", "cc") for one in read_addresses(headers.text(name))]
    others = _others(recipients, ours)
    to_us = any(one.address.lower() in ours for one in recipients)
    asks = next(iter(_others(read_addresses(headers.text("reply-to")), ours).values()), None)
    if others and not (to_us and asks):
        first, *rest = others.values()
        return Side("message.sent", first, None, tuple(rest))
    if to_us or asks:
        return Side("message.received", asks or sender, asks)
    return Side("message.sent", None, None)


def _theirs(headers: Headers, sender: Address | None, of_a_person: bool) -> Side:
    answers_to = reply_to(headers, sender)
    if sender is None or not sender.usable:
        return Side("message.received", None, answers_to)
    instead = of_a_person and answers_to is not None and stands_in(headers, sender, answers_to)
    return Side("message.received", answers_to if instead else sender, answers_to)


def _others(found: Sequence[Address], ours: Collection[str]) -> dict[str, Address]:
    """Who is none of ours and can be written to, each once."""
    kept: dict[str, Address] = {}
    for one in found:
        if one.usable and one.address.lower() not in ours:
            kept.setdefault(one.address.lower(), one)
    return kept


def _stood_in(headers: Headers, sender: Address) -> bool:
    """A group sends what others wrote from its own address, which may be one of ours."""
    return VIA.search(sender.name) is not None or any(headers.text(name).strip() for name in ORIGINALLY)
