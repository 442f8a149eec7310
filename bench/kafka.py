"""The hub on Apache Kafka, each figure against the raw limit in the same run: a bare client, a raw COPY, an empty agent.

`python -m bench.kafka` runs these alone. A real broker of one node, so what is acknowledged is on one disk.
BENCH_KAFKA_EVENTS: how many are appended and folded; BENCH_CATCH_UP: how many a worker catches up with.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import faust
import structlog
from kafka import KafkaProducer  # type: ignore[import-untyped]

from bench import latency, writing
from bench.world import email, events, phone
from hub.consumers.faust_app import application, writers
from hub.consumers.record import Outgoing
from hub.events.ids import TOPICS
from hub.log._protocol import Recorded
from hub.log.headers import sealed
from hub.log.kafka import make_missing
from hub.memory import settle
from hub.settings import KafkaAccess, Settings
from hub.store import access
from hub.store.embedded import EmbeddedPostgres, with_database
from hub.wiring import Hub, open_hub
from tests.kafka.brokers import KafkaBroker

EVENTS = int(os.environ.get("BENCH_KAFKA_EVENTS", "20000"))
CATCH_UP = int(os.environ.get("BENCH_CATCH_UP", "500000"))
SENDERS, BATCH = 4, 500
_LOOK = 0.05
_LONG = 120.0  # seconds; what takes longer will not end
Line = Callable[[str, float, str, str], None]


@dataclass(frozen=True)
class Place:
    """A broker and a PostgreSQL, and names on both that nobody else has."""

    brokers: str
    dsn: str
    home: Path

    @contextmanager
    def hub(self, prefix: str, keys: str | None = None) -> Iterator[Hub]:
        """An empty hub over these topics. `keys`: of the hub that wrote what lies there."""
        name, access = f"bench_{uuid4().hex}", KafkaAccess(prefix=prefix)
        make_missing(self.brokers, access)
        settings = Settings(
            home=self.home, blobs_url=str(self.home / "blobs"), kafka=self.brokers, kafka_access=access,
            database_url=with_database(self.dsn, name), keys_url=keys or with_database(self.dsn, f"{name}_keys"),
        )  # fmt: skip
        hub = open_hub(settings, str(settings.database_url))
        try:
            yield hub
        finally:
            hub.close()


@contextmanager
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with KafkaBroker(home / "kafka") as broker, EmbeddedPostgres(home / "hub") as server:
            yield Place(broker.brokers, server.dsn, home)


def environ(hub: Hub) -> dict[str, str]:
    """What a process of its own must know to be one of this hub's."""
    return {
        "HUB_HOME": str(hub.settings.home), "HUB_DATABASE_URL": hub.database.dsn, "HUB_KEYS_URL": hub.keys.dsn,
        "HUB_KAFKA": str(hub.settings.kafka), "HUB_KAFKA_PREFIX": hub.settings.kafka_access.prefix,
        "HUB_BLOBS": hub.settings.blobs_url,
    }  # fmt: skip


@contextmanager
def process(hub: Hub, *command: str) -> Iterator[dict[str, Any]]:
    """A command of the hub that stays up; what it said when it was ready."""
    whole = [sys.executable, "-m", "hub.cli", *command]
    running = subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | environ(hub))
    try:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


# -- appending ---------------------------------------------------------------------------------------------------------


