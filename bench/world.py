"""The events that are measured: a shop's mix of kinds, about 600 bytes each, drawn with a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.prepare import Installation, prepare

START = datetime(2026, 1, 1, tzinfo=UTC)
APART = 2  # seconds between two events: ten million are over in August, and none of their telephones rings today
WORDS = ["order", "late", "parcel", "thanks", "please", "where", "invoice", "kettle", "blue", "return"]
WORDS += ["سفارش", "لطفا", "رسید", "ارسال", "پاسخ", "تشکر", "خرید"]


def phone(n: int) -> dict[str, str]:
    return {"kind": "phone", "value": f"+98912{n:07d}"}


def email(n: int) -> dict[str, str]:
    return {"kind": "email", "value": f"customer{n}@example.com"}


def drafts(count: int, people: int, start: int = 0) -> Iterator[Draft]:
    """`count` events of `people` customers: messages, calls in three steps, orders with their stages, visits, pages."""
    chance = random.Random(7 + start)
    for n in range(start, start + count):
        who = chance.randrange(people)
        yield _draft(chance, n, who, START + timedelta(seconds=n * APART))


def _draft(chance: random.Random, n: int, who: int, time: datetime) -> Draft:
    text = " ".join(chance.choices(WORDS, k=45))
    kind = chance.random()
    fields: dict[str, Any]
    if kind < 0.45:
        fields = {"message": f"m{n}", "channel": "chat", "thread": f"t{who}-{n % 5}", "party": email(who), "text": text}
        return Draft("message.received" if kind < 0.3 else "message.sent", time, "/bench", f"m{n}", fields)
    if kind < 0.75:
        step = ("ringing", "answered", "ended")[n % 3]
        fields = {
            "call": f"c{n // 3 % 5_000_000}",
            "party": phone(who),
            "agent": "201",
            "desk": "021",
            "reason": text[:80],
        }
        return Draft(f"call.{step}", time, "/bench", f"c{n}", fields)
    if kind < 0.9:
        number = who * 4 + n % 4
        stage = ("placed", "paid", "packed", "shipped", "delivered")[chance.randrange(5)]
        fields = {"order": str(100_000 + number), "party": [email(who), phone(who)] if stage == "placed" else []}
        if stage == "placed":
            fields |= {"total": "42.50", "currency": "EUR", "lines": [{"sku": "K-1", "title": "kettle", "quantity": 1}]}
        return Draft(f"order.{stage}", time, "/bench", f"o{n}", fields)
    if kind < 0.95:
        fields = {"visit": f"v{n}", "party": phone(who), "place": "Shop 1", "reason": text[:120]}
        return Draft("visit.recorded", time, "/bench", f"v{n}", fields)
    return Draft(
        "page.viewed",
        time,
        "/bench",
        f"p{n}",
        {"party": email(who), "url": f"https://shop.example/{n}", "title": text[:40]},
    )


def events(count: int, people: int, here: Installation, start: int = 0) -> list[Event]:
    return [prepare(draft, here, draft.time) for draft in drafts(count, people, start)]
