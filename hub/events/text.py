"""What people write, folded so that the same words are found again: digits, Persian letters, half-spaces, case."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_DIGITS = {0x06F0 + n: str(n) for n in range(10)} | {0x0660 + n: str(n) for n in range(10)}
_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # marks; they are seen by nobody
_LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "ۀ": "ه", "أ": "ا", "إ": "ا", "ٱ": "ا", "آ": "ا", "ؤ": "و",
     "\u200c": " ", **dict.fromkeys(f"\u200d{_DIRECTION}\u0640\u0654\u0670")}
)  # fmt: skip
_FOLDED = {chr(code): to or "" for code, to in {**_LETTERS, **_DIGITS}.items()}
_SPELT = re.compile(f"[{''.join(_FOLDED)}]")
_DIGIT = re.compile(f"[{''.join(map(chr, _DIGITS))}]")
_MARKS = re.compile("[\u064b-\u0652\u0300-\u036f]")
_DIRECTED = re.compile(f"[{_DIRECTION}]")
_TERM = re.compile(r"[^\W_]+")
_SPACE = re.compile(r"\s+")
# "Re:" before a subject that answers, as mail programs write it in their languages.
ANSWERING = re.compile(r"(?:\s*(?:re|aw|sv|vs|antw|ynt|odp|پاسخ|جواب|رد)\s*(?:\[\d{1,3}\])?\s*[:：])+\s*", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def digits(text: str) -> str:
    """Persian and Arabic-Indic digits as Latin ones; everything else as it is."""
    return text if text.isascii() else _DIGIT.sub(lambda match: _FOLDED[match[0]], text)


def undirected(text: str) -> str:
    """Without the marks of direction that come along where a number or an address is copied."""
    return text if text.isascii() else _DIRECTED.sub("", text)


def fold(text: str) -> str:
    """The form under which text is indexed and searched: NFKC, lower case, Latin digits, one spelling of ی ک ه ا,
    no vowel marks, half-spaces as spaces. "كتاب‌هاي ۱۲" and "کتاب های 12" are one."""
    if not text.isascii():
        text = _SPELT.sub(lambda match: _FOLDED[match[0]], unicodedata.normalize("NFKC", text).casefold())
        text = _MARKS.sub("", unicodedata.normalize("NFD", text))
    return " ".join(text.lower().split())


def terms(text: str) -> list[str]:
    """What is found of a text, and what is asked for: its folded words, cut at all that is neither letter nor digit.
    "Jean-Pierre O'Brien" is jean, pierre, o and brien."""
    return _TERM.findall(fold(text))


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


def leaves(value: Any) -> list[str]:
    """The texts and numbers of a free-form value, to the last."""
    if isinstance(value, dict | list):
        return [leaf for below in (value.values() if isinstance(value, dict) else value) for leaf in leaves(below)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def squeeze(text: str, length: int) -> str:
    """The first words of a text on one line, at most `length` characters."""
    line = _SPACE.sub(" ", text[: length * 4]).strip()
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
