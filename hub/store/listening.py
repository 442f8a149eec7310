"""Being woken: NOTIFY says that there is something new; what it is, is read from the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from hub.store.database import Connection, watched


@dataclass(frozen=True, slots=True)
class Ear:
    """A connection of its own that listens."""

    connection: Connection

    def wait(self, seconds: float) -> set[str]:
        """What is said, without waiting for more; empty where nobody says anything for that many seconds."""
        return {said.payload for said in self.connection.notifies(timeout=seconds, stop_after=1)}


@contextmanager
def listen(dsn: str, channel: str) -> Iterator[Ear]:
    with psycopg.connect(watched(dsn), autocommit=True, connect_timeout=5) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield Ear(connection)
