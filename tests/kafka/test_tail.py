"""What Faust pushes: every event as it lies in the log, at once, and not only when somebody looks for it once a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import faust
import pytest

from hub.consumers import faust_app
from hub.consumers.faust_app import Puller, Writer, application, tail
from hub.events.ids import lanes, place
from hub.log._protocol import Place, Recorded
from hub.log.embedded import EmbeddedLog
from hub.log.headers import sealed
from hub.log.kafka import KafkaLog
from hub.settings import KafkaAccess
from hub.wiring import Hub
from tests.kafka.brokers import KafkaBroker
from tests.kafka.events import number, numbered
from tests.kill.running import until


class Pushed:
    """A writer that finds nothing when it looks by itself, and keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.writer = Writer("project", self._take, self._pull)

    def _take(self, batch: Sequence[Recorded]) -> int:
        self.events += batch
        return len(batch)

    def _pull(self, lanes: Collection[tuple[str, int]], busy: bool) -> int:
        return 0


@pytest.fixture
def pushed(kafka_broker: KafkaBroker, kafka_access: KafkaAccess, kafka_log: KafkaLog, tmp_path: Path) -> Iterator[Pushed]:
    """What Faust brings of an empty log."""
    with following(kafka_broker.brokers, kafka_access, tmp_path) as found:
        yield found


@contextmanager
def following(brokers: str, access: KafkaAccess, folder: Path) -> Iterator[Pushed]:
    """Faust follows the orders, once it has all their partitions."""
    found, stop = Pushed(), threading.Event()
    app = application(brokers, access, {"orders": found.writer}, folder)

    async def follow() -> None:
        app.finalize()
        writing = asyncio.create_task(found.writer.run())
        await app.start()
        while not stop.is_set():
            await asyncio.sleep(0.02)
        writing.cancel()
        await app.stop()

    thread = threading.Thread(target=asyncio.run, args=(follow(),), daemon=True)
    thread.start()
    try:
        until(lambda: found.writer.mine == frozenset(lanes(["orders"])), 60, "Faust has its partitions")
        yield found
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def test_what_faust_pushes_is_what_lies_in_the_log(kafka_log: KafkaLog, pushed: Pushed) -> None:
    """With what stands beside it, too: the gate needs that."""
    sent = [replace(numbered(n), digest=b"d" * 16, direct=("test", "events")) for n in range(1, 200)]

    def arrived() -> bool:
        """It begins at the end as it finds it, which may be after the first ones."""
        kafka_log.append([numbered(0)])
        return bool(pushed.events)

    until(arrived, 60, "Faust pushes anything")
    kafka_log.append(sent)
    until(lambda: len({sealed(one).id for one in pushed.events} & {event.id for event in sent}) == len(sent), 60, "all came")
    last = [one for one in pushed.events if sealed(one) != numbered(0)]
    assert [sealed(one) for one in last] == sent
    there = {one.place: one for one in kafka_log.read({place("order:1"): 0}, 10_000)}
    assert all(list(there[one.place].headers) == list(one.headers) for one in last)


# Where it crashed while Faust started, Faust's own thread finds a moment later that nobody is there; a worker has ended by then.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_what_hands_events_on_ends_the_tail(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust would begin it again, and again: nothing would come but by the look once a second, and nobody would know."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(faust_app, "Recorded", broken)
    stop, settings = threading.Event(), hub.settings
    running = tail(str(settings.kafka), settings.kafka_access, tmp_path, hub.recorder, hub.lane, stop, ["orders"])
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(asyncio.run, running)

        def come() -> bool:
            hub.recorder.log.append([numbered(0)])
            return ended.done()

        try:
            until(come, 60, "the tail ends")
        finally:
            stop.set()
        with pytest.raises(ZeroDivisionError):
            ended.result()


def test_a_tail_ends_though_faust_never_starts(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something crashed while it started: Faust waits for itself then."""
    started, stop = threading.Event(), threading.Event()

    async def never(app: faust.App) -> None:
        started.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(faust.App, "start", never)
    settings = hub.settings
    running = tail(str(settings.kafka), settings.kafka_access, tmp_path, hub.recorder, hub.lane, stop, ["orders"])
    thread = threading.Thread(target=asyncio.run, args=(running,), daemon=True)
    thread.start()
    assert started.wait(60)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


ORDERS = lanes(["orders"])


def test_what_faust_brings_is_not_read_beside_it_and_what_it_does_not_bring_is(hub: Hub) -> None:
    """Two partitions: events of the one come one after another, in the other Faust began too late."""
    puller, log = Puller(hub.recorder, "project", hub.lane.run), hub.recorder.log

    log.append([numbered(0, "order:2")])
    (first,) = log.append([numbered(1)])
    assert first.place
    assert puller(ORDERS, busy=True) == 0, "each may be on its way"
    hub.lane.take(log.read({first.place[:2]: first.place.position}, 1))
    log.append([numbered(2)])
    assert puller(ORDERS, busy=True) == 1, "nobody brought it since"
    assert sorted(number(one) for one in archived(hub)) == [0, 1]
    assert puller(ORDERS, busy=False) == 1, "where Faust brings nothing all that waits is read"
    assert sorted(number(one) for one in archived(hub)) == [0, 1, 2]
    assert puller(ORDERS, busy=False) == 0


def test_reading_ends_where_the_log_ended_when_it_began(hub: Hub) -> None:
    """While events never ceased it once read for ever, and Faust's were brought for nothing."""
    log, n = hub.recorder.log, count(1)

    def run(lanes: Collection[tuple[str, int]]) -> int:
        log.append([numbered(next(n))])
        return hub.lane.run(1, lanes)

    log.append([numbered(0)])
    assert 0 < Puller(hub.recorder, "project", run)(ORDERS, busy=False) < 5


def archived(hub: Hub) -> list[Recorded]:
    """What a worker has written down of the orders, in the order of the log."""
    return [one for lane in ORDERS for one in EmbeddedLog(hub.database).read({lane: 0}, 100)]


def test_a_writer_says_whether_events_come() -> None:
    """Those that come are taken all the same, between two looks."""
    looks, taken = list[bool](), list[Recorded]()

    def pull(lanes: Collection[tuple[str, int]], busy: bool) -> int:
        looks.append(busy)
        return 1

    def take(batch: Sequence[Recorded]) -> int:
        taken.extend(batch)
        return len(batch)

    async def run(writer: Writer) -> None:
        running = asyncio.create_task(writer.run())
        for n in range(60):
            await writer.queue.put(Recorded(Place("orders", 0, n), b"", []))
            await asyncio.sleep(0.04)
        async with asyncio.timeout(30):
            while looks[-1]:  # nothing comes any more
                await asyncio.sleep(0.02)
        running.cancel()

    with ThreadPoolExecutor(1) as pool:  # in this thread a browser's loop may be running
        pool.submit(asyncio.run, run(Writer("project", take, pull, frozenset(ORDERS)))).result(60)
    assert [one.place.position for one in taken] == list(range(60))
    assert looks[0], "events had come"
    assert not looks[-1]
