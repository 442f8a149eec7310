"""`hub serve`, `hub worker`, `hub mail`: the parts of `hub up` apart, on as many machines as wanted."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from hub.printing import as_json

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.wiring import Hub

_HOST = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 for all.")


@click.command()
@_HOST
@click.option("--port", type=int, help="HTTP port (HUB_PORT); 0 picks a free one.")
def serve(host: str, port: int | None) -> None:
    """Answer HTTP: the API and the pages. Keeps nothing itself, so any number may run beside one another.

    Needs HUB_DATABASE_URL. Prints one line of JSON when it is ready; SIGTERM ends it once what was asked is answered.
    """
    from hub.cli import settings
    from hub.serving import serve as answer

    chosen = settings(port=port)
    with _listening(host, chosen.port) as listening, _hub(chosen) as hub:
        _ready(url=f"http://{_address(listening)}")
        answer(hub, listening)


@click.command()
@click.option("--topics", help="Only these topics of Kafka, separated by commas: inbound is understood, others are shown.")
def worker(topics: str | None) -> None:
    """Understand, decide and show what comes. Any number may run; on Kafka they share the partitions.

    Needs HUB_DATABASE_URL. SIGTERM ends it once its transactions are done, at the latest after 20 seconds, and the
    others take over its share.
    """
    from hub.cli import settings
    from hub.working import in_time, until_asked, work

    chosen = settings()
    named = _topics(topics, chosen)
    with _hub(chosen) as hub:
        stop = until_asked()
        _ready()
        work(hub, in_time(stop), named)


@click.command()
@_HOST
def mail(host: str) -> None:
    """Carry mail: take it in by SMTP and LMTP (HUB_SMTP_PORT, HUB_LMTP_PORT), fetch it from mailboxes, send answers.

    Needs HUB_DATABASE_URL. One is enough: a second one fetches the same mail again, which is shown once.
    """
    from hub.cli import settings
    from hub.serving import carry_mail
    from hub.working import until_asked

    chosen = settings()
    with ExitStack() as open_:
        ports = {name: port for name, port in (("smtp", chosen.smtp_port), ("lmtp", chosen.lmtp_port)) if port}
        doors = {name: open_.enter_context(_listening(host, port)) for name, port in ports.items()}
        hub = open_.enter_context(_hub(chosen))
        stop = until_asked()
        _ready(**{name: _address(door) for name, door in doors.items()})
        carry_mail(hub, doors, stop)


def _hub_url(chosen: Settings) -> str:
    if chosen.database_url is None:
        raise click.UsageError("HUB_DATABASE_URL is not set. Where PostgreSQL is the hub's own, `hub up` runs everything.")
    return chosen.database_url


@contextmanager
def _hub(chosen: Settings) -> Iterator[Hub]:
    """Opened as soon as its database answers, and closed at the end."""
    from hub.cli import Unreachable
    from hub.logs import configure
    from hub.serving import once_up
    from hub.store.database import TakenOver, Unfit
    from hub.store.which_log import WrongLog

    configure(sys.stderr)
    sys.setswitchinterval(0.0005)  # as in the processes of `hub up`
    try:
        hub = once_up(chosen, _hub_url(chosen))
    except (Unfit, TakenOver) as error:
        raise Unreachable(str(error)) from error
    except WrongLog as error:
        raise click.UsageError(str(error)) from None
    try:
        yield hub
    finally:
        hub.close()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    from hub.cli import Unreachable

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
        except OSError as error:
            raise Unreachable(f"{host}, port {port}: {error.strerror}.") from error
        made.listen(512)
        yield made


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _ready(**where: str) -> None:
    click.echo(as_json({"ready": True, **where}))


def _topics(text: str | None, chosen: Settings) -> frozenset[str] | None:
    from hub.events.ids import TOPICS

    if text is None:
        return None
    if chosen.kafka is None:
        raise click.UsageError("--topics is for Kafka (HUB_KAFKA): without it the log is in PostgreSQL and has one reader.")
    named = frozenset(name.strip() for name in text.split(",") if name.strip())
    if not named or named - set(TOPICS):
        raise click.UsageError(f"--topics: choose from {', '.join(TOPICS)}, not {text!r}.")
    return named
