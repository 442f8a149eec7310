"""Order numbers that people mention in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from hub.events.text import digits, undirected

# 3 to 12 digits after "#", "order", "order no." or "سفارش", in Latin or Persian digits
DEFAULT = (
    r"(?:#|\border(?:s|\s+id)?\b(?:\s*(?:no\b\.?|nr\b\.?|num(?:ber)?\b\.?|ref(?:erence)?\b\.?|№)(?:\s+is\b)?)?|"
    r"سفارش(?:[\s\u200c]?های?|مان|م|ِ)?(?:\s+(?:من|ما|بنده))?"
    r"(?:[\s\u200c]*(?:(?:به|با)\s+)?(?:شماره[\s\u200c]?[ٔی]?|ش\.?))?)"
    r"[\s\u200c:#،,(*–-]{0,4}(?P<number>\d{3,12})(?![\d])"
)
# "orders 12345, 12346 and 12347"; those that are not as long as the first are amounts or years
_FURTHER = re.compile(r"(?:\s{0,3}(?:[,،&]|\band\b|\bو\b)\s{0,3}#?\d{3,12}(?!\d|[-./:]\d)){1,9}", re.IGNORECASE)
_SEARCHED = 200_000  # characters; who names his order after that is not helped by a pattern
_WINDOW, _LAP = 500, 200  # characters in which a match begins, and by which it may go on: no number is so long


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _matches(pattern: re.Pattern[str], words: str) -> Iterator[re.Match[str]]:
    """As `finditer`, a window after the other: an installation's own pattern may take the square of what it looks through."""
    start = 0
    for end in range(_WINDOW, len(words) + _WINDOW, _WINDOW):
        for match in pattern.finditer(words, start, end + _LAP):
            if match.start() >= end:
                break
            yield match
            start = match.end()
        start = max(start, end)


def order_numbers(texts: list[str], pattern: str = DEFAULT) -> list[str]:
    """The numbers in order of their first mention, each once. `pattern`'s group `number`, else its first group,
    else all of it, is the number; digits are folded to Latin before."""
    found: dict[str, None] = {}
    for text in texts:
        words = undirected(digits(text[:_SEARCHED]))
        for match in _matches(_compiled(pattern), words):
            groups = match.groupdict()
            number = groups.get("number") or (match.group(1) if match.re.groups else match.group())
            if number:
                found[number] = None
                if pattern == DEFAULT and (further := _FURTHER.match(words, match.end())):
                    found |= dict.fromkeys(one for one in re.findall(r"\d+", further[0]) if len(one) == len(number))
    return list(found)


def order_number(text: str) -> str:
    """An order's number in its normal spelling: Latin digits, without marks of direction, # and blanks around."""
    return undirected(digits(text)).strip().lstrip("#").strip()