def posted(url: str, key: str, count: int, start: int = 0) -> float:
    """Events a second through the API, in batches, acknowledged."""
    made = [_cloud_event(n) for n in range(start, start + count)]
    bodies = [json.dumps(made[n : n + BATCH]).encode() for n in range(0, count, BATCH)]

    def send(mine: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"}
        for body in mine:
            connection.request("POST", "/v1/events", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 202, said

    with ThreadPoolExecutor(SENDERS) as pool:
        return count / writing.seconds(lambda: list(pool.map(send, [bodies[n::SENDERS] for n in range(SENDERS)])))


def _cloud_event(n: int) -> dict[str, Any]:
    data = {"message": f"m{n}", "channel": "chat", "thread": f"t{n % 5_000}", "party": [email(n % 2_000), phone(n % 2_000)],
            "text": "Where is my order? It should have come last week. " * 4}  # fmt: skip
    return {"specversion": "1.0", "id": f"p{n}", "source": "/bench", "type": "message.received", "data": data}


def bare(here: Place, found: Sequence[Recorded]) -> float:
    """The same records, with their keys and headers, by kafka-python alone: events a second, acknowledged."""
    prefix = f"{uuid4().hex}."
    make_missing(here.brokers, KafkaAccess(prefix=prefix))
    records = [(one.value, sealed(one).stream.encode(), list(one.headers), one.place.part) for one in found]
    producer = KafkaProducer(
        bootstrap_servers=here.brokers, acks="all", enable_idempotence=True, batch_size=256 * 1024, metrics_enabled=False
    )

    def run() -> None:
        sent = [
            producer.send(f"{prefix}touchpoints", value, key=key, headers=beside, partition=part)
            for value, key, beside, part in records
        ]
        for one in sent:
            one.get(60)

    taken = writing.seconds(run)
    producer.close()
    return len(records) / taken


def fill(hub: Hub, count: int) -> None:
    """Events on the log, as whoever records them writes them."""
    made = [Outgoing(event) for event in events(count, count // 10, hub.recorder.here)]
    for group in writing.groups(made):
        hub.recorder.record(writing.these(group))


# -- Faust -------------------------------------------------------------------------------------------------------------


async def agent_alone(here: Place, prefix: str, count: int) -> float:
    """Events a second through Faust agents that do nothing with them."""
    app = faust.App(
        f"{prefix}empty", broker=[f"kafka://{here.brokers}"], autodiscover=False, web_enabled=False,
        topic_disable_leader=True, store="memory://", key_serializer="raw", value_serializer="raw",
        consumer_auto_offset_reset="earliest", topic_allow_declare=False, stream_wait_empty=False,
        worker_redirect_stdouts=False, datadir=here.home / "faust",
    )  # fmt: skip
    seen: list[float] = []

    async def take(stream: Any) -> None:
        async for _ in stream.events():
            seen.append(time.perf_counter())

    for topic in TOPICS:
        app.agent(app.topic(prefix + topic), name=f"empty {topic}")(take)
    app.finalize()
    await _followed(app, lambda: len(seen) >= count)
    return count / (seen[count - 1] - seen[0])


async def faust_lane(hub: Hub, count: int) -> float:
    """Events a second through Faust into rows. Nothing is read beside Faust: that is what catching up is for."""
    access = hub.settings.kafka_access
    topics = writers(hub.recorder, hub.lane)
    steps = list({id(one): one for one in topics.values()}.values())
    first: list[float] = []
    for one in steps:
        one.take, one.pull = _noting(one.take, first), lambda lanes, busy: 0
    app = application(str(hub.settings.kafka), access, topics, hub.settings.home)
    app.conf.consumer_auto_offset_reset = "earliest"
    app.finalize()
    tasks = [asyncio.create_task(one.run()) for one in steps]
    try:
        await _followed(app, lambda: done(hub) >= count)
    finally:
        for task in tasks:
            task.cancel()
    return count / (time.perf_counter() - first[0])


def _noting(take: Callable[[Sequence[Any]], int], first: list[float]) -> Callable[[Sequence[Any]], int]:
    """The same, and when it was asked to."""

    def noted(batch: Sequence[Any]) -> int:
        first.append(time.perf_counter())
        return take(batch)

    return noted


async def _followed(app: faust.App, ended: Callable[[], bool]) -> None:
    await app.start()
    try:
        async with asyncio.timeout(_LONG):
            while not await asyncio.to_thread(ended):
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        raise SystemExit(f"Faust did not bring all events within {_LONG:.0f} s: see what its agents log") from None
    finally:
        await app.stop()


# -- catching up -------------------------------------------------------------------------------------------------------


def done(hub: Hub) -> int:
    """How many events are shown."""
    row = hub.database.rows("SELECT sum(next) FROM checkpoint WHERE step = 'project'")[0]
    return int(row[0])


def caught_up(hub: Hub, count: int, workers: int) -> float:
    """Events a second by so many worker processes, from the first that is shown to the last."""
    with ExitStack() as up:
        for _ in range(workers):
            up.enter_context(process(hub, "worker"))
        while not (before := done(hub)):
            time.sleep(0.005)
        start = moved = time.perf_counter()
        now = before
        while now < count:
            time.sleep(_LOOK)
            last, now = now, done(hub)
            moved = time.perf_counter() if now > last else moved
            if time.perf_counter() > moved + _LONG:
                raise SystemExit(f"no worker goes on: {now:,} of {count:,} are shown")
        return (now - before) / (time.perf_counter() - start)


# -- all ---------------------------------------------------------------------------------------------------------------


def figures(line: Line) -> None:
    with place() as here:
        _appending(here, line)
        _lanes(here, line)
        _catching_up(here, line, CATCH_UP)
        prefix = f"{uuid4().hex}."
        make_missing(here.brokers, KafkaAccess(prefix=prefix))
        on_kafka: Mapping[str, str] = {"HUB_KAFKA": here.brokers, "HUB_KAFKA_PREFIX": prefix}
        latency.figures(line, "Kafka: ", 25.0, on_kafka)


def _appending(here: Place, line: Line) -> None:
    with here.hub(f"{uuid4().hex}.") as hub:
        key = access.create(hub.database, "bench", "machine")
        with process(hub, "serve", "--port", "0") as told:
            posted(told["url"], key, BATCH * SENDERS)  # warm: connections, keys
            ours = posted(told["url"], key, EVENTS, BATCH * SENDERS)
        written = hub.recorder.log.read({("touchpoints", part): 0 for part in range(16)}, EVENTS)
        raw = bare(here, list(written) * (1 + EVENTS // len(written)))
    line("Kafka: append by HTTP, of kafka-python", ours / raw, ">= 0.5", f"{ours:,.0f}/s of {raw:,.0f}/s, batches of {BATCH}")


def _lanes(here: Place, line: Line) -> None:
    prefix = f"{uuid4().hex}."
    with here.hub(prefix) as hub:
        fill(hub, EVENTS)
        plain = writing.lane(hub)
        limit = writing.raw(hub)
        line("Kafka: plain lane, of R", plain / limit, ">= 0.45", f"{plain:,.0f}/s of {limit:,.0f}/s")
        empty = asyncio.run(agent_alone(here, prefix, EVENTS))
        with here.hub(prefix, hub.settings.keys_url) as again:
            ours = asyncio.run(faust_lane(again, EVENTS))
    line("Kafka: Faust lane, of an empty agent", ours / empty, ">= 0.6", f"{ours:,.0f}/s of {empty:,.0f}/s")


def _catching_up(here: Place, line: Line, count: int) -> None:
    prefix = f"{uuid4().hex}."
    with here.hub(prefix) as hub:
        fill(hub, count)
        one = caught_up(hub, count, 1)
        with here.hub(prefix, hub.settings.keys_url) as again:
            two = caught_up(again, count, 2)
    print(f"Kafka: one worker that catches up with {count:,} events: {one:,.0f}/s, {count / one:,.0f} s", flush=True)
    cores = len(os.sched_getaffinity(0))
    wanted = ">= 1.5" if cores >= 4 else "-"
    rest = f"{two:,.0f}/s of {one:,.0f}/s, {cores} cores"
    line("Kafka: two workers that catch up, of one", two / one, wanted, rest if cores >= 4 else f"{rest}: too few to share")


if __name__ == "__main__":
    from bench.__main__ import line

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settle()
    figures(line)
