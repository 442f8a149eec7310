"""What a person says of a party: how he is called."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from hub.consumers.record import Outgoing, Recorder
from hub.events.draft import Draft
from hub.events.identifiers import Identifier
from hub.events.ids import event_id
from hub.events.prepare import prepare


def name_party(recorder: Recorder, party: Identifier, name: str, now: datetime) -> str:
    """Write down that whoever has this identifier bears this name; the event's id. Raises NotValid."""
    fields = {"party": {"kind": party.kind, "value": party.value}, "name": name}
    draft = Draft("party.described", now, "hub", f"party.described {uuid4()}", fields)
    recorder.decide(lambda here: [Outgoing(prepare(draft, here, now))])
    return event_id(draft.source, draft.key)
