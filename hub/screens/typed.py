"""What people type into forms, read: opening hours, moments, senders, extensions, a pattern. Wrong ones have a word each."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from hub.events.moments import of_our_time
from hub.events.text import digits

_FROM_TO = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-–—]\s*(\d{1,2})(?::(\d\d))?")
_BETWEEN = re.compile(r"[,،;؛]+")
_SENDER = re.compile(r"[^@\s]{0,64}@[^@\s.]+(\.[^@\s.]+)+")
_SECONDS = 2.0  # in which a pattern must be done with the text; a nested one can take for ever
_TRY = """
import sys, orjson
from hub.events.order_numbers import order_numbers
asked = orjson.loads(sys.stdin.buffer.read())
print(orjson.dumps([order_numbers([text], asked["pattern"]) for text in asked["texts"]]).decode())
"""
_TIRING = [piece * 1_000 + end for piece in ("1", "a", "#", "-", " ", "order ") for end in ("", "!", "\n!")]


class Wrong(ValueError):
    """`why` is one of the words wrong.*, `about` the piece of text that is meant."""

    def __init__(self, why: str, about: str = "") -> None:
        super().__init__(why)
        self.why, self.about = why, about


def hours(text: str) -> list[list[str]]:
    """Of one day: "9-12:30, 13:30-17" is [["09:00", "12:30"], ["13:30", "17:00"]]; empty: closed. Raises Wrong."""
    spans = [_span(piece) for piece in _BETWEEN.split(digits(text)) if piece.strip()]
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise Wrong("hours.order", " - ".join(after))
    return spans


def spelt(spans: list[list[str]]) -> str:
    """The same as one types it."""
    return ", ".join("-".join(span) for span in spans)


def zone(text: str) -> str:
    """A name of the IANA list. Raises Wrong."""
    try:
        return ZoneInfo(text.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong("zone", text) from None


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A date and a time there, of our time; None where nothing was typed. Raises Wrong."""
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(digits(text).strip())
    except ValueError:
        raise Wrong("moment", text) from None
    found = found if found.tzinfo else found.replace(tzinfo=zone)
    if not of_our_time(found):
        raise Wrong("moment", text)
    return found


def senders(text: str) -> list[str]:
    """One a line: an address, or @ and a domain. Raises Wrong."""
    found: dict[str, None] = {}
    for line in filter(None, (line.strip().lower() for line in text.splitlines())):
        if not _SENDER.fullmatch(line):
            raise Wrong("sender", line)
        found[line] = None
    return list(found)


def rings(text: str) -> list[str]:
    """Extensions and queues, separated by commas. Raises Wrong."""
    found = list(dict.fromkeys(" ".join(piece.split()) for piece in _BETWEEN.split(digits(text)) if piece.strip()))
    if len(found) > 20 or any(len(one) > 40 for one in found):
        raise Wrong("rings")
    return found


def pattern(text: str, sample: str) -> list[str]:
    """The order numbers that it finds in the sample. Raises Wrong, also where it takes too long over some texts."""
    try:
        re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise Wrong("pattern", str(error)) from None
    if not text.strip() or re.compile(text).fullmatch(""):
        raise Wrong("pattern.empty")
    asked = orjson.dumps({"pattern": text, "texts": [sample, *_TIRING]})
    try:
        # in a process of its own, for a match that has begun cannot be stopped
        done = subprocess.run(
            [sys.executable, "-c", _TRY], input=asked, capture_output=True, timeout=_SECONDS, check=True
        )
    except subprocess.TimeoutExpired:
        raise Wrong("pattern.slow") from None
    found: list[Any] = orjson.loads(done.stdout)
    return list(found[0])


def _span(piece: str) -> list[str]:
    match = _FROM_TO.fullmatch(piece.strip())
    if match is None:
        raise Wrong("hours", piece.strip())
    opens, closes = _clock(match[1], match[2], piece), _clock(match[3], match[4], piece)
    if closes <= opens:
        raise Wrong("hours.order", piece.strip())
    return [opens, closes]


def _clock(hour: str, minute: str | None, piece: str) -> str:
    if int(minute or 0) > 59 or int(hour) * 60 + int(minute or 0) > 24 * 60:
        raise Wrong("hours", piece.strip())
    return f"{int(hour):02}:{int(minute or 0):02}"
