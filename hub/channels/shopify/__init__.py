"""Shopify: webhooks and REST documents about orders, payments, parcels, refunds and customers.

Fields as in Shopify's REST Admin API from 2016 on. A webhook's body is the bare resource, named by its topic; a file
holds it under its name (`{"order": {...}}`, `{"orders": [...]}`) or bare, and is then known by its shape.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from datetime import datetime
from functools import cache

from hub.channels._shape import Channel, Ignored, Outcome, Payload, Rejected, Understood
from hub.channels._values import Broken
from hub.channels.shopify import _document, _orders, _people, _steps
from hub.channels.shopify._node import Node
from hub.events.draft import Draft

Reader = Callable[[Node], tuple[Draft, ...] | Ignored]


def verify(secret: str, body: bytes, header: str) -> bool:
    """Whether `header` (X-Shopify-Hmac-Sha256) is the base64 HMAC-SHA256 of the bytes as they came.

    Without a secret nothing is verified.
    """
    expected = base64.b64encode(hmac.digest(secret.encode(), body, "sha256"))
    return bool(secret) and hmac.compare_digest(expected, header.strip().encode("utf-8", "replace"))


def parse(payload: Payload) -> Outcome:
    topic = payload.meta.get("x-shopify-topic", "").strip().lower()
    if reason := _document.IGNORED_TOPICS.get(topic):
        return Ignored(reason)
    try:
        found = _document.resources(payload.body, topic)
        outcomes = [_understand(kind, node, topic, payload.received) for kind, node in found]
    except Broken as broken:
        return Rejected(broken.why, broken.at)
    drafts = tuple(draft for outcome in outcomes if isinstance(outcome, tuple) for draft in outcome)
    reasons = dict.fromkeys(outcome.reason for outcome in outcomes if isinstance(outcome, Ignored))
    return Understood(drafts) if drafts else Ignored("; ".join(reasons) or "an empty list")


def _understand(kind: str | None, node: Node | None, topic: str, received: datetime) -> tuple[Draft, ...] | Ignored:
    if node and topic == "customers/merge":
        return _people.merged(node, received)
    if node and _document.is_notice(topic, node):
        return Ignored(f"a notice ({topic}): it holds neither an order nor a customer")
    if node and kind == "customer":
        return _people.customer(node, received)
    reader = _readers().get(topic) or _readers().get(kind or "")
    if reader and node:
        return reader(node)
    return Ignored(_document.IGNORED_KINDS.get(kind or "") or f"no rule for {kind or 'a document of this shape'}")


@cache
def _readers() -> dict[str, Reader]:
    return {
        "order": _orders.order,
        "orders/paid": _orders.paid,
        "refund": _steps.refund,
        "fulfillment": _steps.fulfillment,
        "fulfillment_event": _steps.fulfillment_event,
        "transaction": _steps.transaction,
        "tender_transaction": _steps.tender_transaction,
    }


channel = Channel("shopify", parse)
