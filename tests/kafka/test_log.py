"""What the log on Kafka does beyond what every log does: on a real broker."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from hub.events.ids import place
from hub.log._protocol import LogAway, LogLost, LogRefused
from hub.log.headers import sealed
from hub.log.kafka import KafkaLog
from hub.log.topics import LARGEST
from hub.settings import KafkaAccess
from tests.conftest import make_topics
from tests.kafka.brokers import KafkaBroker, free_ports
from tests.kafka.events import all_of, first_of_each, grouped, number, numbered

LANE = place("order:1")
STREAMS = [f"order:{n}" for n in range(40)]


def test_what_is_appended_again_is_there_twice_under_one_id(kafka_log: KafkaLog) -> None:
    first, again = kafka_log.append([numbered(1), numbered(1)])
    assert [first.verdict, again.verdict] == ["new", "new"]
    assert [one.place for one in kafka_log.read({LANE: 0}, 10)] == [first.place, again.place]


def test_the_gate_gets_the_event_as_it_was_appended(kafka_log: KafkaLog) -> None:
    event = numbered(1)
    kafka_log.append([event])
    assert sealed(kafka_log.read({LANE: 0}, 10)[0]) == event


def test_every_lane_is_read_to_its_end_in_small_portions(kafka_log: KafkaLog) -> None:
    for group in grouped(300, STREAMS, 50):
        kafka_log.append(group)
    assert all_of(kafka_log, STREAMS, limit=70) == {name: list(range(300)) for name in STREAMS}


def test_a_step_that_failed_reads_the_same_again(kafka_log: KafkaLog) -> None:
    kafka_log.append([numbered(n) for n in range(30)])
    once = kafka_log.read({LANE: 0}, 20)
    assert kafka_log.read({LANE: 5}, 5) == once[5:10]
    assert kafka_log.read({LANE: 0}, 20) == once


def test_threads_that_come_and_go_leave_no_connections_behind(kafka_log: KafkaLog) -> None:
    kafka_log.append([numbered(n) for n in range(200)])
    read: list[int] = []

    def connections() -> int:
        return len(psutil.Process().net_connections("tcp"))

    for part in range(20):
        with ThreadPoolExecutor(1) as pool:
            read += map(number, pool.submit(kafka_log.read, {LANE: part * 10}, 10).result())
        if part == 0:
            before = connections()
    assert read == list(range(200))
    assert connections() <= before


def test_a_portion_is_bounded_in_bytes_and_never_empty(kafka_log: KafkaLog) -> None:
    for n in range(10):
        kafka_log.append([numbered(n, size=4 * 1024 * 1024)])
    read: list[int] = []
    while portion := kafka_log.read({LANE: len(read)}, 100):
        assert sum(len(one.value) for one in portion) < 21 * 1024 * 1024
        read += map(number, portion)
    assert read == list(range(10))


def test_an_event_that_no_topic_takes_is_refused_with_its_size(kafka_log: KafkaLog) -> None:
    with pytest.raises(LogRefused, match=f"take up to {LARGEST:,}"):
        kafka_log.append([numbered(1), numbered(2, size=LARGEST)])
    assert kafka_log.ends()[LANE] == 0


def test_without_its_topics_the_log_says_what_to_do(kafka_broker: KafkaBroker, kafka_access: KafkaAccess) -> None:
    log = KafkaLog(kafka_broker.brokers, kafka_access)
    with pytest.raises(LogRefused, match=r"inbound is missing\. See `hub topics plan`"):
        log.append([numbered(1)])


def test_where_no_broker_is_the_log_is_away_and_says_so_in_time() -> None:
    log = KafkaLog(f"127.0.0.1:{free_ports(1)[0]}", patience=1.0)
    for ask in (lambda: log.append([numbered(1)]), lambda: log.read({LANE: 0}, 1), log.ends):
        start = time.monotonic()
        with pytest.raises(LogAway, match="may be sent again"):
            ask()
        assert time.monotonic() - start < 5


def test_a_broker_that_does_not_answer_loses_nothing_that_was_acknowledged(own_broker: KafkaBroker) -> None:
    access = KafkaAccess()
    make_topics(own_broker.brokers, access)
    log = KafkaLog(own_broker.brokers, access, patience=3.0)
    log.append([numbered(n) for n in range(100)])
    own_broker.node.pause()
    start = time.monotonic()
    with pytest.raises(LogAway):
        log.append([numbered(n) for n in range(100, 2000)])
    with pytest.raises(LogAway):
        log.read({LANE: 0}, 1)
    assert time.monotonic() - start < 15
    own_broker.node.go_on()
    log.append([numbered(n) for n in range(100, 2000)])
    log.append([numbered(2000)])
    assert first_of_each(all_of(log, ["order:1"])["order:1"]) == list(range(2001))
    log.close()


def test_a_broker_that_was_killed_has_what_it_acknowledged_when_it_is_back(own_broker: KafkaBroker) -> None:
    access = KafkaAccess()
    make_topics(own_broker.brokers, access)
    log = KafkaLog(own_broker.brokers, access)
    log.append([numbered(n) for n in range(100)])
    own_broker.node.kill()
    own_broker.node.start()
    log.append([numbered(n) for n in range(100, 200)])
    assert all_of(log, ["order:1"])["order:1"] == list(range(200))
    log.close()


def test_a_log_that_came_back_empty_is_not_read_on(own_broker: KafkaBroker) -> None:
    access = KafkaAccess()
    make_topics(own_broker.brokers, access)
    log, late = KafkaLog(own_broker.brokers, access), KafkaLog(own_broker.brokers, access)
    log.append([numbered(n) for n in range(10)])
    assert len(log.read({LANE: 0}, 10)) == 10
    own_broker.node.kill()
    own_broker.node.empty(own_broker.id, own_broker.voters)
    own_broker.node.start()
    own_broker.node.wait()
    make_topics(own_broker.brokers, access)
    for reader, start in ((log, 10), (late, 3)):
        with pytest.raises(LogLost, match="came back empty"):
            reader.read({LANE: start}, 10)
    for one in (log, late):
        one.close()
