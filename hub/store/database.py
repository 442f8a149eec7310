"""Connections to the hub's PostgreSQL, and its lasting tables brought up to date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import POLLIN, poll
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from hub.events.catalogue import NewerVersion
from hub.events.ids import TOPICS, lanes

if TYPE_CHECKING:
    import sqlalchemy

Connection = psycopg.Connection[tuple[Any, ...]]
DatabaseError = psycopg.Error
Unavailable = psycopg.OperationalError  # the database is away or chose this transaction to end a deadlock
STEPS = {"understand": ("inbound",), "decide": ("touchpoints",), "project": tuple(t for t in TOPICS if t != "inbound")}
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = 7_201_544_010  # advisory lock: one process at a time brings the tables up to date
_OLDEST = 150000
_WAIT = 10  # seconds for a connection
_BY_INDEX = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
"""


class Unfit(Exception):
    """No hub can work on this database as it is. Says why, and what would help."""


class TooOld(Unfit):
    """The hub needs PostgreSQL 15 or newer."""


class NotUtf8(Unfit):
    """The hub needs databases in UTF8: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0."""


class NotAllowed(Unfit):
    """The account may not do what the hub has to: it needs to own the hub's database and the one of the keys."""


class TakenOver(NewerVersion):
    """A newer hub has taken over this database. Stop this one and use that; to go back, restore a backup from before it."""


