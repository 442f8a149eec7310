"""What is our own: the addresses that the organisation writes from, and copies of what the hub itself sent."""

from __future__ import annotations

from hub.consumers.record import Recorder
from hub.store import deliveries
from hub.store.database import Connection

REASON = "an answer that this hub sent"


def our_addresses(recorder: Recorder, tx: Connection) -> frozenset[str]:
    """Those of all mailboxes and the one of HUB_SMTP_URL, in lower case."""
    beside = {recorder.sends_from.lower()} if recorder.sends_from else set()
    return frozenset(deliveries.our_addresses(tx) | beside)
