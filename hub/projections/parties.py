"""Parties as they were described: name, language, company and what else was told; each fact from its latest teller."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hub.events.envelope import Event, Json
from hub.projections._shape import Fold, Uuid


@dataclass(frozen=True, slots=True)
class Party:
    """`facts`: name -> [time, id, value]. `forgotten`: when the person asked to be forgotten."""

    stream: str
    party: Uuid
    name: str | None
    language: str | None
    company: str | None
    facts: Json
    forgotten: datetime | None


def apply(row: Party | None, event: Event) -> Party | None:
    party = event.stream.removeprefix("person:")
    row = row or Party(event.stream, party, None, None, None, {}, None)
    if event.type == "party.forgotten":
        return replace(row, forgotten=max(row.forgotten or event.time, event.time))
    told = {name: value for name, value in event.personal.items() if name != "party" and value is not None}
    if event.data.get("language"):
        told["language"] = event.data["language"]
    facts = dict(row.facts)
    for name, value in told.items():
        new = [event.time.isoformat(), event.root, value]
        if name not in facts or facts[name][:2] < new[:2]:
            facts[name] = new
    known = {name: facts[name][2] for name in ("name", "language", "company") if name in facts}
    return replace(row, facts=facts, **known)


projection = Fold(
    name="parties", version=1, row=Party, types=frozenset({"party.described", "party.forgotten"}), apply=apply,
    indexes=("(party)",),
)  # fmt: skip