class Database:
    """A pool of connections. Statements are prepared by psycopg as they repeat."""

    def __init__(self, dsn: str, size: int = 8) -> None:
        self.dsn = dsn
        # Whoever asks begins to connect anew once an attempt was given up; one that goes on for minutes, ever more slowly,
        # keeps its place, and others waiting, long after the server is back.
        self.pool: ConnectionPool[Connection] = ConnectionPool(
            watched(dsn), min_size=0, max_size=size, open=True, timeout=_WAIT, reconnect_timeout=_WAIT,
            kwargs={"application_name": "hub"}, check=_alive,
        )  # fmt: skip

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in one transaction: committed at the end, rolled back when the body raises."""
        try:
            with self._lent() as connection:
                yield connection
        except psycopg.errors.IdleInTransactionSessionTimeout as error:
            raise Unavailable(f"nothing was heard of this process for too long: {error}") from error

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        """A server that writes nothing any more, such as one that is a standby now, is away; the next connection is a new
        one, which `watched` gives only to a server that writes."""
        with self.pool.connection() as connection:
            try:
                yield connection
            except psycopg.errors.ReadOnlySqlTransaction as error:
                connection.close()
                raise Unavailable(f"the server writes nothing: {error}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction for questions about single customers, tickets and orders: each by an index, by a plan that is kept.

        Left to itself PostgreSQL plans anew for each array, which takes longer than it then looks; and while much comes
        in, it reads whole tables because of what it knew of them before.
        """
        with self.transaction() as tx:
            with tx.pipeline():  # with the BEGIN before it: one round trip
                tx.execute(_BY_INDEX)
            yield tx

    def rows(self, query: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """What one statement answers, which is a transaction of its own: one round trip instead of three."""
        with self._lent() as connection:
            connection.autocommit = True
            try:
                return connection.execute(query, parameters).fetchall()
            finally:  # not by the pool's `reset`, for which it wakes another thread
                if not connection.closed:
                    connection.autocommit = False

    def close(self) -> None:
        self.pool.close()


def _alive(connection: Connection) -> None:
    """A connection whose server is gone has something to read: its end. Only then it is asked, which takes a round trip.

    By `poll`: `select` knows the first 1,024 descriptors of a process, and as many screens may be open.
    """
    heard = poll()
    heard.register(connection.fileno(), POLLIN)
    if heard.poll(0):
        ConnectionPool.check_connection(connection)


def array(values: Iterable[str]) -> str:
    """A PostgreSQL array of texts or ids as a literal, for a whole batch: psycopg's own takes 6 µs an element."""
    quoted = (value.replace("\\", r"\\").replace('"', r"\"") for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def watched(dsn: str) -> str:
    """The same, noticing within half a minute that the other side is gone, or in ten seconds that it does not answer at
    all, and taking only a server that writes, where the DSN does not say otherwise."""
    alert: dict[str, str | int] = {
        "connect_timeout": _WAIT, "tcp_user_timeout": 30_000, "target_session_attrs": "read-write",
        "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    }  # fmt: skip
    return make_conninfo(dsn, **{name: value for name, value in alert.items() if name not in conninfo_to_dict(dsn)})


def with_name(dsn: str, name: str) -> str:
    """The same server, another database."""
    return make_conninfo(dsn, dbname=name)


def keys_dsn(dsn: str) -> str:
    """Where the keys lie unless said otherwise: `<database>_keys` on the same server."""
    return with_name(dsn, f"{conninfo_to_dict(dsn)['dbname']}_keys")


def ensure_database(dsn: str) -> None:
    """Create the database that `dsn` names if the server does not have it. Two at once are one. Raises Unfit."""
    name = str(conninfo_to_dict(dsn)["dbname"])
    try:
        with psycopg.connect(watched(dsn)) as there:
            _refuse_other_letters(there)
        return
    except psycopg.OperationalError as error:
        if f'database "{name}" does not exist' not in str(error):
            raise
    missing = f'There is no database "{name}", and'
    try:
        with psycopg.connect(watched(with_name(dsn, "postgres")), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return
    except psycopg.errors.InsufficientPrivilege as error:
        why = f"{missing} the account may not make it: create it with that account as its owner, or name another."
        raise NotAllowed(why) from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"{missing} it could not be made: {error}") from error


def _refuse_other_letters(there: Connection) -> None:
    found = there.info.parameter_status("server_encoding")
    if found != "UTF8":
        raise NotUtf8(f'{NotUtf8.__doc__} ("{there.info.dbname}" is in {found}.)')


@contextmanager
def _allowed(dsn: str) -> Iterator[None]:
    """What the account may not do, in words; SQLAlchemy has the server's error inside its own."""
    try:
        yield
    except Exception as error:
        refused = getattr(error, "orig", error)
        if not isinstance(refused, psycopg.errors.InsufficientPrivilege):
            raise
        name = conninfo_to_dict(dsn)["dbname"]
        raise NotAllowed(f'{NotAllowed.__doc__} (In "{name}": {refused.diag.message_primary}.)') from error


def migrate(dsn: str, to: str | None = None) -> None:
    """Bring the lasting tables of the hub's database up to date and lay out the log's heads and checkpoints.

    `to`: only up to this revision, for what was written when it was the newest. Raises TakenOver where they are beyond
    what this hub knows, and Unfit.
    """
    with _allowed(dsn):
        _migrate(dsn, to)


def _migrate(dsn: str, to: str | None) -> None:
    found, newest = version(dsn), newest_version()
    if found == newest:
        return
    if found is not None and found > newest:
        raise TakenOver(f"{TakenOver.__doc__} (Its tables are of version {found}, this hub knows {newest}.)")
    import sqlalchemy
    from alembic import command
    from alembic.config import Config

    engine = sqlalchemy.create_engine(sqlalchemy_url(dsn), poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, to or "head")
        _lay_out(connection)


def in_use(dsn: str) -> bool:
    """Whether processes of a hub are connected, as its worker always is. Where the database cannot be asked, none is."""
    try:
        with psycopg.connect(dsn, connect_timeout=10) as connection:
            return worked_on(connection)
    except Unavailable:
        return False


def worked_on(tx: Connection) -> bool:
    """The same on a connection that is not a hub's own."""
    busy = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub' LIMIT 1"
    return tx.execute(busy).fetchone() is not None


def newest_version() -> str:
    """The revision that this hub's tables have; its files are numbered."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def prepare_keys(dsn: str) -> None:
    """The key database's three tables; they change so rarely that they need no migrations. Raises NotAllowed."""
    with _allowed(dsn):
        _prepare_keys(dsn)


def _prepare_keys(dsn: str) -> None:
    with psycopg.connect(dsn) as plain:
        if plain.execute("SELECT to_regclass('forgotten')::text").fetchone() != (None,):
            return
    import sqlalchemy

    from hub.store import schema

    engine = sqlalchemy.create_engine(sqlalchemy_url(dsn), poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        schema.keys.create_all(connection)


def version(dsn: str) -> str | None:
    """Which revision the tables have now, None where there are none."""
    with psycopg.connect(dsn, connect_timeout=10) as connection:
        if connection.info.server_version < _OLDEST:
            raise TooOld(f"{TooOld.__doc__} This server is {connection.info.server_version // 10_000}.")
        if connection.execute("SELECT to_regclass('alembic_version')::text").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else None


def sqlalchemy_url(dsn: str) -> sqlalchemy.URL:
    """SQLAlchemy's form of a libpq DSN, whatever is in it."""
    import sqlalchemy

    query = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    return sqlalchemy.URL.create("postgresql+psycopg", query=query)


def _lay_out(connection: sqlalchemy.Connection) -> None:
    for topic, part in lanes():
        connection.exec_driver_sql("INSERT INTO log_head VALUES (%s, %s, 0) ON CONFLICT DO NOTHING", (topic, part))
    for step, topics in STEPS.items():
        for topic, part in lanes(topics):
            connection.exec_driver_sql(
                "INSERT INTO checkpoint VALUES (%s, %s, %s, 0) ON CONFLICT DO NOTHING", (step, topic, part)
            )
    connection.exec_driver_sql("INSERT INTO epoch (forgets) SELECT 0 WHERE NOT EXISTS (SELECT FROM epoch)")
