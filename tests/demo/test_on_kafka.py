"""The demo with its log on Kafka (`hub up --demo` with HUB_KAFKA): its main stories are those of the other log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.demo.people import Person
from tests import both_logs
from tests.conftest import reachable_folder
from tests.demo import test_live as live
from tests.demo.test_live import DemoHub
from tests.demo.test_live import people as people
from tests.kafka.brokers import KafkaBroker

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def demo(kafka_broker: KafkaBroker) -> Iterator[DemoHub]:
    with reachable_folder() as folder:
        hub = DemoHub(folder, {"HUB_DEMO_PEOPLE": str(live.PEOPLE)} | both_logs.told(kafka_broker))
        try:
            hub.open()
            yield hub
        finally:
            hub.kill_everything()


def test_a_phone_rings_within_15_seconds_after_the_page_is_open(demo: DemoHub) -> None:
    live.test_a_phone_rings_within_15_seconds_after_the_page_is_open(demo)


def test_the_same_mail_twice_is_one_contact_and_one_duplicate(demo: DemoHub, people: dict[str, Person]) -> None:
    live.test_the_same_mail_twice_is_one_contact_and_one_duplicate(demo, people)


def test_a_killed_worker_is_started_again_and_nothing_waits_for_it(demo: DemoHub) -> None:
    live.test_a_killed_worker_is_started_again_and_nothing_waits_for_it(demo)


def test_its_log_is_on_kafka_and_all_that_comes_and_is_decided_is_shown(demo: DemoHub) -> None:
    assert demo.json("status")["log"] == "kafka"
    demo.await_quiet()
    demo.assert_sound()
