"""What became of answers on their way out. The stream is the answer's: `delivery:` and the id of `ticket.answered`."""

from __future__ import annotations

from typing import Annotated

from hub.events.catalogue import NONE, Count, FoundBy, Id, Kind, Origin, Parties, Text


class DeliveryStep(Kind):
    """`party` is whom the answer goes to; `attempt` counts from 1, 0 before the first; `by` is who asked for it, null
    where nobody did. `reason`: why, in words; a mail server's own may name people."""

    sender = "history"
    personal = frozenset({"reason"})

    delivery: Annotated[Id, FoundBy]
    ticket: Text | None = None
    party: Parties = NONE
    attempt: Count | None = None
    by: Text | None = None
    reason: Text | None = None

    def stream(self, origin: Origin) -> str:
        return f"delivery:{self.delivery}"


class DeliveryStarted(DeliveryStep):
    """It is about to go out. Written before the wire is touched: what is found so after a crash may have arrived."""

    type = "delivery.started"


class DeliveryDelayed(DeliveryStep):
    """It did not go out this time and is tried again `until` (ISO 8601) has come."""

    type = "delivery.delayed"
    until: Text | None = None


class DeliverySent(DeliveryStep):
    """The mail server took it; or `by` says that it arrived."""

    type = "delivery.sent"


class DeliveryFailed(DeliveryStep):
    """It will not arrive. `bounce` is the mail that says so, if one came."""

    type = "delivery.failed"
    bounce: Id | None = None


class DeliveryUncertain(DeliveryStep):
    """Nobody knows whether it went out. It is not sent again until somebody asks for it."""

    type = "delivery.uncertain"


class DeliveryRepeated(DeliveryStep):
    """`by` wants it sent again."""

    type = "delivery.repeated"


class DeliveryUndone(DeliveryStep):
    """`by` took it back before it went out."""

    type = "delivery.undone"


KINDS = (
    DeliveryStarted, DeliveryDelayed, DeliverySent, DeliveryFailed, DeliveryUncertain, DeliveryRepeated, DeliveryUndone,
)  # fmt: skip
