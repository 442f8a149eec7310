"""The lane and its failures: one bad event never holds up the others, too many stop it, what is newer waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event as Flag
from threading import Thread
from typing import Any

import orjson
import pytest

from hub.consumers import project
from hub.consumers.project import LaneStopped, retry_dead
from hub.consumers.rebuild import NoSuchProjection, rebuild, verify
from hub.consumers.record import Recorder
from hub.events.catalogue import NewerVersion
from hub.events.envelope import Sealed
from hub.events.ids import named, place
from hub.store import archive
from hub.store.database import Unavailable
from hub.store.projected import projections
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.journeys.story import EMAIL, NOW, ago, come, shown, timeline
from tests.kill.running import until

WAITS = "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE datname = current_database() AND NOT granted"


def poison(hub: Hub, n: int, version: int = 1, data: object = None, replaces: str | None = None) -> str:
    """An event that no projection can take: it never passed the door."""
    id = named("poison", str(n), replaces or "")
    now = datetime.now(UTC)  # not the story's: it grows old in a long run, and what waits for long is another reason
    document = {
        "id": id, "type": "order.placed", "version": version, "time": now.isoformat(), "recorded": now.isoformat(),
        "source": "/t", "stream": f"order:{n}", "data": data or {"order": "1", "lines": 7},
    } | ({"replaces": replaces} if replaces else {})  # fmt: skip
    made = Sealed(id, "order.placed", f"order:{n}", now, now, orjson.dumps(document), replaces=replaces)
    hub.recorder.log.append([made])
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


def test_only_what_failed_is_set_aside_though_another_event_comes_before_it_meanwhile(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside, came = project.Lane._set_aside, Flag()
    before = next(n for n in count(2) if place(f"order:{n}") < place("order:1"))

    def once_another_came(*args: Any) -> int:
        if not came.is_set():
            came.set()
            poison(hub, before, data={"order": str(before), "lines": []})  # this one is good
        return aside(*args)

    bad = poison(hub, 1)
    monkeypatch.setattr(project.Lane, "_set_aside", once_another_came)
    assert hub.lane.run() == 2
    assert dead(hub) == [bad]
    assert hub.database.rows("SELECT number FROM orders") == [(str(before),)]
    assert verify(hub.recorder)["clean"]


def test_a_poisoned_second_thought_is_set_aside_alone_and_what_it_was_to_replace_stands(hub: Hub) -> None:
    first = poison(hub, 7, data={"order": "7", "lines": []})
    shown(hub)
    bad = poison(hub, 7, replaces=first)
    for n in range(5):
        poison(hub, 20 + n, data={"order": str(20 + n), "lines": []})  # these are good
    shown(hub)
    assert dead(hub) == [bad]
    assert hub.database.rows("SELECT number FROM orders ORDER BY 1") == [("20",), ("21",), ("22",), ("23",), ("24",), ("7",)]
    assert hub.database.rows("SELECT FROM refold") == []
    assert verify(hub.recorder)["clean"]


def test_streams_that_wait_to_be_folded_again_are_though_nothing_new_comes(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    first = poison(hub, 7, data={"order": "7", "lines": []})
    shown(hub)
    poison(hub, 7, data={"order": "8", "lines": []}, replaces=first)
    with monkeypatch.context() as cut:
        cut.setattr(project, "refold", unavailable)
        with pytest.raises(Unavailable):
            shown(hub)
    assert hub.lane.run() == 0
    assert hub.database.rows("SELECT number FROM orders") == [("8",)]


def unavailable(recorder: Recorder) -> int:
    raise Unavailable("the database was killed")


def test_what_is_far_behind_is_folded_by_halves_and_a_poisoned_event_is_still_set_aside_alone(hub: Hub) -> None:
    bad = [poison(hub, n) for n in (20, 60, 100)]
    for n in range(200, 320):
        poison(hub, n, data={"order": str(n), "lines": []})  # these are good
    done = [hub.lane.run(10)]
    while done[-1]:
        done.append(hub.lane.run(10))
    assert sum(done) == 123
    assert sorted(dead(hub)) == sorted(bad)
    assert hub.database.rows("SELECT count(*) FROM orders") == [(120,)]
    assert verify(hub.recorder)["clean"]


def mend(hub: Hub) -> None:
    """Stands for the repair of what could not take the one event that there is."""
    good = orjson.loads(hub.database.rows("SELECT value FROM event")[0][0]) | {"data": {"order": "1", "lines": []}}
    hub.database.rows("UPDATE event SET value = %s RETURNING 1", [orjson.dumps(good).decode()])


def test_a_dead_letter_is_folded_after_the_repair(hub: Hub) -> None:
    bad = poison(hub, 1)
    shown(hub)
    mend(hub)
    assert retry_dead(hub.recorder, [bad]) == 1
    assert dead(hub) == []
    assert hub.database.rows("SELECT number, stage FROM orders") == [("1", "placed")]
    assert verify(hub.recorder)["clean"]


def test_a_dead_letter_that_is_folded_beside_a_rebuild_is_there_after_it(hub: Hub) -> None:
    poison(hub, 1)
    shown(hub)
    mend(hub)

    def once_it_was_passed_over(done: int, of: int) -> None:
        retry_dead(hub.recorder, [])

    rebuild(hub.recorder, list(projections()), once_it_was_passed_over)
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


def test_the_lane_goes_on_while_a_swap_waits_for_whoever_reads_for_long(hub: Hub) -> None:
    come(hub, "visit.recorded", "1", NOW, visit="1", party=EMAIL)
    bad = poison(hub, 1)
    with ThreadPoolExecutor(2) as pool, hub.database.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM timeline").fetchone() == (1,)
        rebuilding = pool.submit(rebuild, hub.recorder, list(projections()))
        until(lambda: hub.database.rows(WAITS), 60, "the swap waits for this reader")
        coming = pool.submit(come, hub, "visit.recorded", "2", ago(hours=1), visit="2", party=EMAIL)
        try:
            coming.result(30)
            assert dead(hub) == [bad]
            assert not rebuilding.done()
            assert hub.database.rows("SELECT count(*) FROM timeline") == [(2,)]
        finally:
            tx.commit()
        rebuilding.result(60)
    assert hub.database.rows("SELECT count(*) FROM timeline") == [(2,)]
    assert verify(hub.recorder)["clean"]


def test_whoever_reads_one_after_the_other_and_a_swap_do_not_wait_for_each_other(hub: Hub) -> None:
    come(hub, "visit.recorded", "1", NOW, visit="1", party=EMAIL)
    with ThreadPoolExecutor(1) as pool, hub.database.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM timeline").fetchone() == (1,)
        rebuilding = pool.submit(rebuild, hub.recorder, ["calls", "timeline"])
        until(lambda: hub.database.rows(WAITS), 60, "the swap waits for this reader")
        assert tx.execute("SELECT count(*) FROM calls").fetchone() == (0,)
        tx.commit()
        rebuilding.result(60)
    assert verify(hub.recorder)["clean"]


def test_a_projection_that_does_not_exist_cannot_be_rebuilt(hub: Hub) -> None:
    with pytest.raises(NoSuchProjection, match="nonsense"):
        rebuild(hub.recorder, ["nonsense"])
