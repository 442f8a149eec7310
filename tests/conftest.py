"""The real servers that tests ask for by name. Each starts once a run, on loopback, and ends with it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from structlog.dev import ConsoleRenderer, plain_traceback

from hub.settings import KafkaAccess, Settings
from hub.store.embedded import SETTINGS, EmbeddedPostgres, ensure_database, with_database
from hub.wiring import Hub, open_hub
from tests.chromium import chromium as chromium
from tests.kafka.brokers import KafkaBroker
from tests.told import pytest_report_header as pytest_report_header
from tests.told import pytest_terminal_summary as pytest_terminal_summary
from tests.told import tell as tell

if TYPE_CHECKING:  # what needs no broker does not wait for its client
    from hub.log.kafka import KafkaLog

# A busy machine is no finding: what is slow is measured by `make bench`, never by a test's clock.
hypothesis_settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("hub")

# Else each exception that is logged is drawn with all that its variables held, for seconds.
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], ConsoleRenderer(exception_formatter=plain_traceback)])

ROOM = 6 * 1024**3  # bytes
DEBIAN_POSTGRES = Path("/usr/lib/postgresql/15/bin")
NEEDS_A_SERVER = {
    "chromium", "hub", "new_hub", "embedded_server", "debian_server", "new_database", "postgres_url", "any_postgres_url",
    "debian_url",
    "kafka_broker", "kafka_log", "own_broker", "kafka_cluster",
}  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a server is `real`, without saying so."""
    for item in items:
        if NEEDS_A_SERVER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)


