"""`hub up`: PostgreSQL, one web process, one worker and one for mail, started, watched, started again when one dies,
ended in order.

The supervisor binds the sockets and hands them down, so addresses survive a restart of the processes. Children hold
the end of a pipe: when it closes, the supervisor is gone, and they go too.
"""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import orjson
import structlog

from hub import browser, staging
from hub.consumers.forget import finish
from hub.consumers.runner import clock
from hub.home import HomeTaken, lock, read_run, write_run
from hub.logs import configure
from hub.settings import Settings
from hub.staging import Staged
from hub.store import accounts, sign_in_links
from hub.store.database import Database
from hub.store.embedded import EmbeddedPostgres, PostgresFailed
from hub.wiring import open_hub

log = structlog.get_logger()
_LOOK = 0.1  # seconds between looks at the children
_READY = 60.0  # seconds for the web process to answer
_STEADY = 10.0  # seconds after which a child counts as well; before that it is started again ever more slowly
_SLOWEST = 5.0
_ENDED = 6.0  # seconds for a child to end when asked
# What the demo listens on: its customers' mailboxes, the shop's, its panel.
_DEMO = ("demo-mail", "demo-imap", "demo-control")
_LET_GO = 2.0  # seconds in which the web process of a killed supervisor lets go of the port
_WELCOME = """
The shop is open: a minute of this day is an hour of its. A phone rings soon after you have opened the page.
Mail demo@localhost:{smtp_port} (SMTP) and watch it appear; "Try it" on the home page says how.
This link signs you in, once, within the next 15 minutes:

  {sign_in}
"""


class PortTaken(OSError):
    """The hub cannot listen there: name another port (--port or HUB_PORT, HUB_SMTP_PORT, HUB_LMTP_PORT)."""


