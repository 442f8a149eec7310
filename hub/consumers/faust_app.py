"""The live tail on Kafka: Faust's agents share the partitions among all workers and push what comes to the steps.

An agent only feeds a bounded queue; a writer takes whatever waits there, in one transaction, and never waits for more.
Faust's acknowledgement is no checkpoint: that lies in PostgreSQL, is compared when events are taken, and whoever wakes
up after his partitions were given to another finds that they were done. A worker that is far behind reads by itself,
which is faster, and then lets Faust go on from there.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import faust
import structlog
from faust.auth import SASLCredentials, SSLCredentials
from faust.types import TP

from hub.consumers import project, understand
from hub.consumers.project import LaneStopped
from hub.consumers.record import Recorder
from hub.consumers.runner import behind
from hub.events.catalogue import NewerVersion
from hub.events.ids import TOPICS
from hub.log._protocol import LogAway, LogLost, LogRefused, Place, Recorded
from hub.logs import Repeated
from hub.settings import KafkaAccess
from hub.store.blobs import Away
from hub.store.checkpoints import positions
from hub.store.database import STEPS, Unavailable

Lane = tuple[str, int]
log = structlog.get_logger()
GROUP = "hub-worker"
_QUEUE = 4_000  # events that wait for a writer; then Faust is not asked for more
_TAKEN = 1_000  # events of one transaction
_PASS = 1.0  # seconds between two looks at what nobody tells
_LOOK = 0.2  # seconds
_PARTING = 15.0  # seconds; less than a worker has that was asked to end
_AGAIN, _STANDS = 1.0, 5.0  # seconds until something that failed, or must not go on, is tried again


@dataclass
class Writer:
    """Takes what Faust pushes for a step. `take`: do these events; `pull`: read what waits in these partitions and do it
    (`busy`: only what Faust seems not to bring); both answer how many were done."""

    name: str
    take: Callable[[Sequence[Recorded]], int]
    pull: Callable[[Collection[Lane], bool], int]
    mine: frozenset[Lane] = frozenset()
    queue: asyncio.Queue[Recorded] = field(default_factory=lambda: asyncio.Queue(_QUEUE))
    away: Repeated = field(default_factory=lambda: Repeated(log))

    async def run(self) -> None:
        """For ever. What cannot be done now is tried again; nothing is passed over.

        Faust may begin behind events that nobody saw, and then tells nothing of them: once a second it is looked.
        """
        passed = 0.0
        with ThreadPoolExecutor(1, self.name) as pool:
            while True:
                batch = await self._waiting()
                now, far_behind = time.monotonic(), self.queue.full()
                if self.mine and (far_behind or now > passed + _PASS):
                    passed = now
                    await self._insist(pool, partial(self.pull, self.mine, bool(batch) and not far_behind))
                if batch:
                    await self._insist(pool, partial(self.take, batch))

    async def _waiting(self) -> list[Recorded]:
        try:
            async with asyncio.timeout(_PASS):
                batch = [await self.queue.get()]
        except TimeoutError:
            return []
        while len(batch) < _TAKEN and not self.queue.empty():
            batch.append(self.queue.get_nowait())
        return batch

    async def _insist(self, pool: ThreadPoolExecutor, work: Callable[[], int]) -> None:
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(pool, work)
                return
            except (Unavailable, LogAway, Away) as error:
                self.away("database, log or blob store cannot be reached; trying again", error=str(error).strip()[:200])
                await asyncio.sleep(_AGAIN)
            except (LaneStopped, NewerVersion, LogLost, LogRefused) as error:
                log.error("the lane stands", lane=self.name, why=str(error))
                await asyncio.sleep(_STANDS)


@dataclass
class Puller:
    """Reads what Faust does not bring, or not fast enough. `run`: do some of what waits in these `lanes`."""

    recorder: Recorder
    step: str
    run: Callable[..., int]

    def __post_init__(self) -> None:
        self._stood: dict[Lane, int] = {}

    def __call__(self, lanes: Collection[Lane], busy: bool) -> int:
        """Do what waits in these partitions. `busy`: only in those that stand where they stood at the last look; to read what
        Faust brings anyway would hold it up."""
        if not busy:
            return self._all(lanes)
        with self.recorder.database.transaction() as tx:
            at = positions(tx, self.step)
        ahead = self.recorder.log.ahead({lane: at[lane] for lane in lanes})
        stood, self._stood = self._stood, ahead
        stuck = [lane for lane, position in ahead.items() if stood.get(lane) == position]
        return self._all(stuck) if stuck else 0

    def _all(self, lanes: Collection[Lane]) -> int:
        """Until all is done that lay there when it had begun: where events never cease there is always something more."""
        done = part = self.run(lanes=lanes)
        ends = {lane: end for lane, end in self.recorder.log.ends().items() if lane in lanes} if part else {}
        while part and behind(self.recorder.database, self.step, ends):
            done += (part := self.run(lanes=lanes))
        return done


def writers(recorder: Recorder, lane: project.Lane, topics: Collection[str] = tuple(TOPICS)) -> dict[str, Writer]:
    """One for each step that reads the log, by those of its topics that are wanted."""
    folding = Writer("project", lane.take, Puller(recorder, "project", lane.run))
    reading = partial(understand.understand, recorder)
    understanding = Writer("understand", partial(understand.take, recorder), Puller(recorder, "understand", reading))
    return {topic: understanding if topic in STEPS["understand"] else folding for topic in topics}


def group(topics: Collection[str]) -> str:
    """The name of those who share these topics. Faust takes it for granted that all of a group have the same ones, and gives
    partitions to whoever does not read them; who has others is of another group."""
    return GROUP if set(topics) == set(TOPICS) else "-".join([GROUP, *sorted(topics)])


def application(brokers: str, access: KafkaAccess, topics: Mapping[str, Writer], folder: Path) -> faust.App:
    """Faust's application: an agent for each topic, which only hands on. No tables, no web server, no leader topic.

    `folder`: where Faust makes the empty folder that its tables would lie in; otherwise it were the current one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        access.prefix + group(topics), broker=[f"kafka://{one}" for one in brokers.split(",")], autodiscover=False,
        web_enabled=False, topic_disable_leader=True, store="memory://", key_serializer="raw", value_serializer="raw",
        consumer_auto_offset_reset="latest", topic_allow_declare=False, broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0, broker_request_timeout=30.0, stream_wait_empty=False, stream_buffer_maxsize=_QUEUE,
        broker_credentials=_credentials(access), worker_redirect_stdouts=False, datadir=folder / "faust",
    )  # fmt: skip
    for topic, writer in topics.items():
        app.agent(app.topic(access.prefix + topic), name=f"{writer.name} {topic}")(_handing_on(app, topic, writer))

    @app.on_partitions_assigned.connect(weak=False)
    async def assigned(app: faust.App, partitions: set[TP], **_: Any) -> None:
        for writer in {id(one): one for one in topics.values()}.values():
            of = {access.prefix + topic: topic for topic, one in topics.items() if one is writer}
            writer.mine = frozenset((of[tp.topic], tp.partition) for tp in partitions if tp.topic in of)

    return app


