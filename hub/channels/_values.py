"""What cells and fields of back-office files say: times, money, e-mail addresses, phones. ValueErrors name what is
wrong, never the value."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from hub.events.catalogue import decimals
from hub.events.moments import YEARS
from hub.events.text import digits

AHEAD = timedelta(days=1)
_GROUPED = re.compile(r"[0-9]{1,3}([,'])[0-9]{3}(?:\1[0-9]{3})*(?:\.[0-9]{1,6})?")
_CONTINENTAL = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})*,[0-9]{1,2}|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_COMMA = re.compile(r"[0-9]{1,15},[0-9]{1,2}")
_PLAIN = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")
_SEPARATORS = str.maketrans({"\u066b": ".", "\u066c": "'", "\u2019": "'", "\u00a0": "'", "\u202f": "'", " ": "'"})
_EMAIL = re.compile(r"[^\s@<>,;:\"]{1,64}@(?:[^\s@<>,;:\"./]{1,63}\.)+[^\s@<>,;:\"./]{2,63}")
_PHONE = re.compile(r"\+?[0-9 ().\-/]{3,40}")
_AS_AMOUNT = re.compile(r"\+?[0-9]{3,15}\.0")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Broken(Exception):
    """A part of a payload does not say what it should: `why` (never the value), and `at`, its place."""

    def __init__(self, why: str, at: str | None = None) -> None:
        super().__init__(why)
        self.why, self.at = why, at


def moment(text: str, zone: tzinfo = UTC) -> datetime:
    """The ISO 8601 time in UTC; one without offset is a time of `zone`."""
    try:
        read = datetime.fromisoformat(digits(text).strip().upper())
        read = (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a time in ISO 8601, such as 2026-01-31T10:00:00+03:30") from None
    if read.year not in YEARS:
        raise ValueError("is a time outside the years 1900 to 2199; is the calendar Gregorian?")
    return read


def happened(time: datetime, received: datetime) -> datetime:
    """The time, where it may have been by then: for other people's clocks, up to a day ahead."""
    if time > received + AHEAD:
        raise ValueError("more than a day in the future; has the sender a wrong clock?")
    return time


def money(text: str) -> str:
    """The amount as text with at least two decimals: "12.50" for 12.5, "12,50" and "۱۲٫۵".

    A single comma before three digits groups thousands, before one or two it is decimal; a single dot is decimal.
    """
    written = digits(text).strip().translate(_SEPARATORS)
    if _GROUPED.fullmatch(written):
        written = written.replace(",", "").replace("'", "")
    elif _COMMA.fullmatch(written) or _CONTINENTAL.fullmatch(written):
        written = written.replace(".", "").replace(",", ".")
    if not _PLAIN.fullmatch(written):
        raise ValueError("is not an amount, such as 12.50")
    return decimals(Decimal(written))


def email(text: str) -> str:
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise ValueError("is not an e-mail address")
    return text


def whole(text: str) -> str:
    """A number as it was before a spreadsheet took it for an amount: "12345" for "12345.0"."""
    written = digits(text)
    return written[:-2] if _AS_AMOUNT.fullmatch(written) else text


def phone(text: str) -> str:
    """The number in Latin digits, otherwise as written: whether it can exist is not judged here."""
    written = digits(whole(text))
    if not _PHONE.fullmatch(written) or sum(map(str.isdigit, written)) < 3:
        raise ValueError("is not a phone number")
    return written


def currency(text: str) -> str:
    code = text.upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError("is not a currency's three letters, such as EUR")
    return code
