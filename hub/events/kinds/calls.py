"""Telephone calls, in and out: ringing, answered, ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from hub.events.catalogue import NONE, Id, Moment, Origin, Parties, Text
from hub.events.envelope import Json
from hub.events.outcomes import WithOutcome, without_free_words

AgentName = Annotated[Text, BeforeValidator(lambda v: v.get("value", v) if isinstance(v, dict) else v)]


class Call(WithOutcome):
    version = 2
    # Version 1 also wrote `direction` "in" where nobody had said one, which cannot be told apart from one that was said.
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: without_free_words}
    once_open: ClassVar[Mapping[int, frozenset[str]]] = {1: frozenset({"outcome"})}
    personal = frozenset({"reason", "caller_name", "outcome"})
    texts = ("reason",)

    call: Id
    direction: Literal["in", "out"] | None = None
    party: Parties = NONE
    desk: Id | None = None
    agent: AgentName | None = None
    queue: Text | None = None
    caller_name: Text | None = None
    reason: Text | None = None

    def stream(self, origin: Origin) -> str:
        return origin.keyed("call", origin.source, self.call)


class CallRinging(Call):
    """A telephone rings; `desk` is the number called, `agent` the one it rings for."""

    type = "call.ringing"


class CallAnswered(Call):
    """Somebody answered."""

    type = "call.answered"


class CallEnded(Call):
    """The call is over: when it started, was answered (or null) and ended, and why it ended. An `outcome` of "ticket",
    "follow_up", "complaint" or "callback" asks for a ticket."""

    type = "call.ended"
    started: Moment | None = None
    answered: Moment | None = None
    ended: Moment | None = None
    cause: Literal["answered", "no_answer", "busy", "failed", "abandoned"] | None = None


KINDS = (CallRinging, CallAnswered, CallEnded)
