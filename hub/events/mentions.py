"""Whether bytes that nobody could read hold somebody's identifier, in whatever spelling: what is forgotten must go."""

from __future__ import annotations

import re
from collections.abc import Iterable

import phonenumbers

from hub.events.identifiers import Identifier
from hub.events.text import digits, undirected

_WINDOW, _LAP = 1 << 20, 4096  # bytes looked at together, and shared with those before; no identifier is so long
_SHORTEST = 5  # letters of an account, a badge, ...; shorter ones stand in any text
_BETWEEN = r"[\s().\-/\u00a0\u2010-\u2015\u200c]{0,4}"
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def pattern(who: Iterable[Identifier]) -> re.Pattern[str] | None:
    """What finds these in text that was folded; None where nothing can be looked for."""
    looks = [look for one in who if (look := _look(one))]
    return re.compile("|".join(looks)) if looks else None


def holds(body: bytes, wanted: re.Pattern[str]) -> bool:
    return any(wanted.search(_folded(body[at : at + _WINDOW + _LAP])) for at in range(0, len(body), _WINDOW))


def _folded(piece: bytes) -> str:
    """Small letters and Latin digits, without marks of direction, JSON's escapes and the zeros between UTF-16's letters."""
    text = piece.decode(errors="replace").replace("\x00", "")
    return undirected(digits(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))).casefold()


def _look(who: Identifier) -> str | None:
    if who.kind == "phone":
        return _phone(who.value)
    value = digits(who.value).casefold()
    return re.escape(value) if len(value) >= _SHORTEST else None


def _phone(e164: str) -> str:
    """National or international, with whatever between the digits; no part of a longer number."""
    number = phonenumbers.parse(e164)
    region = phonenumbers.region_code_for_number(number)
    trunk = phonenumbers.ndd_prefix_for_region(region, True) if region else None
    national = _BETWEEN.join(phonenumbers.national_significant_number(number))
    abroad = rf"(?:(?:\+|00){_BETWEEN})?{number.country_code}{_BETWEEN}"
    return rf"(?<![0-9])(?:{abroad})?(?:{trunk or 0}{_BETWEEN})?{national}(?![0-9])"
