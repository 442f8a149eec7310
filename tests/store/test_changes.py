"""Who listens to changes hears of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from hub.consumers.project import CHANNEL
from hub.store import changes as watched
from hub.store.changes import Changed, Changes, Vector
from hub.store.database import Connection
from hub.wiring import Hub
from tests.journeys.story import PHONE, ago, come
from tests.kill.running import until


@pytest.fixture
def changes(hub: Hub) -> Iterator[Changes]:
    made = Changes(hub.database, CHANNEL)
    yield made
    made.close()


def test_one_who_fails_at_a_change_keeps_it_from_nobody_else_nor_the_next_one_from_anybody(hub: Hub, changes: Changes) -> None:
    failed: set[str] = set()
    heard: set[str] = set()

    def fails(changed: Changed, before: Vector, now: Vector) -> None:
        failed.update(changed.streams)
        raise ValueError("not of our making")

    def hears(changed: Changed, before: Vector, now: Vector) -> None:
        heard.update(changed.streams)

    changes.listen(fails)
    changes.listen(hears)
    for call in ("one", "two"):
        id = come(hub, "call.ringing", call, ago(seconds=5), call=call, party=PHONE)
        ((stream,),) = hub.database.rows("SELECT stream FROM event WHERE id = %s", [id])
        until(partial(heard.__contains__, stream), 60, f"{call} is heard of")
        assert stream in failed


def test_whatever_goes_wrong_once_the_next_change_is_heard_of(
    hub: Hub, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: set[str] = set()
    wrong: list[str] = []
    vector = watched.vector

    def fails_once(tx: Connection) -> Vector:
        if not wrong:
            wrong.append("once")
            raise KeyError("not of our making")
        return vector(tx)

    changes.listen(lambda changed, before, now: heard.update(changed.streams))
    monkeypatch.setattr(watched, "vector", fails_once)
    id = come(hub, "call.ringing", "c", ago(seconds=5), call="c", party=PHONE)
    ((stream,),) = hub.database.rows("SELECT stream FROM event WHERE id = %s", [id])
    until(partial(heard.__contains__, stream), 60, "it is heard of")
    assert wrong == ["once"]
