"""Calls: one row for a whole call, whatever of it was reported and in which order; also its item in the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.events.envelope import Event, Json
from hub.projections._shape import Fold, Uuid

WEIGHT = {"call.ringing": 0, "call.answered": 1, "call.ended": 2}
TOLD = ("direction", "desk", "agent", "queue", "cause", "outcome")
SKEW = timedelta(minutes=5)  # that the clock of an exchange may be wrong; what is told later than that came late


@dataclass(frozen=True, slots=True)
class Call:
    """`time`: when it began. `state`: ringing, answered or ended. `rang`: when it last began to ring somewhere or was
    answered, by the hub's own clock where that was told at once.

    `parts` keeps what each event told, [weight, taken, time, id, facts], in the order in which they count: a later step
    beats an earlier one, and of the legs of a call the one that somebody took.
    """

    stream: str
    party: Uuid | None
    time: datetime
    rang: datetime | None
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
    parts: list[list[Any]]


def apply(row: Call | None, event: Event) -> Call:
    taken = event.type == "call.answered" or event.data.get("cause") == "answered"
    part: list[Any] = [WEIGHT[event.type], taken, event.time.isoformat(), event.root, _facts(event)]
    parts = sorted([*row.parts, part], key=lambda p: p[:4]) if row else [part]
    facts: Json = {}
    for each in parts:
        facts |= each[4]
    started = _moment(event.data.get("started")) or event.time
    return Call(
        event.stream, facts.get("party"), min(row.time, started) if row else started, _rang(row, event),
        min(row.recorded, event.recorded) if row else event.recorded, facts["state"], facts["direction"],
        facts.get("desk"), facts.get("agent"), facts.get("queue"), _moment(facts.get("answered")),
        _moment(facts.get("ended")), facts.get("cause"), facts.get("reason"), facts.get("caller_name"),
        facts.get("outcome"), sorted({number for each in parts for number in each[4].get("orders", ())}), parts,
    )  # fmt: skip


def _rang(row: Call | None, event: Event) -> datetime | None:
    known = row.rang if row else None
    if event.type == "call.ended":
        return known
    heard = event.recorded if abs(event.recorded - event.time) <= SKEW else event.time
    return max(known, heard) if known else heard


def _facts(event: Event) -> Json:
    """What one event tells; nothing of what it does not."""
    data, personal = event.data, event.personal
    facts = {name: value for name in TOLD if (value := data.get(name)) is not None}
    facts["state"] = event.type.removeprefix("call.")
    for name, value in (
        ("party", event.party), ("reason", personal.get("reason")), ("caller_name", personal.get("caller_name")),
        ("orders", data.get("orders")), ("answered", data.get("answered")), ("ended", data.get("ended")),
    ):  # fmt: skip
        if value:
            facts[name] = value
    if facts["state"] != "ringing":
        facts.setdefault(facts["state"], event.time.isoformat())
    return facts


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


projection = Fold(
    name="calls", version=3, row=Call, types=frozenset(WEIGHT), apply=apply,
    indexes=("(party, time DESC, stream DESC)", "(rang) WHERE state <> 'ended'"),
)  # fmt: skip
