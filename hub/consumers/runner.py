"""The steps, run in turn over whatever log: until nothing waits (commands) or for ever (the worker)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
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
    """Run the steps until all that is in the log now is shown with its effects. How many events were done.

    What comes meanwhile is not waited for: on a busy hub it never ends.
    """
    total = 0
    refold_waiting(recorder)
    steps: dict[str, Callable[[], int]] = {
        "understand": lambda: understand(recorder),
        "decide": lambda: decide_waiting(recorder),
        "project": lane.run,
    }
    for name, step in steps.items():  # in this order: each one's effects are what the next ones find in the log
        ends = recorder.log.ends()
        while _behind(recorder.database, name, ends) and (done := step()):
            total += done
            progress(total)
    return total


def _behind(database: Database, step: str, ends: Mapping[tuple[str, int], int]) -> bool:
    rows = database.rows("SELECT topic, part, next FROM checkpoint WHERE step = %s", [step])
    return any(position < ends.get((topic, part), 0) for topic, part, position in rows)


def refold_waiting(recorder: Recorder) -> None:
    """A second thought that a killed process left half done."""
    if recorder.database.rows("SELECT FROM refold LIMIT 1"):
        refold(recorder)


def forever(
    database: Database, name: str, step: Callable[[], int], stop: threading.Event, types: Sequence[str] = ()
) -> None:
    """Run this step whenever the log has something for it, until `stop`. The database may go away and come back.

    `types`: what it is wanted for at once; what else there is it passes when nothing more comes, or once a second.
    """
    passed = 0.0
    while not stop.is_set():
        try:
            with listen(database.dsn, CHANNEL) as ear:
                while not stop.is_set():
                    while ear.behind(name, types) and not stop.is_set():
                        step()
                    if not ear.wait(1.0) or time.monotonic() > passed + 1.0:
                        passed = time.monotonic()
                        step()
        except Unavailable as error:
            log.warning("the database cannot be reached; trying again", error=str(error).strip()[:200])
            stop.wait(_AGAIN)
