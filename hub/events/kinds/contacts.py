"""Contacts of channels without an adapter of their own: letter, fax, conference, campaign response, kiosk, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from hub.events.catalogue import NONE, Id, Origin, SomeParties, Text
from hub.events.envelope import Json
from hub.events.kinds.calls import AgentName
from hub.events.kinds.messages import Attached
from hub.events.outcomes import WithOutcome, without_free_words


class ContactRecorded(WithOutcome):
    """Somebody wrote down that a contact took place; `channel` says which way it came. An `outcome` of "ticket", "follow_up",
    "complaint" or "callback" asks for a ticket."""

    type = "contact.recorded"
    version = 2
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: partial(without_free_words, names=("code",))}
    once_open: ClassVar[Mapping[int, frozenset[str]]] = {1: frozenset({"code", "outcome"})}
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
    attachments: Annotated[list[Attached], BeforeValidator(lambda v: v or [])] = NONE

    def stream(self, origin: Origin) -> str:
        return origin.keyed("contact", origin.source, self.contact)


KINDS = (ContactRecorded,)
