"""Parties that one event named together: automatic evidence that they are one customer.

Both directions are rows, so that neighbours are one look-up; a star from the first party is enough to join them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.events.catalogue import catalogue
from hub.events.envelope import MAIN, Event
from hub.projections._shape import Append, Uuid


@dataclass(frozen=True, slots=True)
class Seen:
    """`b` was named together with `a` in this stream; `kind` is that of `b`."""

    stream: str
    a: Uuid
    b: Uuid
    kind: str


def rows(event: Event) -> Iterator[Seen]:
    together = [named for named in event.named if named.role == MAIN]
    for other in together[1:]:
        first = together[0]
        yield Seen(event.stream, first.id, other.id, other.kind)
        yield Seen(event.stream, other.id, first.id, first.kind)


projection = Append(
    name="seen", version=1, row=Seen, rows=rows, key=("stream", "a", "b"), repeats=True,
    types=frozenset(name for name, kind in catalogue().items() if MAIN in kind.parties),
    indexes=("(a, b, kind)",),
)  # fmt: skip
