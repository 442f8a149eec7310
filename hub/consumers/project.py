"""The project step: events of the log become rows, a batch in one transaction with its checkpoints.

What puts an earlier event right (`replaces`) or takes a person out (`party.forgotten`) is not folded: the streams that it
touches are folded again from the archive (`refold`), which is the one mechanism for second thoughts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog

from hub.consumers.decode import decode
from hub.consumers.measured import measured, telling
from hub.consumers.record import Recorder
from hub.consumers.waiting import STAND, Behind, Poisoned, Share, admitted, alone, bury, reason, unseen, waiting
from hub.events.envelope import Event
from hub.log._protocol import Recorded
from hub.log.headers import sealed
from hub.projections._shape import Fold
from hub.store import archive, projected
from hub.store.checkpoints import lock_all, move
from hub.store.database import Connection
from hub.store.projected import projections

log = structlog.get_logger()
STEP = "project"
BATCH = 1_000
LEAST = 50  # events of a partition; a run that did fewer has left nothing
SMALL = 100  # events; up to there round trips cost more than rows: statements are sent together, and nothing is COPYed
CHANNEL = "hub_shown"
SPECIAL = frozenset({"party.forgotten", "event.withdrawn"})
_REMEMBERED, _TOLERATED = 1_000, 50


class LaneStopped(Exception):
    """Too many of the last events could not be folded: the lane stands until somebody looks. Better late than wrong."""


@cache
def wanted() -> frozenset[str]:
    return frozenset().union(*(p.types for p in projections().values())) | SPECIAL


HALVES = (0, 1)  # numbers of two shares
Source = Callable[[Connection], list[Recorded]]


@dataclass
class Lane:
    """Folds what waits; where that is much, half of the partitions beside the other: PostgreSQL writes the one while
    Python folds the other. Remembers how many of the last events died."""

    recorder: Recorder

    def __post_init__(self) -> None:
        self._died: deque[bool] = deque(maxlen=_REMEMBERED)
        self._far_behind = False

    def run(self, limit: int = BATCH, lanes: Collection[tuple[str, int]] | None = None) -> int:
        """Fold what waits (in these partitions), about `limit` events; how many were done."""
        if self._far_behind:
            with ThreadPoolExecutor(len(HALVES)) as pool:
                done = sum(pool.map(lambda number: self._run(self._pulled(limit, Share(number, 2, lanes))), HALVES))
        else:
            done = self._run(self._pulled(limit, Share(lanes=lanes)))
        self._far_behind = done >= limit
        return done

    def take(self, pushed: Sequence[Recorded]) -> int:
        """Fold what somebody else read from the log, the rest of each partition in its order; how many were done.

        What lies below the checkpoints was folded before; where something is missing in between it is read first.
        """
        lanes = {recorded.place[:2] for recorded in pushed}
        done = 0
        while True:
            try:
                return done + self._run(lambda tx: unseen(tx, STEP, pushed))
            except Behind:
                done += self.run(lanes=lanes)

    def _pulled(self, limit: int, share: Share) -> Source:
        return lambda tx: waiting(self.recorder, tx, STEP, limit, LEAST, share)

    def _run(self, source: Source) -> int:
        """All that the source has. A batch that fails is halved until the poisoned event stands alone and is set aside."""
        with telling(self.recorder.database, STEP, LaneStopped):
            return self._insist(source)

    def _insist(self, source: Source) -> int:
        count: int | None = None
        total = 0
        while True:
            try:
                done, pending = self._attempt(source, count)
            except STAND:
                raise
            except Poisoned as poisoned:
                total += self._set_aside(source, poisoned)
                count = None
                continue
            except Exception:
                if count == 1:
                    raise
                count = max(1, (count or BATCH) // 2)
                continue
            self._died.extend([False] * done)
            total += done
            if pending:
                self.refold()
            if count is None:
                return total
            count = None

    def _attempt(self, source: Source, count: int | None) -> tuple[int, bool]:
        """How many were done, and whether streams wait to be folded again."""
        with measured(self.recorder.batches, STEP) as known:
            with self.recorder.database.transaction() as tx:
                batch = source(tx)[:count]
                if not batch:
                    return 0, bool(archive.refolds(tx))
                known.of(batch)
                with alone(batch):
                    fresh = admitted(self.recorder, tx, batch)
                    with tx.pipeline() if len(batch) < SMALL else nullcontext():
                        fold(self.recorder, tx, fresh)
                        pending = move(tx, STEP, batch, tell=CHANNEL, again=True)
            log.info("events folded", events=len(batch))
            return len(batch), pending

    def refold(self) -> None:
        """Fold again what waits for it. What fails is found stream by stream, and set aside."""
        try:
            refold(self.recorder)
            return
        except STAND:
            raise
        except Exception as error:
            log.error("streams could not be folded again together", error=type(error).__name__)
        with self.recorder.database.transaction() as tx:
            streams = archive.refolds(tx)
        for stream in streams:
            self._refold_alone(stream)

    def refold_waiting(self) -> None:
        """A second thought that a killed process left half done."""
        with self.recorder.database.transaction() as tx:
            pending = bool(archive.refolds(tx))
        if pending:
            self.refold()

    def _refold_alone(self, stream: str) -> None:
        with self.recorder.database.transaction() as tx:
            lock_all(tx, STEP)
            self.recorder.enter(tx)
            archive.take_refolds(tx, [stream])
            while failed := _failing(self.recorder, tx, stream):
                poisoned, error = failed
                self._count_dead(error)
                bury(self.recorder, tx, STEP, poisoned, reason(error))
                log.error("event set aside as dead letter", place=str(poisoned.place), error=type(error).__name__)
            tx.execute("SELECT pg_notify(%s, '')", [CHANNEL])

    def _count_dead(self, error: Exception) -> None:
        self._died.append(True)
        if sum(self._died) > _TOLERATED:
            raise LaneStopped(LaneStopped.__doc__) from error

    def _set_aside(self, source: Source, poisoned: Poisoned) -> int:
        event, error = poisoned.event, poisoned.error
        with self.recorder.database.transaction() as tx:
            if not poisoned.lies_first(source(tx)):
                return 0
            self._count_dead(error)
            bury(self.recorder, tx, STEP, event, reason(error))
            move(tx, STEP, [event])
        log.error("event set aside as dead letter", place=str(event.place), error=type(error).__name__)
        return 1


def fold(
    recorder: Recorder, tx: Connection, batch: Sequence[Recorded], tables: Mapping[str, str] | None = None
) -> None:
    """Fold these events into the live tables (or into `tables`), and note which streams must be folded again."""
    replaced = recorder.enter(tx)
    events = decode(recorder.keys, batch, wanted())
    special = [event for event in events if event.replaces or event.type in SPECIAL]
    ordinary = [event for event in events if not event.replaces and event.type != "event.withdrawn"]
    gone = archive.superseded(tx, [event.id for event in ordinary]) if replaced else set()
    into(tx, [event for event in ordinary if event.id not in gone], tables or projected.live(tx))
    if special:
        archive.ask_refold(tx, touched(tx, special))


def touched(tx: Connection, special: Iterable[Event]) -> set[str]:
    """The streams that these second thoughts are about."""
    streams: set[str] = set()
    for event in special:
        streams.add(event.stream)
        if event.type == "party.forgotten":
            streams |= archive.streams_of_party(tx, event.data["forgotten"])
        if event.replaces:
            streams |= archive.streams_of_events(tx, [event.replaces])
    return streams


def into(tx: Connection, events: Sequence[Event], tables: Mapping[str, str]) -> None:
    """Fold these events into these tables: per projection one read, one write."""
    for name, table in tables.items():
        projection = projections()[name]
        mine = [event for event in events if event.type in projection.types]
        if not mine:
            continue
        if isinstance(projection, Fold):
            before = projected.load(tx, projection, table, {event.stream for event in mine})
            projected.save(tx, projection, table, before, folded(projection, dict(before), mine))
        elif rows := [row for event in mine for row in projection.rows(event)]:
            projected.add(tx, projection, table, rows)


def folded(projection: Fold, rows: dict[str, Any], events: Iterable[Event]) -> dict[str, Any]:
    """The rows after these events."""
    apply = projection.apply
    for event in events:
        rows[event.stream] = apply(rows.get(event.stream), event)
    return rows


def refold(recorder: Recorder, streams: Collection[str] = ()) -> int:
    """Fold these streams, and those that wait for it, again from the archive; how many events that were."""
    with recorder.database.transaction() as tx:
        lock_all(tx, STEP)
        recorder.enter(tx)
        again = archive.take_refolds(tx) | set(streams)
        done = refold_into(recorder, tx, again, projected.live(tx))
        tx.execute("SELECT pg_notify(%s, '')", [CHANNEL])
        log.info("streams folded again", streams=len(again), events=done)
        return done


def _failing(recorder: Recorder, tx: Connection, stream: str) -> tuple[Recorded, Exception] | None:
    """Fold a stream again, an event at a time; the first that cannot be folded, and why."""
    tables = projected.live(tx)
    for table in tables.values():
        projected.delete(tx, table, [stream])
    for recorded in archive.standing(tx, [stream]):
        try:
            with tx.transaction():
                into(tx, decode(recorder.keys, [recorded], wanted() - {"event.withdrawn"}), tables)
        except STAND:
            raise
        except Exception as error:
            return recorded, error
    return None


def refold_into(recorder: Recorder, tx: Connection, streams: Collection[str], tables: Mapping[str, str]) -> int:
    batch = archive.standing(tx, streams)
    for table in tables.values():
        projected.delete(tx, table, streams)
    into(tx, decode(recorder.keys, batch, wanted() - {"event.withdrawn"}), tables)
    return len(batch)


def retry_dead(recorder: Recorder, ids: Sequence[str]) -> int:
    """Fold the streams of these dead letters (all, if none is named) again; how many streams. What fails stays dead.

    What was no event when it died is one once the hub can read it.
    """
    with recorder.database.transaction() as tx:
        lock_all(tx, STEP)
        streams = archive.revive(tx, ids)
        if unread := archive.take_unread(tx, STEP, ids):
            streams |= {sealed(recorded).stream for recorded in admitted(recorder, tx, unread)}
        recorder.enter(tx)
        refold_into(recorder, tx, streams, projected.live(tx))
    return len(streams)
