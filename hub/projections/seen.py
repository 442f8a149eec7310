"""Parties that one event named together: automatic evidence that they are one customer.

A few digits where a telephone number is asked for ("0000", a number without its area code) tie nobody to anybody.

Both directions are rows, so that neighbours are one look-up; a star from the first party is enough to join them all, and whoever
is cut off it takes nobody along. Where many share the first one: `beside`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.events.catalogue import catalogue
from hub.events.envelope import MAIN, Event, Named
from hub.projections._shape import Append, Uuid
from hub.projections.owners import told


@dataclass(frozen=True, slots=True)
class Seen:
    """`b` was named together with `a` in this stream; `kind` is that of `b`."""

    stream: str
    a: Uuid
    b: Uuid
    kind: str


def rows(event: Event) -> Iterator[Seen]:
    together = named_together(event)
    for other in together[1:]:
        first = together[0]
        yield Seen(event.stream, first.id, other.id, other.kind)
        yield Seen(event.stream, other.id, first.id, first.kind)


def named_together(event: Event) -> list[Named]:
    return [named for named in event.named if named.role == MAIN and not _too_short(event, named)]


def _too_short(event: Event, named: Named) -> bool:
    """Whether it was said to be a phone, and can be an extension only."""
    if named.kind != "extension":
        return False
    said = told(event, named)
    return said is None or "said" in said


projection = Append(
    name="seen", version=3, row=Seen, rows=rows, key=("stream", "a", "b"), repeats=True,
    types=frozenset(name for name, kind in catalogue().items() if MAIN in kind.parties),
    indexes=("(a, kind, b)",),
)  # fmt: skip
