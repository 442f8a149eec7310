"""All that the pages say, in every language: one file per language and part of the pages (`en_home`, `fa_home`), each
offering `WORDS`; found by listing this folder. The same keys in all languages, and `{fields}` by the same names.

A key `x.one` is what `x` says where its field `n` is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hub.discover import discover

LANGUAGES = {"en": "English", "fa": "فارسی"}
FROM_THE_RIGHT = frozenset({"fa"})
_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


class SaidTwice(Exception):
    """Two files of one language have the same key."""


@cache
def words(language: str) -> Mapping[str, str]:
    """The whole list of a language. Raises SaidTwice."""
    found: dict[str, str] = {}
    for name, part in discover(__name__, "WORDS").items():
        if name.partition("_")[0] != language:
            continue
        if twice := found.keys() & part.keys():
            raise SaidTwice(f"{SaidTwice.__doc__} {name}: {', '.join(sorted(twice))}")
        found |= part
    return found


def say(language: str, key: str, **fields: Any) -> str:
    """What the page says there; numbers in the digits of the language. Raises KeyError for a key that nobody wrote."""
    written = {name: shown(language, value) for name, value in fields.items()}
    return pattern(language, key, fields.get("n")).format_map(written)


def pattern(language: str, key: str, n: object = None) -> str:
    """What is written there, its fields still open; `n`: how many there are."""
    known = words(language)
    return known[f"{key}.one"] if n == 1 and f"{key}.one" in known else known[key]


def shown(language: str, value: Any) -> str:
    """A number as the language writes it; anything else is text already."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return digits(language, f"{value:,}")


def digits(language: str, text: str) -> str:
    """Western digits, the point and the comma of a number, as the language writes them."""
    return text.translate(_PERSIAN).replace(",", "٬").replace(".", "٫") if language == "fa" else text