@contextmanager
def in_passing(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """What all tests share is of no use after them: it need not be on the disk. (What is killed is a server of its own.)"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SETTINGS, "fsync", "off")  # said on its command line, which no ALTER SYSTEM changes
        server.start()
    with server:
        yield server
        drop(server)


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Under root the servers run as another account, which may not enter pytest's own folders. It is in memory where there
    is plenty of it: nobody wants it after the test."""
    folder = Path(tempfile.mkdtemp(prefix="hub-", dir="/dev/shm" if roomy(Path("/dev/shm")) else "/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def roomy(folder: Path) -> bool:
    """Whether much can be kept, and programs run, in there."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize > ROOM and not found.f_flag & os.ST_NOEXEC


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty HUB_HOME."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def debian_binaries() -> Path:
    if not os.access(DEBIAN_POSTGRES / "postgres", os.X_OK):
        pytest.fail(f"PostgreSQL 15 is not in {DEBIAN_POSTGRES}; this installs it: make tools", pytrace=False)
    return DEBIAN_POSTGRES


def drop(server: EmbeddedPostgres) -> None:
    """End a server whose data nobody wants any more: an orderly stop would write hundreds of databases to disk first."""
    assert server.pid
    os.kill(server.pid, signal.SIGQUIT)
    while server.alive():
        time.sleep(0.05)


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedPostgres]:
    with reachable_folder() as folder, in_passing(EmbeddedPostgres(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def debian_server(debian_binaries: Path) -> Iterator[EmbeddedPostgres]:
    """Debian's PostgreSQL 15, standing for the server that an operator brings (HUB_DATABASE_URL)."""
    with reachable_folder() as folder, in_passing(EmbeddedPostgres(folder, binaries=debian_binaries)) as server:
        yield server


@contextmanager
def fresh_databases(server: EmbeddedPostgres, template: str = "template1") -> Iterator[Callable[[], str]]:
    """Each call makes a database (0.1 s), a copy of the template, with that of its keys where the template has one, and answers
    its name."""
    made: list[str] = []
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        ends = [end for end in ("", "_keys") if f"{template}{end}" in there]

        def make() -> str:
            made.append(f"test_{uuid4().hex}")
            for end in ends:
                connection.execute(f"CREATE DATABASE {made[-1]}{end} TEMPLATE {template}{end}")
            return made[-1]

        yield make
        for name in made:
            for end in ("", "_keys"):
                connection.execute(f"DROP DATABASE IF EXISTS {name}{end} WITH (FORCE)")


@pytest.fixture
def new_database(embedded_server: EmbeddedPostgres) -> Iterator[Callable[[], str]]:
    """Each call makes an empty database on the embedded server and answers its DSN."""
    with fresh_databases(embedded_server) as make:
        yield lambda: with_database(embedded_server.dsn, make())


@pytest.fixture
def postgres_url(new_database: Callable[[], str]) -> str:
    """An empty database on the embedded server."""
    return new_database()


@pytest.fixture
def debian_url(debian_server: EmbeddedPostgres) -> Iterator[str]:
    """An empty database on Debian's PostgreSQL 15."""
    with fresh_databases(debian_server) as make:
        yield with_database(debian_server.dsn, make())


@pytest.fixture(params=["embedded_server", "debian_server"])
def any_postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database, on each of the two servers in turn."""
    server: EmbeddedPostgres = request.getfixturevalue(request.param)
    with fresh_databases(server) as make:
        yield with_database(server.dsn, make())


# -- Apache Kafka ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    """One node, for the whole run."""
    with reachable_folder() as folder, KafkaBroker(folder) as broker:
        yield broker


@pytest.fixture
def kafka_access() -> KafkaAccess:
    """Names for topics that no other test has."""
    return KafkaAccess(prefix=f"{uuid4().hex}.")


def make_topics(brokers: str, access: KafkaAccess) -> None:
    from hub.log.kafka import KafkaTopics
    from hub.log.topics import names, plan

    with KafkaTopics(brokers, access) as topics:
        topics.apply(plan(topics.brokers(), topics.found(list(names(access.prefix))), access.prefix))


@pytest.fixture
def kafka_log(kafka_broker: KafkaBroker, kafka_access: KafkaAccess) -> Iterator[KafkaLog]:
    """An empty log."""
    from hub.log.kafka import KafkaLog

    make_topics(kafka_broker.brokers, kafka_access)
    log = KafkaLog(kafka_broker.brokers, kafka_access)
    yield log
    log.close()


# -- an opened hub -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def template(embedded_server: EmbeddedPostgres) -> str:
    """The name of a database brought up to date once; tests get copies of it (and of its keys)."""
    name = f"template_{uuid4().hex}"
    with reachable_folder() as folder:
        open_hub(Settings(home=folder, blobs_url=str(folder / "blobs")), ensure_database(embedded_server.dsn, name)).close()
    return name


class InPostgres:
    """The log in the database itself."""

    def settings(self) -> dict[str, Any]:
        return {}

    def opened(self, hub: Hub) -> None:
        """It is empty, as its database is."""


@pytest.fixture
def in_postgres() -> InPostgres:
    return InPostgres()


@pytest.fixture
def where_the_log_is(in_postgres: InPostgres) -> Any:
    """Which log hubs have. `tests.both_logs` has another."""
    return in_postgres


@pytest.fixture
def new_hub(
    embedded_server: EmbeddedPostgres, template: str, tmp_path: Path, where_the_log_is: Any
) -> Iterator[Callable[[], Hub]]:
    """Each call opens an empty hub on a database of its own. All have the same secret, so their ids agree."""
    opened: list[Hub] = []

    with fresh_databases(embedded_server, template) as database:

        def make() -> Hub:
            name = database()
            settings = Settings(home=tmp_path, blobs_url=str(tmp_path / name), **where_the_log_is.settings())
            opened.append(open_hub(settings, with_database(embedded_server.dsn, name), connections=8))
            where_the_log_is.opened(opened[-1])
            return opened[-1]

        yield make
        for hub in opened:
            hub.close()


@pytest.fixture
def hub(new_hub: Callable[[], Hub]) -> Hub:
    """An empty hub on a database of its own."""
    return new_hub()
