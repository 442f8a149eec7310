"""What a log is: per partition an order of sealed events, kept for ever, read from any position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import orjson

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


_NOBODY: Sequence[tuple[str, bytes]] = (("hub_nobody", b""),)


@dataclass(frozen=True)
class Recorded:
    """An event read from the log. `headers`: what a log of Kafka says beside the event (see `hub.log.headers`)."""

    place: Place
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()

    @cached_property
    def document(self) -> Any:
        """The value's JSON, for reading: gate and lane share one. Raises ValueError where it is none."""
        return orjson.loads(self.value)

    @classmethod
    def gap(cls, place: Place) -> Recorded:
        """A place at which nothing was ever written, such as Kafka gives to the end of somebody's transaction."""
        return cls(place, b"", _NOBODY)

    @property
    def is_gap(self) -> bool:
        return self.headers is _NOBODY


def not_at_end(
    starts: Mapping[tuple[str, int], int], ends: Mapping[tuple[str, int], int]
) -> dict[tuple[str, int], int]:
    """Those of these partitions that do not end where they are to be read from."""
    return {lane: start for lane, start in starts.items() if start != ends[lane]}


class DeadLetter(NamedTuple):
    """What a step could not take, and why. `value` and `headers`: as they lay in the log at `place`; `id` and `stream` are
    those of the event, the stream "" where it was none."""

    step: str
    place: Place
    id: str
    stream: str
    reason: str
    time: datetime
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class LogAway(Exception):
    """The log did not answer in time. What it did not acknowledge may be sent again: what arrived all the same counts once."""


class LogLost(Exception):
    """The log lost what was read from it: it came back empty or was cut. See "When Kafka's log is lost" in docs/operating.md."""


class LogRefused(Exception):
    """The log answered, and it will not do this however often it is asked: a right, a size or a topic is wrong."""


class Log(Protocol):
    """`tx` is a transaction of the store, for a log that lives in it (`in_store`); others ignore it."""

    in_store: bool

    def append(self, events: Sequence[Sealed], tx: Any = None) -> list[Appended]:
        """Append these events, durable when it returns, each stream in the order given; answers in the same order."""
        ...

    def read(self, starts: Mapping[tuple[str, int], int], limit: int, tx: Any = None) -> list[Recorded]:
        """Up to `limit` events a partition from these positions on, each partition in its order."""
        ...

    def ahead(self, starts: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        """Those of these partitions to `read` from: all that do not end there, or, where there are some, those that are
        known to go on. None only where there is nothing to read."""
        ...

    def ends(self) -> dict[tuple[str, int], int]:
        """The position that the next event of each partition gets."""
        ...

    def copy_dead(self, letters: Sequence[DeadLetter]) -> None:
        """Copy these to the twins of their topics, durable when it returns; a log without twins has nothing to do."""
        ...

    def close(self) -> None:
        """Let go of what it holds open."""
        ...
