"""What `hub up` starts: the web process and the worker. Not for people."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import psutil
import structlog

from hub.consumers.decide import decide_waiting
from hub.consumers.project import LaneStopped
from hub.consumers.runner import clock, forever, refold_waiting
from hub.consumers.understand import understand
from hub.desk.policies import CONTACTS
from hub.events.catalogue import NewerVersion
from hub.home import last_run, read_run
from hub.logs import configure
from hub.settings import Settings, WrongSetting
from hub.store.database import Unavailable
from hub.wiring import Hub, open_hub

log = structlog.get_logger()
_STANDS = 5.0  # seconds before a lane that stands tries again
_LOOK = 0.2  # seconds between two tries to open the database

HOME = click.option("--home", type=click.Path(path_type=Path), required=True)
ALIVE = click.option("--alive", type=int, required=True, help="A pipe that closes when the supervisor is gone.")


@click.group()
@click.option("--verbose", is_flag=True)
def main(verbose: bool) -> None:
    """Processes of `hub up`."""
    configure(sys.stderr if verbose else None)
    sys.setswitchinterval(0.0005)  # threads that wait for one another's few hundred microseconds; the default is 5 ms


@main.command()
@HOME
@ALIVE
@click.option("--socket", "fd", type=int, required=True)
def web(home: Path, alive: int, fd: int) -> None:
    """The web process: stateless, on the socket that the supervisor bound."""
    import uvicorn

    from hub.screens.app import create_app

    hub = _open(home, alive)
    config = uvicorn.Config(create_app(hub), log_config=None, access_log=False, timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


@main.command()
@HOME
@ALIVE
def worker(home: Path, alive: int) -> None:
    """The worker: understands, decides and folds what comes, for ever."""
    hub = _open(home, alive)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, f: stop.set())
    recorder = hub.recorder
    steps: dict[str, Callable[[], int]] = {
        "project": hub.lane.run,
        "understand": lambda: understand(recorder),
        "decide": lambda: decide_waiting(recorder, now=clock),
    }
    refold_waiting(recorder)
    threads = [threading.Thread(target=_lane, args=(hub, name, step, stop), name=name) for name, step in steps.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _lane(hub: Hub, name: str, step: Callable[[], int], stop: threading.Event) -> None:
    """A step for ever. A lane that must not go on stands, says why, and looks again; a bug ends the process."""
    while not stop.is_set():
        try:
            forever(hub.database, name, step, stop, sorted(CONTACTS) if name == "decide" else ())
        except (LaneStopped, NewerVersion) as error:
            log.error("the lane stands", lane=name, why=str(error))
            stop.wait(_STANDS)
        except BaseException:
            log.exception("the worker ends", lane=name)
            os._exit(1)


def _open(home: Path, alive: int) -> Hub:
    threading.Thread(target=_end_with, args=(alive, home), daemon=True).start()
    run = read_run(home)
    if run is None:
        raise SystemExit("no hub is up on this home")
    try:
        settings = Settings.read(os.environ, home=home)
    except WrongSetting as error:
        raise SystemExit(str(error)) from None
    return _once_up(settings, run["database"])


def _once_up(settings: Settings, dsn: str) -> Hub:
    """The database may be starting again just now."""
    told = False
    while True:
        try:
            return open_hub(settings, dsn, connections=16)
        except Unavailable as error:
            if not told:
                log.warning("the database cannot be reached; trying again", error=str(error).strip()[:200])
                told = True
            time.sleep(_LOOK)


def _end_with(alive: int, home: Path) -> None:
    """Wait until the supervisor is gone; then nothing of the hub shall stay, its database neither."""
    supervisor = os.getppid()
    os.read(alive, 1)
    run = last_run(home) or {}
    if run.get("pid") == supervisor:  # else the next hub has the home already, and mends it itself
        for process in run["processes"]:
            if process["name"] == "postgres":
                _end_server(process["pid"], home)
    os._exit(1)


def _end_server(pid: int, home: Path) -> None:
    """Only where the number is still that of a server on this home: a dead one's may have gone to anybody."""
    with suppress(psutil.Error):
        server = psutil.Process(pid)
        if Path(server.cwd()).is_relative_to(home.resolve()):
            server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
