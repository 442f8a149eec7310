"""What many screens ask for within the same blink, made once for all of them: an event of the log reaches a hundred at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

from hub.store.changes import Changed, Changes, Vector

T = TypeVar("T")
CALM = 0.5  # seconds between two makings of the same, where much happens
FEW = 2  # threads, each with a connection, for what many screens fetch: who asks what rings shall not wait behind it
OLDEST = 5.0  # seconds; what no event of the log tells of, such as a colleague's new name, is seen after that


@dataclass
class _Made:
    """`number`: of the change that it was made after; `begun`: when, by the loop's clock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    number: int = -1
    begun: float = float("-inf")
    value: Any = None


class Shared:
    """Texts and lists that are the same for all who ask, kept until something changes."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._lock = Lock()
        self._listening = False
        self._number = 0
        self._made: dict[Hashable, _Made] = {}
        self._few = CapacityLimiter(FEW)

    def listen(self) -> None:
        """From now on hear of changes; before anybody's stream does, so that what a stream tells of is made anew."""
        with self._lock:
            if not self._listening:
                self._changes.listen(self._heard)
                self._listening = True

    def _heard(self, changed: Changed, before: Vector, now: Vector) -> None:
        self._number += 1

    async def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` answers, in a thread. Nobody gets what was read before the last change that he can have heard of:
        it is of this change, or its making began after he asked."""
        loop = asyncio.get_running_loop()
        asked, one = loop.time(), self._made.setdefault(key, _Made())
        async with one.lock:
            if one.begun < asked and not self._holds(one, loop.time()):
                await asyncio.sleep(one.begun + CALM - loop.time())
                number, begun = self._number, loop.time()
                one.value = await self.own(make)
                one.number, one.begun = number, begun
            value: T = one.value
        return value

    async def own(self, make: Callable[[], T]) -> T:
        """What `make` answers, which is for one alone, in one of the few threads."""
        return await to_thread.run_sync(make, limiter=self._few)

    def _holds(self, one: _Made, now: float) -> bool:
        return self._listening and one.number == self._number and now < one.begun + OLDEST
