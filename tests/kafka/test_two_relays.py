"""One relay sends at a time: a command waits until what another one is sending is shown, but not for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from hub.consumers import runner
from hub.consumers.decide import command
from hub.consumers.relay import BATCH
from hub.consumers.runner import StillSending
from hub.store import outbox
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, come, shown


def closed(hub: Hub) -> None:
    """A ticket is closed: decided, and not sent yet."""
    come(hub, "message.received", "m", NOW, channel="chat", message="m", thread="t", party=EMAIL)
    [(ticket,)] = hub.database.rows("SELECT ticket::text FROM tickets")
    assert command(hub.recorder, ticket, str(uuid4()), {"close": {}}, None, "sara", NOW).status == 200


def states(hub: Hub) -> list[str]:
    return [state for (state,) in hub.database.rows("SELECT state FROM tickets")]


def test_what_another_relay_is_sending_is_waited_for(hub: Hub) -> None:
    closed(hub)
    with ThreadPoolExecutor(1) as pool:
        with hub.database.transaction() as tx:
            sending = outbox.take(tx, BATCH)
            waiting = pool.submit(shown, hub)
            with pytest.raises(TimeoutError):
                waiting.result(1)
            hub.recorder.log.append(sending)
            outbox.sent(tx, [event.id for event in sending])
        waiting.result(60)
    assert states(hub) == ["closed"]


def test_what_a_relay_left_that_died_is_sent(hub: Hub) -> None:
    closed(hub)
    with ThreadPoolExecutor(1) as pool:
        with hub.database.transaction() as tx:
            assert outbox.take(tx, BATCH)
            waiting = pool.submit(shown, hub)
            with pytest.raises(TimeoutError):
                waiting.result(1)
            tx.rollback()
        waiting.result(60)
    assert states(hub) == ["closed"]


def test_a_relay_that_does_not_get_on_is_told_of(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_STANDS", 0.5)
    closed(hub)
    with hub.database.transaction() as tx:
        assert outbox.take(tx, BATCH)
        with pytest.raises(StillSending, match="another process is at it"):
            shown(hub)
    shown(hub)
    assert states(hub) == ["closed"]
