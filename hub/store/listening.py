"""Being woken: NOTIFY only says that there is something new, never what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from hub.store.database import Connection

_BEHIND = """SELECT EXISTS (SELECT FROM checkpoint c JOIN log_head h USING (topic, part)
WHERE c.step = %s AND h.next > c.next)"""


@dataclass(frozen=True, slots=True)
class Ear:
    """A connection of its own that listens."""

    connection: Connection

    def wait(self, seconds: float) -> bool:
        """Until something is said, that many seconds at most; True if something was."""
        return any(True for _ in self.connection.notifies(timeout=seconds, stop_after=1))

    def behind(self, step: str) -> bool:
        """Whether something waits for this step; one round trip, where a step that finds nothing takes three."""
        row = self.connection.execute(_BEHIND, [step]).fetchone()
        return row is not None and bool(row[0])


@contextmanager
def listen(dsn: str, channel: str) -> Iterator[Ear]:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield Ear(connection)
