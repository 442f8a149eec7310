"""Orders: what was ordered and how far it is. The stage is the furthest that was reported, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from hub.events.envelope import Event, Json
from hub.events.kinds.orders import KINDS, STAGES
from hub.projections._shape import Fold, Uuid


@dataclass(frozen=True, slots=True)
class Order:
    """`history`: [time, stage, source, event id] in order of time. `refs`: the back office's own ids of this order.

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
    history: list[list[str]]
    changed: datetime
    said: dict[str, list[str]]


def apply(row: Order | None, event: Event) -> Order:
    data, stage = event.data, event.type.removeprefix("order.")
    row = row or Order(event.stream, None, [], STAGES[0], *(None,) * 3, [], None, None, [], event.time, {})
    here = [data.get("as_of") or event.time.isoformat(), event.time.isoformat(), event.root]
    facts = {"party": event.party} | {name: data.get(name) for name in ("currency", "tracking", "carrier")}
    if stage == "placed":
        facts |= {"total": data.get("total"), "lines": data.get("lines")}
    said = dict(row.said)
    changes: Json = {}
    for name, value in facts.items():
        weight = ["1" if stage == "placed" else "0", *here]
        if value and (name not in said or said[name] < weight):
            said[name], changes[name] = weight, value
    step = [event.time.isoformat(), stage, event.source, event.root, *([data["amount"]] if data.get("amount") else [])]
    row = replace(
        row, **changes, said=said, number=row.number or data.get("order"),
        refs=sorted({*row.refs, *([data["order_ref"]] if data.get("order_ref") else [])}),
        history=sorted([*row.history, step]), changed=max(row.changed, event.time),
    )  # fmt: skip
    return replace(row, stage=stage_of(row.history, row.total))


def stage_of(history: list[list[str]], total: str | None) -> str:
    """The furthest stage reported; an order of which only remarks came was placed somewhere.

    Refunds that together stay below the total are remarks, not a stage.
    """
    reached = {step[1] for step in history}
    if "refunded" in reached and total:
        back = [step[4] if len(step) > 4 else total for step in history if step[1] == "refunded"]
        if sum(map(Decimal, back)) < Decimal(total):
            reached.discard("refunded")
    return max((stage for stage in reached if stage in STAGES), key=STAGES.index, default=STAGES[0])


projection = Fold(
    name="orders", version=2, row=Order, types=frozenset(kind.type for kind in KINDS), apply=apply,
    indexes=("(number)", "USING gin (refs)"),
)  # fmt: skip
