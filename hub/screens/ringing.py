"""What rings now, read once for everybody: a hundred screens ask within the same blink when a telephone rings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from threading import Lock

from hub.consumers.runner import clock
from hub.screens.agents import with_names
from hub.screens.asked import Hub, reading
from hub.screens.session import Viewer
from hub.store.changes import Changed, Changes, Vector
from hub.store.looks import What
from hub.store.ringing import LONGEST, Ringing, ringing

MOST_HEARD = 9  # as many as there are keys for


class Calls:
    """The calls that ring, kept until something about them changes, and what was written of them in each language."""

    def __init__(self, hub: Hub, changes: Changes) -> None:
        self._hub, self._changes = hub, changes
        self._lock = Lock()
        self._listening = False
        self._number = 0
        self._read = -1
        self._reading = False  # whom it brings is not known before it is done
        self._calls: list[Ringing] = []
        self._written: dict[tuple[object, ...], str] = {}
        self._seen: dict[str, set[str]] = {}

    def listen(self) -> None:
        """From now on hear of changes; before anybody's stream does, so that what a stream tells of is read anew."""
        with self._lock:
            if not self._listening:
                self._changes.listen(self._heard)
                self._listening = True

    def _heard(self, changed: Changed, before: Vector, now: Vector) -> None:
        """Much may matter to a caller who is being shown: his order, his ticket, who he is."""
        if self._reading or changed.everything or changed.rings or any(call.concerned(changed) for call in self._calls):
            self._number += 1

    def forget(self) -> None:
        """Read anew: whoever asks next has just changed something himself."""
        self._number += 1

    @property
    def fresh(self) -> bool:
        return self._listening and self._read == self._number

    def now(self) -> list[Ringing]:
        """Those that ring now, the first first; asks the database only after a change."""
        self.listen()
        with self._lock:
            if self._read != self._number:
                self._reading = True
                number = self._number
                try:
                    with reading(self._hub) as tx:
                        found = [replace(call, lasts=with_names(self._hub, call.lasts)) for call in ringing(tx, clock())]
                    self._calls = found
                finally:
                    self._reading = False
                self._written = {}
                self._seen = {call.call: self._seen.get(call.call, set()) for call in self._calls}
                self._read = number
            end = clock() - LONGEST
            return [call for call in self._calls if call.time > end]

    def heard(self, viewer: Viewer) -> list[Ringing]:
        """Those that this viewer sees, the first first."""
        return [call for call in self.now() if call.heard_by(viewer.rings, (viewer.login, viewer.name))][:MOST_HEARD]

    def look(self, viewer: Viewer, heard: Sequence[Ringing], looked: Callable[[What, Collection[str]], None]) -> None:
        """Who is shown whom for the first time; the same call is shown to the same viewer on every page."""
        for call in heard:
            seen = self._seen.setdefault(call.call, set())
            if call.shows and viewer.login not in seen:
                seen.add(viewer.login)
                looked("customer", call.shows)

    def written(self, key: tuple[object, ...]) -> str | None:
        """What was made of these calls since they were read."""
        return self._written.get(key)

    def write(self, key: tuple[object, ...], text: str) -> None:
        self._written[key] = text
