"""The steps, run in turn over whatever log: until nothing waits (commands) or for ever (the worker)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import UTC, datetime

import structlog

from hub.consumers.decide import decide_waiting
from hub.consumers.project import Lane
from hub.consumers.record import Recorder
from hub.consumers.relay import relay
from hub.consumers.understand import understand
from hub.log._protocol import LogAway
from hub.log.gate import CHANNEL, EVERYTHING
from hub.logs import Repeated
from hub.store import outbox
from hub.store.blobs import Away
from hub.store.database import Database, Unavailable
from hub.store.listening import listen

log = structlog.get_logger()
Clock = Callable[[], datetime]
_PASS = 1.0  # seconds between two runs where nothing is told
_LOOK = 0.05  # seconds between two looks whether another relay has sent what waits
_STANDS = 60.0  # seconds without one more sent; longer than a relay has that was stopped, or whose log is away
_AGAIN = 1.0  # seconds until a step that failed because of the database is tried again


class StillSending(LogAway):
    """What was decided is not sent yet: another process is at it and does not get on. `hub doctor` says if the log is away."""


def clock() -> datetime:
    return datetime.now(UTC)


def until_quiet(recorder: Recorder, lane: Lane, progress: Callable[[int], None] = lambda done: None) -> int:
    """Run the steps until all that is in the log now is shown with its effects. How many events were done.

    What comes meanwhile is not waited for: on a busy hub it never ends.
    """
    total = 0
    lane.refold_waiting()
    for name in _order(recorder):  # each one's effects are what the next ones find
        for done in _relayed(recorder) if name == "relay" else _stepped(recorder, lane, name):
            total += done
            progress(total)
    return total


def _stepped(recorder: Recorder, lane: Lane, name: str) -> Iterator[int]:
    step: dict[str, Callable[[], int]] = {
        "understand": lambda: understand(recorder),
        "decide": lambda: decide_waiting(recorder),
        "project": lane.run,
    }
    ends = (recorder.archive if name == "decide" else recorder.log).ends()
    while behind(recorder.database, name, ends) and (done := step[name]()):
        yield done


def _relayed(recorder: Recorder) -> Iterator[int]:
    """Send what waits now. One relay sends at a time: what another is sending is waited for as long as it gets on."""
    with recorder.database.transaction() as tx:
        last = outbox.last(tx)
    stands, until = 0, 0.0
    while first := _first_unsent(recorder.database, last):
        if done := relay(recorder):
            yield done
        elif first != stands:
            stands, until = first, time.monotonic() + _STANDS
        elif time.monotonic() < until:
            time.sleep(_LOOK)
        else:
            raise StillSending(StillSending.__doc__)


def _first_unsent(database: Database, last: int) -> int | None:
    with database.transaction() as tx:
        return outbox.first_unsent(tx, last)


def _order(recorder: Recorder) -> tuple[str, ...]:
    """Decisions are taken from the archive: where the log is not in it, the project step writes it first, keeps what
    conflicts as payloads, and what was decided comes back by the relay."""
    if recorder.log.in_store:
        return ("understand", "decide", "project")
    return ("relay", "understand", "project", "understand", "decide", "relay", "project")


def behind(database: Database, step: str, ends: Mapping[tuple[str, int], int]) -> bool:
    """Whether a step has not come to one of these ends."""
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
    away = Repeated(log)
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
            away("database, log or blob store cannot be reached; trying again", error=str(error).strip()[:200])
            stop.wait(_AGAIN)
