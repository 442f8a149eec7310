"""Going on where Kafka has lost its log: what is archived of it becomes the log, in PostgreSQL.

From there it may be copied to Kafka again. What Kafka had acknowledged and nobody had archived is gone; what was decided
waits in the outbox until it is archived, so none of that is.
"""

from __future__ import annotations

from hub.log._protocol import Log
from hub.log.embedded import EmbeddedLog
from hub.store import outbox, which_log
from hub.store.database import Connection, Database

_SENT = 1_000  # events that are taken from the outbox at once
# What nobody could read has moved a checkpoint and not the archive's end: the next event must not lie below it.
_BEYOND = """
UPDATE log_head h SET next = c.next FROM (SELECT topic, part, max(next) AS next FROM checkpoint GROUP BY 1, 2) c
WHERE h.topic = c.topic AND h.part = c.part AND h.next < c.next
"""


def is_lost(log: Log, archive: Log) -> bool:
    """Whether a log answers and has less than what was archived of it. Raises LogAway and LogRefused."""
    ends = log.ends()
    return any(ends.get(lane, 0) < end for lane, end in archive.ends().items())


def recover(database: Database) -> int:
    """From now on the log is in PostgreSQL; how many decided events it got from the outbox. Again does no harm."""
    with database.transaction() as tx:
        which_log.record(tx, None)
        tx.execute(_BEYOND)
        outbox.send_again(tx)
        return _sent(database, tx)


def _sent(database: Database, tx: Connection) -> int:
    log, done = EmbeddedLog(database), 0
    while waiting := outbox.take(tx, _SENT):
        log.append(waiting, tx)
        outbox.archived(tx, [event.id for event in waiting])
        done += len(waiting)
    return done