def _handing_on(app: faust.App, topic: str, writer: Writer) -> Callable[[Any], Awaitable[None]]:
    async def hand_on(stream: Any) -> None:
        try:
            async for event in stream.events():
                await writer.queue.put(_recorded(topic, event.message))
        except Exception as error:  # Faust would begin again without a word: a bug ends the worker
            await app.crash(error)
            raise

    return hand_on


def _recorded(topic: str, message: Any) -> Recorded:
    """A record without a value is an event as little as one with nonsense."""
    beside = list(message.headers or ())
    return Recorded(Place(topic, message.partition, message.offset), message.value or b"", beside)


def _credentials(access: KafkaAccess) -> SASLCredentials | SSLCredentials | None:
    secure = access.security.endswith("SSL")
    context = ssl.create_default_context(cafile=access.ca and str(access.ca)) if secure else None
    if context and access.cert:
        context.load_cert_chain(str(access.cert), access.key and str(access.key))
    if access.security.startswith("SASL_"):
        return SASLCredentials(
            username=access.user, password=access.password, mechanism=access.mechanism, ssl_context=context
        )
    return SSLCredentials(context) if context else None


async def _ended(app: faust.App) -> None:
    """Stop Faust. What crashed in it may never answer: whoever waits for that goes on without."""
    try:
        async with asyncio.timeout(_PARTING):
            await app.stop()
    except TimeoutError:
        log.warning("Faust does not stop; going on without it")


async def tail(
    brokers: str, access: KafkaAccess, folder: Path, recorder: Recorder, lane: project.Lane, stop: Event,
    topics: Collection[str],
) -> None:  # fmt: skip
    """Follow these topics of the log until `stop`. `folder`: of this machine's hub, for what is held in passing."""
    writing = writers(recorder, lane, topics)
    app = application(brokers, access, writing, folder)
    app.finalize()
    # What crashes while Faust starts keeps it from ever having started: that is not waited for alone.
    work = [app.start(), *(one.run() for one in {id(one): one for one in writing.values()}.values())]
    tasks = [asyncio.create_task(each) for each in work]
    try:
        while not stop.is_set() and not app.should_stop:
            for task in tasks:
                if task.done():
                    await task
            await asyncio.sleep(_LOOK)
    finally:
        for task in tasks:
            task.cancel()
        await _ended(app)
    if app.crash_reason:
        raise app.crash_reason
