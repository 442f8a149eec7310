"""A whole log comes back empty: every step stands with a clear word, nothing is taken in, and the archive goes on alone."""

from __future__ import annotations

import httpx
import pytest

from hub.consumers import health
from hub.log._protocol import LogLost
from hub.settings import KafkaAccess
from hub.wiring import Hub
from tests.conftest import make_topics
from tests.kafka.beside import Beside, asked, await_shown, commanded, environ, reasons
from tests.kafka.brokers import KafkaBroker
from tests.kafka.test_modes import said
from tests.kill.running import until

_CHECKPOINTS = "SELECT step, topic, part, next FROM checkpoint ORDER BY 1, 2, 3"


@pytest.fixture
def hub(hub_on_own_broker: Hub) -> Hub:
    return hub_on_own_broker


def lose_everything(broker: KafkaBroker) -> None:
    """Its disk is replaced, and somebody makes the topics again."""
    broker.node.kill()
    broker.node.empty(broker.id, broker.voters)
    broker.node.start()
    broker.node.wait()
    make_topics(broker.brokers, KafkaAccess())


def test_a_log_that_comes_back_empty_is_neither_read_on_nor_written_to(
    hub: Hub, own_broker: KafkaBroker, beside: Beside
) -> None:
    worker, url = beside.start(hub, "worker"), beside.serve(hub)
    key = asked(hub, "keys", "create", "sender").stdout.strip()
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120) as sender:
        for n in range(10):
            assert sender.post("/v1/events", json=said(n)).status_code == 202
        await_shown(hub)
        before = hub.database.rows(_CHECKPOINTS)
        lose_everything(own_broker)
        why = until(lambda: told if {"log", "project"} <= (told := reasons(url)).keys() else None, 60, "it is said")
        assert [at for at in ("log", "project") if "came back empty" not in why[at]] == []
        refused = sender.post("/v1/events", json=said(99))
        assert (refused.status_code, "an operator must look" in refused.text) == (503, True), refused.text
    with pytest.raises(LogLost, match="came back empty"):
        health.lanes(hub.recorder)
    assert worker.alive()
    assert hub.database.rows(_CHECKPOINTS) == before
    assert hub.database.rows("SELECT count(*) FROM timeline") == [(10,)]
    beside.end()
    _goes_on(hub)


def _goes_on(hub: Hub) -> None:
    """What an operator does then."""
    there = environ(hub.settings, hub.database.dsn)
    hub.close()
    ill = commanded(there, "doctor")
    assert (ill.returncode, "came back empty" in ill.stderr) == (3, True)
    recovered = commanded(there, "log", "recover")
    assert (recovered.returncode, "events=" in recovered.stdout) == (0, True), recovered.stderr
    alone = commanded(there | {"HUB_KAFKA": ""}, "verify")
    assert (alone.returncode, "clean" in alone.stdout) == (0, True), alone.stderr
