"""What came from outside, before anyone understood it."""

from __future__ import annotations

from typing import Any

from hub.events.catalogue import Kind, Origin


class PayloadReceived(Kind):
    """Raw bytes arrived: inline (`body`, base64) up to 64 KB, else in the blob store. `size` in bytes."""

    type = "inbound.payload_received"
    sender = "hub"
    personal = frozenset({"body", "meta"})
    parties = ()

    payload: str
    channel: str
    size: int
    sha256: str
    blob: str | None = None
    body: str | None = None
    meta: dict[str, Any] | None = None
    history: bool = False

    def stream(self, origin: Origin) -> str:
        return f"payload:{self.payload}"


class EventWithdrawn(Kind):
    """A mended parser no longer finds an event in its payload: this `replaces` it, on its stream, and shows nothing."""

    type = "event.withdrawn"
    sender = "hub"
    parties = ()

    def stream(self, origin: Origin) -> str:
        raise ValueError("withdrawn events keep their stream")


KINDS = (PayloadReceived, EventWithdrawn)
