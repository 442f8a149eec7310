"""Who a mail seems to come from: a mail system, or somebody."""

from __future__ import annotations

import re
from enum import Enum

from hub.channels.email.addresses import read_addresses
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


def _kind(local: str, name: str) -> Sender:
    if DAEMON.match(local) or name.lower().replace(" ", "-") == "mailer-daemon":
        return Sender.DAEMON
    return Sender.KEEPER if KEEPER.match(local) or KEEPER_NAME.search(name) else Sender.SOMEBODY
