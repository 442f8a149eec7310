"""What the hub's topics on Kafka have to be, and what would make them so. Nothing is asked or changed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.events.ids import TOPICS
from hub.events.schemas import DEAD, IN_STEP, REPLICAS

LARGEST = 64 * 1024 * 1024  # bytes of an event: a request of 32 MB, encrypted and written as text, with room to spare
LARGEST_DEAD = LARGEST + 64 * 1024  # the same with why it died
CONFIG = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "unclean.leader.election.enable": "false",
    "max.message.bytes": str(LARGEST),
    # Kafka refuses events whose own time is an hour ahead; the time of the log's clock is what lag is measured by.
    "message.timestamp.type": "LogAppendTime",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is. `replication`: copies of the partition that has fewest."""

    partitions: int
    replication: int
    config: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What a topic needs: `action` create, change, keep or refuse. `config`: of each setting, what it is and will be.

    `why`: what cannot be done, or what an operator has to do himself; None where all is well.
    """

    topic: str
    action: str
    partitions: int
    replication: int
    config: Mapping[str, tuple[str | None, str]]
    why: str | None = None

    def shown(self) -> dict[str, object]:
        return {
            "topic": self.topic, "action": self.action, "partitions": self.partitions, "replication": self.replication,
            "config": {name: {"from": was, "to": to} for name, (was, to) in sorted(self.config.items())}, "why": self.why,
        }  # fmt: skip


def names(prefix: str = "") -> dict[str, int]:
    """Every topic on the cluster and its partitions, the twins for dead letters among them."""
    return {
        prefix + name: partitions
        for topic, count in TOPICS.items()
        for name, partitions in ((topic, count), (topic + DEAD, 1))
    }


def plan(brokers: int, found: Mapping[str, Found], prefix: str = "") -> list[Step]:
    """What makes the topics of a cluster of so many brokers as they have to be."""
    return [_step(name, count, brokers, found.get(name)) for name, count in names(prefix).items()]


def _step(name: str, partitions: int, brokers: int, found: Found | None) -> Step:
    copies = min(REPLICAS, brokers)
    wanted = CONFIG | {"min.insync.replicas": str(min(IN_STEP, found.replication if found else copies))}
    if name.endswith(DEAD):
        wanted |= {"max.message.bytes": str(LARGEST_DEAD)}
    if found is None:
        return Step(name, "create", partitions, copies, {key: (None, to) for key, to in wanted.items()})
    if found.partitions != partitions:
        why = (
            f"it has {found.partitions} partitions and needs {partitions}. That is never changed: a stream's partition is"
            " computed from their number, and what is written would no longer be found. Use topics of another name"
            " (HUB_KAFKA_PREFIX), or move this one away."
        )
        return Step(name, "refuse", found.partitions, found.replication, {}, why)
    config = {key: (found.config.get(key), to) for key, to in wanted.items() if found.config.get(key) != to}
    few = (
        f"it has {found.replication} of {copies} copies; kafka-reassign-partitions.sh adds the others"
        if found.replication < copies
        else None
    )
    return Step(name, "change" if config else "keep", partitions, found.replication, config, few)


def refused(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.action == "refuse"]
