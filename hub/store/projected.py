"""The tables that projections live in: made from their rows' annotations, written a batch at a time.

Each projection is read through a view of its name; the view shows the table of the build that counts now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import orjson
from psycopg.errors import LockNotAvailable
from psycopg.pq import PipelineStatus
from psycopg.types.json import set_json_dumps, set_json_loads

from hub.discover import discover
from hub.projections._shape import Append, Fold, Projection, Row
from hub.store.database import Connection, TakenOver, array

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)

COPIED = 100  # rows; fewer are inserted, which takes one round trip where COPY takes three
_SOON = 200  # milliseconds that readers wait for a swap at most, each time that it is tried
_SQL = {str: "text", int: "bigint", bool: "boolean", datetime: "timestamptz", float: "double precision"}


@cache
def projections() -> dict[str, Projection]:
    """Every projection, by name."""
    return {p.name: p for p in discover("hub.projections", "projection").values()}


@cache
def columns(row: type) -> dict[str, str]:
    """A row's columns and their SQL types, from its annotations; what is no simple type is jsonb."""
    return {name: _sql_type(hint) for name, hint in get_type_hints(row, include_extras=True).items()}


def _sql_type(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        return str(hint.__metadata__[0])
    options = [a for a in get_args(hint) if a is not type(None)]
    if len(options) == 1 and type(None) in get_args(hint):
        return _sql_type(options[0])
    return _SQL.get(hint, "jsonb")


def table_of(projection: Projection, build: int) -> str:
    return f"p_{projection.name}_v{projection.version}_{build}"


def live(connection: Connection) -> dict[str, str]:
    """The table of each projection now. Raises TakenOver: what a newer hub shows is no longer ours to write."""
    rows = connection.execute("SELECT name, version, build FROM projected").fetchall()
    not_newer({name: version for name, version, _ in rows})
    return {name: f"p_{name}_v{version}_{build}" for name, version, build in rows}


def not_newer(there: Mapping[str, int]) -> None:
    """Raises TakenOver where one of these projections has a version, or a name, that only a newer hub can know."""
    for name, version in sorted(there.items()):
        known = projections().get(name)
        if known is None or version > known.version:
            mine = f"version {known.version}" if known else "none of this name"
            raise TakenOver(f"{TakenOver.__doc__} (It shows {name} in version {version}, this hub has {mine}.)")


def create(connection: Connection, projection: Projection, table: str, *, indexed: bool = True) -> None:
    held = ", ".join(f'"{name}" {kind}' for name, kind in columns(projection.row).items())
    connection.execute(f"CREATE TABLE {table} ({held})")
    if indexed:
        index(connection, projection, table)


def index(connection: Connection, projection: Projection, table: str) -> None:
    connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({', '.join(projection.key)})")
    for n, what in enumerate(projection.indexes):
        connection.execute(f"CREATE INDEX {table}_{n} ON {table} {what}")


def seize(connection: Connection, chosen: Iterable[Projection]) -> bool:
    """From now on nobody reads what these show, until the transaction ends; false where somebody reads for too long to
    wait for him.

    A reader holds one view while it waits for the next. Whoever held one and waited for another as well would end in a
    deadlock with it, so all that was got is let go of again where the rest does not come soon: sooner than PostgreSQL
    looks for deadlocks, which it does after a second.
    """
    there = live(connection)
    views = ", ".join(sorted(p.name for p in chosen if p.name in there))
    if not views:
        return True
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL lock_timeout = {_SOON}")
            connection.execute(f"LOCK TABLE {views} IN ACCESS EXCLUSIVE MODE")
            connection.execute("SET LOCAL lock_timeout TO DEFAULT")
        return True
    except LockNotAvailable:
        return False


def install(connection: Connection, projection: Projection, build: int) -> None:
    """From now on the view of this projection shows this build; what it showed before is dropped."""
    name, new = projection.name, table_of(projection, build)
    old = live(connection).get(name)
    connection.execute(f"DROP VIEW IF EXISTS {name}")
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {new}")
    connection.execute(
        "INSERT INTO projected VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE"
        " SET version = excluded.version, build = excluded.build",
        [name, projection.version, build],
    )
    if old and old != new:
        connection.execute(f"DROP TABLE {old}")


# -- writing -----------------------------------------------------------------------------------------------------------


def load(connection: Connection, fold: Fold, table: str, streams: Collection[str]) -> dict[str, Row]:
    """The rows of these streams."""
    names = list(columns(fold.row))
    picked = ", ".join(f't."{n}"::text' if columns(fold.row)[n] == "uuid" else f't."{n}"' for n in names)
    rows = connection.execute(
        f"SELECT {picked} FROM {table} t JOIN unnest(%s::text[]) AS n(stream) ON t.stream = n.stream", [array(sorted(streams))]
    ).fetchall()
    return {row[0]: fold.row(*row) for row in rows}


def save(
    connection: Connection, fold: Fold, table: str, before: Mapping[str, Row], after: Mapping[str, Row | None]
) -> None:
    """Write the rows that changed; a row that became None is deleted."""
    changed = {stream: row for stream, row in after.items() if row is not before.get(stream)}
    gone = sorted(stream for stream, row in changed.items() if row is None)
    if gone:
        delete(connection, table, gone)
    kept = [row for _, row in sorted(changed.items()) if row is not None]
    if kept:
        names = [f'"{name}"' for name in columns(fold.row)]
        news = ", ".join(f"{name} = excluded.{name}" for name in names if name != '"stream"')
        _insert(connection, fold, table, kept, f"ON CONFLICT (stream) DO UPDATE SET {news}")


def add(connection: Connection, append: Append, table: str, rows: Sequence[Row]) -> None:
    """Add rows; those of a repeating projection only where they are not there yet."""
    piped = connection.pgconn.pipeline_status != PipelineStatus.OFF  # there COPY cannot be: one event may have many rows
    if append.repeats or piped or len(rows) < COPIED:
        picked = attrgetter(*append.key)
        distinct = {picked(row): row for row in rows}
        _insert(
            connection,
            append,
            table,
            [distinct[key] for key in sorted(distinct)],
            "ON CONFLICT DO NOTHING" if append.repeats else "",
        )
    else:
        copy(connection, append, table, rows)


def copy(connection: Connection, projection: Projection, table: str, rows: Iterable[Row]) -> None:
    """COPY rows: the fastest way in, for rows that are not there yet."""
    held = columns(projection.row)
    names = ", ".join(f'"{name}"' for name in held)
    picked = attrgetter(*held)
    documents = [n for n, kind in enumerate(held.values()) if kind == "jsonb"]
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as stream:
        for row in rows:
            values = list(picked(row))
            for place in documents:
                values[place] = orjson.dumps(values[place]).decode()
            stream.write_row(values)


def delete(connection: Connection, table: str, streams: Collection[str]) -> None:
    connection.execute(
        f"DELETE FROM {table} t USING unnest(%s::text[]) AS n(stream) WHERE t.stream = n.stream", [sorted(streams)]
    )


def _insert(connection: Connection, projection: Projection, table: str, rows: Sequence[Row], conflict: str) -> None:
    held = columns(projection.row)
    names = ", ".join(f'"{name}"' for name in held)
    typed = ", ".join(f'"{name}" {kind}' for name, kind in held.items())
    connection.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM json_to_recordset(%s::json) AS r({typed}) {conflict}",
        [orjson.dumps(rows).decode()],
    )
