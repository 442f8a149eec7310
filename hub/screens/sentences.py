"""What other parts of the hub say in English, a sentence each, for readers of every language.

Such a sentence is one of the English words of a family ("desk", "fault"): its fields are what may stand between.
"""

from __future__ import annotations

import re
from functools import cache

from hub.screens.words import digits, say, words


def told(language: str, family: str, sentence: str) -> str | None:
    """It, in this language; None where the family has no words for it."""
    for key, pattern in _sentences(family):
        if match := pattern.fullmatch(sentence):
            return say(language, key, **{name: _named(language, family, value) for name, value in match.groupdict().items()})
    return None


@cache
def _sentences(family: str) -> list[tuple[str, re.Pattern[str]]]:
    """Those without fields first: what may stand between may be anything."""
    known = [(key, text) for key, text in words("en").items() if key.startswith(f"{family}.")]
    return [(key, _pattern(text)) for key, text in sorted(known, key=lambda one: "{" in one[1])]


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", text)
    pieces = [f"(?P<{part}>.+)" if n % 2 else re.escape(part) for n, part in enumerate(parts)]
    return re.compile("".join(pieces), re.DOTALL)


def _named(language: str, family: str, value: str) -> str:
    """A field that is itself a word of the family's, or a number."""
    if value.replace(",", "").isdecimal():
        return digits(language, value)
    key = f"{family}.word.{value.replace(' ', '_')}"
    return say(language, key) if key in words(language) else value
