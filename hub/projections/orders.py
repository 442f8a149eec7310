"""Orders: what was ordered and how far it is. The stage is the furthest that was reported, in whatever order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.events.envelope import Event, Json
from hub.events.kinds.orders import KINDS, STAGES
from hub.projections._shape import Fold, Uuid

DETAILS = ("amount", "currency", "document", "tracking", "carrier")  # what a step may say
IN_PARTS = ("paid", "refunded")


@dataclass(frozen=True, slots=True)
class Order:
    """`history`: [time, stage, source, event id, details] in order of time; the details are those of `DETAILS` that the
    step said. `refs`: the back office's own ids of this order.

    `placed`: [as of, time, id] of the event that said total and lines, so that the newest word counts.
    """

    stream: str
    number: str | None
    refs: list[str]
    stage: str
    party: Uuid | None
    total: str | None
    currency: str | None
    lines: list[Json]
    tracking: str | None
    carrier: str | None
    history: list[list[Any]]
    changed: datetime
    said: dict[str, list[str]]


def apply(row: Order | None, event: Event) -> Order:
    data, stage = event.data, event.type.removeprefix("order.")
    row = row or Order(event.stream, None, [], STAGES[0], *(None,) * 3, [], None, None, [], event.time, {})
    here = [data.get("as_of") or event.time.isoformat(), event.time.isoformat(), event.root]
    facts = {"party": event.party} | {name: data.get(name) for name in ("total", "currency", "lines", "tracking", "carrier")}
    said = dict(row.said)
    changes: Json = {}
    for name, value in facts.items():
        weight = ["1" if stage == "placed" else "0", *here]
        if value and (name not in said or said[name] < weight):
            said[name], changes[name] = weight, value
    details = {name: value for name in DETAILS if (value := data.get(name))}
    step = [event.time.isoformat(), stage, event.source, event.root, details]
    row = replace(
        row, **changes, said=said, number=row.number or data.get("order"),
        refs=sorted({*row.refs, *([data["order_ref"]] if data.get("order_ref") else [])}),
        history=sorted([*row.history, step], key=lambda step: step[:4]), changed=max(row.changed, event.time),
    )  # fmt: skip
    return replace(row, stage=stage_of(row.history, row.total, row.currency))


def stage_of(history: Sequence[Sequence[Any]], total: str | None, currency: str | None = None) -> str:
    """The furthest stage reached; an order of which only remarks came was placed somewhere."""
    told = reaching(((step[1], step[4]) for step in history), total, currency)
    reached = {step[1] for step, reaches in zip(history, told, strict=True) if reaches}
    return max(reached, key=STAGES.index, default=STAGES[0])


def reaching(steps: Iterable[tuple[str, Json]], total: str | None, currency: str | None) -> list[bool]:
    """Of each step `(stage, details)`, in order of time, whether its stage was reached by then.

    Payments that together stay below the total are remarks, refunds likewise, whether written with a minus or without. One that
    says no amount, or one in another currency than the order's, is all of it.
    """
    sums = dict.fromkeys(IN_PARTS, Decimal(0))
    reached = []
    for stage, details in steps:
        if stage in sums and total:
            amount, of = details.get("amount"), details.get("currency") or currency or ""
            moved = Decimal(amount if amount and of.upper() == (currency or "").upper() else total)
            sums[stage] += abs(moved) if stage == "refunded" else moved
            reached.append(sums[stage] >= Decimal(total))
        else:
            reached.append(stage in STAGES)
    return reached


projection = Fold(
    name="orders", version=5, row=Order, types=frozenset(kind.type for kind in KINDS), apply=apply,
    indexes=("(number)", "USING gin (refs)"),
)  # fmt: skip
