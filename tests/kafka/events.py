"""Events as the log is given them, numbered, so that a test sees what is lost, doubled or out of order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import orjson

from hub.events.envelope import Event, Sealed, dumped
from hub.events.ids import named, place
from hub.log._protocol import Log, Recorded

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def numbered(n: int, stream: str = "order:1", size: int = 0) -> Sealed:
    event = Event(
        id=named("test", stream, str(n)), type="order.noted", version=1, time=NOW, recorded=NOW, source="test",
        stream=stream, data={"n": n, "text": "x" * size}, personal={},
    )  # fmt: skip
    return Sealed(event.id, event.type, stream, NOW, NOW, dumped(event, []))


def number(recorded: Recorded) -> int:
    n: int = orjson.loads(recorded.value)["data"]["n"]
    return n


def stream(recorded: Recorded) -> str:
    name: str = orjson.loads(recorded.value)["stream"]
    return name


def all_of(
    log: Log, streams: Iterable[str], limit: int = 1000, done: Callable[[], bool] = lambda: True
) -> dict[str, list[int]]:
    """The numbers of these streams' events, read a portion at a time until it is `done` and nothing is left."""
    found: dict[str, list[int]] = {name: [] for name in streams}
    at = {place(name): 0 for name in found}
    while True:
        last = done()
        portion = log.read(at, limit)
        for one in portion:
            found[stream(one)].append(number(one))
            at[one.place[:2]] = one.place.position + 1
        if last and not portion:
            return found


def first_of_each(numbers: Sequence[int]) -> list[int]:
    """What is left where the gate drops what comes again."""
    return list(dict.fromkeys(numbers))


def grouped(count: int, streams: Sequence[str], size: int) -> Iterable[list[Sealed]]:
    """Each stream's events 0 to `count`, `size` of them at a time, the streams in turn."""
    for start in range(0, count, size):
        yield [numbered(n, name) for n in range(start, min(count, start + size)) for name in streams]
