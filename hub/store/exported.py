"""Events in a folder for analysts: Parquet by type and by day, read and written by DuckDB.

    FOLDER/type=order.placed/day=2026-11-30/1-0.parquet   what the first run wrote; the second adds 2-0.parquet
    FOLDER/customers.parquet                              which party belongs to which customer, as of the last run
    FOLDER/export.json                                    how far it reaches, written last

The layout is Hive's, so whatever reads Parquet reads it: DuckDB, pandas, Polars, Spark. Days are those of `time`, in UTC.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb
import orjson

from hub.store.kept import saying_where

Json = Mapping[str, Any]
COLUMNS = {
    "id": "VARCHAR", "type": "VARCHAR", "version": "INTEGER", "time": "TIMESTAMPTZ", "recorded": "TIMESTAMPTZ",
    "source": "VARCHAR", "stream": "VARCHAR", "revision": "BIGINT", "subject": "VARCHAR", "cause": "VARCHAR",
    "correlation": "VARCHAR", "replaces": "VARCHAR", "parties": "VARCHAR[]", "data": "JSON", "personal": "JSON",
    "topic": "VARCHAR", "part": "INTEGER", "position": "BIGINT",
}  # fmt: skip
MARKER, CUSTOMERS = "export.json", "customers.parquet"
_WRITING = ".writing"
_TYPES = "type=*"
_EVENTS = f"{_TYPES}/day=*/*.parquet"
_DAY = {"day": "DATE"}
# Of memory DuckDB takes four fifths of the machine's by itself, which a hub beside it needs.
_CONFIG: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False, "memory_limit": "1GB"}
_ROWS = 1_000  # at once
# An event that was replaced is not counted beside what stands in its place (of several the last one), nor what was withdrawn.
_VIEWS = (
    f"CREATE VIEW all_events AS SELECT {', '.join(COLUMNS | _DAY)} FROM {{events}}",
    """CREATE VIEW events AS SELECT * FROM all_events QUALIFY row_number() OVER (
      PARTITION BY coalesce(replaces, id) ORDER BY replaces IS NOT NULL DESC, recorded DESC, id DESC) = 1
      AND type <> 'event.withdrawn'""",
    "CREATE VIEW customers AS SELECT * FROM read_parquet({customers})",
)


class NoExport(Exception):
    """There is no export in this folder: `hub export` makes one."""


class Refused(Exception):
    """Nothing is written into this folder. Says why."""


class NotOurs(Refused):
    """This folder holds something else than an export: nothing is written into it."""


class ExportRuns(Refused):
    """Another export into this folder is under way."""


class OddPath(Refused):
    """A folder with *, ? or [ in its path cannot be exported to: to DuckDB these stand for other signs."""


class WrongQuery(Exception):
    """DuckDB does not understand, or cannot do, what was asked."""


class Folder:
    """Where an export lies, held for writing; `marker`: what the last run that came to its end wrote down, else empty."""

    def __init__(self, path: Path, marker: Json) -> None:
        self.path, self.marker = path, marker
        self._run = int(marker.get("run", 0)) + 1
        self._half = path / _WRITING
        self._connection: Any = None

    @classmethod
    @contextmanager
    def held(cls, path: Path) -> Iterator[Folder]:
        """This folder; one that is made only its owner may enter. What a run that was killed left is deleted.

        Raises Refused, and OSError where it cannot be written.
        """
        if re.search(r"[*?[]", str(path)):
            raise OddPath(f"{OddPath.__doc__} ({path})")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            _lock(descriptor, path)
            with _saying_where(path):
                folder = cls(path, _marker(path))
                folder._tidy()
                try:
                    yield folder
                finally:
                    folder._close()
        finally:
            os.close(descriptor)

    def write(self, rows: Sequence[Json]) -> None:
        """Take these events, in the shape of COLUMNS; nothing of them is in its place before `end`."""
        if not rows:
            return
        connection = self._opened()
        lines = [orjson.dumps(row) for row in rows]
        file = self._half / "rows.ndjson"
        file.write_bytes(b"\n".join(lines))
        connection.execute(
            f"INSERT INTO event SELECT * FROM read_json(?, format = 'newline_delimited', columns = {COLUMNS!r},"
            f" maximum_object_size = {max(map(len, lines)) + 1024 * 1024})",
            [str(file)],
        )
        file.unlink()

    def end(self, customers: Iterable[tuple[str, str]], marker: Json, *, anew: bool) -> int:
        """Put everything in its place; the files of events that were written. `customers`: (party, customer).
        `anew`: what former runs wrote is deleted."""
        files = self._sorted()
        self._whole(customers)
        if anew:
            _save(self.path, {"run": self._run})  # whoever is killed here leaves an export that has to be made anew
            self._delete(from_run=0)
        for file in files:
            place = self.path / file.relative_to(self._half / "sorted")
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.replace(place)
        (self._half / CUSTOMERS).replace(self.path / CUSTOMERS)
        _save(self.path, {**marker, "run": self._run})
        return len(files)

    def _opened(self) -> Any:
        if self._connection is None:
            self._half.mkdir(mode=0o700, exist_ok=True)
            self._connection = _connect(str(self._half / "events.duckdb"), TimeZone="UTC")
            columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
            self._connection.execute(f"CREATE TABLE event ({columns})")
        return self._connection

    def _sorted(self) -> list[Path]:
        folder = self._half / "sorted"
        self._opened().execute(
            f"COPY (SELECT *, CAST(time AS DATE) AS day FROM event ORDER BY type, day, time, id) TO {_quoted(folder)}"
            f" (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (type, day), FILENAME_PATTERN '{self._run}-{{i}}')"
        )
        return sorted(folder.rglob("*.parquet"))

    def _whole(self, customers: Iterable[tuple[str, str]]) -> None:
        lines = self._half / "customers.ndjson"
        with lines.open("wb") as file:
            file.writelines(orjson.dumps({"party": party, "customer": who}) + b"\n" for party, who in customers)
        columns = {"party": "VARCHAR", "customer": "VARCHAR"}
        self._opened().execute(
            f"COPY (SELECT * FROM read_json({_quoted(lines)}, format = 'newline_delimited', columns = {columns!r}))"
            f" TO {_quoted(self._half / CUSTOMERS)} (FORMAT parquet, COMPRESSION zstd)"
        )

    def _tidy(self) -> None:
        shutil.rmtree(self._half, ignore_errors=True)
        self._delete(from_run=self._run)

    def _delete(self, from_run: int) -> None:
        for file in self.path.glob(_EVENTS):
            number = file.name.partition("-")[0]
            if number.isdigit() and int(number) >= from_run:
                file.unlink()
        for empty in (*self.path.glob(f"{_TYPES}/day=*"), *self.path.glob(_TYPES)):
            if not any(empty.iterdir()):
                empty.rmdir()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        shutil.rmtree(self._half, ignore_errors=True)


def _marker(path: Path) -> Json:
    try:
        marker: Json = orjson.loads((path / MARKER).read_bytes())
    except FileNotFoundError:
        if any(one.name != _WRITING for one in path.iterdir()):
            raise NotOurs(f"{NotOurs.__doc__} ({path})") from None
        _save(path, {"run": 0})  # so that it is known whose this is, whoever is killed
        return {}
    except orjson.JSONDecodeError:
        marker = {}
    if not isinstance(marker, dict) or not isinstance(marker.get("run"), int):
        raise NotOurs(f"{NotOurs.__doc__} ({path / MARKER})")
    return marker


def _save(path: Path, marker: Json) -> None:
    half = path / f"{MARKER}.half"
    half.write_bytes(orjson.dumps(marker, option=orjson.OPT_INDENT_2))
    half.replace(path / MARKER)


@contextmanager
def _saying_where(path: Path) -> Iterator[None]:
    """A disk that is full, above all; DuckDB has errors of its own for that."""
    try:
        with saying_where(path):
            yield
    except duckdb.Error as error:
        raise OSError(errno.EIO, str(error), str(path)) from error


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ExportRuns(f"{ExportRuns.__doc__} ({path})") from None


# -- reading -----------------------------------------------------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """DuckDB with the views `events` (what stands), `all_events` (what ever came) and `customers`. Raises NoExport.

    Where a question needs more memory than it gets, it goes on in a folder of its own that is deleted afterwards.
    """
    if not (path / CUSTOMERS).exists():
        raise NoExport(f"{NoExport.__doc__} ({path})")
    with TemporaryDirectory(prefix="hub-sql-") as beside:
        connection = _connect(":memory:", temp_directory=beside)
        try:
            _make_views(connection, path)
            yield connection
        finally:
            connection.close()


def _make_views(connection: Any, path: Path) -> None:
    try:
        for statement in _VIEWS:
            connection.execute(statement.format(events=_events(path), customers=_quoted(path / CUSTOMERS)))
    except duckdb.Error as error:
        why = str(error).partition("\n")[0]
        raise NoExport(f"The export in {path} cannot be read: {why}. `hub export --anew` makes it again.") from None


class Statement(NamedTuple):
    """`answers`: it is a question, whose rows can be had; `explains`: it asks how DuckDB would find them."""

    text: str
    answers: bool
    explains: bool = False


def statements(sql: str) -> list[Statement]:
    """One after another. Raises WrongQuery."""
    kinds = duckdb.StatementType
    with _in_words():
        found = duckdb.extract_statements(sql)
    return [
        Statement(str(one.query).strip().rstrip(";"), one.type in (kinds.SELECT, kinds.MULTI), one.type == kinds.EXPLAIN)
        for one in found  # MULTI: a PIVOT whose columns are found in a first one
    ]


def drawn(connection: Any, statement: Statement) -> str:
    """What it answers as a table for people, long ones cut in the middle. Raises WrongQuery."""
    with _in_words():
        return str(connection.sql(statement.text))


def rows(connection: Any, statement: Statement) -> Iterator[list[str | None]]:
    """The names of the columns, then all rows, every value as DuckDB writes it. Raises WrongQuery."""
    with _in_words():
        answer = connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM ({statement.text}\n)")
        yield [column[0] for column in answer.description]
        while some := answer.fetchmany(_ROWS):
            yield from map(list, some)


def objects(connection: Any, statement: Statement) -> Iterator[str]:
    """Each row as a JSON object. Raises WrongQuery."""
    with _in_words():
        answer = connection.execute(f"SELECT to_json(r)::VARCHAR FROM ({statement.text}\n) r")
        while some := answer.fetchmany(_ROWS):
            yield from (row[0] for row in some)


def done(connection: Any, statement: Statement) -> str:
    """Do what answers with no rows, such as a view of one's own; what there is to say of it. Raises WrongQuery."""
    with _in_words():
        answer = connection.execute(statement.text)
        return "".join(text for _, text in answer.fetchall()) if statement.explains else ""


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise WrongQuery(str(error)) from None


def _events(path: Path) -> str:
    """All events as a relation; of an export without any an empty one."""
    if not any(path.glob(_EVENTS)):
        return "(SELECT " + ", ".join(f"NULL::{kind} AS {name}" for name, kind in (COLUMNS | _DAY).items()) + " WHERE false)"
    return (
        f"read_parquet({_quoted(path / _EVENTS)}, hive_partitioning = true, union_by_name = true,"
        " hive_types = {'type': VARCHAR, 'day': DATE})"
    )


def _connect(database: str, **settings: str) -> Any:
    """DuckDB that fetches nothing from the net."""
    connection = duckdb.connect(database, config=_CONFIG)
    for name, value in settings.items():
        connection.execute(f"SET {name} = '{value}'")
    return connection


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
