"""What one reads of a contact at a glance. Of a reply that is what it says itself: its subject is that of all before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.channels.email.quoted import said
from hub.events.text import ANSWERING

LONGEST = 140  # characters


def topic(subject: str | None) -> str:
    """A subject without the "Re:" before it, which would also turn the direction of a Persian one."""
    text = subject or ""
    return text[match.end() :] if (match := ANSWERING.match(text)) else text


def first_words(item: Mapping[str, Any]) -> str:
    """`item` has `title` and `text`, of what was read of a customer also `channel` and `said` (`hub.store.reads`). Empty: it
    has none."""
    title = item["title"] or ""
    chosen = title if title and not ANSWERING.match(title) else _own(item, title)
    words = " ".join((chosen if chosen.strip() else topic(title))[: 4 * LONGEST].split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"


def _own(item: Mapping[str, Any], title: str) -> str:
    """What is its own of the text. Of a mail that was looked for already; it takes as long as all else on its line."""
    text, known = item["text"] or "", item.get("said")
    if known or not text or ("said" in item and item["channel"] == "email"):
        return known or text
    return said(text, title) or text