@dataclass
class Child:
    """A process that is started again when it dies. `environ`: what it gets beside this one's environment."""

    name: str
    command: list[str]
    pass_fds: tuple[int, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    again: float | None = None
    failures: int = 0

    def start(self) -> None:
        here = os.environ | dict(self.environ)
        self.process = subprocess.Popen(self.command, pass_fds=self.pass_fds, stdin=subprocess.DEVNULL, env=here)
        self.started = time.monotonic()

    def watch(self) -> bool:
        """Start it again if it died; True if it was. One that dies soon each time is started ever more slowly."""
        if self.process is None or self.process.poll() is None:
            return False
        now = time.monotonic()
        if self.again is None:
            self.failures = 0 if now - self.started > _STEADY else self.failures + 1
            self.again = now + min(_SLOWEST, 0.05 * 2 ** min(self.failures, 10))
            log.warning("process died, starting it again", process=self.name, code=self.process.returncode)
        if now < self.again:
            return False
        self.again = None
        self.start()
        return True

    def ask_to_end(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def end(self) -> None:
        """Wait for it; kill it when it takes too long."""
        if self.process is None:
            return
        try:
            self.process.wait(_ENDED)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stopped(Exception):
    """Somebody asked the hub to stop."""


def supervise(settings: Settings, *, demo: bool = False, verbose: bool = False) -> None:
    """Run the hub until a signal ends it. Prints one line of JSON when it is ready."""
    configure(sys.stderr if verbose else None)  # what died and was started again is said in any case
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with _own(settings.home), _sockets(settings, demo) as sockets, _server(settings) as server:
            dsn = settings.database_url or server.dsn
            _prepare(settings, dsn)
            staged = _staged(settings, dsn) if demo else None
            with _children(settings, sockets, verbose, staged) as children:
                _run(settings, dsn, sockets, server, children, staged)
    except Stopped:
        return


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: what is being ended is not interrupted
    raise Stopped


@contextmanager
def _own(home: Path) -> Iterator[None]:
    """The home, once a command that has it is done with it. Raises HomeTaken where another hub is up."""
    told = False
    with ExitStack() as owned:
        while True:
            try:
                owned.enter_context(lock(home, wait=False))
                break
            except HomeTaken:
                if read_run(home):
                    raise
                if not told:
                    log.warning("a command has the home, or a hub that starts; waiting for it", home=str(home))
                    told = True
        yield


@contextmanager
def _sockets(settings: Settings, demo: bool) -> Iterator[dict[str, socket.socket]]:
    """Bound and listening, by name: web always, smtp and lmtp where they are wanted; a demo takes mail in any case."""
    smtp = demo or bool(settings.smtp_port)
    ports = {"web": settings.port}
    ports |= {"smtp": settings.smtp_port or 0} if smtp else {}
    ports |= {"lmtp": settings.lmtp_port} if settings.lmtp_port else {}
    ports |= dict.fromkeys(_DEMO, 0) if demo else {}
    with ExitStack() as bound:
        yield {name: bound.enter_context(_socket(port)) for name, port in ports.items()}


@contextmanager
def _socket(port: int) -> Iterator[socket.socket]:
    # The protocol is named because asyncio switches Nagle's delay off only where it is.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listening, port)
        listening.listen(512)
        yield listening


def _bind(listening: socket.socket, port: int) -> None:
    end = time.monotonic() + _LET_GO
    while True:
        try:
            listening.bind(("127.0.0.1", port))
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise PortTaken(f"port {port}: {error.strerror}. {PortTaken.__doc__}") from error
        time.sleep(_LOOK)


def _address(listening: socket.socket) -> str:
    return f"127.0.0.1:{listening.getsockname()[1]}"


def _server(settings: Settings) -> Any:
    return nullcontext() if settings.database_url else EmbeddedPostgres(settings.home)


def _prepare(settings: Settings, dsn: str) -> None:
    with closing(open_hub(settings, dsn)) as hub:  # first of all it says whether this is its log at all
        if settings.kafka:
            from hub.log.kafka import make_missing

            make_missing(settings.kafka, settings.kafka_access)
        finish(hub.recorder, clock())


def _staged(settings: Settings, dsn: str) -> Staged | None:
    """What the demo plays; None where it would be mixed into what somebody else's hub holds."""
    database = Database(dsn, size=1)
    try:
        found = staging.staged(database, settings.demo_people, clock())
    finally:
        database.close()
    if found is None:
        print("The hub holds something already that is not the demo's: nothing is loaded or played.", file=sys.stderr)
    return found


@contextmanager
def _children(
    settings: Settings, sockets: dict[str, socket.socket], verbose: bool, staged: Staged | None
) -> Iterator[list[Child]]:
    alive, mine = os.pipe()
    python = [sys.executable, "-m", "hub.processes", *(["--verbose"] if verbose else [])]
    common = ["--home", str(settings.home), "--alive", str(alive)]
    fds = {name: listening.fileno() for name, listening in sockets.items()}
    web = fds.pop("web")
    played = [(f"--{name}", fds.pop(name)) for name in _DEMO if name in fds]
    doors = [word for name, fd in fds.items() for word in (f"--{name}", str(fd))]
    children = [
        Child("web", [*python, "web", *common, "--socket", str(web)], (alive, web)),
        Child("worker", [*python, "worker", *common], (alive,)),
        Child("mail", [*python, "mail", *common, *doors], (alive, *fds.values())),
    ]
    if staged:
        theirs = [word for name, fd in played for word in (name, str(fd))]
        children.append(Child("demo", [*python, "demo", *common, *theirs], (alive, *(fd for _, fd in played))))
        told = staging.environ(settings, _address(sockets["demo-mail"]), _address(sockets["demo-imap"]))
        for child in children:
            child.environ = told
    try:
        yield children
    finally:
        for child in children:
            child.ask_to_end()
        for child in children:
            child.end()
        os.close(mine)
        os.close(alive)


def _run(
    settings: Settings, dsn: str, sockets: dict[str, socket.socket], server: EmbeddedPostgres | None,
    children: list[Child], staged: Staged | None,
) -> None:  # fmt: skip
    at = {name: _address(listening) for name, listening in sockets.items()}
    url = f"http://{at['web']}"
    told = {"ready": True, "url": url, "smtp": at.get("smtp"), "lmtp": at.get("lmtp"), "sign_in": None}

    def publish() -> None:
        pids = [{"name": c.name, "pid": c.process.pid} for c in children if c.process]
        if server:
            pids.append({"name": "postgres", "pid": server.pid})
        run = told | {"database": dsn, "pid": os.getpid(), "processes": pids, "demo": played}
        write_run(settings.home, run)

    played: dict[str, Any] | None = None
    publish()
    for child in children:
        if child.name != "demo":
            child.start()
    publish()
    _await(url, children, publish)
    if staged:
        played = _load_demo(settings, dsn, staged) | {"control": at["demo-control"]}
        publish()
        next(child for child in children if child.name == "demo").start()
    told["sign_in"] = url + _sign_in(dsn, staged is not None)
    publish()
    print(orjson.dumps(told).decode(), flush=True)
    if staged:
        print(_WELCOME.format(smtp_port=str(told["smtp"]).rpartition(":")[2], **told), file=sys.stderr, flush=True)
        browser.show(str(told["sign_in"]), os.environ, sys.stderr.isatty())
    unsaid = False
    while True:
        time.sleep(_LOOK)
        unsaid = _watch(server, children) or unsaid
        unsaid = unsaid and not _said(publish)


def _sign_in(dsn: str, demo: bool) -> str:
    """A link that lets whoever started the hub in, once: as the administrator, in the demo as somebody of its shop."""
    database = Database(dsn, size=1)
    try:
        if demo:
            account = staging.colleagues(database)
        if not demo or not account.active:
            account = accounts.administrator(database)
        return sign_in_links.make(database, account.id, "enter", clock())
    finally:
        database.close()


def _said(publish: Callable[[], None]) -> bool:
    """A full disk is no reason to stop what still runs: it is said as soon as there is room."""
    try:
        publish()
        return True
    except OSError as error:
        log.error("run.json could not be written", error=str(error))
        return False


def _watch(server: EmbeddedPostgres | None, children: list[Child]) -> bool:
    """Start again what died; True if something did."""
    changed = False
    if server and not server.alive():
        log.warning("the database died, starting it again")
        try:
            server.start()
            changed = True
        except PostgresFailed as error:
            log.error("the database does not start", error=str(error)[:500])
            time.sleep(1.0)
    return any([child.watch() for child in children]) or changed


def _await(url: str, children: list[Child], publish: Callable[[], None]) -> None:
    import httpx

    end = time.monotonic() + _READY
    while True:
        try:
            if httpx.get(f"{url}/healthz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if _watch(None, children):
            publish()
        if time.monotonic() > end:
            raise PostgresFailed(f"the web process does not answer at {url}")
        time.sleep(0.05)


def _load_demo(settings: Settings, dsn: str, staged: Staged) -> dict[str, Any]:
    """A shop's last 30 days, once, through the same commands that anybody would use. Answers what run.json says of it."""
    database = Database(dsn, size=1)
    try:
        if not staged.loaded:
            _load(settings, staged)
            staging.mark(database, replace(staged, loaded=True))
        since = staged.since.isoformat()
        keys = dict(staging.keys(database))
        return {"since": since, "people": staged.people, "keys": keys, "token": secrets.token_urlsafe(24)}
    finally:
        database.close()


def _load(settings: Settings, staged: Staged) -> None:
    command = [sys.executable, "-m", "hub.demo", "--load", staged.since.isoformat(), str(staged.people)]
    here = os.environ | {"HUB_HOME": str(settings.home)}
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=here).returncode:
        raise PostgresFailed("the demo's history could not be loaded; see above")
