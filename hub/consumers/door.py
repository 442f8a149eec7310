"""The way in for what others send: many requests, one transaction. Whoever sent it is answered once it is durable.

Good events go straight to their topics. What is refused is kept as a raw payload, so that `understand` finds the same
fault and the ledger counts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Lock, Thread

import structlog

from hub.consumers.accept import Answer, Arrival, groups, write
from hub.consumers.ingest import GROUP, GROUP_BYTES
from hub.consumers.record import Recorder
from hub.log._protocol import LogAway, LogLost
from hub.store.database import Unavailable

log = structlog.get_logger()
_WAITING = 5_000  # groups of arrivals in the queue


class DoorFull(Exception):
    """More comes in than can be written down; send it again in a moment."""


class DoorClosed(Exception):
    """The hub is stopping; send it again in a moment."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrivals: Sequence[Arrival]
    answers: Future[list[Answer]]

    @property
    def size(self) -> int:
        return sum(len(arrival.body) for arrival in self.arrivals)


class Door:
    """A queue and the thread that empties it; started by the first that comes."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._queue: Queue[_Waiting | None] = Queue(_WAITING)
        self._thread: Thread | None = None
        self._lock = Lock()
        self._closed = False

    async def take(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """Write these down; durable when it returns. Raises DoorFull, DoorClosed and what the database raises."""
        waiting = [self._enqueue(group) for group in groups(arrivals)]
        answers = await asyncio.gather(*(asyncio.wrap_future(future) for future in waiting))
        return [answer for group in answers for answer in group]

    def close(self) -> None:
        """Write down what waits, then end."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread:
            self._queue.put(None)
            thread.join(timeout=30)

    def _enqueue(self, arrivals: Sequence[Arrival]) -> Future[list[Answer]]:
        future: Future[list[Answer]] = Future()
        with self._lock:
            if self._closed:
                raise DoorClosed(DoorClosed.__doc__)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="door", daemon=True)
                self._thread.start()
            try:
                self._queue.put_nowait(_Waiting(arrivals, future))
            except Full:
                raise DoorFull(DoorFull.__doc__) from None
        return future

    def _work(self) -> None:
        while first := self._queue.get():
            group, last = self._drained(first)
            self._answer(group)
            if last:
                return

    def _drained(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What waits, without waiting for more; whether the end was among it."""
        group, count, held = [first], len(first.arrivals), first.size
        while count < GROUP and held < GROUP_BYTES:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                return group, True
            group.append(more)
            count, held = count + len(more.arrivals), held + more.size
        return group, False

    def _answer(self, group: list[_Waiting]) -> None:
        """One transaction for all; where one of them cannot be written, each alone."""
        try:
            answers = write(self._recorder, [arrival for one in group for arrival in one.arrivals])
        except Exception as error:
            self._failed(group, error)
            return
        rest = iter(answers)
        for one in group:
            _tell(one.answers, [next(rest) for _ in one.arrivals])

    def _failed(self, group: list[_Waiting], error: Exception) -> None:
        if len(group) == 1 or isinstance(error, Unavailable | LogAway | LogLost):
            log.error("arrivals were not written down", requests=len(group), error=type(error).__name__)
            for one in group:
                _tell(one.answers, error)
            return
        for one in group:
            self._answer([one])


def _tell(future: Future[list[Answer]], outcome: list[Answer] | Exception) -> None:
    """Nobody waits any more where the sender has gone."""
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
