"""Visits in person: a shop, a service office, an engineer at the customer's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from hub.events.catalogue import Id, Origin, SomeParties, Text
from hub.events.envelope import Json
from hub.events.kinds.calls import AgentName
from hub.events.outcomes import WithOutcome, without_free_words


class VisitRecorded(WithOutcome):
    """Somebody met the customer face to face. An `outcome` of "ticket", "follow_up", "complaint" or "callback" asks for a
    ticket."""

    type = "visit.recorded"
    version = 2
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: partial(without_free_words, names=("place",))}
    once_open: ClassVar[Mapping[int, frozenset[str]]] = {1: frozenset({"place", "outcome"})}
    personal = frozenset({"place", "reason", "note", "outcome"})
    texts = ("reason", "note")

    visit: Id
    place: Text | None = None
    party: SomeParties
    agent: AgentName | None = None
    reason: Text | None = None
    note: Text | None = None

    def stream(self, origin: Origin) -> str:
        return origin.keyed("visit", origin.source, self.visit)


KINDS = (VisitRecorded,)
