"""Moving an installation's log from PostgreSQL to Kafka: every event to the same partition and the same position, so that
checkpoints and whatever else names a place stay true.

It goes on where the other log ends, so it may be killed and said again. At the end both logs are read and compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hub.events.envelope import Sealed
from hub.events.ids import lanes, place, stream_of
from hub.log._protocol import Log, Recorded
from hub.log.headers import CHANNEL, DIGEST, sealed
from hub.log.whole import NothingToRepeat, Whole
from hub.store.database import Database

Lane = tuple[str, int]
Progress = Callable[[int, int], None]
PORTION = 500  # events of a partition at a time


class Read(Protocol):
    """A log, as far as it is read here."""

    def ends(self) -> dict[Lane, int]: ...
    def read(self, starts: Mapping[Lane, int], limit: int) -> list[Recorded]: ...


class NotTheSame(Exception):
    """The two logs do not hold the same: what was copied is not what is there. Names the place and what to do."""


@dataclass(frozen=True, slots=True)
class Copied:
    """`sha256`: over all events, a partition after the other, the same in both logs."""

    events: int
    partitions: int
    sha256: str


def copy(database: Database, to: Log, progress: Progress, comparing: Progress) -> Copied:
    """Append what the other log lacks, then compare all. Nobody else may append meanwhile. Raises NotTheSame."""
    try:
        return _copied(Whole(database), to, progress, comparing)
    except NothingToRepeat as error:
        raise NotTheSame(str(error)) from error


def _copied(archive: Read, to: Log, progress: Progress, comparing: Progress) -> Copied:
    ends, at = archive.ends(), to.ends()
    _refuse_more(ends, at)
    total = sum(ends.values())
    for portion in _read(archive, at, ends):
        _append(to, portion)
        for recorded in portion:
            at[recorded.place[:2]] = recorded.place.position + 1
        progress(sum(at.values()), total)
    if archive.ends() != ends or to.ends() != ends:
        raise NotTheSame(
            "Something was written meanwhile. Stop every process of the hub, then say it again: it goes on there."
        )
    return _compared(archive, to, ends, comparing)


def _refuse_more(ends: Mapping[Lane, int], at: Mapping[Lane, int]) -> None:
    for lane, end in ends.items():
        if at[lane] > end:
            raise NotTheSame(
                f"Kafka has {at[lane]} events in {lane[0]}/{lane[1]}, and the hub {end}: these are another log's."
                " Copy to topics of another name (HUB_KAFKA_PREFIX)."
            )


def _read(log: Read, starts: Mapping[Lane, int], ends: Mapping[Lane, int]) -> Iterator[list[Recorded]]:
    """All from these positions up to the ends, some of each partition at a time, each partition in its order."""
    at = dict(starts)
    while left := {lane: at[lane] for lane in lanes() if at[lane] < ends[lane]}:
        portion = [one for one in log.read(left, PORTION) if one.place.position < ends[one.place[:2]]]
        if not portion:
            raise NotTheSame(f"Nothing is left to read at {next(iter(left.items()))}, and more was there.")
        for recorded in portion:
            at[recorded.place[:2]] = recorded.place.position + 1
        yield portion


def _append(to: Log, portion: Sequence[Recorded]) -> None:
    for recorded, answer in zip(portion, to.append([_as_sent(recorded) for recorded in portion]), strict=True):
        if answer.place != recorded.place:
            raise NotTheSame(
                f"What lies at {recorded.place} came to lie at {answer.place}: somebody else writes to these topics."
                " Stop it, and copy to topics of another name (HUB_KAFKA_PREFIX)."
            )


def _as_sent(recorded: Recorded) -> Sealed:
    """What fills an empty place may be another partition's."""
    event, lane = sealed(recorded), recorded.place[:2]
    return event if place(event.stream) == lane else replace(event, stream=stream_of(lane))


def _compared(archive: Read, to: Read, ends: Mapping[Lane, int], comparing: Progress) -> Copied:
    total, done = sum(ends.values()), 0
    whole = hashlib.sha256()
    for lane in lanes():
        found = []
        for log in (archive, to):
            partition = hashlib.sha256()
            for portion in _read(log, {**ends, lane: 0}, ends):
                _add(partition, portion)
            found.append(partition.digest())
        if found[0] != found[1]:
            raise NotTheSame(
                f"{lane[0]}/{lane[1]} does not hold the same events in both logs. Copy to topics of another name"
                " (HUB_KAFKA_PREFIX)."
            )
        whole.update(found[0])
        done += ends[lane]
        comparing(done, total)
    return Copied(total, len(ends), whole.hexdigest())


def _add(hashed: hashlib._Hash, portion: Sequence[Recorded]) -> None:
    """Position, length, bytes, and what only the gate needs of what stands beside: no two logs that differ give one hash."""
    for recorded in portion:
        beside = dict(recorded.headers)
        told = [beside[name].hex() if name in beside else "-" for name in (CHANNEL, DIGEST)]
        hashed.update(f"{recorded.place.position} {len(recorded.value)} {' '.join(told)} ".encode())
        hashed.update(recorded.value)
