"""The orders: what was bought, and how it went through the back office."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from hub.demo.clock import Clock, later, open_from
from hub.demo.people import Person
from hub.demo.shop import PRODUCTS, Product

EVERYDAY = 350
ABROAD_FROM = 5001
"""The export shop counts its orders by itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """`tracking` only where it was shipped."""

    stage: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order. `key` is how a story finds its own; `door` says where it was placed: web, desk or export."""

    key: str
    person: Person
    door: str
    lines: tuple[tuple[Product, int], ...]
    steps: tuple[Step, ...]
    tracking: str
    number: str = ""

    @property
    def placed(self) -> datetime:
        return self.steps[0].time

    @property
    def item(self) -> Product:
        """What one would call it by: the first thing in it."""
        return self.lines[0][0]

    @property
    def currency(self) -> str:
        return "EUR" if self.door == "export" else "IRR"

    @property
    def total(self) -> str:
        if self.door == "export":
            return f"{sum(round(float(item.euros) * 100) * n for item, n in self.lines) / 100:.2f}"
        return f"{sum(item.rials * n for item, n in self.lines)}.00"

    def reached(self, stage: str) -> datetime | None:
        """When it reached the stage; None if it never will or has not yet."""
        return next((step.time for step in self.steps if step.stage == stage), None)


def everyday_purchases(
    people: list[Person], clock: Clock, rng: Random, how_many: int = EVERYDAY, key: str = "everyday"
) -> list[Purchase]:
    """Most people buy once or twice, a few often. Their keys begin with `key`."""
    weights = [rng.paretovariate(1.6) for _ in people]
    buyers = rng.choices(people, weights=[min(weight, 6) for weight in weights], k=how_many)
    return [_purchase(buyer, key, n, clock.awake(rng), rng) for n, buyer in enumerate(buyers)]


def _purchase(person: Person, key: str, n: int, placed: datetime, rng: Random) -> Purchase:
    lines = tuple((item, 1 if item.rials > 25_000_000 else rng.choice((1, 1, 2))) for item in _basket(rng))
    door = "export" if person.abroad and n % 3 == 0 else "web" if rng.random() < 0.6 else "desk"
    return Purchase(f"{key}-{n}", person, door, lines, _way(placed, rng), tracking(rng))


def _basket(rng: Random) -> list[Product]:
    return rng.sample(PRODUCTS, rng.choices((1, 2, 3), weights=(70, 22, 8))[0])


def tracking(rng: Random) -> str:
    return f"TPX-{rng.randrange(10_000):04d}-{rng.randrange(10_000):04d}"


def _way(placed: datetime, rng: Random) -> tuple[Step, ...]:
    """All the steps it will take, also those still to come."""
    confirmed = placed + timedelta(seconds=rng.randrange(20, 900))
    paid = later(confirmed, rng, 0.01, 1.5)
    steps = [Step("placed", placed), Step("confirmed", confirmed)]
    if rng.random() < 0.05:
        return (*steps, Step("cancelled", open_from(later(paid, rng, 1, 12), rng)))
    packed = open_from(later(paid, rng, 3, 30), rng)
    shipped = open_from(later(packed, rng, 1, 16), rng)
    delivered = open_from(later(shipped, rng, 20, 80), rng)
    steps += [Step("paid", paid), Step("packed", packed), Step("shipped", shipped), Step("delivered", delivered)]
    if rng.random() < 0.06:
        returned = open_from(later(delivered, rng, 48, 150), rng)
        steps += [Step("returned", returned), Step("refunded", open_from(later(returned, rng, 6, 60), rng))]
    return tuple(steps)


def numbered(purchases: list[Purchase], anchor: str, number: int) -> dict[str, Purchase]:
    """All purchases by key, numbered as they were placed, so that the one called `anchor` gets `number`."""
    at_home = sorted((p for p in purchases if p.door != "export"), key=lambda p: (p.placed, p.key))
    export = sorted((p for p in purchases if p.door == "export"), key=lambda p: (p.placed, p.key))
    first = number - next(n for n, p in enumerate(at_home) if p.key == anchor)
    named = [replace(p, number=str(first + n)) for n, p in enumerate(at_home)]
    named += [replace(p, number=str(ABROAD_FROM + n)) for n, p in enumerate(export)]
    return {purchase.key: purchase for purchase in named}
