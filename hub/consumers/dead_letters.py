"""Another try for what a step could not take: each letter alone, so that one that fails again keeps no other back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import structlog

from hub.consumers import decide, project, understand
from hub.consumers.record import Recorder
from hub.events.catalogue import NewerVersion
from hub.log._protocol import LogAway, LogLost
from hub.store import archive
from hub.store.database import Unavailable

log = structlog.get_logger()


class Tried(NamedTuple):
    """How many went well this time, and how many did not."""

    done: int
    dead: int


def retry(recorder: Recorder, ids: Collection[str], now: datetime) -> Tried:
    """Fold the streams of these dead letters (of all, if none is named) again, show their contacts to the policies again, read
    what was no payload again.

    The first that came is tried first. Raises Unavailable, LogAway and LogLost: no letter's fault, those that are left stay.
    """
    with recorder.database.transaction() as tx:
        letters = [(one["step"], one["id"]) for one in archive.dead(tx) if not ids or one["id"] in ids]
    done = sum(_again(recorder, step, id, now) for step, id in reversed(letters))
    return Tried(done, len(letters) - done)


def _again(recorder: Recorder, step: str, id: str, now: datetime) -> bool:
    try:
        if step == decide.STEP:
            return bool(decide.show_again(recorder, id, now))
        if step == understand.STEP:
            return bool(understand.read_again(recorder, id))
        return bool(project.retry_dead(recorder, [id]))
    except (Unavailable, LogAway, LogLost):
        raise
    except Exception as error:
        stays = "a newer hub must read it" if isinstance(error, NewerVersion) else "it failed again"
        log.error("a dead letter stays one", step=step, letter=id, why=stays, error=type(error).__name__)
        return False
