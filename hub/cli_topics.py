"""`hub topics`: what the topics on Kafka have to be, shown first and then made so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.log.kafka import KafkaTopics
    from hub.log.topics import Step

_JSON = click.option("--json", "json_", is_flag=True, help="Print JSON instead of a page for people.")
_PATIENCE = 10.0  # seconds that somebody at a terminal waits for a broker
_SAYS = {"create": "make it", "change": "change it", "keep": "as it has to be", "refuse": "REFUSED"}


@click.group()
def topics() -> None:
    """The topics of the log on Kafka (HUB_KAFKA): what they lack, and putting it right."""


@topics.command("plan")
@_JSON
def topics_plan(json_: bool) -> None:
    """What `apply` would do. Changes nothing; exit code 1 where something would be refused."""
    with _cluster() as (cluster, prefix):
        _answer(_planned(cluster, prefix), json_)


@topics.command("apply")
@_JSON
def topics_apply(json_: bool) -> None:
    """Make what is missing and change what is different. Where one topic is refused nothing is done."""
    from hub.log.topics import refused

    with _cluster() as (cluster, prefix):
        steps = _planned(cluster, prefix)
        if not refused(steps):
            cluster.apply(steps)
        _answer(steps, json_)


@contextmanager
def _cluster() -> Iterator[tuple[KafkaTopics, str]]:
    """The cluster and the prefix of the hub's topics there; what goes wrong becomes an exit code, in words."""
    from hub.cli import No, Unreachable, settings
    from hub.log._protocol import LogAway, LogRefused

    chosen = settings()
    if not chosen.kafka:
        raise click.UsageError("HUB_KAFKA is not set: the log is in PostgreSQL and has no topics to make.")
    from hub.log.kafka import KafkaTopics

    try:
        with KafkaTopics(chosen.kafka, chosen.kafka_access, _PATIENCE) as cluster:
            yield cluster, chosen.kafka_access.prefix
    except LogAway as error:
        raise Unreachable(str(error)) from error
    except LogRefused as error:
        raise No(str(error)) from error


def _planned(cluster: KafkaTopics, prefix: str) -> list[Step]:
    from hub.log.topics import names, plan

    return plan(cluster.brokers(), cluster.found(list(names(prefix))), prefix)


def _answer(steps: Sequence[Step], json_: bool) -> None:
    from hub.cli import No, show
    from hub.log.topics import refused

    show({"topics": [step.shown() for step in steps], "refused": len(refused(steps))}, json_, _lines)
    if refused(steps):
        raise No("Nothing is changed while a topic is refused.")


def _lines(document: Any) -> Iterator[str]:
    from hub.printing import table

    steps = document["topics"]
    yield from table(
        [(s["topic"], f"{s['partitions']} partitions", f"{s['replication']} copies", _SAYS[s["action"]]) for s in steps]
    )
    for step in steps:
        for name, change in step["config"].items() if step["action"] == "change" else ():
            yield f"{step['topic']}: {name} {change['from']} -> {change['to']}"
        if step["why"]:
            yield f"{step['topic']}: {step['why']}"
