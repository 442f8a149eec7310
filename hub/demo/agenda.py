"""What is to be done at which second: one thread does it all, in order."""

from __future__ import annotations

import heapq
import itertools
import sys
import time
from collections.abc import Callable
from threading import Condition, Event

from hub.demo.doors import Away

Action = Callable[[], None]
_AGAIN = 2.0  # seconds


class Agenda:
    """`after` may be called from any thread. What finds the hub away is tried again until it is back."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Action]] = []
        self._serial = itertools.count()
        self._changed = Condition()

    def after(self, seconds: float, action: Action) -> None:
        with self._changed:
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._serial), action))
            self._changed.notify()

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            action = self._next()
            if action is not None:
                self._do(action)

    def _next(self) -> Action | None:
        """What is due now, after a short wait where nothing is."""
        with self._changed:
            now = time.monotonic()
            due = self._waiting[0][0] if self._waiting else now + 1.0
            if due > now:
                self._changed.wait(min(due - now, 0.2))
                return None
            return heapq.heappop(self._waiting)[2]

    def _do(self, action: Action) -> None:
        try:
            action()
        except Away as away:
            print(f"demo: {away}; trying again", file=sys.stderr)
            self.after(_AGAIN, action)
