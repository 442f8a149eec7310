"""Hubs on Kafka, their workers and web processes; and brokers that a test may kill: nobody else uses them meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.settings import KafkaAccess, Settings
from hub.wiring import Hub, open_hub
from tests.both_logs import OnKafka
from tests.conftest import make_topics, reachable_folder
from tests.kafka.beside import Beside
from tests.kafka.brokers import KafkaBroker, KafkaCluster


@pytest.fixture
def own_broker() -> Iterator[KafkaBroker]:
    """One node, for this test alone."""
    with reachable_folder() as folder, KafkaBroker(folder) as broker:
        yield broker


@pytest.fixture
def hub_on_own_broker(own_broker: KafkaBroker, new_database: Callable[[], str], tmp_path: Path) -> Iterator[Hub]:
    make_topics(own_broker.brokers, KafkaAccess())
    settings = Settings(home=tmp_path, blobs_url=str(tmp_path / "blobs"), kafka=own_broker.brokers)
    opened = open_hub(settings, new_database(), connections=4)
    yield opened
    opened.close()


@pytest.fixture
def kafka_cluster() -> Iterator[KafkaCluster]:
    """Three nodes, for this test alone."""
    with reachable_folder() as folder, KafkaCluster(folder) as cluster:
        yield cluster


@pytest.fixture
def where_the_log_is(kafka_broker: KafkaBroker) -> OnKafka:
    """`hub` and `new_hub` are on Kafka here."""
    return OnKafka(kafka_broker)


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    """Processes of a hub beside the test; ended with it."""
    processes = Beside(tmp_path)
    yield processes
    processes.end()
