"""Senders that an administrator does not want to hear of: what they send is kept and counted, but shown to nobody."""

from __future__ import annotations

from collections.abc import Collection

from hub.events.envelope import Event
from hub.events.kinds.messages import mailbox

REASON = "blocked sender"


def is_blocked(payload: Event, events: Collection[Event], blocked: Collection[str]) -> bool:
    """Whether a mail's From, Reply-To or envelope's sender is one of these addresses, or of these domains (@example.com)."""
    unwanted = {one.strip().lower() for one in blocked}
    return any(_named(sender) & unwanted for sender in _senders(payload, events))


def _senders(payload: Event, events: Collection[Event]) -> list[str]:
    written = [mailbox(event.personal, place).get("address") for event in events for place in ("from", "reply_to")]
    return [sender.lower() for sender in (*written, (payload.personal.get("meta") or {}).get("mail_from")) if sender]


def _named(sender: str) -> set[str]:
    return {sender, f"@{sender.rpartition('@')[2]}"}
