"""What became of a contact, as far as the hub acts on it. Any other words are free text: personal."""

from __future__ import annotations

ASKING = frozenset({"ticket", "follow_up", "complaint", "callback"})


def asking(outcome: str | None) -> str | None:
    """The known word that this outcome is, by which it asks for a ticket; null where it is none."""
    word = (outcome or "").strip().casefold()
    return word if word in ASKING else None
