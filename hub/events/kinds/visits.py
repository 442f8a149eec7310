"""Visits in person: a shop, a service office, an engineer at the customer's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from hub.events.catalogue import Id, Kind, Origin, SomeParties, Text
from hub.events.envelope import Json
from hub.events.kinds.calls import AgentName


class VisitRecorded(Kind):
    """Somebody met the customer face to face. An `outcome` of "ticket", "follow_up" or "complaint" asks for a ticket.

    Version 1 kept `place` and `outcome` in the open.
    """

    type = "visit.recorded"
    version = 2
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: dict}
    personal = frozenset({"place", "reason", "note", "outcome"})
    texts = ("reason", "note")

    visit: Id
    place: Text | None = None
    party: SomeParties
    agent: AgentName | None = None
    reason: Text | None = None
    note: Text | None = None
    outcome: Text | None = None

    def stream(self, origin: Origin) -> str:
        return origin.keyed("visit", origin.source, self.visit)


KINDS = (VisitRecorded,)
