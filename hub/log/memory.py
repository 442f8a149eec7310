"""A log in memory: a log like the others, under the same contract suite; forgotten when the process ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from hub.events.envelope import Sealed
from hub.events.ids import lanes, place
from hub.log._protocol import Appended, DeadLetter, Place, Recorded, not_at_end


class MemoryLog:
    in_store = False

    def __init__(self) -> None:
        self._lock = Lock()
        self._parts: dict[tuple[str, int], list[bytes]] = {lane: [] for lane in lanes()}
        self._known: dict[str, tuple[Place, bytes | None]] = {}

    def append(self, events: Sequence[Sealed], tx: Any = None) -> list[Appended]:
        with self._lock:
            return [self._append(event) for event in events]

    def read(self, starts: Mapping[tuple[str, int], int], limit: int, tx: Any = None) -> list[Recorded]:
        with self._lock:
            return [
                Recorded(Place(topic, part, start + n), value)
                for (topic, part), start in sorted(starts.items())
                for n, value in enumerate(self._parts[topic, part][start : start + limit])
            ]

    def ahead(self, starts: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        return not_at_end(starts, self.ends())

    def ends(self) -> dict[tuple[str, int], int]:
        with self._lock:
            return {lane: len(values) for lane, values in self._parts.items()}

    def copy_dead(self, letters: Sequence[DeadLetter]) -> None:
        """It has no twins."""

    def close(self) -> None:
        """Nothing is open."""

    def _append(self, event: Sealed) -> Appended:
        if event.id in self._known:
            where, digest = self._known[event.id]
            same = digest is None or event.digest is None or digest == event.digest
            return Appended(where, "duplicate" if same else "conflict")
        topic, part = place(event.stream)
        where = Place(topic, part, len(self._parts[topic, part]))
        self._parts[topic, part].append(event.value)
        self._known[event.id] = where, event.digest
        return Appended(where, "new")
