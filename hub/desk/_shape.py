"""What deciding gives: decisions, which become events of a ticket, or a refusal that says why."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.events.envelope import Json


@dataclass(frozen=True, slots=True)
class Decision:
    """One event to come: its `type` and what it says. `ticket` is its ticket's id, None for one to be opened."""

    type: str
    ticket: str | None
    data: Json = field(default_factory=dict)
    personal: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing happens. `why` is a sentence for whoever asked; `at` the place in his request, if one is wrong."""

    why: str
    at: str | None = None
