"""Whole tables out of a database, all in one snapshot, and into an empty one: PostgreSQL's own COPY, as text.

What projections show is left out: it is folded again from the archive. So a copy goes into a hub whose projections are
others, and nothing that is readable on a screen is in it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from hub.store import deliveries, options, which_log
from hub.store.database import Connection, newest_version, version, worked_on

BLOCK = 256 * 1024  # bytes that are packed at once
LAID_OUT = ("log_head", "checkpoint", "epoch")  # rows that are there before anything happened
LEFT_OUT = ("projected",)
_GZIP = 31  # zlib's way to say gzip, so that `zcat` reads it


class NotEmpty(Exception):
    """Something is in this database already, and nothing is ever restored over it: name another, or an empty home."""


class InUse(NotEmpty):
    """A hub works on this database: stop all its processes first."""


class WrongBackup(Exception):
    """The backup cannot be restored here."""


@contextmanager
def snapshot(dsn: str) -> Iterator[Connection]:
    """A connection that sees the database as it is now, however long it looks, and keeps nobody from writing."""
    with psycopg.connect(dsn, connect_timeout=10) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


@contextmanager
def connected(dsn: str) -> Iterator[Connection]:
    """A connection in one transaction: committed at the end, rolled back when the body raises."""
    with psycopg.connect(dsn, connect_timeout=10) as connection:
        yield connection


def secret(tx: Connection) -> bytes:
    """The installation's, of the keys' database."""
    row = tx.execute("SELECT secret FROM installation").fetchone()
    if row is None:
        raise WrongBackup("The keys' database has no installation.")
    return bytes(row[0])


def hub_tables() -> list[str]:
    """The tables that are copied."""
    from hub.store import schema

    return sorted(set(schema.hub.tables) - set(LEFT_OUT))


def key_tables() -> list[str]:
    from hub.store import schema

    return sorted(schema.keys.tables)


def columns(tx: Connection, table: str) -> list[str]:
    rows = tx.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        [f'"{table}"'],
    ).fetchall()
    return [row[0] for row in rows]


def out(tx: Connection, table: str, names: Sequence[str]) -> Iterator[bytes]:
    """A table's rows in packed blocks."""
    packing = zlib.compressobj(1, wbits=_GZIP)
    held: list[bytes] = []
    size = 0
    with tx.cursor() as cursor, cursor.copy(_copy(table, names, "TO STDOUT")) as rows:
        for row in rows:
            held.append(bytes(row))
            size += len(row)
            if size >= BLOCK:
                yield packing.compress(b"".join(held))
                held, size = [], 0
    yield packing.compress(b"".join(held)) + packing.flush()


def into(tx: Connection, table: str, names: Sequence[str], packed: Iterable[bytes]) -> int:
    """Rows as `out` gave them into this table; how many."""
    opening = zlib.decompressobj(wbits=_GZIP)
    with tx.cursor() as cursor:
        with cursor.copy(_copy(table, names, "FROM STDIN")) as rows:
            for block in packed:
                rows.write(opening.decompress(block))
        return cursor.rowcount


def count(tx: Connection, table: str) -> int:
    row = tx.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table))).fetchone()
    return row[0] if row else 0


def counters(tx: Connection) -> dict[str, int]:
    """The sequences and the last number that each gave. They are not part of a snapshot: it may be a later one."""
    rows = tx.execute(
        "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL"
    ).fetchall()
    return dict(rows)


def checkpoints(tx: Connection) -> dict[str, dict[str, list[int]]]:
    """How far each step has come: of each topic its partitions in their order."""
    rows = tx.execute(
        "SELECT step, topic, array_agg(next ORDER BY part) FROM checkpoint GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    found: dict[str, dict[str, list[int]]] = {}
    for step, topic, ends in rows:
        found.setdefault(step, {})[topic] = ends
    return found


def server(tx: Connection) -> str:
    row = tx.execute("SHOW server_version").fetchone()
    return str(row[0]).split()[0] if row else ""


def revision(dsn: str) -> str:
    """Which tables these are."""
    return version(dsn) or newest_version()


def begun(tx: Connection) -> dict[str, Any] | None:
    """The restore that was made here last; `done`: whether it came to its end."""
    there = tx.execute("SELECT to_regclass('setting') IS NOT NULL").fetchone() == (True,)
    return options.read(tx, "restored", None) if there else None


def refuse_in_use(tx: Connection) -> None:
    """Raises InUse where processes of the hub are connected."""
    if worked_on(tx):
        raise InUse(InUse.__doc__)


def refuse_unless_empty(tx: Connection) -> None:
    """Raises NotEmpty with the first table that has something, and InUse."""
    refuse_in_use(tx)
    for table in (*hub_tables(), *key_tables()):
        if table not in LAID_OUT and table != "installation" and columns(tx, table) and _has_rows(tx, table):
            raise NotEmpty(f"{NotEmpty.__doc__} ({count(tx, table):,} rows in {table})")


def _has_rows(tx: Connection, table: str) -> bool:
    own = SQL(" WHERE name <> {}").format(which_log.NAME) if table == "setting" else SQL("")
    return tx.execute(SQL("SELECT FROM {}{} LIMIT 1").format(Identifier(table), own)).fetchone() is not None


def clear(tx: Connection, tables: Iterable[str]) -> None:
    """Of an empty hub what it began with."""
    for table in tables:
        tx.execute(SQL("TRUNCATE {}").format(Identifier(table)))


def clear_log(tx: Connection) -> None:
    """An empty hub may have begun with a log, too."""
    options.write(tx, which_log.NAME, None, "restore")


def set_counters(tx: Connection, last: Mapping[str, int]) -> None:
    for name, value in last.items():
        tx.execute("SELECT setval(to_regclass(%s), %s)", [f'"{name}"', value])


def note(tx: Connection, restored: Mapping[str, Any], before: datetime, reason: str) -> None:
    """Written with the rows, so that whenever a restore is killed nothing old goes out by itself."""
    options.write(tx, "restored", dict(restored), "restore")
    deliveries.hold(tx, before, reason)


def _copy(table: str, names: Sequence[str], how: str) -> psycopg.sql.Composed:
    listed = SQL(", ").join(map(Identifier, names))
    return SQL("COPY {} ({}) " + how).format(Identifier(table), listed)
