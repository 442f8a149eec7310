"""Being woken: NOTIFY only says that there is something new, never what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql


@contextmanager
def listen(dsn: str, channel: str) -> Iterator[Callable[[float], bool]]:
    """Listen on a connection of its own. The function waits that many seconds at most; True if something was said."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))

        def wait(seconds: float) -> bool:
            return any(True for _ in connection.notifies(timeout=seconds, stop_after=1))

        yield wait
