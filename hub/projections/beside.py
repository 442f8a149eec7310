"""Parties that one event named beside a first one: where many share that one, and so it ties nobody, they are still one customer.

A switchboard's number, an e-mail address and an account: whoever has the two has them, whichever of the three was named first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from hub.events.catalogue import catalogue
from hub.events.envelope import MAIN, Event
from hub.projections._shape import Append, Uuid
from hub.projections.seen import named_together

FEW = 8  # parties of an event: nobody names himself by more, and pairs grow with the square


@dataclass(frozen=True, slots=True)
class Beside:
    """`a` and `b` were named together in this stream, after `first`."""

    stream: str
    a: Uuid
    b: Uuid
    first: Uuid


def rows(event: Event) -> Iterator[Beside]:
    together = named_together(event)
    for a, b in permutations(together[1:FEW], 2):
        yield Beside(event.stream, a.id, b.id, together[0].id)


projection = Append(
    name="beside", version=1, row=Beside, rows=rows, key=("stream", "a", "b", "first"), repeats=True,
    types=frozenset(name for name, kind in catalogue().items() if MAIN in kind.parties),
    indexes=("(a, b, first)",),
)  # fmt: skip
