"""The steps, run in turn over whatever log: until nothing waits (commands) or for ever (the worker)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime

import structlog

from hub.consumers.decide import decide_waiting
from hub.consumers.project import Lane
from hub.consumers.record import Recorder
from hub.consumers.relay import relay
from hub.consumers.understand import understand
from hub.log._protocol import LogAway
from hub.log.gate import CHANNEL, EVERYTHING
from hub.store.blobs import Away
from hub.store.database import Database, Unavailable
from hub.store.listening import listen

log = structlog.get_logger()
Clock = Callable[[], datetime]
_PASS = 1.0  # seconds between two runs where nothing is told
_AGAIN = 1.0  # seconds until a step that failed because of the database is tried again


def clock() -> datetime:
    return datetime.now(UTC)


def until_quiet(recorder: Recorder, lane: Lane, progress: Callable[[int], None] = lambda done: None) -> int:
    """Run the steps until all that is in the log now is shown with its effects. How many events were done.

    What comes meanwhile is not waited for: on a busy hub it never ends.
    """
    total = 0
    lane.refold_waiting()
    for name in _order(recorder):  # each one's effects are what the next ones find
        step = _steps(recorder, lane)[name]
        ends = _ends(recorder, name)
        while _behind(recorder.database, name, ends) and (done := step()):
            total += done
            progress(total)
    return total


def _steps(recorder: Recorder, lane: Lane) -> dict[str, Callable[[], int]]:
    return {
        "understand": lambda: understand(recorder),
        "decide": lambda: decide_waiting(recorder),
        "project": lane.run,
        "relay": lambda: relay(recorder),
    }


def _order(recorder: Recorder) -> tuple[str, ...]:
    """Decisions are taken from the archive: where the log is not in it, the project step writes it first, keeps what
    conflicts as payloads, and what was decided comes back by the relay."""
    if recorder.log.in_store:
        return ("understand", "decide", "project")
    return ("relay", "understand", "project", "understand", "decide", "relay", "project")


def _ends(recorder: Recorder, step: str) -> Mapping[tuple[str, int], int]:
    return (recorder.archive if step == "decide" else recorder.log).ends()


def _behind(database: Database, step: str, ends: Mapping[tuple[str, int], int]) -> bool:
    if step == "relay":
        return bool(database.rows("SELECT FROM outbox WHERE NOT sent LIMIT 1"))
    rows = database.rows("SELECT topic, part, next FROM checkpoint WHERE step = %s", [step])
    return any(position < ends.get((topic, part), 0) for topic, part, position in rows)


def forever(
    database: Database, step: Callable[[], int], stop: threading.Event, types: Set[str], cut: int = 1,
    channel: str = CHANNEL,
) -> None:  # fmt: skip
    """Run this step whenever there is something for it, until `stop`. Database, log and blob store may go away and come back.

    `types`: of events, for which it is wanted at once; what else there is it passes once a second. `cut`: it is run
    again at once where it did so many events, for then there may be more. `channel`: where it is told of them.
    """
    while not stop.is_set():
        try:
            with listen(database.dsn, channel) as ear:
                passed = 0.0
                while not stop.is_set():
                    if time.monotonic() > passed + _PASS:
                        passed = time.monotonic()
                        wanted = True
                    else:
                        told = ear.wait(_PASS)
                        wanted = EVERYTHING in told or any(not types.isdisjoint(each.split()) for each in told)
                    while wanted and not stop.is_set() and step() >= cut:
                        pass
        except (Unavailable, LogAway, Away) as error:
            log.warning("database, log or blob store cannot be reached; trying again", error=str(error).strip()[:200])
            stop.wait(_AGAIN)
