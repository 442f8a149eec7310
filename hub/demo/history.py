"""Writes the month: draws the people and their orders, tells the stories, fills the days, writes the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from hub.demo import files
from hub.demo.clock import Clock
from hub.demo.diary import Diary, Event
from hub.demo.everyday import live_through
from hub.demo.people import EVERYDAY, Person, email, everyday_people
from hub.demo.purchases import EVERYDAY as EVERYDAY_ORDERS
from hub.demo.purchases import Purchase, everyday_purchases, numbered
from hub.demo.scene import Scene, Story
from hub.discover import discover

SEED = 7
SARAS_ORDER = 1047
SARAS_TICKET = 318


class FolderInUse(Exception):
    """There are files in the folder for the history; an older one would be mixed with the new. Give an empty folder."""


@dataclass(frozen=True, slots=True)
class History:
    """What was written: how many of each kind, what to ingest in this order, and what to look at first."""

    customers: int
    contacts: int
    counts: dict[str, int]
    ingest: tuple[tuple[str, Path], ...]
    look: tuple[str, ...]


def write_history(
    folder: Path,
    now: datetime,
    seed: int = SEED,
    progress: Callable[[str], None] = lambda line: None,
    people: int = EVERYDAY,
) -> History:
    """The same for the same `now` (aware), `seed` and `people`, who are those without a story of their own.

    `folder` is made, or must be empty; else FolderInUse.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FolderInUse(str(folder))
    scene = cast(now, seed, people)
    progress(f"{len(scene.people)} customers, {len(scene.orders)} orders")
    for story in _stories():
        story.tell(scene)
    live_through(scene, people / EVERYDAY)
    _introduce_everybody(scene)
    _place_web_orders(scene)
    scene.diary.events = _numbered_tickets(scene.diary.events)
    return _written(folder, scene, progress)


def _stories() -> list[Story]:
    return list(discover("hub.demo.stories", "story").values())


def cast(now: datetime, seed: int = SEED, people: int = EVERYDAY) -> Scene:
    """Who there is and what they order, before anything is told of them."""
    clock, rng, stories = Clock(now), Random(seed), _stories()
    everybody = everyday_people(rng, people) + [person for story in stories for person in story.people]
    by_key = {person.key: person for person in everybody}
    crowd = [p for p in everybody if p.key[:3] in ("fa-", "en-")]
    purchases = everyday_purchases(crowd, clock, rng, round(EVERYDAY_ORDERS * people / EVERYDAY))
    purchases += [planned.bought(by_key, clock, rng) for story in stories for planned in story.orders]
    return Scene(clock, rng, Diary(clock.now, rng), by_key, numbered(purchases, "sara", SARAS_ORDER))


def _introduce_everybody(scene: Scene) -> None:
    """The customer base as it was exported when the month began."""
    for n, person in enumerate(scene.people.values()):
        time = scene.clock.start + timedelta(seconds=n)
        # Colleagues share a switchboard: only the address says who it is.
        party = [email(person.emails[0])] if person.company else person.parties
        scene.diary.event(
            "customer-base",
            "party.described",
            time,
            party=party,
            name=person.name,
            language=person.language,
            company=person.company,
            city=person.city,
        )


def _place_web_orders(scene: Scene) -> None:
    for order in scene.orders.values():
        if order.door == "web":
            scene.diary.event(
                "webshop",
                "order.placed",
                order.placed,
                order=order.number,
                party=order.person.parties,
                lines=order_lines(order, order.person),
                total=order.total,
                currency=order.currency,
            )


def order_lines(order: Purchase, person: Person) -> list[dict[str, str | int]]:
    titles = [item.title_fa if person.language == "fa" else item.title for item, _ in order.lines]
    return [
        {"sku": item.sku, "title": title, "quantity": count, "price": f"{item.rials}.00"}
        for title, (item, count) in zip(titles, order.lines, strict=True)
    ]


def _numbered_tickets(events: list[Event]) -> list[Event]:
    """Numbers in the order of opening, so that Sara's ticket has the number that the manual shows."""
    opened = sorted((event for event in events if event.type == "ticket.opened"), key=lambda event: event.time)
    saras = next(n for n, event in enumerate(opened) if event.data["party"]["value"] == "sara.karimi@example.com")
    numbers = {event.id: SARAS_TICKET - saras + n for n, event in enumerate(opened)}
    return [
        replace(event, data=event.data | {"number": numbers[event.id]}) if event.id in numbers else event
        for event in events
    ]


def _written(folder: Path, scene: Scene, progress: Callable[[str], None]) -> History:
    diary = scene.diary
    files.write_mails(folder / "email", diary)
    progress(f"{len(diary.mails)} mails")
    files.write_calls(folder / "calls", diary)
    progress(f"{len(diary.calls)} rows of the telephone system")
    files.write_orders(folder / "orders", scene.orders.values(), scene.clock.now, scene.rng)
    progress(f"{len(scene.orders)} orders")
    files.write_events(folder / "events", diary)
    progress(f"{len(diary.events)} events")
    kinds = Counter(event.type for event in diary.events)
    return History(
        customers=len(scene.people),
        contacts=sum(diary.counts.values()),
        counts={**diary.counts, "orders": len(scene.orders), "tickets": kinds["ticket.opened"]},
        ingest=tuple(zip(("email", "cdr", "orders", "events"), map(folder.joinpath, FOLDERS), strict=True)),
        look=(
            'hub customer "0912 123 4567"',
            "hub timeline sara.karimi@example.com",
            f"hub order {SARAS_ORDER}",
        ),
    )


FOLDERS = ("email", "calls", "orders", "events")
