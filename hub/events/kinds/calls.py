"""Telephone calls, in and out: ringing, answered, ended."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from hub.events.catalogue import NONE, Id, Kind, Moment, Origin, Parties, Text

AgentName = Annotated[Text, BeforeValidator(lambda v: f"{v.get('value')}" if isinstance(v, dict) else v)]


class Call(Kind):
    personal = frozenset({"reason", "caller_name"})
    texts = ("reason",)

    call: Id
    direction: Literal["in", "out"] = "in"
    party: Parties = NONE
    desk: Id | None = None
    agent: AgentName | None = None
    queue: Text | None = None
    caller_name: Text | None = None
    reason: Text | None = None
    outcome: Text | None = None

    def stream(self, origin: Origin) -> str:
        return origin.keyed("call", origin.source, self.call)


class CallRinging(Call):
    """A telephone rings; `desk` is the number called, `agent` the one it rings for."""

    type = "call.ringing"


class CallAnswered(Call):
    """Somebody answered."""

    type = "call.answered"


class CallEnded(Call):
    """The call is over: when it started, was answered (or null) and ended, and why it ended."""

    type = "call.ended"
    started: Moment | None = None
    answered: Moment | None = None
    ended: Moment | None = None
    cause: Literal["answered", "no_answer", "busy", "failed", "abandoned"] | None = None


KINDS = (CallRinging, CallAnswered, CallEnded)
