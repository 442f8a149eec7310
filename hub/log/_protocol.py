"""What a log is: per partition an order of sealed events, kept for ever, read from any position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from hub.events.envelope import Sealed


class Place(NamedTuple):
    """Where an event lies; written "topic/partition/position"."""

    topic: str
    part: int
    position: int

    def __str__(self) -> str:
        return "/".join(map(str, self))


@dataclass(frozen=True, slots=True)
class Appended:
    """`place`: where the event lies, also when it was known before. `verdict`: new, duplicate or conflict (the same id
    with other content: not appended)."""

    place: Place | None
    verdict: str


class Recorded(NamedTuple):
    """An event read from the log."""

    place: Place
    value: bytes


class Log(Protocol):
    """`tx` is a transaction of the store, for a log that lives in it; others ignore it."""

    def append(self, events: Sequence[Sealed], tx: Any = None) -> list[Appended]:
        """Append these events, durable when it returns, each stream in the order given; answers in the same order."""
        ...

    def read(self, starts: Mapping[tuple[str, int], int], limit: int, tx: Any = None) -> list[Recorded]:
        """Up to `limit` events a partition from these positions on, each partition in its order."""
        ...

    def ends(self) -> dict[tuple[str, int], int]:
        """The position that the next event of each partition gets."""
        ...
