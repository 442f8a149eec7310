"""What a worker does: every step, each in a thread of its own, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Mapping

import structlog

from hub.consumers.decide import decide_waiting
from hub.consumers.forget import finish
from hub.consumers.project import LEAST, LaneStopped, wanted
from hub.consumers.relay import copy_dead, relay
from hub.consumers.runner import clock, forever
from hub.consumers.understand import understand
from hub.desk.policies import CONTACTS
from hub.events.catalogue import NewerVersion
from hub.events.ids import TOPICS
from hub.events.kinds.inbound import PayloadReceived
from hub.log._protocol import LogLost, LogRefused
from hub.log.gate import EVERYTHING
from hub.store import outbox
from hub.wiring import Hub

log = structlog.get_logger()
Step = Callable[[], None]
_STANDS = 5.0  # seconds before a lane that stands tries again
_PARTING = 20.0  # seconds


def work(hub: Hub, stop: threading.Event, topics: Collection[str] | None = None) -> None:
    """Understand, decide and fold what comes, until `stop`. A bug ends the process. `topics`: only these of Kafka's."""
    finish(hub.recorder, clock())
    kafka = hub.settings.kafka
    together(_of_the_archive(hub, stop) if kafka is None else _of_kafka(hub, kafka, stop, topics or TOPICS), stop)


def together(steps: Mapping[str, Step], stop: threading.Event) -> None:
    threads = [threading.Thread(target=_lane, args=(name, step, stop), name=name) for name, step in steps.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def until_asked() -> threading.Event:
    """Set when somebody asks this process to end (SIGTERM, SIGINT)."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, f: stop.set())
    return stop


def in_time(stop: threading.Event) -> threading.Event:
    """The same, for a process that works and nothing else: it ends soon after it was asked to, whatever it waits for then.
    Kafka's clients look for a broker for ever, and what is in a transaction is done again by the next one."""

    def watch() -> None:
        stop.wait()
        time.sleep(_PARTING)
        log.warning("what is waited for does not answer; ending all the same")
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    return stop


def _of_the_archive(hub: Hub, stop: threading.Event) -> dict[str, Step]:
    recorder = hub.recorder
    return {
        "project": lambda: forever(hub.database, hub.lane.run, stop, wanted(), LEAST),
        "understand": lambda: forever(hub.database, lambda: understand(recorder), stop, {PayloadReceived.type}),
        "decide": lambda: forever(hub.database, lambda: decide_waiting(recorder, now=clock), stop, CONTACTS),
    }


def _of_kafka(hub: Hub, brokers: str, stop: threading.Event, topics: Collection[str]) -> dict[str, Step]:
    """Faust brings what is in the log; decisions are taken from what was archived of it, and go back by the relay."""
    from hub.consumers.faust_app import tail

    recorder, access = hub.recorder, hub.settings.kafka_access
    return {
        "tail": lambda: asyncio.run(tail(brokers, access, hub.settings.home, recorder, hub.lane, stop, topics)),
        "decide": lambda: forever(hub.database, lambda: decide_waiting(recorder, now=clock), stop, CONTACTS),
        "relay": lambda: forever(hub.database, lambda: relay(recorder), stop, {EVERYTHING}, channel=outbox.CHANNEL),
        "twins": lambda: forever(hub.database, lambda: copy_dead(recorder), stop, frozenset(), channel=outbox.CHANNEL),
    }


def _lane(name: str, run: Step, stop: threading.Event) -> None:
    """A lane that must not go on stands, says why, and looks again; a bug ends the process."""
    while not stop.is_set():
        try:
            run()
        except (LaneStopped, NewerVersion, LogLost, LogRefused) as error:
            log.error("the lane stands", lane=name, why=str(error))
            stop.wait(_STANDS)
        except BaseException:
            log.exception("the worker ends", lane=name)
            os._exit(1)
