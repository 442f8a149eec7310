"""`hub topics` as an operator runs it, on real clusters of one and three brokers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaAdminClient  # type: ignore[import-untyped]

from hub.settings import KafkaAccess
from tests.kafka.brokers import KafkaBroker, KafkaCluster, free_ports

Hub = Callable[..., subprocess.CompletedProcess[str]]


def hub_on(brokers: str, home: Path, prefix: str = "") -> Hub:
    environ = os.environ | {"HUB_HOME": str(home), "HUB_KAFKA": brokers, "HUB_KAFKA_PREFIX": prefix}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "ignore", "-m", "hub.cli", "topics", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture
def hub_topics(kafka_broker: KafkaBroker, kafka_access: KafkaAccess, tmp_path: Path) -> Hub:
    return hub_on(kafka_broker.brokers, tmp_path, kafka_access.prefix)


def actions(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {step["topic"].rpartition(".")[2]: step["action"] for step in orjson.loads(answer.stdout)["topics"]}


def make(brokers: str, topic: str, **options: Any) -> None:
    admin = KafkaAdminClient(bootstrap_servers=brokers.split(","))
    admin.create_topics({topic: options}, wait_for_metadata=True)
    admin.close()


def test_a_plan_changes_nothing_and_apply_does_what_it_said(hub_topics: Hub) -> None:
    for _ in range(2):
        planned = hub_topics("plan", "--json")
        assert (planned.returncode, set(actions(planned).values())) == (0, {"create"})
    assert actions(hub_topics("apply", "--json")) == actions(planned)
    after = hub_topics("plan", "--json")
    assert (after.returncode, set(actions(after).values())) == (0, {"keep"})


def test_a_different_setting_is_shown_and_put_right(
    hub_topics: Hub, kafka_broker: KafkaBroker, kafka_access: KafkaAccess
) -> None:
    orders = f"{kafka_access.prefix}orders"
    make(kafka_broker.brokers, orders, num_partitions=16, replication_factor=1, configs={"retention.ms": "1000"})
    assert f"{orders}: retention.ms 1000 -> -1\n" in hub_topics("plan").stdout
    assert actions(hub_topics("apply", "--json"))["orders"] == "change"
    assert set(actions(hub_topics("plan", "--json")).values()) == {"keep"}


def test_a_count_of_partitions_is_never_changed(
    hub_topics: Hub, kafka_broker: KafkaBroker, kafka_access: KafkaAccess
) -> None:
    make(kafka_broker.brokers, f"{kafka_access.prefix}orders", num_partitions=8, replication_factor=1)
    for command in ("plan", "apply"):
        answer = hub_topics(command)
        assert answer.returncode == 1
        assert "orders: it has 8 partitions and needs 16. That is never changed" in answer.stdout
        assert "Nothing is changed while a topic is refused." in answer.stderr
    assert actions(hub_topics("plan", "--json"))["inbound"] == "create"


def test_two_that_apply_at_once_both_succeed(hub_topics: Hub) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: hub_topics("apply"), range(2)))
    assert [answer.returncode for answer in answers] == [0, 0], [answer.stderr for answer in answers]
    assert set(actions(hub_topics("plan", "--json")).values()) == {"keep"}


def test_on_three_brokers_every_topic_has_three_copies(kafka_cluster: KafkaCluster, tmp_path: Path) -> None:
    hub = hub_on(kafka_cluster.brokers, tmp_path)
    assert hub("apply").returncode == 0
    admin = KafkaAdminClient(bootstrap_servers=kafka_cluster.brokers.split(","))
    parts = [part for topic in admin.describe_topics(["inbound", "orders.dead"]) for part in topic["partitions"]]
    admin.close()
    assert len(parts) == 17
    assert {len(part["replica_nodes"]) for part in parts} == {3}
    kafka_cluster.nodes[2].kill()
    assert set(actions(hub("plan", "--json")).values()) == {"keep"}  # one that is away still belongs to the cluster


def test_without_brokers_the_command_says_so(tmp_path: Path) -> None:
    gone = hub_on(f"127.0.0.1:{free_ports(1)[0]}", tmp_path)("plan")
    assert (gone.returncode, "did not answer in time" in gone.stderr) == (3, True)
    none = hub_on("", tmp_path)("plan")
    assert (none.returncode, "HUB_KAFKA is not set" in none.stderr) == (2, True)
