"""What one reads of a contact at a glance. Of a reply that is what it says itself: its subject is that of all before it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.channels.email.quoted import said

LONGEST = 140  # characters
_ANSWERS = re.compile(r"(?:\s*(?:re|aw|sv|vs|antw|ynt|odp|پاسخ|جواب|رد)\s*(?:\[\d{1,3}\])?\s*[:：])+\s*", re.IGNORECASE)


def topic(subject: str | None) -> str:
    """A subject without the "Re:" before it, which would also turn the direction of a Persian one."""
    text = subject or ""
    return text[match.end() :] if (match := _ANSWERS.match(text)) else text


def first_words(item: Mapping[str, Any]) -> str:
    """`item` has `title` and `text`, and `said`, what is its own of the text, where that was looked for. Empty: it has none."""
    title, text = item["title"] or "", item["text"] or ""
    own = item.get("said") or (said(text, title) if text else None) or text
    chosen = own if _ANSWERS.match(title) and own.strip() else topic(title) or own
    words = " ".join(chosen[: 4 * LONGEST].split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"
