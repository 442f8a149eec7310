"""What every log keeps. A new log joins by one more fixture in `log`, and in `gated` if it knows by itself what it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules
from threading import Thread
from typing import Any

import orjson
import pytest

import hub.log
from hub.events.envelope import Sealed
from hub.events.ids import named, place
from hub.log import gate
from hub.log._protocol import Appended, Log, Place
from hub.log.embedded import EmbeddedLog
from hub.log.memory import MemoryLog
from hub.wiring import Hub

NOW = datetime(2026, 11, 23, tzinfo=UTC)


GATED = ["memory", pytest.param("embedded", marks=pytest.mark.real)]
EVERY: list[Any] = [*GATED, pytest.param("kafka", marks=pytest.mark.real)]


def found() -> set[str]:
    """The modules of `hub.log` that hold a log: a class that does all that a log does."""
    wanted = {name for name in vars(Log) if not name.startswith("_")} | set(Log.__annotations__)
    modules = [import_module(module.name) for module in iter_modules(hub.log.__path__, "hub.log.")]
    return {
        module.__name__.rpartition(".")[2]
        for module in modules
        for offered in vars(module).values()
        if isinstance(offered, type) and offered.__module__ == module.__name__ and offered is not Log
        and wanted <= set(dir(offered))
    }  # fmt: skip


def made(request: pytest.FixtureRequest) -> Log:
    if request.param == "memory":
        return MemoryLog()
    if request.param == "kafka":
        kafka: Log = request.getfixturevalue("kafka_log")
        return kafka
    opened: Hub = request.getfixturevalue("hub")
    return EmbeddedLog(opened.database)


@pytest.fixture(params=EVERY)
def log(request: pytest.FixtureRequest) -> Log:
    """Any log."""
    return made(request)


@pytest.fixture(params=GATED)
def gated(request: pytest.FixtureRequest) -> Log:
    """A log that knows its events by their ids. Of what Kafka holds the project step knows it, as the archive's writer."""
    return made(request)


def sealed(n: int, stream: str = "order:1", digest: bytes | None = None) -> Sealed:
    return Sealed(named("test", str(n)), "order.noted", stream, NOW, NOW, b'{"n": %d}' % n, digest)


def values(log: Log, stream: str, start: int = 0, limit: int = 1000) -> list[bytes]:
    return [recorded.value for recorded in log.read({place(stream): start}, limit)]


def numbers(log: Log, stream: str) -> list[int]:
    return [orjson.loads(value)["n"] for value in values(log, stream)]


@pytest.mark.parametrize(
    ("known", "digest", "verdict"),
    [(b"a", b"a", "duplicate"), (b"a", b"b", "conflict"), (None, b"b", "duplicate"), (b"a", None, "duplicate")],
)
def test_what_says_something_else_under_a_known_id_is_a_conflict_where_both_can_be_compared(
    known: bytes | None, digest: bytes | None, verdict: str
) -> None:
    where, event = Place("orders", 3, 7), sealed(1, digest=digest)
    assert gate.seen(event, {event.id: (where, known)}) == Appended(where, verdict)
    assert gate.seen(event, {}) is None


def test_every_log_in_the_folder_takes_part() -> None:
    assert found() == {one if isinstance(one, str) else one.values[0] for one in EVERY}


def test_what_was_appended_is_read_in_its_order(log: Log) -> None:
    log.append([sealed(n) for n in range(5)])
    log.append([sealed(n) for n in range(5, 7)])
    assert values(log, "order:1") == [b'{"n": %d}' % n for n in range(7)]


def test_positions_have_no_gaps_and_end_where_the_log_says(log: Log) -> None:
    answers = log.append([sealed(n, f"order:{n}") for n in range(50)])
    assert all(answer.verdict == "new" for answer in answers)
    ends = log.ends()
    assert sum(ends.values()) == 50
    for lane, end in ends.items():
        assert sorted(a.place.position for a in answers if a.place and a.place[:2] == lane) == list(range(end))


def test_only_what_goes_on_is_to_be_read(log: Log) -> None:
    log.append([sealed(n, f"order:{n}") for n in range(3)])
    ends = log.ends()
    assert log.ahead(dict.fromkeys(ends, 0)) == {lane: 0 for lane, end in ends.items() if end}
    assert log.ahead(ends) == {}
    log.append([sealed(3, "order:3")])
    ((lane, start),) = log.ahead(ends).items()
    assert start == ends[lane]


def test_the_same_event_again_is_a_duplicate_and_adds_nothing(gated: Log) -> None:
    first = gated.append([sealed(1), sealed(1)])
    again = gated.append([sealed(1)])
    assert [a.verdict for a in first + again] == ["new", "duplicate", "duplicate"]
    assert {a.place for a in first + again} == {first[0].place}
    assert len(values(gated, "order:1")) == 1


def test_the_same_id_with_other_content_is_a_conflict_and_not_appended(gated: Log) -> None:
    gated.append([sealed(1, digest=b"a" * 16)])
    assert [a.verdict for a in gated.append([sealed(1, digest=b"b" * 16), sealed(1, digest=b"a" * 16)])] == [
        "conflict",
        "duplicate",
    ]
    assert len(values(gated, "order:1")) == 1


def test_reading_starts_anywhere_and_stops_at_the_limit(log: Log) -> None:
    log.append([sealed(n) for n in range(10)])
    assert values(log, "order:1", 4, 3) == [b'{"n": 4}', b'{"n": 5}', b'{"n": 6}']
    assert values(log, "order:1", 10) == []


def test_an_empty_append_is_nothing(log: Log) -> None:
    assert log.append([]) == []


def write_at_once(log: Log) -> None:
    """Four writers, each with events of its own and with the same twenty."""

    def write(writer: int) -> None:
        for n in range(20):
            log.append([sealed(writer * 1000 + n, f"order:{n % 3}"), sealed(n, "order:9")])

    threads = [Thread(target=write, args=(writer,)) for writer in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_writers_at_once_lose_nothing_and_keep_their_order(log: Log) -> None:
    write_at_once(log)
    read = {rest: numbers(log, f"order:{rest}") for rest in range(3)}
    for writer in range(1, 5):
        for rest in range(3):
            mine = [n - 1000 * writer for n in read[rest] if n // 1000 == writer]
            assert mine == list(range(rest, 20, 3))
    assert set(numbers(log, "order:9")) == set(range(20))


def test_writers_at_once_double_nothing(gated: Log) -> None:
    write_at_once(gated)
    assert sum(gated.ends().values()) == 4 * 20 + 20
