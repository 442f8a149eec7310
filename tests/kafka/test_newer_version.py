"""An event of a version that this hub does not know, on Kafka: its lane stands with a clear word, and drops nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from hub.events.envelope import Sealed
from hub.events.ids import named
from hub.log._protocol import Place
from hub.wiring import Hub
from tests.kafka.beside import Beside, asked, reasons
from tests.kafka.test_modes import said
from tests.kafka.test_unreadable import brought
from tests.kill.running import until

_NEXT = "SELECT next FROM checkpoint WHERE step = %s AND topic = %s AND part = %s"


def newer(hub: Hub, kind: str, stream: str) -> tuple[Place, bytes]:
    """What a hub of tomorrow wrote; where it lies, and its bytes."""
    id, now = named("newer", stream), datetime.now(UTC)
    document = {
        "id": id, "type": kind, "version": 99, "time": now.isoformat(), "recorded": now.isoformat(), "source": "/t",
        "stream": stream, "data": {"payload": id, "channel": "email", "size": 1, "sha256": "0" * 64},
    }  # fmt: skip
    event = Sealed(id, kind, stream, now, now, orjson.dumps(document))
    (appended,) = hub.recorder.log.append([event])
    assert appended.place
    return appended.place, event.value


def assert_stands(hub: Hub, url: str, step: str, at: Place, value: bytes) -> None:
    """It says so, has gone up to this event and not over it, and the event is where it was."""
    why = until(lambda: reasons(url).get(step), 60, f"{step} stands")
    assert "version 99" in why
    assert hub.database.rows(_NEXT, [step, *at[:2]]) == [(at.position,)]
    assert hub.database.rows("SELECT * FROM dead_letter") == []
    assert [one.value for one in hub.recorder.log.read({at[:2]: at.position}, 1)] == [value]


@pytest.fixture
def url(hub: Hub, beside: Beside) -> str:
    """Where it answers; a worker runs beside it."""
    beside.start(hub, "worker")
    return beside.serve(hub)


def done(hub: Hub, step: str, topic: str) -> Any:
    """How many events this step has done of this topic."""
    return hub.database.rows("SELECT sum(next) FROM checkpoint WHERE step = %s AND topic = %s", [step, topic])[0][0]


def test_what_is_shown_stands_and_what_comes_is_understood_all_the_same(hub: Hub, url: str) -> None:
    at, value = newer(hub, "order.placed", "order:newer")
    assert_stands(hub, url, "project", at, value)
    before = done(hub, "understand", "inbound")
    brought(hub, 1)
    until(lambda: done(hub, "understand", "inbound") == before + 1, 60, "the mail is understood")
    assert set(reasons(url)) == {"project"}


def test_what_comes_raw_stands_and_all_else_is_shown(hub: Hub, url: str) -> None:
    at, value = newer(hub, "inbound.payload_received", "payload:newer")
    assert_stands(hub, url, "understand", at, value)
    key = asked(hub, "keys", "create", "sender").stdout.strip()
    httpx.post(f"{url}/v1/events", json=said(1), headers={"Authorization": f"Bearer {key}"}, timeout=60).raise_for_status()
    until(lambda: hub.database.rows("SELECT FROM timeline"), 60, "what came as an event is shown")
    assert set(reasons(url)) == {"understand"}
