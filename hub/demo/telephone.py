"""The shop's telephone, at the speed of real calls: it rings, somebody answers or nobody does, they talk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock
from typing import Any
from uuid import uuid4

from hub.demo.agenda import Agenda
from hub.demo.diary import Event
from hub.demo.doors import Doors, now
from hub.demo.people import phone
from hub.demo.shop import DESK, FULL_NAME, REZA, Colleague

SOURCE = "telephone"


@dataclass(frozen=True, slots=True)
class Ring:
    """One call that comes in. `by` answers it after `rings` seconds and talks for `talks`; None: nobody does."""

    number: str
    by: Colleague
    rings: float
    talks: float | None
    reason: str = ""
    queue: str | None = None


@dataclass(slots=True)
class _Line:
    """A call that is under way. It rings until it is `answered`."""

    name: str
    call: Ring
    began: datetime
    answered: datetime | None = None


class Telephone:
    """While it rings for somebody, nobody else's call comes through: one can only look at one."""

    def __init__(self, doors: Doors, agenda: Agenda) -> None:
        self._doors, self._agenda = doors, agenda
        self._lock = RLock()
        self._lines: dict[str, _Line] = {}

    def ring(self, call: Ring) -> bool:
        """Whether it rings; not where it rings already at that desk. Who calls whoever watches makes room for himself:
        the others pick up, and the talk before is over. Raises Away."""
        with self._lock:
            watched = call.by is REZA
            if any(line.answered is None and (line.call.by is REZA or not watched) for line in self._lines.values()):
                return False
            self._make_room(call.by)
            line = _Line(uuid4().hex, call, now())
            self._doors.tell(_event(line.name, "ringing", line.began, _told(line.name, call)))
            self._lines[line.name] = line
        self._agenda.after(call.rings, lambda: self._picked_up(line))
        return True

    def took_place(self, number: str, by: Colleague | None, direction: str, talked: float | None, reason: str) -> None:
        """A call that rang nowhere here: one that the shop made, or that is told of when it is over."""
        name, ended = uuid4().hex, now()
        began = ended - timedelta(seconds=talked or 15)
        told: dict[str, Any] = {"call": name, "direction": direction, "desk": DESK, "agent": by.name if by else None}
        told |= {"party": phone(number)} if number else {}
        self._doors.tell(_event(name, "ended", ended, told | _ending(began, began if talked else None, ended, reason)))

    def _make_room(self, by: Colleague) -> None:
        for line in list(self._lines.values()):
            if line.answered is None:
                self._picked_up(line)
            elif line.call.by is by:
                self._hung_up(line)

    def _picked_up(self, line: _Line) -> None:
        with self._lock:
            if line.name not in self._lines or line.answered:
                return
            if line.call.talks is None:
                self._hung_up(line)
                return
            answered = now()
            self._doors.tell(_event(line.name, "answered", answered, _told(line.name, line.call) | _by(line.call.by)))
            line.answered = answered
        self._agenda.after(line.call.talks, lambda: self._hung_up(line))

    def _hung_up(self, line: _Line) -> None:
        with self._lock:
            if line.name not in self._lines:
                return
            ended = now()
            told = _told(line.name, line.call) | _by(line.call.by)
            told |= _ending(line.began, line.answered, ended, line.call.reason)
            self._doors.tell(_event(line.name, "ended", ended, told))
            del self._lines[line.name]


def _by(colleague: Colleague) -> dict[str, str]:
    """Whoever watches is known by his whole name, so that he still sees a call that he took."""
    return {"agent": FULL_NAME if colleague is REZA else colleague.name}


def _ending(began: datetime, answered: datetime | None, ended: datetime, reason: str) -> dict[str, str]:
    times = {"started": began.isoformat(), "ended": ended.isoformat()}
    times |= {"answered": answered.isoformat()} if answered else {}
    return times | {"cause": "answered" if answered else "no_answer"} | ({"reason": reason} if reason else {})


def _told(name: str, call: Ring) -> dict[str, Any]:
    """What the exchange says while it rings: the extension, for a name answers first."""
    told = {"call": name, "direction": "in", "desk": DESK, "agent": call.by.extension}
    return told | ({"party": phone(call.number)} if call.number else {}) | ({"queue": call.queue} if call.queue else {})


def _event(name: str, step: str, time: datetime, told: dict[str, Any]) -> Event:
    return Event(f"{name}-{step}", SOURCE, f"call.{step}", time, told)
