"""The relay: what was decided goes from the outbox to the log, each stream in its order, until it is acknowledged.

A relay that is killed between the acknowledgement and its commit sends again; the gate takes an event once. So do those
who copy dead letters; a copy that is made twice has the same key.
"""

from __future__ import annotations

import structlog

from hub.consumers.record import Recorder
from hub.store import outbox, twins

log = structlog.get_logger()
BATCH = 1_000
LETTERS = 50  # each may be as large as an event can be


def relay(recorder: Recorder) -> int:
    """Send what waits; how many events that were. Raises LogAway: then nothing counts as sent."""
    with recorder.database.transaction() as tx:
        waiting = outbox.take(tx, BATCH)
        if not waiting:
            return 0
        recorder.log.append(waiting)
        outbox.sent(tx, [event.id for event in waiting])
    log.info("decided events sent", events=len(waiting))
    return len(waiting)


def copy_dead(recorder: Recorder) -> int:
    """Copy dead letters to the twins of their topics; how many that were. Raises LogAway, LogRefused: then none is copied,
    and what was sent all the same is sent again."""
    with recorder.database.transaction() as tx:
        letters = twins.take(tx, LETTERS)
        if not letters:
            return 0
        recorder.log.copy_dead(letters)
        twins.copied(tx, letters)
    log.info("dead letters copied", letters=len(letters))
    return len(letters)
