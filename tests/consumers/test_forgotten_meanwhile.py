"""Somebody is forgotten while others write, verify and rebuild: nobody waits for long, and none of it shows him again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.consumers.forget import forget
from hub.consumers.rebuild import rebuild, verify
from hub.consumers.record import Recorder
from hub.store.keys import Keys
from hub.store.projected import projections
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, of, shown


def said(hub: Hub, n: int) -> None:
    fields = {"channel": "chat", "message": f"m{n}", "thread": "t", "party": EMAIL, "text": f"I live in Elm Street {n}"}
    come(hub, "message.received", f"m{n}", ago(hours=9 - n), **fields)


@pytest.fixture
def half_way(hub: Hub) -> Iterator[Callable[[int, int], None]]:
    """Told how far a fold is, it forgets Sara once, from another process, and somebody else writes after that."""
    come(hub, "order.placed", "o", ago(days=1), order="7", party=EMAIL, lines=[])
    said(hub, 1)
    elsewhere = Keys(hub.keys.dsn)
    other = Recorder(hub.database, elsewhere, hub.recorder.log, hub.recorder.blobs)
    (parties,) = of(hub, EMAIL["value"])
    with ThreadPoolExecutor(1) as pool:

        def told(done: int, of: int) -> None:
            if not set(parties) <= elsewhere.forgotten():
                pool.submit(forget, other, parties, NOW).result(30)
                pool.submit(come, hub, "visit.recorded", "v", ago(hours=1), visit="v", party=PHONE).result(30)

        yield told
    assert set(parties) <= elsewhere.forgotten()
    elsewhere.close()


def forgotten(hub: Hub) -> bool:
    [(texts, kept)] = hub.database.rows("SELECT count(*), count(text) FROM timeline WHERE type = 'message.received'")
    return bool(texts) and not kept


def test_a_verify_keeps_nobody_waiting_and_takes_no_forgetting_for_a_fault(
    hub: Hub, half_way: Callable[[int, int], None]
) -> None:
    report = verify(hub.recorder, half_way)
    assert report["clean"], report
    assert forgotten(hub)


def test_a_rebuild_keeps_nobody_waiting_and_shows_nothing_of_him(hub: Hub, half_way: Callable[[int, int], None]) -> None:
    rebuild(hub.recorder, list(projections()), half_way)
    shown(hub)
    assert forgotten(hub)
    assert verify(hub.recorder)["clean"]
