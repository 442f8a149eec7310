"""What a story is given to be told, and what it brings with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from hub.demo.clock import Clock
from hub.demo.diary import Diary, Enclosure, Mail
from hub.demo.people import Person
from hub.demo.purchases import Purchase, Step, tracking
from hub.demo.shop import product


@dataclass(frozen=True, slots=True)
class Scene:
    """`people` and `orders` are found by their keys."""

    clock: Clock
    rng: Random
    diary: Diary
    people: dict[str, Person]
    orders: dict[str, Purchase]

    def first_mail(
        self,
        person: Person,
        when: datetime,
        subject: str,
        text: str,
        address: str | None = None,
        dress: str = "utf-8 base64",
        form: str = "plain",
        enclosures: tuple[Enclosure, ...] = (),
    ) -> Mail:
        """A mail of a new conversation."""
        sender, own = self._sender(person, address)
        return self.diary.mail(Mail(when, own, person.name, sender, subject, text, own, None, dress, form, enclosures))

    def reply(
        self,
        to: Mail,
        person: Person,
        when: datetime,
        text: str,
        address: str | None = None,
        dress: str = "utf-8 base64",
        form: str = "plain",
        enclosures: tuple[Enclosure, ...] = (),
    ) -> Mail:
        """The customer goes on in the same conversation; `to` is what the shop sent."""
        sender, own = self._sender(person, address)
        return self.diary.mail(
            Mail(when, own, person.name, sender, to.subject, text, to.thread, to.message_id, dress, form, enclosures)
        )

    def _sender(self, person: Person, address: str | None) -> tuple[str, str]:
        sender = address or person.emails[0]
        return sender, f"{self.diary.token()}@mail.{sender.partition('@')[2]}"


@dataclass(frozen=True, slots=True)
class Planned:
    """An order that a story needs: its steps as (stage, days ago, time of day)."""

    key: str
    person: str
    skus: tuple[str, ...]
    steps: tuple[tuple[str, int, str], ...]
    door: str = "web"

    def bought(self, people: dict[str, Person], clock: Clock, rng: Random) -> Purchase:
        lines = tuple((product(sku), 1) for sku in self.skus)
        steps = tuple(Step(stage, clock.at(days, at)) for stage, days, at in self.steps)
        return Purchase(self.key, people[self.person], self.door, lines, steps, tracking(rng))


@dataclass(frozen=True, slots=True)
class Story:
    """People with a history worth reading. `tell` writes it into the scene's diary."""

    people: tuple[Person, ...]
    orders: tuple[Planned, ...]
    tell: Callable[[Scene], None]
