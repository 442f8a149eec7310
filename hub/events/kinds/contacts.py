"""Contacts of channels without an adapter of their own: letter, fax, conference, campaign response, kiosk, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from hub.events.catalogue import NONE, Id, Kind, Origin, SomeParties, Text
from hub.events.envelope import Json
from hub.events.kinds.calls import AgentName
from hub.events.kinds.messages import Attached


class ContactRecorded(Kind):
    """Somebody wrote down that a contact took place; `channel` says which way it came.

    Version 1 kept `code` and `outcome` in the open.
    """

    type = "contact.recorded"
    version = 2
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: dict}
    personal = frozenset({"subject", "text", "note", "code", "outcome"})
    texts = ("subject", "text")

    contact: Id
    channel: Id = "other"
    direction: Literal["in", "out", "internal"] = "in"
    party: SomeParties
    agent: AgentName | None = None
    subject: Text | None = None
    text: Text | None = None
    campaign: Text | None = None
    code: Text | None = None
    outcome: Text | None = None
    attachments: Annotated[list[Attached], BeforeValidator(lambda v: v or [])] = NONE

    def stream(self, origin: Origin) -> str:
        return origin.keyed("contact", origin.source, self.contact)


KINDS = (ContactRecorded,)
