"""That all that ever came was accounted for, in five numbers; asked by many at once they are counted once."""

from __future__ import annotations

import time
from threading import Lock
from typing import NamedTuple

from hub.screens.asked import Hub
from hub.store import ledger

_FRESH = 3.0  # seconds for which the sums are good enough
_SHARE = 20  # times as long as the counting took: balancing a large ledger reads a whole index


class Sums(NamedTuple):
    """Over all sources: received = understood + ignored + rejected + waiting, unless something was lost."""

    received: int
    understood: int
    ignored: int
    rejected: int
    waiting: int
    balanced: bool


class Accounted:
    """The sums of the ledger, remembered for a while."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = Lock()
        self._until = 0.0
        self._sums: Sums | None = None

    def sums(self) -> Sums | None:
        """While somebody counts the others get what was counted before, None the first time: each that waited would hold a
        thread."""
        if not self._lock.acquire(blocking=False):
            return self._sums
        try:
            if self._sums is None or self._until < time.monotonic():
                self._sums = self._counted()
            return self._sums
        finally:
            self._lock.release()

    def _counted(self) -> Sums:
        began = time.monotonic()
        with self._hub.database.transaction() as tx:
            told = ledger.balance(tx)
        ended = time.monotonic()
        self._until = ended + max(_FRESH, _SHARE * (ended - began))
        counted = {name: sum(one[name] for one in told["sources"]) for name in Sums._fields[:-1]}
        return Sums(**counted, balanced=told["balanced"])
