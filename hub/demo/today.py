"""The shop's day as it is played: each moment at its second, by the door that it comes through."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from hub.demo import progress
from hub.demo.agenda import Agenda
from hub.demo.answering import Answering
from hub.demo.day import Command, Happening, Moment, Reached, day
from hub.demo.diary import Call, Event, Mail
from hub.demo.doors import Doors, now
from hub.demo.files import shop_order
from hub.demo.history import order_lines
from hub.demo.purchases import Purchase, Step
from hub.demo.scene import Scene
from hub.demo.shop import COLLEAGUES, MINA, REZA, Colleague
from hub.demo.telephone import Ring, Telephone

_RINGS = 4.0  # seconds until a colleague answers
_TALKS = 90.0  # seconds at most; a minute of the shop is a second here
_NEXT_DAY = 20.0


class Today:
    """Plays one moment after the other, writing down before each how far it is."""

    def __init__(
        self, home: Path, scene: Scene, doors: Doors, agenda: Agenda, telephone: Telephone, answering: Answering
    ) -> None:
        self._home, self._scene, self._doors, self._agenda = home, scene, doors, agenda
        self._telephone, self._answering = telephone, answering
        self._at = progress.read(home, scene.clock.now.isoformat())
        self._moments = day(scene, self._at.day)

    def begin(self) -> None:
        self._agenda.after(1.0, self._play)

    def _play(self) -> None:
        if self._at.done >= len(self._moments):
            self._turn_over()
            return
        moment = self._moments[self._at.done]
        following = replace(self._at, done=self._at.done + 1)
        progress.write(self._home, following)
        self._happens(moment.what)
        self._at = following
        self._agenda.after(self._until_next(moment), self._play)

    def _until_next(self, moment: Moment) -> float:
        rest = self._moments[self._at.done :]
        return rest[0].after - moment.after if rest else _NEXT_DAY

    def _turn_over(self) -> None:
        self._at = replace(self._at, day=self._at.day + 1, done=0)
        progress.write(self._home, self._at)
        self._moments = day(self._scene, self._at.day)
        self._agenda.after(0.0, self._play)

    @singledispatchmethod
    def _happens(self, what: Happening) -> None:
        raise TypeError(what)

    @_happens.register
    def _(self, mail: Mail) -> None:
        """Who goes on in a conversation answers what the hub really sent."""
        ours = self._answering.last_sent(mail.thread)
        self._doors.deliver(replace(mail, time=now(), answers=ours if mail.answers and ours else mail.answers))

    @_happens.register
    def _(self, event: Event) -> None:
        self._doors.tell(replace(event, time=now()))

    @_happens.register
    def _(self, call: Call) -> None:
        talked = min(float(call.talked), _TALKS) if call.talked is not None else None
        by = _at_extension(call.extension)
        number = call.number if call.number != "anonymous" else ""
        if call.direction == "in" and by:
            ring = Ring(number, by, _RINGS, talked, call.reason, call.queue)
            if self._telephone.ring(ring):
                return
        self._telephone.took_place(number, by, call.direction, talked, call.reason)

    @_happens.register
    def _(self, asked: Command) -> None:
        """What cannot be done any more (somebody else was quicker) is left."""
        ticket = self._ticket(asked.mail)
        if ticket is None:
            return
        if "answer" in asked.command:
            self._answering.leave(asked.mail.thread)
        self._doors.command(asked.by.login, ticket, asked.command)

    @_happens.register
    def _(self, reached: Reached) -> None:
        order = reached.order
        if order.door == "export" and reached.stage == "placed":
            placed = replace(order, steps=(Step("placed", now()),))
            self._doors.webhook("orders/create", f"{order.number}-created", shop_order(placed, now()))
            return
        source = "webshop" if (order.door, reached.stage) == ("web", "placed") else "back-office"
        told = _step(order, reached.stage)
        self._doors.tell(Event(f"{order.number}-{reached.stage}", source, f"order.{reached.stage}", now(), told))

    def _ticket(self, mail: Mail) -> str | None:
        """The open ticket that this mail opened, as a colleague finds it: by who wrote, and what about."""
        for customer in self._doors.look_up(email=mail.address)["customers"]:
            for ticket in customer["open_tickets"]:
                if ticket["subject"] == mail.subject:
                    return str(ticket["id"])
        return None


def _at_extension(extension: str | None) -> Colleague | None:
    """Reza's telephone rings for whoever watches, by other hands; his colleague takes what the day has for him."""
    if extension == REZA.extension:
        return MINA
    return next((one for one in COLLEAGUES if one.extension == extension), None)


def _step(order: Purchase, stage: str) -> dict[str, Any]:
    told: dict[str, Any] = {"order": order.number}
    if stage == "placed":
        told |= {"party": order.person.parties, "lines": order_lines(order, order.person), "total": order.total}
    if stage in ("placed", "paid", "refunded"):
        told["currency"] = order.currency
    if stage in ("paid", "refunded"):
        told["amount"] = order.total
    return told | ({"tracking": order.tracking} if stage == "shipped" else {})


