"""What rings now, read once for everybody: a hundred screens ask within the same blink when a telephone rings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from operator import is_
from threading import Event, Lock, Thread

import structlog

from hub.consumers.runner import clock
from hub.screens.agents import with_names
from hub.screens.asked import Hub, reading
from hub.screens.session import Viewer
from hub.store.changes import Changed, Changes, Vector
from hub.store.looks import What
from hub.store.ringing import LONGEST, Ringing, ringing

log = structlog.get_logger()
MOST_HEARD = 9  # as many as there are keys for


class Calls:
    """The calls that ring, each kept until something about it changes, and what was written of them in each language."""

    def __init__(self, hub: Hub, changes: Changes) -> None:
        self._hub, self._changes = hub, changes
        self._lock = Lock()
        self._notes = Lock()  # of what changed; held for a moment only
        self._listening = False
        self._number = 0
        self._read = -1
        self._meanwhile: list[Changed] | None = None  # while they are read: what changed, for whom they bring is not known yet
        self._calls: dict[str, Ringing] = {}
        self._same: dict[str, Ringing] = {}  # those of which nothing changed since
        self._written: dict[tuple[object, ...], tuple[Sequence[Ringing], str]] = {}
        self._seen: dict[str, set[str]] = {}
        self._rung, self._stop = Event(), Event()
        self._thread: Thread | None = None

    def close(self) -> None:
        self._stop.set()
        self._rung.set()
        if self._thread:
            self._thread.join(timeout=5)

    def listen(self) -> None:
        """From now on hear of changes; before anybody's stream does, so that what a stream tells of is read anew."""
        with self._lock:
            if not self._listening:
                self._changes.listen(self._heard)
                self._thread = Thread(target=self._look_ahead, name="ringing", daemon=True)
                self._thread.start()
                self._listening = True

    def _heard(self, changed: Changed, before: Vector, now: Vector) -> None:
        """Much may matter to a caller who is being shown: his order, his ticket, who he is."""
        with self._notes:
            if self._meanwhile is not None:
                self._meanwhile.append(changed)
            other = {id for id, call in self._same.items() if call.concerned(changed)}
            if other or changed.rings or changed.everything:
                self._same = {id: call for id, call in self._same.items() if id not in other}
                self._number += 1
        if changed.rings:
            self._rung.set()

    def _look_ahead(self) -> None:
        """A screen that was told of a ring is about to ask who calls: until it does, that is read."""
        while self._rung.wait() and not self._stop.is_set():
            self._rung.clear()
            try:
                self.now()
            except Exception as error:  # whoever asks meets it himself
                log.warning("who calls could not be read ahead", error=type(error).__name__)

    def forget(self) -> None:
        """Read anew: whoever asks next has just changed something himself."""
        with self._notes:
            self._same = {}
            self._number += 1
            if self._meanwhile is not None:
                self._meanwhile.append(Changed(everything=True))

    @property
    def fresh(self) -> bool:
        return self._listening and self._read == self._number

    def now(self) -> list[Ringing]:
        """Those that ring now, the first first; asks the database only after a change, and only about what changed."""
        self.listen()
        with self._lock:
            if self._read != self._number:
                self._look_again()
            return self._ringing()

    def _ringing(self) -> list[Ringing]:
        end = clock() - LONGEST
        return [call for call in self._calls.values() if call.rang > end]

    def _look_again(self) -> None:
        with self._notes:
            number, same = self._number, self._same
            self._meanwhile = meanwhile = list[Changed]()
        try:
            with reading(self._hub) as tx:
                found = ringing(tx, clock(), same)
            calls = {
                call.call: call if call.call in same else replace(call, lasts=with_names(self._hub, call.lasts))
                for call in found
            }
            with self._notes:
                self._calls = calls
                self._same = {id: call for id, call in calls.items() if not any(map(call.concerned, meanwhile))}
                self._number += len(self._same) < len(calls)
        finally:
            with self._notes:
                self._meanwhile = None
        self._written = {}
        self._seen = {id: self._seen.get(id, set()) for id in calls}
        self._read = number

    def heard(self, viewer: Viewer, aside: Collection[str] = ()) -> list[Ringing]:
        """Those that this viewer sees, the first first, without those that he put `aside`."""
        return _heard(self.now(), viewer, aside)

    def known(self, viewer: Viewer, aside: Collection[str] = ()) -> list[Ringing] | None:
        """The same where nothing changed since it was read, else None; waits for nobody."""
        return _heard(self._ringing(), viewer, aside) if self.fresh else None

    def look(self, viewer: Viewer, heard: Sequence[Ringing], looked: Callable[[What, Collection[str]], None]) -> None:
        """Who is shown whom for the first time; the same call is shown to the same viewer on every page."""
        for call in heard:
            seen = self._seen.setdefault(call.call, set())
            if call.shows and viewer.login not in seen:
                seen.add(viewer.login)
                looked("customer", call.shows)

    def written(self, key: tuple[object, ...], heard: Sequence[Ringing]) -> str | None:
        """What was made of these calls, as they were read last."""
        of, text = self._written.get(key, ((), None))
        return text if len(of) == len(heard) and all(map(is_, of, heard)) else None

    def write(self, key: tuple[object, ...], heard: Sequence[Ringing], text: str) -> None:
        self._written[key] = (heard, text)


def _heard(calls: Sequence[Ringing], viewer: Viewer, aside: Collection[str]) -> list[Ringing]:
    who = (viewer.login, viewer.name)
    return [call for call in calls if call.call not in aside and call.heard_by(viewer.rings, who)][:MOST_HEARD]
