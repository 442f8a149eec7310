"""Who looked at whom, written down once the answer has gone out: a page never waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Annotated

import structlog
from fastapi import BackgroundTasks, Depends, Request

from hub.screens.asked import Hub
from hub.store.access import Caller
from hub.store.database import Database, Unavailable
from hub.store.looks import What, looked

log = structlog.get_logger()
_TRIES, _AGAIN = 5, 1.0  # seconds between tries


async def looking(request: Request, after: BackgroundTasks) -> Callable[[What, str | Collection[str]], None]:
    """What `Looked` gives; what it is told is written down by one of the tasks `after` the answer."""
    hub: Hub = request.app.state.hub

    def note(what: What, which: str | Collection[str]) -> None:
        caller: Caller = request.state.caller
        after.add_task(partial(_write, hub.database, caller.name, what, which))

    return note


Looked = Annotated[Callable[[What, str | Collection[str]], None], Depends(looking)]
"""`looked("customer", id)` in an endpoint: whoever asks was shown this. `which`: ids, never a personal value."""


def _write(database: Database, who: str, what: What, which: str | Collection[str]) -> None:
    """The database may be away for a moment. What cannot be written at all is in the log instead, and an error."""
    for again in range(_TRIES, 0, -1):
        try:
            looked(database, who, what, which)
            return
        except Unavailable:
            if again == 1:
                log.error("a look was not written down", who=who, what=what, which=which)
                raise
            time.sleep(_AGAIN)
