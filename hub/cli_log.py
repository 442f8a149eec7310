"""`hub log`: the log moves from PostgreSQL to Kafka, and back where Kafka has lost it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.wiring import Hub


@click.group()
def log() -> None:
    """The log: moving it to Kafka, and going on where Kafka has lost it."""


@log.command("copy")
@click.option("--json", "json_", is_flag=True, help="Print JSON instead of a line for people.")
def log_copy(json_: bool) -> None:
    """Copy the log from PostgreSQL to Kafka (HUB_KAFKA), every event at its own place, then compare all of it.

    Stop the hub first. Killed, it goes on where it was. After it the hub is started with HUB_KAFKA.
    """
    from hub.cli import No, Progress, show
    from hub.log.copy import NotTheSame, copy

    with _both_logs() as (hub, kafka, clusters):
        _settled(hub)
        try:
            copied = copy(hub.database, kafka, Progress("events copied"), Progress("events compared"))
        except NotTheSame as error:
            raise No(str(error)) from None
        _has_it(hub, clusters[-1])
    shown = {"events": copied.events, "partitions": copied.partitions, "sha256": copied.sha256}
    show(shown, json_, lambda d: [" ".join(f"{name}={value}" for name, value in d.items())])


@log.command("recover")
@click.option("--gone", is_flag=True, help="Kafka, or this cluster of it, will never answer again.")
def log_recover(gone: bool) -> None:
    """Go on where Kafka has lost its log: what is archived of it becomes the log, in PostgreSQL.

    Stop the hub first; HUB_KAFKA is as it was. What Kafka had taken and no worker had read yet is gone. After it the hub
    is started without HUB_KAFKA, or `hub log copy` moves the log to Kafka again.
    """
    from hub.cli import opened, settings
    from hub.log.recover import recover

    chosen = settings()
    if chosen.kafka is None:
        raise click.UsageError("HUB_KAFKA is not set: it names the brokers that have lost the log.")
    with _alone(chosen), opened(chosen) as hub:
        if not gone:
            _refuse_unless_lost(hub)
        done = recover(hub.database)
        events = sum(hub.recorder.archive.ends().values())
    click.echo(f"events={events} decided={done}")


def _refuse_unless_lost(hub: Hub) -> None:
    from hub.cli import No, Unreachable
    from hub.log._protocol import LogAway
    from hub.log.recover import is_lost

    try:
        if not is_lost(hub.recorder.log, hub.recorder.archive):
            raise No("Kafka has all that is archived: nothing is lost, and nothing is changed.")
    except LogAway as away:
        raise Unreachable(f"{away} Whether it has lost anything is not known. If it is gone for good, say --gone.") from away


@contextmanager
def _both_logs() -> Iterator[tuple[Hub, Any, list[str]]]:
    """The hub on the log that it has in PostgreSQL, alone; the log on Kafka that it is to have, with its topics; and the
    ids of the clusters that were reached."""
    from dataclasses import replace

    from hub.cli import opened, settings

    chosen, clusters = settings(), list[str]()
    if chosen.kafka is None:
        raise click.UsageError("HUB_KAFKA is not set: it names the brokers that the log is copied to.")
    from hub.log.kafka import KafkaLog, make_missing

    with _alone(chosen), opened(replace(chosen, kafka=None)) as hub, ExitStack() as held:
        make_missing(chosen.kafka, chosen.kafka_access)
        kafka = KafkaLog(chosen.kafka, chosen.kafka_access, reached=clusters.append)
        held.callback(kafka.close)
        yield hub, kafka, clusters


@contextmanager
def _alone(chosen: Settings) -> Iterator[None]:
    """No process of the hub is up, as far as can be seen from here."""
    from hub.cli import Unreachable
    from hub.home import HomeTaken, lock, read_run
    from hub.store.copying import InUse, refuse_in_use, snapshot
    from hub.store.database import Unavailable

    if read_run(chosen.home):
        raise Unreachable(f"A hub is up on {chosen.home}. Stop it first: what it wrote meanwhile would not be copied.")
    if chosen.database_url is None:  # its own server is started for this command, and whoever starts it has it alone
        yield
        return
    try:
        with lock(chosen.home, wait=False):
            with snapshot(chosen.database_url) as tx:
                refuse_in_use(tx)
            yield
    except HomeTaken as taken:
        raise Unreachable(f"{taken} Stop it first: what it wrote meanwhile would not be copied.") from None
    except InUse as error:
        raise Unreachable(str(error)) from None
    except Unavailable as error:
        raise Unreachable(f"The database cannot be reached: {str(error).strip()}") from error


def _has_it(hub: Hub, cluster: str) -> None:
    """From now on this hub's log is there, and whoever starts it without HUB_KAFKA is told so."""
    from hub.cli import settings
    from hub.store import which_log
    from hub.wiring import which

    with hub.database.transaction() as tx:
        which_log.record(tx, which(settings(), cluster))


def _settled(hub: Hub) -> None:
    """Show all there is first: on Kafka what is archived already is taken for done."""
    from hub.cli import No, run_steps
    from hub.store.checkpoints import behind

    run_steps(hub)
    with hub.database.transaction() as tx:
        if left := behind(tx):
            raise No(f"Not everything is shown yet ({', '.join(left)}). See `hub doctor`; then say it again.")
