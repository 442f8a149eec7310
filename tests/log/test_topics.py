"""What a plan for the topics says, for clusters as they may be found; the real ones are in tests/kafka."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hub.events.ids import TOPICS
from hub.log.topics import CONFIG, Found, Step, names, plan, refused

ROOT = Path(__file__).parents[2]
PUBLISHED = yaml.safe_load((ROOT / "schemas/topics.yaml").read_text())


def as_wanted(brokers: int) -> dict[str, Found]:
    return {
        step.topic: Found(step.partitions, step.replication, {name: to for name, (_, to) in step.config.items()})
        for step in plan(brokers, {})
    }


def step(steps: list[Step], topic: str) -> Step:
    return next(one for one in steps if one.topic == topic)


def test_the_plan_makes_what_the_published_file_says() -> None:
    steps = plan(3, {})
    for topic, says in PUBLISHED["topics"].items():
        made = step(steps, topic)
        assert (made.action, made.partitions, made.replication) == (
            "create",
            says["partitions"],
            PUBLISHED["replication"],
        )
        assert made.config["min.insync.replicas"] == (None, str(PUBLISHED["min_insync_replicas"]))
        assert says["retention"] == "forever"
        assert made.config["retention.ms"] == made.config["retention.bytes"] == (None, "-1")
        assert step(steps, says["dead_letters"]).action == "create"
    assert len(steps) == 2 * len(PUBLISHED["topics"])


@pytest.mark.parametrize(("brokers", "copies", "in_step"), [(1, 1, "1"), (2, 2, "2"), (3, 3, "2"), (7, 3, "2")])
def test_there_are_as_many_copies_as_the_cluster_can_hold(brokers: int, copies: int, in_step: str) -> None:
    for one in plan(brokers, {}):
        assert (one.replication, one.config["min.insync.replicas"][1]) == (copies, in_step)


def test_what_is_as_it_has_to_be_is_kept() -> None:
    assert {one.action for one in plan(3, as_wanted(3))} == {"keep"}


def test_a_setting_that_is_different_is_changed_and_no_other() -> None:
    found = as_wanted(3)
    found["orders"] = Found(16, 3, {**found["orders"].config, "retention.ms": "604800000"})
    steps = plan(3, found)
    assert step(steps, "orders").config == {"retention.ms": ("604800000", "-1")}
    assert [one.topic for one in steps if one.action != "keep"] == ["orders"]


@pytest.mark.parametrize("partitions", [1, 15, 17])
def test_another_count_of_partitions_is_refused_with_the_reason(partitions: int) -> None:
    found = as_wanted(3)
    found["orders"] = Found(partitions, 3, found["orders"].config)
    steps = plan(3, found)
    assert [one.topic for one in refused(steps)] == ["orders"]
    assert f"has {partitions} partitions and needs 16" in str(step(steps, "orders").why)
    assert step(steps, "orders").config == {}


def test_a_topic_with_one_copy_stays_writable_on_a_larger_cluster() -> None:
    """Two replicas in step asked of a topic that has one: nothing could be appended any more."""
    orders = step(plan(3, as_wanted(1)), "orders")
    assert (orders.action, orders.config) == ("keep", {})
    assert "has 1 of 3 copies" in str(orders.why)


def test_a_prefix_is_before_every_name() -> None:
    assert set(names("shop.")) == {f"shop.{name}" for topic in TOPICS for name in (topic, f"{topic}.dead")}


def test_no_event_is_ever_deleted() -> None:
    assert (CONFIG["cleanup.policy"], CONFIG["retention.ms"], CONFIG["retention.bytes"]) == ("delete", "-1", "-1")
