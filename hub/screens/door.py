"""The way in for what others send: many requests, one transaction. Whoever sent it is answered once it is durable.

Good events go straight to their topics. What is refused is kept as a raw payload, so that `understand` finds the same
fault and the ledger counts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import Empty, Full, Queue
from threading import Lock, Thread

import structlog

from hub.channels._shape import Rejected
from hub.channels.cloudevents import CONFLICT
from hub.consumers.record import Outgoing, Recorder, payload_of_bytes
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.ids import digest
from hub.events.prepare import Installation, NotValid, prepare
from hub.events.seal import key_name
from hub.log._protocol import Appended
from hub.store.decisions import Unavailable
from hub.store.keys import Destroyed

log = structlog.get_logger()
GROUP = 1_000  # arrivals of one transaction
_WAITING = 5_000  # groups of arrivals in the queue; one is at most GROUP


class DoorFull(Exception):
    """More comes in than can be written down; send it again in a moment."""


class DoorClosed(Exception):
    """The hub is stopping; send it again in a moment."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came in. `draft`: the event that it says; without one it is kept as a payload of `channel`.

    `refused`: why it is no event. `said`: what tells it from another event under the same id.
    """

    channel: str
    source: str
    body: bytes = field(repr=False)
    received: datetime
    meta: Mapping[str, str] = field(default_factory=dict)
    draft: Draft | None = None
    refused: Rejected | None = None
    said: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """`verdict`: accepted, duplicate or rejected (`refused` says why)."""

    verdict: str
    id: str
    position: str | None
    refused: Rejected | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrivals: Sequence[Arrival]
    answers: Future[list[Answer]]


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
        waiting = [self._enqueue(arrivals[n : n + GROUP]) for n in range(0, len(arrivals), GROUP)]
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
        group, count = [first], len(first.arrivals)
        while count < GROUP:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                return group, True
            group.append(more)
            count += len(more.arrivals)
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
        if len(group) == 1 or isinstance(error, Unavailable):
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


def write(recorder: Recorder, arrivals: Sequence[Arrival]) -> list[Answer]:
    """Write these down in one transaction, all or nothing; conflicting ones are kept as payloads in a second."""
    try:
        answers = _written(recorder, arrivals)
    except Destroyed:  # somebody was forgotten meanwhile: his identifiers are a new person's now
        answers = _written(recorder, arrivals)
    conflicts = [n for n, answer in enumerate(answers) if answer.refused is CONFLICT]
    if conflicts:
        kept = _written(recorder, [_conflicting(arrivals[n]) for n in conflicts])
        for n, answer in zip(conflicts, kept, strict=True):
            answers[n] = answer
    return answers


def _conflicting(arrival: Arrival) -> Arrival:
    return replace(arrival, draft=None, refused=CONFLICT, meta={**arrival.meta, "conflict": "true"})


@dataclass(frozen=True, slots=True)
class _Made:
    outgoing: Outgoing
    refused: Rejected | None


def _written(recorder: Recorder, arrivals: Sequence[Arrival]) -> list[Answer]:
    made: list[_Made] = []

    def build(here: Installation) -> list[Outgoing]:
        made.extend(_made(recorder, here, arrival) for arrival in arrivals)
        return [one.outgoing for one in made]

    appended = recorder.record(build)
    return [_answered(one, each) for one, each in zip(made, appended, strict=True)]


def _made(recorder: Recorder, here: Installation, arrival: Arrival) -> _Made:
    refused = arrival.refused
    if arrival.draft:
        try:
            event = _event(recorder, here, arrival.draft, arrival.received)
        except NotValid as error:
            refused = Rejected(error.why, error.at)
        else:
            direct = (arrival.draft.source, arrival.channel)
            return _Made(Outgoing(event, direct, digest(here.secret, arrival.said)), None)
    kept = payload_of_bytes(recorder, arrival.channel, arrival.source, arrival.body, arrival.meta, arrival.received)
    return _Made(kept, refused)


def _event(recorder: Recorder, here: Installation, draft: Draft, received: datetime) -> Event:
    """Files are kept under the key of whom the event concerns, so it is prepared once to know who that is."""
    event = prepare(draft, here, received)
    if not draft.files:
        return event
    kept = recorder.keep_files(event.id, key_name(event), draft.files)
    return prepare(replace(draft, fields=draft.fields | {"attachments": kept}), here, received)


def _answered(made: _Made, appended: Appended) -> Answer:
    id, position = made.outgoing.event.id, str(appended.place) if appended.place else None
    if made.refused:
        return Answer("rejected", id, position, made.refused)
    if appended.verdict == "conflict":
        return Answer("rejected", id, None, CONFLICT)
    return Answer("accepted" if appended.verdict == "new" else "duplicate", id, position)


def tally(answers: Iterable[Answer]) -> dict[str, object]:
    """The contract's answer to events that came in."""
    listed = list(answers)
    return {
        "accepted": sum(answer.verdict == "accepted" for answer in listed),
        "duplicates": sum(answer.verdict == "duplicate" for answer in listed),
        "rejected": [
            {"index": n, "why": answer.refused.why, "at": answer.refused.at}
            for n, answer in enumerate(listed) if answer.refused
        ],
        "events": [{"id": a.id, "position": a.position} for a in listed if not a.refused],
    }  # fmt: skip
