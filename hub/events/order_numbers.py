"""Order numbers that people mention in a text."""

from __future__ import annotations

import re
from functools import cache

from hub.events.text import digits

# 3 to 12 digits after "#", "order", "order no." or "سفارش", in Latin or Persian digits
DEFAULT = (
    r"(?:#|\border(?:s|\s+id)?\b(?:\s*(?:no\b\.?|nr\b\.?|num(?:ber)?\b\.?|№))?|سفارش(?:[\s\u200c]*(?:شماره[ٔی]?|ش\.?))?)"
    r"[\s\u200c:#،,(–-]{0,4}(?P<number>\d{3,12})(?![\d])"
)
_SEARCHED = 200_000  # characters; who names his order after that is not helped by a pattern


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def order_numbers(texts: list[str], pattern: str = DEFAULT) -> list[str]:
    """The numbers in order of their first mention, each once. `pattern`'s group `number`, else its first group,
    else all of it, is the number; digits are folded to Latin before."""
    found: dict[str, None] = {}
    for text in texts:
        for match in _compiled(pattern).finditer(digits(text[:_SEARCHED])):
            groups = match.groupdict()
            number = groups.get("number") or (match.group(1) if match.re.groups else match.group())
            if number:
                found[number] = None
    return list(found)


def order_number(text: str) -> str:
    """An order's number in its normal spelling: Latin digits, without # and blanks around."""
    return digits(text).strip().lstrip("#").strip()
