"""Who a mail seems to come from: a mail system, or somebody, or something that stands in for somebody."""

from __future__ import annotations

import re
from enum import Enum

from hub.channels.email.addresses import Address, read_addresses
from hub.channels.email.header_fields import Headers

DAEMON = re.compile(
    r"^(?:mail[er._-]*d(?:a?e)?mon|mailerdaemon|mdaemon|microsoftexchange[0-9a-f]{20,}|mail-?delivery(?:-?(?:sub)?system)?)(?:[+=-].*)?$",
    re.I,
)
KEEPER = re.compile(
    r"^(?:po+st[._-]?master|bounces?|bounced|mail-?admin|sysadmin|mail[._-]?system|feedback-?loop|fbl)(?:[+=-].*)?$",
    re.IGNORECASE,
)
KEEPER_NAME = re.compile(
    r"mail(?:er)?[ -]?(?:delivery|deliver|daemon|administrator|system)|delivery (?:sub)?system|"
    r"post ?master|courier mail server|system administrator|"
    r"systemadministrator|microsoft (?:outlook|exchange)|administrateur|administrador del sistema|"
    r"internet mail|notification service|interscan|"
    r"spam|virus|mail ?security|anti-?(?:spam|abuse)|mail gateway|sistema de correo",
    re.I,
)
# What sends for others: forms on web sites, shops, groups.
ROBOT = re.compile(
    r"^(?:(?:.*[._+-])?(?:no[._-]?reply|do[._-]?not[._-]?reply)(?:[._+-].*)?|wordpress|(?:web)?forms?|webmaster)$", re.I
)
VIA = re.compile(r"\S\s+via\s+\S", re.I)
ORIGINALLY = ("x-original-from", "x-original-sender")
RECEIVED_BY = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")


class Sender(Enum):
    DAEMON = "a mail system, by its name"
    KEEPER = "an address that both mail systems and people who keep them use"
    SOMEBODY = "anybody"


def sender(headers: Headers) -> Sender:
    found = read_addresses(headers.text("from")) or read_addresses(headers.text("sender"))
    kinds = [_kind(one.address.partition("@")[0], one.name) for one in found[:3]]
    return next((kind for kind in (Sender.DAEMON, Sender.KEEPER) if kind in kinds), Sender.SOMEBODY)


def null_path(headers: Headers) -> bool:
    """`Return-Path: <>`: by RFC 5321 no answer may be given, so no person sent it."""
    return any(name == "return-path" and not value.strip(b"<> \t\r\n") for name, value in headers.fields)


def reply_to(headers: Headers, sender: Address | None) -> Address | None:
    """Where answers go, if that is one place, not where the mail came from, and not where it went."""
    found = [one for one in read_addresses(headers.text("reply-to")) if one.usable]
    addresses = {one.address.lower() for one in found}
    known = {sender.address.lower()} if sender else set()
    return found[0] if len(addresses) == 1 and not addresses & (known | _addresses(headers, RECEIVED_BY)) else None


def stands_in(headers: Headers, sender: Address, other: Address) -> bool:
    """Whether the mail is the other's: a group says so, or its sender is nobody who writes."""
    return (
        other.address.lower() in _addresses(headers, ORIGINALLY)
        or ROBOT.match(sender.address.partition("@")[0]) is not None
        or VIA.search(sender.name) is not None
    )


def _addresses(headers: Headers, names: tuple[str, ...]) -> set[str]:
    return {one.address.lower() for name in names for one in read_addresses(headers.text(name))}


def _kind(local: str, name: str) -> Sender:
    if DAEMON.match(local) or name.lower().replace(" ", "-") == "mailer-daemon":
        return Sender.DAEMON
    return Sender.KEEPER if KEEPER.match(local) or KEEPER_NAME.search(name) else Sender.SOMEBODY
