"""Who calls whoever watches: Sara as soon as the page is open, then somebody every minute or so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from random import Random

from hub.demo.agenda import Agenda
from hub.demo.everyday import Matter
from hub.demo.people import Person
from hub.demo.plays import ring
from hub.demo.scene import Scene
from hub.demo.shop import REZA
from hub.demo.stage import Stage
from hub.demo.telephone import Ring, Telephone
from hub.demo.texts import CALLS

_FIRST = 4.0  # seconds after somebody looks for the first time
_BETWEEN = (60.0, 90.0)
_WATCHED = 600.0  # seconds after which a page that nobody asked for any more is closed
_BUSY = 3.0
_SILENT = 0.15  # of the callers hang up before anybody answers


class Callers:
    """Calls only while somebody watches: a demo that runs overnight shall not miss a thousand calls."""

    def __init__(self, scene: Scene, agenda: Agenda, telephone: Telephone, stage: Stage) -> None:
        self._agenda, self._telephone, self._stage = agenda, telephone, stage
        self._looked: float | None = None
        self._rng = Random(f"{scene.clock.now.isoformat()}/callers")
        self._next = _callers(scene, self._rng)

    def look(self) -> None:
        """Somebody looks at the panel."""
        first, self._looked = self._looked is None, time.monotonic()
        if first:
            self._agenda.after(_FIRST, self._sara)

    def _sara(self) -> None:
        ring.run(self._stage)
        self._again(self._rng.uniform(*_BETWEEN), lambda: self._somebody(next(self._next)))

    def _somebody(self, call: Ring) -> None:
        watched = self._looked is not None and time.monotonic() - self._looked < _WATCHED
        if watched and not self._telephone.ring(call):
            self._again(_BUSY, lambda: self._somebody(call))
            return
        self._again(self._rng.uniform(*_BETWEEN), lambda: self._somebody(next(self._next)))

    def _again(self, seconds: float, action: Callable[[], None]) -> None:
        self._agenda.after(seconds, action)


def _callers(scene: Scene, rng: Random) -> Iterator[Ring]:
    """Round and round: those with a story, then everybody to whom something was delivered."""
    people = [person for person in scene.people.values() if person.key[:3] not in ("fa-", "en-") and not person.company]
    while True:
        for person in [*people, *_anybody(scene, rng)]:
            yield _call(scene, person, rng)


def _anybody(scene: Scene, rng: Random) -> list[Person]:
    ordered = {order.person.key: order.person for order in scene.orders.values() if order.reached("delivered")}
    everybody = list(ordered.values())
    rng.shuffle(everybody)
    return everybody


def _call(scene: Scene, person: Person, rng: Random) -> Ring:
    order = next((one for one in scene.orders.values() if one.person.key == person.key), None)
    reason = ""
    if order:
        reason = Matter(person, order.item, order).said(scene, rng.choice(CALLS[person.language]), REZA)
    talks = None if rng.random() < _SILENT else rng.uniform(15, 30)
    return Ring(person.phones[0], REZA, rng.uniform(20, 30), talks, reason)
