"""What a step does, measured and told: the size and the time of its batches, and that it stands.

The log lines of a batch carry its step and its first event's place (`batch`), so that they can be found together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, unbind_contextvars

from hub.events.catalogue import NewerVersion
from hub.log._protocol import LogLost, LogRefused, Recorded
from hub.store import batches
from hub.store.batches import Bucket
from hub.store.database import Database, Unavailable

log = structlog.get_logger()
_TOLD = 1.0  # seconds between two times that figures are written


class Batches:
    """What this process did since it last wrote it down; for any number of threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._found: dict[tuple[str, str, float], tuple[int, float]] = {}
        self._next = 0.0

    def note(self, step: str, events: int, seconds: float) -> None:
        with self._lock:
            for what, value in (("events", float(events)), ("seconds", seconds)):
                key = step, what, batches.bucket(what, value)
                count, total = self._found.get(key, (0, 0.0))
                self._found[key] = count + 1, total + value

    def tell(self) -> None:
        """Write it down where others see it, at most once a second. The database may be away: it is written later."""
        with self._lock:
            if not self._found or time.monotonic() < self._next:
                return
            self._next = time.monotonic() + _TOLD
            found, self._found = self._found, {}
        try:
            with self._database.transaction() as tx:
                tx.execute("SET LOCAL synchronous_commit = off")
                batches.add(tx, [Bucket(*key, *sums) for key, sums in found.items()])
        except Unavailable:
            with self._lock:
                for key, (count, total) in found.items():
                    more = self._found.get(key, (0, 0.0))
                    self._found[key] = count + more[0], total + more[1]


@dataclass
class Batch:
    """A batch that is being done; `of`: these events."""

    events: int = 0

    def of(self, batch: Sequence[Recorded]) -> None:
        self.events = len(batch)
        bind_contextvars(batch=str(batch[0].place))


@contextmanager
def measured(figures: Batches, step: str) -> Iterator[Batch]:
    """Around the transaction of a batch. One that fails is not counted; where nothing waits, figures are told that do."""
    batch, start = Batch(), time.perf_counter()
    with bound_contextvars(step=step):
        try:
            yield batch
        finally:
            unbind_contextvars("batch")
    if batch.events:
        figures.note(step, batch.events, time.perf_counter() - start)
    figures.tell()


@contextmanager
def telling(database: Database, step: str, *also: type[Exception]) -> Iterator[None]:
    """Around a step: where it must not go on, that is said where an operator sees it, each time that it is tried.

    `also`: what stops this step besides what stops them all.
    """
    stops: tuple[type[Exception], ...] = (NewerVersion, LogLost, LogRefused, *also)
    try:
        yield
    except stops as error:
        try:
            with database.transaction() as tx:
                batches.stands(tx, step, str(error))
        except Unavailable:
            log.warning("that a step stands could not be written down", step=step)
        raise
