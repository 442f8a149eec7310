"""The embedded PostgreSQL: it starts, stops, comes back, and survives what killed hubs and machines leave behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from hub.store.embedded import (
    ACCOUNT,
    Binaries,
    DiskFull,
    EmbeddedPostgres,
    PostgresFailed,
    ensure_database,
    with_database,
)

pytestmark = pytest.mark.real

AS_ROOT = os.geteuid() == 0
HOLD_A_SERVER = """
import sys, time
from pathlib import Path
from hub.store.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1])).start()
print(server.pid, flush=True)
time.sleep(600)
"""


@contextmanager
def another_hub(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that started a server on the home, and that server's pid."""
    hub = subprocess.Popen([sys.executable, "-c", HOLD_A_SERVER, str(home)], stdout=subprocess.PIPE, text=True)
    try:
        assert hub.stdout is not None
        server = int(hub.stdout.readline())
        yield hub, server
    finally:
        hub.kill()
        hub.communicate()
        with suppress(ProcessLookupError):
            os.kill(server, signal.SIGINT)


def write_rows(dsn: str, count: int) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, %s)", [count])


def count_rows(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_starts_stops_and_comes_back_on_the_same_port_with_its_rows(home: Path) -> None:
    with EmbeddedPostgres(home) as first:
        assert first.alive()
        write_rows(first.dsn, 10)
    assert not first.alive()
    with EmbeddedPostgres(home) as second:
        assert second.dsn == first.dsn
        assert count_rows(second.dsn) == 10


def test_one_object_can_be_started_again(home: Path) -> None:
    server = EmbeddedPostgres(home)
    for _ in range(2):
        server.start().start()
        assert server.alive()
        server.stop()
        server.stop()
        assert server.pid is None


def test_a_taken_port_of_last_time_is_exchanged_for_a_free_one(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        before = server.port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", before))
        other.listen()
        with EmbeddedPostgres(home) as server:
            assert server.port != before


def test_a_taken_port_that_was_asked_for_is_an_error_that_says_why_and_where_the_log_is(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PostgresFailed, match="Address already in use") as failure:
            EmbeddedPostgres(home, port=other.getsockname()[1]).start()
    assert failure.value.log is not None
    assert str(failure.value.log) in str(failure.value)


def test_a_killed_server_comes_back_with_all_rows(home: Path) -> None:
    server = EmbeddedPostgres(home).start()
    try:
        for n in range(3):
            write_rows(server.dsn, 1000)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            while server.alive():
                time.sleep(0.01)
            server.start()
            assert count_rows(server.dsn) == 1000 * (n + 1)
    finally:
        server.stop()


def test_the_orphaned_server_of_a_killed_hub_is_stopped_and_replaced(home: Path) -> None:
    with another_hub(home) as (hub, orphan):
        hub.kill()
        hub.wait()
        assert psutil.pid_exists(orphan)
        with EmbeddedPostgres(home) as server:
            assert server.pid != orphan
            assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("left", ["{self}", "1", "4194300", "", "no number"])
def test_a_stale_postmaster_pid_is_survived_and_the_process_it_names_left_alone(home: Path, left: str) -> None:
    with EmbeddedPostgres(home) as server:
        write_rows(server.dsn, 5)
    pid_file = home / "postgres" / "data-18" / "postmaster.pid"
    pid_file.write_text(left.format(self=os.getpid()) + "\n/somewhere\n")
    with EmbeddedPostgres(home) as server:
        assert count_rows(server.dsn) == 5


def test_a_killed_initdb_leaves_nothing_broken(home: Path) -> None:
    with another_hub_while_it_initialises(home):
        pass
    assert not (home / "postgres" / "data-18").exists()
    with EmbeddedPostgres(home) as server:
        write_rows(server.dsn, 1)
    assert not list((home / "postgres").glob("initdb-*"))


@contextmanager
def another_hub_while_it_initialises(home: Path) -> Iterator[None]:
    """Kills the hub and its initdb in the middle."""
    hub = subprocess.Popen([sys.executable, "-c", HOLD_A_SERVER, str(home)], stdout=subprocess.PIPE)
    half = home / "postgres"
    while not list(half.glob("initdb-*/data/PG_VERSION")):
        assert hub.poll() is None
        time.sleep(0.005)
    below = psutil.Process(hub.pid).children(recursive=True)
    hub.kill()
    for process in below:
        with suppress(psutil.NoSuchProcess):  # initdb's own children come and go
            process.kill()
    hub.communicate()
    yield


def test_the_environment_of_the_caller_does_not_decide_about_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LC_ALL": "fa_IR.UTF-8", "LANG": "C", "PGDATA": "/nowhere", "PGPORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with EmbeddedPostgres(home) as server:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")
        assert ask(server.dsn, "SELECT cardinality(show_trgm('کتاب'))") == 5
        assert ask(server.dsn, "SELECT lower('ÉŞ')") == "éş"


def test_what_is_committed_is_on_the_disk_and_only_this_machine_can_connect(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
        }.items():
            assert ask(server.dsn, f"SELECT current_setting('{setting}')") == value, setting


def test_a_wrong_password_is_refused(embedded_server: EmbeddedPostgres) -> None:
    password = embedded_server.dsn.split(":")[2].partition("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(embedded_server.dsn.replace(password, "guessed"))


def test_a_database_is_made_once(any_postgres_url: str) -> None:
    name = 'a "strange" name'
    made = ensure_database(any_postgres_url, name)
    assert ensure_database(any_postgres_url, name) == made == with_database(any_postgres_url, name)
    assert ask(made, "SELECT current_database()") == name


def test_the_server_of_the_operator_is_version_15(debian_url: str) -> None:
    assert str(ask(debian_url, "SHOW server_version")).startswith("15.")


def test_logs_of_last_week_are_dropped_at_the_start(home: Path) -> None:
    with EmbeddedPostgres(home):
        pass
    old = home / "postgres" / "log" / "postgresql-Old.log"
    old.touch()
    os.utime(old, (0, 0))
    with EmbeddedPostgres(home):
        assert not old.exists()


def test_binaries_that_are_not_there_are_named(home: Path) -> None:
    with pytest.raises(PostgresFailed, match="/nowhere/bin/postgres does not run"):
        EmbeddedPostgres(home, binaries=Path("/nowhere/bin"))


def test_the_server_never_runs_as_root(home: Path) -> None:
    with EmbeddedPostgres(home) as server:
        assert psutil.Process(server.pid).username() == (ACCOUNT if AS_ROOT else psutil.Process().username())


def test_what_another_major_version_wrote_is_refused_and_not_begun_anew_beside_it(home: Path) -> None:
    """A newer hub would have started empty, without a word."""
    (home / "postgres" / "data-17").mkdir(parents=True)
    with pytest.raises(PostgresFailed, match="was written by PostgreSQL 17, and this hub has 18: take a backup"):
        EmbeddedPostgres(home).start()
    assert [found.name for found in (home / "postgres").glob("data-*")] == ["data-17"]


@pytest.mark.skipif(not AS_ROOT, reason="only root could take anything from anybody")
def test_root_takes_nothing_from_whoever_has_the_database(home: Path) -> None:
    data = home / "postgres" / f"data-{Binaries.bundled().major}"
    data.mkdir(parents=True)
    os.chown(data, 54_321, 54_321)
    with pytest.raises(PostgresFailed, match="is user 54321's: give the command as that account"):
        EmbeddedPostgres(home).start()
    assert not (home / "postgres" / "log").exists()


def test_a_home_that_may_not_be_entered_is_named_and_left_closed(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700 if AS_ROOT else 0o500)
    why = f"may not enter {closed}" if AS_ROOT else f"Permission denied: {closed}"
    with pytest.raises(PostgresFailed, match=why):
        EmbeddedPostgres(closed / "hub").start()
    assert closed.stat().st_mode & 0o777 == (0o700 if AS_ROOT else 0o500)


def test_binaries_are_copied_with_their_libraries_only_where_their_folder_is_closed(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    original = Binaries.bundled()
    for part in original.movable:
        shutil.copytree(part, closed / part.name, symlinks=True)
    moved = tuple(closed / part.name for part in original.movable)
    server = EmbeddedPostgres(home / "hub")
    server._binaries = Binaries.at(moved[0] / "pginstall" / "bin", moved)
    with server:
        run_from = home / "hub" / "postgres" / f"binaries-{original.version}" if AS_ROOT else closed
        assert psutil.Process(server.pid).exe().startswith(str(run_from))
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not AS_ROOT, reason="only root can make a small disk to fill")
def test_a_full_disk_is_called_so(home: Path) -> None:
    disk = home / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", disk], check=True)
    try:
        with pytest.raises(DiskFull, match="The disk is full"):
            EmbeddedPostgres(disk / "hub").start()
    finally:
        subprocess.run(["umount", disk], check=True)
