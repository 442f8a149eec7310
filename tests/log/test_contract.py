"""What every log keeps. A new log joins by one more fixture in `log`."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread

import pytest

from hub.events.envelope import Sealed
from hub.events.ids import named, place
from hub.log._protocol import Log
from hub.log.embedded import EmbeddedLog
from hub.log.memory import MemoryLog
from hub.wiring import Hub

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(params=["memory", pytest.param("embedded", marks=pytest.mark.real)])
def log(request: pytest.FixtureRequest) -> Log:
    if request.param == "memory":
        return MemoryLog()
    hub: Hub = request.getfixturevalue("hub")
    return EmbeddedLog(hub.database)


def sealed(n: int, stream: str = "order:1", digest: bytes | None = None) -> Sealed:
    return Sealed(named("test", str(n)), "order.noted", stream, NOW, NOW, b'{"n": %d}' % n, digest)


def values(log: Log, stream: str, start: int = 0, limit: int = 1000) -> list[bytes]:
    return [recorded.value for recorded in log.read({place(stream): start}, limit)]


def test_what_was_appended_is_read_in_its_order(log: Log) -> None:
    log.append([sealed(n) for n in range(5)])
    log.append([sealed(n) for n in range(5, 7)])
    assert values(log, "order:1") == [b'{"n": %d}' % n for n in range(7)]


def test_positions_have_no_gaps_and_end_where_the_log_says(log: Log) -> None:
    answers = log.append([sealed(n, f"order:{n}") for n in range(50)])
    assert all(answer.verdict == "new" for answer in answers)
    for lane, end in log.ends().items():
        assert sorted(a.place.position for a in answers if a.place and a.place[:2] == lane) == list(range(end))


def test_the_same_event_again_is_a_duplicate_and_adds_nothing(log: Log) -> None:
    first = log.append([sealed(1), sealed(1)])
    again = log.append([sealed(1)])
    assert [a.verdict for a in first + again] == ["new", "duplicate", "duplicate"]
    assert {a.place for a in first + again} == {first[0].place}
    assert len(values(log, "order:1")) == 1


def test_the_same_id_with_other_content_is_a_conflict_and_not_appended(log: Log) -> None:
    log.append([sealed(1, digest=b"a" * 16)])
    assert [a.verdict for a in log.append([sealed(1, digest=b"b" * 16), sealed(1, digest=b"a" * 16)])] == [
        "conflict",
        "duplicate",
    ]
    assert len(values(log, "order:1")) == 1


def test_reading_starts_anywhere_and_stops_at_the_limit(log: Log) -> None:
    log.append([sealed(n) for n in range(10)])
    assert values(log, "order:1", 4, 3) == [b'{"n": 4}', b'{"n": 5}', b'{"n": 6}']
    assert values(log, "order:1", 10) == []


def test_an_empty_append_is_nothing(log: Log) -> None:
    assert log.append([]) == []


def test_writers_at_once_lose_and_double_nothing(log: Log) -> None:
    def write(writer: int) -> None:
        for n in range(20):
            log.append([sealed(writer * 1000 + n, f"order:{n % 3}"), sealed(n, "order:9")])

    threads = [Thread(target=write, args=(writer,)) for writer in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = [value for stream in ("order:0", "order:1", "order:2", "order:9") for value in set(values(log, stream))]
    assert len(set(read)) == 4 * 20 + 20
    assert sum(log.ends().values()) == 4 * 20 + 20
