"""No broker is left, for good: what waits for them holds nothing open, and what is asked to end ends."""

from __future__ import annotations

import gc
import os
import signal
import time

from hub.log.kafka import KafkaLog
from hub.settings import KafkaAccess
from hub.wiring import Hub
from tests.conftest import make_topics
from tests.kafka.beside import Beside, await_sharing
from tests.kafka.brokers import KafkaBroker
from tests.kafka.events import numbered


def test_a_worker_ends_in_time_though_it_cannot_leave_its_group(
    hub_on_own_broker: Hub, own_broker: KafkaBroker, beside: Beside
) -> None:
    worker = beside.start(hub_on_own_broker, "worker")
    await_sharing(hub_on_own_broker, 1)
    own_broker.node.kill()
    worker.signal(signal.SIGTERM)
    assert worker.process
    assert worker.process.wait(60) == 0, beside.said(worker)


def test_connections_that_fail_are_closed_at_once(own_broker: KafkaBroker) -> None:
    make_topics(own_broker.brokers, KafkaAccess())
    log = KafkaLog(own_broker.brokers, patience=5.0)
    log.append([numbered(1)])
    assert sum(log.ends().values()) == 1
    gc.disable()  # who only waits makes nothing, and then Python does not look either
    try:
        held = len(os.listdir("/proc/self/fd"))
        own_broker.node.kill()
        time.sleep(5)  # the clients try to connect, each once a second
        assert len(os.listdir("/proc/self/fd")) <= held
    finally:
        gc.enable()
        log.close()
