"""What persons and machines said of a pair of parties. The latest word of a person beats all automatic evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.events.envelope import Event
from hub.projections._shape import Fold, Uuid


@dataclass(frozen=True, slots=True)
class Link:
    """`verdict` is linked or cut. `time`, `item`, `by`, `evidence` are those of the event that decided it."""

    stream: str
    a: Uuid
    b: Uuid
    verdict: str
    decided: bool
    item: Uuid
    time: datetime
    by: str | None
    evidence: str | None


def apply(row: Link | None, event: Event) -> Link | None:
    ids = sorted(named.id for named in event.named)
    if len(ids) != 2:
        return row
    verdict = "linked" if event.type == "party.linked" else "cut"
    new = Link(
        event.stream, ids[0], ids[1], verdict, decided=verdict == "cut" or event.data.get("by") is not None,
        item=event.root, time=event.time, by=event.data.get("by"), evidence=event.personal.get("evidence"),
    )  # fmt: skip
    return new if row is None or _beats(new, row) else row


def _beats(new: Link, old: Link) -> bool:
    """A decision beats a finding; of decisions the latest counts, of findings the earliest."""
    if new.decided != old.decided:
        return new.decided
    later = (new.time, new.item) > (old.time, old.item)
    return later if new.decided else not later


projection = Fold(
    name="links", version=1, row=Link, types=frozenset({"party.linked", "party.cut"}), apply=apply,
    indexes=("(a, b)", "(b)"),
)  # fmt: skip
