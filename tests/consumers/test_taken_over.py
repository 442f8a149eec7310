"""While a hub is brought up to date, old and new processes run beside one another: the old ones harm nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest

from hub.consumers.project import refold
from hub.consumers.rebuild import install_all, rebuild, verify
from hub.consumers.record import Outgoing
from hub.events.draft import Draft
from hub.events.prepare import prepare
from hub.projections import timeline as timelines
from hub.projections._shape import Append
from hub.store.database import TakenOver, migrate
from hub.store.projected import projections
from hub.wiring import Hub
from tests.consumers.test_project import dead
from tests.journeys.story import EMAIL, NOW, come, timeline


@contextmanager
def as_newer(*made: Append) -> Iterator[None]:
    """This process is a newer hub meanwhile, whose projections these are."""
    with pytest.MonkeyPatch.context() as patch:
        for projection in made:
            patch.setitem(projections(), projection.name, projection)
        yield


@dataclass(frozen=True)
class Noticed:
    """What a projection of a newer hub shows."""

    stream: str
    id: str


def noticed(*, broken: bool = False) -> Append:
    """A projection that only a newer hub has."""
    return Append(
        "noticed", 1, Noticed, frozenset({"visit.recorded"}),
        lambda event: [Noticed(event.stream, None if broken else event.id)], ("stream", "id"),  # type: ignore[arg-type]
    )  # fmt: skip


NEWER = replace(timelines.projection, version=99)


def written(hub: Hub, key: str) -> None:
    """An event comes in, and nothing is done with it."""
    event = prepare(Draft("visit.recorded", NOW, "/test", key, {"visit": key, "party": EMAIL}), hub.recorder.here, NOW)
    hub.recorder.record(lambda _: [Outgoing(event)])


@pytest.mark.parametrize("newer", [NEWER, noticed()], ids=["a newer version", "a projection that is new"])
def test_an_older_lane_stands_and_the_newer_one_goes_on(hub: Hub, newer: Append) -> None:
    come(hub, "visit.recorded", "1", NOW, visit="1", party=EMAIL)
    with as_newer(newer):
        assert install_all(hub.recorder) == [newer.name]
    written(hub, "2")
    olders: list[Callable[[], int]] = [
        hub.lane.run, lambda: refold(hub.recorder), lambda: rebuild(hub.recorder, ["timeline"])
    ]  # fmt: skip
    for older in olders:
        with pytest.raises(TakenOver, match="A newer hub has taken over"):
            older()
    assert dead(hub) == []
    with as_newer(newer):
        assert hub.lane.run() == 1
        assert len(timeline(hub, "sara@example.com")) == 2
        assert verify(hub.recorder)["clean"]


def test_an_older_process_that_starts_later_changes_nothing_back(hub: Hub) -> None:
    come(hub, "visit.recorded", "1", NOW, visit="1", party=EMAIL)
    with as_newer(NEWER):
        install_all(hub.recorder)
    with pytest.raises(TakenOver, match="It shows timeline in version 99, this hub has version"):
        install_all(hub.recorder)
    assert hub.database.rows("SELECT version FROM projected WHERE name = 'timeline'") == [(99,)]
    assert len(timeline(hub, "sara@example.com")) == 1


def test_of_processes_that_start_at_once_one_rebuilds(hub: Hub) -> None:
    for n in range(20):
        come(hub, "visit.recorded", str(n), NOW, visit=str(n), party=EMAIL)
    with as_newer(NEWER), ThreadPoolExecutor(3) as pool:
        started = [pool.submit(install_all, hub.recorder) for _ in range(3)]
        assert sorted(one.result(60) for one in started) == [[], [], ["timeline"]]
        assert verify(hub.recorder)["clean"]


def test_a_new_projection_that_was_not_finished_is_made_whole_at_the_next_start(hub: Hub) -> None:
    come(hub, "visit.recorded", "1", NOW, visit="1", party=EMAIL)
    with as_newer(noticed(broken=True)), pytest.raises(psycopg.Error):
        install_all(hub.recorder)
    with as_newer(noticed()):
        assert install_all(hub.recorder) == ["noticed"]
        assert len(hub.database.rows("SELECT FROM noticed")) == 1


def test_tables_of_a_newer_hub_are_refused_in_words(hub: Hub) -> None:
    hub.database.rows("UPDATE alembic_version SET version_num = '9999' RETURNING 1")
    with pytest.raises(TakenOver, match="Its tables are of version 9999, this hub knows"):
        migrate(hub.database.dsn)
