"""What a projection is: a name, a version, the shape of its rows and one pure function.

Events of one stream arrive in the log's order; but what comes from outside may have been written in any order, so a row
must not depend on it: compare (`time`, `id`), take the earliest, the latest, the set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from hub.events.envelope import Event

Uuid = Annotated[str, "uuid"]
Row = Any


@dataclass(frozen=True)
class Fold:
    """One row per stream: `apply(row or None, event)` gives the next row, the same row (nothing changed) or None.

    `row`: a frozen dataclass whose first field is `stream`; its annotations are the columns' types. `types`: the events
    it wants. `indexes`: what is indexed, as SQL after `ON table`.
    """

    name: str
    version: int
    row: type
    types: frozenset[str]
    apply: Callable[[Row | None, Event], Row | None]
    indexes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        return ("stream",)


@dataclass(frozen=True)
class Append:
    """Rows that an event adds and that never change; each has the `stream` of its event.

    `key`: the columns that tell rows apart, `stream` first. `repeats`: several events may give the very same row, which
    is kept once.
    """

    name: str
    version: int
    row: type
    types: frozenset[str]
    rows: Callable[[Event], Iterable[Row]]
    key: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    repeats: bool = False


Projection = Fold | Append
