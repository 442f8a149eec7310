"""The pool of connections while its server is away, and once it is back."""

from __future__ import annotations

import os
import resource

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hub.store import database
from hub.store.database import Database, Unavailable
from tests.transport.proxy import proxy_of

ANYTHING = "SELECT 1"
MANY = 1_100


def test_whoever_asks_has_connections_as_soon_as_the_server_is_back(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not twice as late as it was away. The pool's waits are shortened, or the test would take half a minute."""
    monkeypatch.setattr(database, "_WAIT", 1)
    with proxy_of(int(str(conninfo_to_dict(postgres_url)["port"]))) as wire:
        there = Database(make_conninfo(postgres_url, host="127.0.0.1", port=wire.port))
        try:
            with there.transaction() as tx:
                tx.execute(ANYTHING)
            wire.closed = True
            wire.cut()
            for _ in range(4):
                with pytest.raises(Unavailable):
                    there.rows(ANYTHING)
            wire.closed = False
            with there.transaction() as one, there.transaction() as other:
                assert one.execute(ANYTHING).fetchone() == other.execute(ANYTHING).fetchone() == (1,)
        finally:
            there.close()


def test_a_server_that_writes_nothing_any_more_is_away(postgres_url: str) -> None:
    """A standby that a connection was left open to, and one that is found: what waits goes on when another one writes."""
    there = Database(postgres_url, size=1)
    try:
        for write in (lambda: there.rows("CREATE TABLE a ()"), lambda: _write(there)):
            with there.transaction() as tx:
                tx.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            with pytest.raises(Unavailable, match="the server writes nothing"):
                write()
        _write(there)
        with psycopg.connect(postgres_url, autocommit=True) as plain:
            name = sql.Identifier(plain.info.dbname)
            plain.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
        with pytest.raises(Unavailable, match="read-only"):
            database.ensure_database(postgres_url)
    finally:
        there.close()


def _write(there: Database) -> None:
    with there.transaction() as tx:
        tx.execute("CREATE TABLE b ()")


def test_a_process_with_thousands_of_open_descriptors_has_connections_too(postgres_url: str) -> None:
    """Every screen that is open is one."""
    most, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, min(allowed, MANY + 500)), allowed))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(MANY)]
    there = Database(postgres_url)
    try:
        for _ in range(2):  # a new connection, and one that was used
            with there.transaction() as tx:
                assert tx.fileno() >= MANY
                assert tx.execute(ANYTHING).fetchone() == (1,)
    finally:
        there.close()
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, allowed))


def test_a_server_that_takes_connections_and_says_nothing_is_away() -> None:
    assert conninfo_to_dict(database.watched("host=127.0.0.1"))["connect_timeout"] == "10"
    assert conninfo_to_dict(database.watched("host=127.0.0.1 connect_timeout=3"))["connect_timeout"] == "3"
