"""What `hub up` starts: the web process, the worker and the one for mail. Not for people."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

import click
import psutil

from hub.home import last_run, read_run
from hub.logs import configure
from hub.serving import carry_mail, once_up, serve
from hub.settings import Settings, WrongSetting
from hub.store.database import TakenOver, Unfit
from hub.transport.servers import server_of
from hub.wiring import Hub
from hub.working import in_time, until_asked, work

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
    serve(_open(home, alive), socket.socket(fileno=fd))


@main.command()
@HOME
@ALIVE
def worker(home: Path, alive: int) -> None:
    """The worker: understands, decides and folds what comes, for ever."""
    hub = _open(home, alive)
    work(hub, in_time(until_asked()))


@main.command()
@HOME
@ALIVE
@click.option("--smtp", type=int, help="The socket that the supervisor bound for SMTP.")
@click.option("--lmtp", type=int, help="The one for LMTP.")
def mail(home: Path, alive: int, smtp: int | None, lmtp: int | None) -> None:
    """Mail: takes in what is brought, fetches from mailboxes, for ever."""
    hub, stop = _open(home, alive), until_asked()
    doors = {name: socket.socket(fileno=fd) for name, fd in (("smtp", smtp), ("lmtp", lmtp)) if fd is not None}
    carry_mail(hub, doors, stop)


@main.command()
@HOME
@ALIVE
@click.option("--demo-mail", "mail", type=int, required=True, help="The socket of the customers' mailboxes.")
@click.option("--demo-imap", "imap", type=int, required=True, help="The one of the shop's mailbox.")
@click.option("--demo-control", "control", type=int, required=True, help="The one of the stories panel.")
def demo(home: Path, alive: int, mail: int, imap: int, control: int) -> None:
    """The demo: a shop's day, played through the hub's doors, for ever."""
    from hub.demo.doors import Address
    from hub.demo.live import Given, live

    threading.Thread(target=_end_with, args=(alive, home), daemon=True).start()
    stop = until_asked()
    run, settings = read_run(home), Settings.read(os.environ, home=home)
    if run is None:
        raise SystemExit("no hub is up on this home")
    played = run["demo"]
    address = Address(run["url"], run["smtp"], played["keys"], settings.shopify_secret or "")
    sockets = (socket.socket(fileno=mail), socket.socket(fileno=control), socket.socket(fileno=imap))
    _, password = server_of(settings.imap_urls[0])
    live(Given(home, *sockets, password, played["token"], address, played["since"], played["people"]), stop)


def _open(home: Path, alive: int) -> Hub:
    threading.Thread(target=_end_with, args=(alive, home), daemon=True).start()
    run = read_run(home)
    if run is None:
        raise SystemExit("no hub is up on this home")
    try:
        settings = Settings.read(os.environ, home=home)
    except WrongSetting as error:
        raise SystemExit(str(error)) from None
    try:
        return once_up(settings, run["database"])
    except (TakenOver, Unfit) as error:
        raise SystemExit(str(error)) from None


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
