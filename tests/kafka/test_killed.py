"""One of three brokers dies without a warning while events are appended: all that was acknowledged is read, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal

from hub.events.ids import place
from hub.log._protocol import Place
from hub.log.kafka import KafkaLog
from hub.settings import KafkaAccess
from tests.conftest import make_topics
from tests.kafka.brokers import KafkaCluster
from tests.kafka.events import all_of, numbered

WRITERS = 3
STREAMS = [f"order:{n}" for n in range(12)]


def test_nothing_acknowledged_is_lost_or_doubled_when_a_leader_is_killed(kafka_cluster: KafkaCluster) -> None:
    make_topics(kafka_cluster.brokers, KafkaAccess())
    log = KafkaLog(kafka_cluster.brokers, patience=60.0)
    under_way, killed, written = Signal(), Signal(), Signal()

    def write(streams: list[str]) -> dict[str, list[Place]]:
        """Append until some time after the kill; where each stream's events 0, 1, 2, ... were said to lie."""
        said: dict[str, list[Place]] = {name: [] for name in streams}
        n = after = 0
        while after < 20:
            group = [numbered(n + k, name) for k in range(5) for name in streams]
            for event, answer in zip(group, log.append(group), strict=True):
                assert answer.place
                said[event.stream].append(answer.place)
            n += 5
            after += killed.is_set()
            if n > 200:
                under_way.set()
        return said

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reading = pool.submit(all_of, log, STREAMS, done=written.is_set)
        writing = [pool.submit(write, STREAMS[writer::WRITERS]) for writer in range(WRITERS)]
        try:
            assert under_way.wait(60)
            kafka_cluster.leader(*place(STREAMS[0])).kill()
            killed.set()
            said = {name: places for one in writing for name, places in one.result(120).items()}
        finally:
            killed.set()
            written.set()
        read = reading.result(120)
    for name, places in said.items():
        assert read[name] == list(range(len(places)))
        assert places == sorted(places)
        assert {where[:2] for where in places} == {place(name)}
    log.close()
