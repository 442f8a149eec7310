"""What is our own: the addresses that the organisation writes from, and copies of what the hub itself sent."""

from __future__ import annotations

from collections.abc import Sequence

from hub.consumers.decode import opened
from hub.consumers.record import Recorder
from hub.events.kinds.messages import mailbox
from hub.store import decisions, deliveries
from hub.store.database import Connection

REASON = "an answer that this hub sent"


def our_addresses(recorder: Recorder, tx: Connection) -> frozenset[str]:
    """Those of all mailboxes and the one of HUB_SMTP_URL, in lower case."""
    beside = {recorder.sends_from.lower()} if recorder.sends_from else set()
    return frozenset(deliveries.our_addresses(tx) | beside)


def sent_from(recorder: Recorder, tx: Connection, said: Sequence[str]) -> frozenset[str]:
    """The addresses from which these messages were sent: ours for whoever reads them anew, though the mailbox is gone."""
    found = [opened(recorder.keys, event) for id in said if (event := decisions.event(tx, id))]
    senders = [mailbox(event.personal, "from").get("address") for event in found if event.type == "message.sent"]
    return frozenset(str(address).lower() for address in senders if address)
