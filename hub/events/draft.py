"""What a channel understood, before ids are computed and the personal part is set apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class File:
    """An attachment with its bytes; they go to the blob store, the log keeps type, size and sha256."""

    name: str | None
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """One event as an adapter understood it. The event's id is computed from (`source`, `key`).

    `fields` are those of the event's kind (`hub/events/kinds`), under their contract names; a party is
    `{"kind", "value"}`, times are aware datetimes, money is text. `forgives`: kinds of identifiers of which one that cannot be
    read does not cost the event, because whoever sent it cannot mend it.
    """

    type: str
    time: datetime
    source: str
    key: str
    fields: dict[str, Any]
    files: tuple[File, ...] = ()
    forgives: frozenset[str] = frozenset()


PHONES = frozenset({"phone"})  # to forgive: what a switchboard or a shop has of a number may be anything
