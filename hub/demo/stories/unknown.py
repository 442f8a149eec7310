"""The number nobody knows: it called three times, always in the wrong moment, and was never answered."""

from __future__ import annotations

from hub.demo.diary import Call
from hub.demo.scene import Scene, Story

NUMBER = "09355550101"
CALLS = ((13, "12:58", 41, "ABANDONED"), (8, "21:07", 25, "CLOSED"), (2, "13:31", 96, "ABANDONED"))


def tell(scene: Scene) -> None:
    for days, at, waited, how in CALLS:
        queue = "600" if how == "CLOSED" else "510"
        scene.diary.call(Call(scene.clock.at(days, at), NUMBER, waited=waited, queue=queue, disposition="NO ANSWER"))


story = Story((), (), tell)
