"""The steps, run in turn over whatever log: until nothing waits (commands) or for ever (the worker)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from hub.consumers.decide import decide_waiting
from hub.consumers.project import Lane, refold
from hub.consumers.record import Recorder
from hub.consumers.understand import understand
from hub.log.embedded import CHANNEL
from hub.store.database import Database, Unavailable
from hub.store.listening import listen

log = structlog.get_logger()
Clock = Callable[[], datetime]
_AGAIN = 1.0  # seconds until a step that failed because of the database is tried again


def clock() -> datetime:
    return datetime.now(UTC)


def once(recorder: Recorder, lane: Lane, now: Clock = clock) -> int:
    """Every step once; how many events were done."""
    return understand(recorder) + decide_waiting(recorder, now=now) + lane.run()


def until_quiet(recorder: Recorder, lane: Lane, progress: Callable[[int], None] = lambda done: None) -> int:
    """Run the steps until nothing waits for any of them: all effects are shown. How many events were done."""
    total = 0
    refold_waiting(recorder)
    while done := once(recorder, lane):
        total += done
        progress(total)
    return total


def refold_waiting(recorder: Recorder) -> None:
    """A second thought that a killed process left half done."""
    if recorder.database.rows("SELECT FROM refold LIMIT 1"):
        refold(recorder)


def forever(database: Database, step: Callable[[], int], stop: threading.Event) -> None:
    """Run a step whenever the log has something new, until `stop`. The database may go away and come back."""
    while not stop.is_set():
        try:
            with listen(database.dsn, CHANNEL) as wait:
                while not stop.is_set():
                    while step() and not stop.is_set():
                        pass
                    wait(1.0)
        except Unavailable as error:
            log.warning("the database cannot be reached; trying again", error=str(error).strip()[:200])
            stop.wait(_AGAIN)
