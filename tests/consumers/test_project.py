"""The lane and its failures: one bad event never holds up the others, too many stop it, what is newer waits."""

from __future__ import annotations

from datetime import timedelta
from threading import Event as Flag
from threading import Thread

import orjson
import pytest

from hub.consumers.project import LaneStopped, retry_dead
from hub.consumers.rebuild import NoSuchProjection, rebuild, verify
from hub.events.catalogue import NewerVersion
from hub.events.envelope import Sealed
from hub.events.ids import named
from hub.store import archive
from hub.store.projected import projections
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, ago, come, shown, timeline


def poison(hub: Hub, n: int, version: int = 1, data: object = None) -> str:
    """An event that no projection can take: it never passed the door."""
    id = named("poison", str(n))
    document = {
        "id": id, "type": "order.placed", "version": version, "time": NOW.isoformat(), "recorded": NOW.isoformat(),
        "source": "/t", "stream": f"order:{n}", "data": data or {"order": "1", "lines": 7},
    }  # fmt: skip
    hub.recorder.log.append([Sealed(id, "order.placed", f"order:{n}", NOW, NOW, orjson.dumps(document))])
    return id


def dead(hub: Hub) -> list[str]:
    with hub.database.transaction() as tx:
        return [letter["id"] for letter in archive.dead(tx)]


def test_a_poisoned_event_is_set_aside_alone(hub: Hub) -> None:
    for n in range(5):
        come(hub, "visit.recorded", f"a{n}", ago(hours=n), visit=f"a{n}", party=EMAIL)
    bad = poison(hub, 1)
    for n in range(5):
        come(hub, "visit.recorded", f"b{n}", ago(hours=n), visit=f"b{n}", party=EMAIL)
    shown(hub)
    assert dead(hub) == [bad]
    assert len(timeline(hub, "sara@example.com")) == 10
    assert verify(hub.recorder)["clean"]


def test_a_dead_letter_is_folded_after_the_repair(hub: Hub) -> None:
    bad = poison(hub, 1)
    shown(hub)
    good = orjson.dumps(orjson.loads(hub.database.rows("SELECT value FROM event")[0][0]) | {"data": {"order": "1", "lines": []}})
    with hub.database.transaction() as tx:  # stands for the repair of what could not take it
        tx.execute("UPDATE event SET value = %s", [good.decode()])
    assert retry_dead(hub.recorder, [bad]) == 1
    assert dead(hub) == []
    assert hub.database.rows("SELECT number, stage FROM orders") == [("1", "placed")]
    assert verify(hub.recorder)["clean"]


def test_too_many_dead_letters_stop_the_lane(hub: Hub) -> None:
    for n in range(60):
        poison(hub, n)
    with pytest.raises(LaneStopped):
        shown(hub)
    assert len(dead(hub)) == 50


def test_an_event_of_a_newer_version_stops_the_lane_and_is_not_dropped(hub: Hub) -> None:
    poison(hub, 1, version=99)
    with pytest.raises(NewerVersion, match="version 99"):
        hub.lane.run()
    assert dead(hub) == []
    assert hub.database.rows("SELECT count(*) FROM orders") == [(0,)]


def test_a_rebuild_beside_a_live_lane_is_swapped_without_a_gap(hub: Hub) -> None:
    for n in range(50):
        come(hub, "visit.recorded", f"a{n}", ago(hours=n), visit=f"a{n}", party=EMAIL)
    stop, failures, least = Flag(), [], [10**9]

    def look() -> None:
        while not stop.is_set():
            try:
                least[0] = min(least[0], hub.database.rows("SELECT count(*) FROM timeline")[0][0])
            except Exception as error:
                failures.append(error)

    def live() -> None:
        for n in range(30):
            come(hub, "visit.recorded", f"b{n}", NOW - timedelta(minutes=n), visit=f"b{n}", party=EMAIL)

    threads = [Thread(target=look), Thread(target=live)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        rebuild(hub.recorder, list(projections()))
    threads[1].join()
    stop.set()
    threads[0].join()
    shown(hub)
    assert failures == []
    assert least[0] >= 50
    assert len(hub.database.rows("SELECT FROM timeline")) == 80
    assert verify(hub.recorder)["clean"]


def test_a_projection_that_does_not_exist_cannot_be_rebuilt(hub: Hub) -> None:
    with pytest.raises(NoSuchProjection, match="nonsense"):
        rebuild(hub.recorder, ["nonsense"])
