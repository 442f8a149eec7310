"""Calls: one row for a whole call, whatever of it was reported and in which order; also its item in the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.events.envelope import MAIN, Event, Json
from hub.projections._shape import Fold, Uuid

WEIGHT = {"call.ringing": 0, "call.answered": 1, "call.ended": 2}
TOLD = ("direction", "desk", "agent", "queue", "cause")
SKEW = timedelta(minutes=5)  # that the clock of an exchange may be slow; what is told later than that came late


@dataclass(frozen=True, slots=True)
class Call:
    """`time`: when it began. `state`: ringing, answered or ended. `rang`: when it last began to ring somewhere or was
    answered, by the hub's own clock where that was told at once. `others`: whoever else was named as its party. `taken`:
    whether somebody answered; `answered`: when the last who took it did; `seconds`: how long they talked, with all who took it
    one after another, null where that is not known.

    `parts` keeps what each event told, [weight, taken, time, id, facts], in the order in which they count: a later step
    beats an earlier one, and of the legs of a call the one that somebody took.
    """

    stream: str
    party: Uuid | None
    others: list[str]
    time: datetime
    rang: datetime | None
    recorded: datetime
    state: str
    direction: str
    desk: str | None
    agent: str | None
    queue: str | None
    taken: bool
    answered: datetime | None
    ended: datetime | None
    seconds: float | None
    cause: str | None
    reason: str | None
    caller_name: str | None
    outcome: str | None
    orders: list[str]
    parts: list[list[Any]]


def apply(row: Call | None, event: Event) -> Call:
    part: list[Any] = [WEIGHT[event.type], _taken(event), event.time.isoformat(), event.root, _facts(event)]
    parts = sorted([*row.parts, part], key=lambda p: p[:4]) if row else [part]
    facts: Json = {}
    for each in parts:
        facts |= each[4]
    party, started = facts.get("party"), _moment(event.data.get("started")) or event.time
    taken, answered, ended = any(each[1] for each in parts), _moment(facts.get("answered")), _moment(facts.get("ended"))
    spoken = [at for each in parts if each[1] and (at := _moment(each[4].get("answered")))]  # with whoever handed it on, too
    return Call(
        event.stream, party, _others(parts, party), min(row.time, started) if row else started,
        _rang(row, event), min(row.recorded, event.recorded) if row else event.recorded, facts["state"], _direction(parts),
        facts.get("desk"), facts.get("agent"), facts.get("queue"), taken, answered, ended,
        _seconds(min(spoken, default=None), ended), facts.get("cause"), facts.get("reason"), facts.get("caller_name"),
        facts.get("outcome"), sorted(_all("orders", parts)), parts,
    )  # fmt: skip


def _taken(event: Event) -> bool:
    """Whether it says that somebody answered: `cause` decides, where it is told and says of that anything."""
    cause = event.data.get("cause")
    answered = event.type == "call.answered" or event.data.get("answered") is not None
    return cause == "answered" or (answered and cause in (None, "failed"))


def _direction(parts: Sequence[Any]) -> str:
    """As the last step says that says one. But an "in" turns no call that went out before: until version 2 of its events it
    was also written where nobody had said a direction."""
    said = [(weight, facts["direction"]) for weight, _, _, _, facts in parts if "direction" in facts]
    step, direction = said[-1] if said else (0, "in")
    return "out" if any(before < step and told == "out" for before, told in said) else direction


def _others(parts: Sequence[Any], party: str | None) -> list[str]:
    """Whom it names beside its party, in one event or in another."""
    first = {part[4]["party"] for part in parts if "party" in part[4]}
    return sorted((first | _all("others", parts)) - {party})


def _all(name: str, parts: Sequence[Any]) -> set[str]:
    return {each for part in parts for each in part[4].get(name, ())}


def _seconds(answered: datetime | None, ended: datetime | None) -> float | None:
    return (ended - answered).total_seconds() if answered and ended and answered <= ended else None


def _rang(row: Call | None, event: Event) -> datetime | None:
    known = row.rang if row else None
    if event.type == "call.ended":
        return known
    heard = event.recorded if event.recorded - event.time <= SKEW else event.time
    return max(known, heard) if known else heard


def _facts(event: Event) -> Json:
    """What one event tells; nothing of what it does not."""
    data, personal = event.data, event.personal
    facts = {name: value for name in TOLD if (value := data.get(name)) is not None}
    facts["state"] = event.type.removeprefix("call.")
    for name, value in (
        ("party", event.party), ("others", [named.id for named in event.named if named.role == MAIN][1:]),
        ("reason", personal.get("reason")), ("caller_name", personal.get("caller_name")),
        ("outcome", personal.get("outcome") or data.get("outcome")), ("orders", data.get("orders")),
        ("answered", data.get("answered")), ("ended", data.get("ended")),
    ):  # fmt: skip
        if value:
            facts[name] = value
    if facts["state"] != "ringing":
        facts.setdefault(facts["state"], event.time.isoformat())
    return facts


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


projection = Fold(
    name="calls", version=6, row=Call, types=frozenset(WEIGHT), apply=apply,
    indexes=(
        "(party, time DESC, stream DESC)", "(rang) WHERE state <> 'ended'",
        "USING gin (others) WITH (fastupdate = off) WHERE others <> '[]'",  # what waits to be indexed is read whole each time
    ),
)  # fmt: skip
