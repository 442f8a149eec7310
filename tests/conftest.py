"""The real servers that tests ask for by name. Each starts once a run, on loopback, and ends with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from hub.store.embedded import EmbeddedPostgres, ensure_database

DEBIAN_POSTGRES = Path("/usr/lib/postgresql/15/bin")
NEEDS_A_SERVER = {"embedded_server", "debian_server", "new_database", "postgres_url", "any_postgres_url", "debian_url"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a server is `real`, without saying so."""
    for item in items:
        if NEEDS_A_SERVER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Under root the servers run as another account, which may not enter pytest's own folders."""
    folder = Path(tempfile.mkdtemp(prefix="hub-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


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


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedPostgres]:
    with reachable_folder() as folder, EmbeddedPostgres(folder) as server:
        yield server


@pytest.fixture(scope="session")
def debian_server(debian_binaries: Path) -> Iterator[EmbeddedPostgres]:
    """Debian's PostgreSQL 15, standing for the server that an operator brings (HUB_DATABASE_URL)."""
    with reachable_folder() as folder, EmbeddedPostgres(folder, binaries=debian_binaries) as server:
        yield server


def fresh_database(server: EmbeddedPostgres) -> str:
    return ensure_database(server.dsn, f"test_{uuid4().hex}")


@pytest.fixture
def new_database(embedded_server: EmbeddedPostgres) -> Callable[[], str]:
    """Each call makes an empty database on the embedded server (0.1 s) and answers its DSN."""
    return lambda: fresh_database(embedded_server)


@pytest.fixture
def postgres_url(new_database: Callable[[], str]) -> str:
    """An empty database on the embedded server."""
    return new_database()


@pytest.fixture
def debian_url(debian_server: EmbeddedPostgres) -> str:
    """An empty database on Debian's PostgreSQL 15."""
    return fresh_database(debian_server)


@pytest.fixture(params=["embedded_server", "debian_server"])
def any_postgres_url(request: pytest.FixtureRequest) -> str:
    """An empty database, on each of the two servers in turn."""
    server: EmbeddedPostgres = request.getfixturevalue(request.param)
    return fresh_database(server)
