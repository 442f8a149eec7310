"""What people write, folded so that the same words are found again: digits, Persian letters, half-spaces, case."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_DIGITS = {0x06F0 + n: str(n) for n in range(10)} | {0x0660 + n: str(n) for n in range(10)}
_LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "أ": "ا", "إ": "ا", "ٱ": "ا", "آ": "ا", "ؤ": "و",
     "\u200c": " ", "\u200d": None, "\u200e": None, "\u200f": None, "\u0640": None, "\u0654": None, "\u0670": None}
)  # fmt: skip
_FOLDED = {chr(code): to or "" for code, to in {**_LETTERS, **_DIGITS}.items()}
_SPELT = re.compile(f"[{''.join(_FOLDED)}]")
_DIGIT = re.compile(f"[{''.join(map(chr, _DIGITS))}]")
_MARKS = re.compile("[\u064b-\u0652\u0300-\u036f]")
_SPACE = re.compile(r"\s+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def digits(text: str) -> str:
    """Persian and Arabic-Indic digits as Latin ones; everything else as it is."""
    return text if text.isascii() else _DIGIT.sub(lambda match: _FOLDED[match[0]], text)


def fold(text: str) -> str:
    """The form under which text is indexed and searched: NFKC, lower case, Latin digits, one spelling of ی ک ه ا,
    no vowel marks, half-spaces as spaces. "كتاب‌هاي ۱۲" and "کتاب های 12" are one."""
    if not text.isascii():
        text = _SPELT.sub(lambda match: _FOLDED[match[0]], unicodedata.normalize("NFKC", text).casefold())
        text = _MARKS.sub("", unicodedata.normalize("NFD", text))
    return " ".join(text.lower().split())


def storable(text: str) -> str:
    """Text without what PostgreSQL and UTF-8 cannot hold: NUL and lone surrogates become U+FFFD."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def storable_all(value: Any) -> Any:
    """The same for a free-form value, to its last leaf."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(name)): storable_all(below) for name, below in value.items()}
    return [storable_all(below) for below in value] if isinstance(value, list) else value


def squeeze(text: str, length: int) -> str:
    """The first words of a text on one line, at most `length` characters."""
    line = _SPACE.sub(" ", text[: length * 4]).strip()
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
