"""What became of a contact, as far as the hub acts on it. Any other words are free text: personal."""

from __future__ import annotations

from collections.abc import Sequence

from hub.events.catalogue import Kind, Origin, Text
from hub.events.envelope import Json

ASKING = frozenset({"ticket", "follow_up", "complaint", "callback"})


def without_free_words(data: Json, names: Sequence[str] = ()) -> Json:
    """Data as the first versions of a kind had them, without the free words that lay in the open (the kind's `once_open` reads
    these): without these fields, and of `outcome` only a known word."""
    word = asking(data.get("outcome"))
    kept = {name: value for name, value in data.items() if name not in ("outcome", *names)}
    return kept | ({"outcome": word} if word else {})


def asking(outcome: str | None) -> str | None:
    """The known word that this outcome is, by which it asks for a ticket; null where it is none."""
    word = (outcome or "").strip().casefold()
    return word if word in ASKING else None


class WithOutcome(Kind):
    """A contact of which may be said what became of it. Its kind has `outcome` among its personal fields."""

    outcome: Text | None = None

    def derived(self, origin: Origin) -> Json:
        """An outcome that asks for a ticket is no free text: it stays readable."""
        word = asking(self.outcome)
        return {"outcome": word} if word else {}
