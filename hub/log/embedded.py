"""The log of one machine: the archive table itself, appended under the locks of its heads.

A partition's head stays locked until commit, so positions are gapless and in the order of commit: who reads up to the
head never skips an event that commits later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext

from hub.events.envelope import Sealed
from hub.events.ids import place
from hub.log import gate
from hub.log._protocol import Appended, DeadLetter, Place, Recorded, not_at_end
from hub.store.database import Connection, Database

_READ = 16 * 1024 * 1024  # bytes that are read at once; of each partition at least one event

# A partition at a time: for a single value PostgreSQL keeps its plan, for an array it makes one for each question.
_READ_ONE = """
SELECT topic, part, position, value FROM (
  SELECT x.*, sum(octet_length(value)) OVER (ORDER BY position) - octet_length(value) AS bytes FROM (
    SELECT topic, part, position, value FROM event
    WHERE topic = %s AND part = %s AND position >= %s ORDER BY position LIMIT %s) x) e
WHERE bytes < %s ORDER BY position
"""
_HEAD = "SELECT topic, part, next FROM log_head WHERE topic = %s AND part = %s FOR UPDATE"
_HEADS = """
SELECT h.topic, h.part, h.next FROM log_head h JOIN unnest(%s::text[], %s::int[]) AS n(topic, part) USING (topic, part)
ORDER BY h.topic, h.part FOR UPDATE OF h
"""


class EmbeddedLog:
    """Reads the archive, also where another log is the truth and the archive is written from it."""

    in_store = True

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, events: Sequence[Sealed], tx: Connection | None = None) -> list[Appended]:
        if not events:
            return []
        with self._database.transaction() if tx is None else nullcontext(tx) as connection:
            return _append(connection, events)

    def read(self, starts: Mapping[tuple[str, int], int], limit: int, tx: Connection | None = None) -> list[Recorded]:
        bytes_each = _READ // max(1, len(starts))
        with (
            self._database.transaction() if tx is None else nullcontext(tx) as connection,
            connection.pipeline() if len(starts) > 1 else nullcontext(),
        ):
            found = [
                connection.execute(_READ_ONE, [topic, part, position, limit, bytes_each])
                for (topic, part), position in starts.items()
            ]
            rows = [row for one in found for row in one.fetchall()]
        return [Recorded(Place(topic, part, position), value.encode()) for topic, part, position, value in rows]

    def ahead(self, starts: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        return not_at_end(starts, self.ends())

    def ends(self) -> dict[tuple[str, int], int]:
        return {
            (topic, part): head for topic, part, head in self._database.rows("SELECT topic, part, next FROM log_head")
        }

    def copy_dead(self, letters: Sequence[DeadLetter]) -> None:
        """It has no twins: the list of dead letters is beside it."""

    def close(self) -> None:
        """The database is closed by whoever opened it."""


def _append(connection: Connection, events: Sequence[Sealed]) -> list[Appended]:
    heads, there = _lock(connection, events)
    answers: list[Appended] = []
    fresh: list[tuple[Place, Sealed]] = []
    for event in events:
        answer = gate.seen(event, there)
        if answer is None:
            lane = place(event.stream)
            where = Place(*lane, heads[lane])
            heads[lane] += 1
            there[event.id] = where, event.digest
            fresh.append((where, event))
            answer = Appended(where, "new")
        answers.append(answer)
    lanes = {where[:2] for where, _ in fresh}
    gate.write(connection, fresh, {lane: heads[lane] for lane in lanes}, gate.counted(events, answers))
    return answers


def _lock(connection: Connection, events: Sequence[Sealed]) -> tuple[dict[tuple[str, int], int], gate.Known]:
    """Lock the heads of these events' partitions, in one order for all writers; then see which events are known."""
    lanes = {place(event.stream) for event in events}
    with connection.pipeline():
        if len(lanes) == 1:
            heads = connection.execute(_HEAD, [*lanes.pop()])
        else:
            heads = connection.execute(_HEADS, [list(each) for each in zip(*lanes, strict=True)])
        asked = gate.ask(connection, [event.id for event in events])
        return {(topic, part): head for topic, part, head in heads.fetchall()}, gate.known(asked)
