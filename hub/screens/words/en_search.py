"""Searching, in English."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "search.what": "Name, e-mail, phone or number",
    "search.hint": "Type a name, a number in any digits, or words that somebody wrote.",
    "search.nothing": "Nothing found for “{q}”",
    "search.nothing.do": "Try a part of the name, the number without spaces, or an order number.",
    "search.found": "{n} found",
    "search.people": "People",
}
