"""Calls: one row for a whole call, whatever of it was reported and in which order; also its item in the timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hub.events.envelope import Event
from hub.projections._shape import Fold, Uuid

WEIGHT = {"call.ringing": 0, "call.answered": 1, "call.ended": 2}


@dataclass(frozen=True, slots=True)
class Call:
    """`time`: when it began. `state`: ringing, answered or ended. `seconds`: of talk, null until it ended.

    `said` keeps for each field which event (weight, taken, time, id) said it, so that arrival does not matter.
    """

    stream: str
    party: Uuid | None
    time: datetime
    recorded: datetime
    state: str
    direction: str
    desk: str | None
    agent: str | None
    queue: str | None
    answered: datetime | None
    ended: datetime | None
    cause: str | None
    reason: str | None
    caller_name: str | None
    outcome: str | None
    orders: list[str]
    said: dict[str, list[object]]


SIMPLE = ("direction", "desk", "agent", "queue", "cause", "outcome")


def apply(row: Call | None, event: Event) -> Call:
    data = event.data
    started = _moment(data.get("started")) or event.time
    new = row or Call(
        event.stream, None, started, event.recorded, "ringing", data["direction"],
        *(None,) * 9, orders=[], said={},
    )  # fmt: skip
    taken = event.type == "call.answered" or data.get("cause") == "answered"  # the leg that somebody took says who
    rank = [WEIGHT[event.type], taken, event.time.isoformat(), event.root]
    facts = {name: data.get(name) for name in SIMPLE}
    facts |= {"reason": event.personal.get("reason"), "caller_name": event.personal.get("caller_name")}
    facts |= {"party": event.party, "state": event.type.removeprefix("call.")}
    facts |= {"answered": _moment(data.get("answered")) or (event.time if event.type == "call.answered" else None)}
    facts |= {"ended": (_moment(data.get("ended")) or event.time) if event.type == "call.ended" else None}
    said = dict(new.said)
    changes = {}
    for name, value in facts.items():
        if value is not None and (name not in said or said[name] < rank):
            said[name], changes[name] = rank, value
    return replace(
        new, **changes, said=said, time=min(new.time, started), recorded=min(new.recorded, event.recorded),
        orders=sorted({*new.orders, *(data.get("orders") or ())}),
    )  # fmt: skip


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


projection = Fold(
    name="calls", version=1, row=Call, types=frozenset(WEIGHT), apply=apply,
    indexes=("(party, time DESC, stream DESC)",),
)  # fmt: skip
