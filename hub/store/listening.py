"""Being woken: NOTIFY only says that there is something new, never what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from hub.store.database import Connection

_BEHIND = """SELECT EXISTS (SELECT FROM checkpoint c JOIN log_head h USING (topic, part)
WHERE c.step = %s AND h.next > c.next)"""
_WANTED = """SELECT EXISTS (SELECT FROM checkpoint c JOIN log_head h USING (topic, part) JOIN event e
ON e.topic = c.topic AND e.part = c.part AND e.position >= c.next WHERE c.step = %s AND h.next > c.next AND e.type = ANY(%s))"""


@dataclass(frozen=True, slots=True)
class Ear:
    """A connection of its own that listens."""

    connection: Connection

    def wait(self, seconds: float) -> bool:
        """Until something is said, that many seconds at most; True if something was."""
        return any(True for _ in self.connection.notifies(timeout=seconds, stop_after=1))

    def behind(self, step: str, types: Sequence[str] = ()) -> bool:
        """Whether something (of these types) waits for this step: one round trip, where an idle step takes three."""
        row = self.connection.execute(_WANTED if types else _BEHIND, [step, *([list(types)] if types else [])]).fetchone()
        return row is not None and bool(row[0])


@contextmanager
def listen(dsn: str, channel: str) -> Iterator[Ear]:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield Ear(connection)
