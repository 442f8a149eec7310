"""Who listens to changes hears of them."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from hub.consumers.project import CHANNEL
from hub.store.changes import Changed, Changes, Vector
from hub.wiring import Hub
from tests.journeys.story import PHONE, ago, come


@pytest.fixture
def changes(hub: Hub) -> Iterator[Changes]:
    made = Changes(hub.database, CHANNEL)
    yield made
    made.close()


def test_one_who_fails_at_a_change_keeps_it_from_nobody_else_nor_the_next_one_from_anybody(hub: Hub, changes: Changes) -> None:
    told = Event()

    def fails(changed: Changed, before: Vector, now: Vector) -> None:
        raise ValueError("not of our making")

    def hears(changed: Changed, before: Vector, now: Vector) -> None:
        told.set()

    changes.listen(fails)
    changes.listen(hears)
    for call in ("one", "two"):
        told.clear()
        come(hub, "call.ringing", call, ago(seconds=5), call=call, party=PHONE)
        assert told.wait(60), f"nobody heard of {call}"
