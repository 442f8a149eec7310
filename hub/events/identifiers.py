"""How a party is known: a kind and a value in one normal spelling, so that one person has one id per identifier."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from hub.events.text import digits, storable, undirected

WITHHELD = frozenset({"", "anonymous", "unknown", "restricted", "private", "withheld", "unavailable", "asterisk", "s"})
_ADDRESS = re.compile(r"[^\s@<>]{1,256}@[^\s@<>]{1,255}")
_NOT_DIALLED = re.compile(r"[^\d+]")
# A desk behind a switchboard: "ext. 12", ";ext=12" (RFC 3966), "x12", ",,12", "داخلی ۱۲" after what is dialled
_EXTENSION = re.compile(r"(?<=\d)[\s)]*(?:;ext=|\bext(?:ension|n)?\.?|[x#;,]+|داخلی)[\s.:]*\d{1,7}\s*", re.IGNORECASE)
_REMEMBERED = 256  # characters; longer values are rare and would make the cache large
KIND = "a kind is a lower-case word such as email, phone, account"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")


class NotAnIdentifier(ValueError):
    """This value cannot be an identifier of its kind."""


class Identifier(NamedTuple):
    """`kind` is email, phone, account, cookie, badge, extension or any other lower-case word."""

    kind: str
    value: str


def normalise(kind: str, value: str, region: str) -> Identifier | None:
    """The identifier in its normal spelling; None where the value says that nobody is named ("anonymous").

    Phones become E.164 (national numbers are read in `region`, ISO 3166), short numbers become extensions,
    e-mail addresses lower case; marks of direction go. Raises NotAnIdentifier, naming what is wrong but never the value.
    """
    if not _KIND.fullmatch(kind):
        raise NotAnIdentifier(KIND)
    read = _normalise if len(value) <= _REMEMBERED else _normalise.__wrapped__
    return read(kind, value, region)


@lru_cache(maxsize=100_000)
def _normalise(kind: str, value: str, region: str) -> Identifier | None:
    value = storable(unicodedata.normalize("NFC", undirected(value))).strip()
    if value.casefold() in WITHHELD:
        return None
    if kind == "email":
        return Identifier("email", _email(value))
    if kind == "phone":
        return _phone(value, region)
    if "\ufffd" in value:  # two that cannot be read would be one
        raise NotAnIdentifier("holds what is no character")
    if len(value) > 512:
        raise NotAnIdentifier("longer than 512 characters")
    return Identifier(kind, digits(value) if kind in ("account", "badge", "extension") else value)


def may_be_dialled(text: str) -> bool:
    """Whether a person who typed this may have meant a telephone number: "Shop 24" is none, "0912 123 4567 ext. 3" is."""
    written = _without_extension(digits(text.strip().lower().removeprefix("tel:")))
    return any(sign.isdigit() for sign in written) and not any(sign.isalpha() for sign in written)


def _email(value: str) -> str:
    address = value.removeprefix("mailto:").strip("<>").lower()
    if not _ADDRESS.fullmatch(address):
        raise NotAnIdentifier("not an e-mail address")
    return address


def _phone(value: str, region: str) -> Identifier:
    dialled = _NOT_DIALLED.sub("", _without_extension(digits(value.removeprefix("tel:"))))
    if 2 <= len(dialled) <= 6 and dialled.isdigit():
        return Identifier("extension", dialled)
    national = re.match("0(?!0)", dialled)  # with one digit too many it is nobody's, not somebody's in another country
    for candidate in (dialled,) if national else (dialled, f"+{dialled.lstrip('+0')}"):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return Identifier("phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    raise NotAnIdentifier("not a phone number")


def _without_extension(written: str) -> str:
    """The number of the switchboard: read with its extension it would be another number, maybe of another country."""
    found = _EXTENSION.search(written)
    return written[: found.start()] if found and found.end() == len(written) else written
