"""One day of the shop, thought out before it is played: the same for the same cast and number.

It begins when the shop opens and ends at midnight. What happened to orders in the night before is told in the first
minutes; nobody else was awake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hub.demo.clock import DAYS, OPENS, Clock
from hub.demo.diary import Call, Diary, Event, Mail
from hub.demo.everyday import live_through
from hub.demo.people import EVERYDAY, Party, Person
from hub.demo.purchases import ABROAD_FROM, Purchase, Step, everyday_purchases
from hub.demo.purchases import EVERYDAY as EVERYDAY_ORDERS
from hub.demo.scene import Scene
from hub.demo.shop import REZA, Colleague
from hub.demo.texts.today import DEAD_ADDRESS

SPEED = 60
"""Seconds of the shop in one of whoever watches."""
BOUNCING = "en-1"
"""Each day asks something from an address that takes no answer."""
_NIGHT = 240.0  # seconds in which the night's news is told
_STAND_STILL = ("sara", "nasrin")  # orders that wait to be asked about


@dataclass(frozen=True, slots=True)
class Command:
    """A colleague does something with the ticket that a mail opened."""

    time: datetime
    mail: Mail
    by: Colleague
    command: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reached:
    """An order reaches a stage."""

    time: datetime
    order: Purchase
    stage: str


Happening = Mail | Call | Event | Command | Reached


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens so many seconds after the day began to be played."""

    after: float
    what: Happening


def day(scene: Scene, number: int) -> tuple[Moment, ...]:
    """The day `number` (from 0) after those that the history tells. `scene`: as `history.cast` gave it."""
    rng = Random(f"{scene.clock.now.isoformat()}/{number}")
    today = Clock(scene.clock.at(-1 - number, "23:59"), days=1)
    orders = scene.orders | _ordered(scene, number)
    diary = DayDiary(today.now, rng)
    told = Scene(today, rng, diary, scene.people, orders)
    live_through(told, share=_share(scene) / DAYS)
    _asks_from_a_dead_address(told)
    steps = _steps(orders.values(), scene.clock.now if number == 0 else today.start, today.now)
    return tuple(sorted(_placed(diary, steps, today, rng), key=lambda moment: moment.after))


def _share(scene: Scene) -> float:
    return sum(person.key[:3] in ("fa-", "en-") for person in scene.people.values()) / EVERYDAY


def _ordered(scene: Scene, number: int) -> dict[str, Purchase]:
    """What is bought on this day and was on the days before it, numbered on from the history's last orders."""
    found: dict[str, Purchase] = {}
    crowd = [person for person in scene.people.values() if person.key[:3] in ("fa-", "en-")]
    a_day = max(1, round(EVERYDAY_ORDERS * _share(scene) / DAYS))
    numbers = [int(order.number) for order in scene.orders.values()]
    home = max(n for n in numbers if n < ABROAD_FROM) + 1
    abroad = max([n for n in numbers if n >= ABROAD_FROM], default=ABROAD_FROM) + 1
    for past in range(number + 1):
        rng = Random(f"{scene.clock.now.isoformat()}/{past}/orders")
        clock = Clock(scene.clock.at(-1 - past, "23:59"), days=1)
        for n, order in enumerate(everyday_purchases(crowd, clock, rng, a_day, f"everyday-day{past}")):
            own = past * a_day + n + (abroad if order.door == "export" else home)
            found[order.key] = replace(order, number=str(own))
    return found


def _steps(orders: Iterable[Purchase], since: datetime, until: datetime) -> Iterator[Reached]:
    for order in orders:
        for step in order.steps:
            if since < step.time <= until and order.key not in _STAND_STILL:
                yield _reached(order, step)


def _reached(order: Purchase, step: Step) -> Reached:
    return Reached(step.time, order, step.stage)


def _placed(diary: DayDiary, steps: Iterator[Reached], today: Clock, rng: Random) -> Iterator[Moment]:
    """Everything at its second; what happened before the shop opened only where it is about orders."""
    opens = today.at(0, f"{OPENS:02}:00")
    for step in steps:
        yield Moment(rng.uniform(0, _NIGHT) if step.time < opens else _after(step.time, opens), step)
    others: list[Mail | Call | Event | Command] = [*diary.mails, *diary.calls, *diary.events, *diary.commands]
    unseen = {mail.thread for mail in diary.mails if mail.time < opens}
    for what in others:
        if what.time >= opens and not _goes_on(what, unseen | diary.left):
            yield Moment(_after(what.time, opens), what)


def _goes_on(what: Mail | Call | Event | Command, threads: set[str]) -> bool:
    """Whether it follows in a conversation of these: in one that was not seen to begin, or that is left to be answered."""
    if isinstance(what, Command):
        return what.mail.thread in threads
    return isinstance(what, Mail) and what.thread in threads and what.answers is not None


def _after(time: datetime, opens: datetime) -> float:
    return (time - opens).total_seconds() / SPEED


def _asks_from_a_dead_address(scene: Scene) -> None:
    """Somebody who may well be answered, so that one sees what becomes of an answer that cannot be delivered."""
    person = scene.people[BOUNCING]
    asked = scene.clock.at(0, "10:30") + timedelta(minutes=scene.rng.randrange(60))
    subject, text = DEAD_ADDRESS
    scene.first_mail(person, asked, subject, text.format(name=person.name))


class DayDiary(Diary):
    """Of the shop's own doings it keeps what a colleague does at his screen; the rest comes from outside. What Reza
    would do is left to whoever watches: `left` are the conversations that he would have answered."""

    def __init__(self, now: datetime, rng: Random) -> None:
        super().__init__(now, rng)
        self.commands: list[Command] = []
        self._first: dict[str, Mail] = {}
        self._about: dict[str, Mail] = {}
        self.left: set[str] = set()

    def mail(self, mail: Mail) -> Mail:
        self._first.setdefault(mail.thread, mail)
        return super().mail(mail)

    def answer(self, to: Mail, time: datetime, by: Colleague, text: str) -> Mail:
        self._command(time, self._first.get(to.thread, to), by, "answer", {"channel": "email", "text": text})
        subject = to.subject if to.subject.startswith("Re:") else f"Re: {to.subject}"
        return replace(to, time=time, subject=subject, text=text, message_id=self.token(), answers=to.message_id)

    def talk(self, person: Person, time: datetime, by: Colleague, seconds: int, reason: str, **more: Any) -> str:
        self.call(Call(time, person.phones[0], "in", 5, seconds, by.extension, reason=reason))
        return ""

    def ticket(self, time: datetime, subject: str, party: Party, **more: Any) -> str:
        """The hub opens it by itself; here it is only known which one is meant."""
        token = self.token()
        self._about[token] = self._first[more["thread"]]
        return token

    def on(self, ticket: str, step: str, time: datetime, by: Colleague | None, **more: Any) -> None:
        if by and step == "assigned":
            self._command(time, self._about[ticket], by, "assign", {"to": by.login})
        elif by and step == "resolved":
            self._command(time, self._about[ticket], by, "resolve", {"how": more["how"]})

    def _command(self, time: datetime, mail: Mail, by: Colleague, name: str, fields: dict[str, Any]) -> None:
        if by is REZA:
            self.left.add(mail.thread)
        elif time <= self.now:
            self.commands.append(Command(time, mail, by, {name: fields}))
