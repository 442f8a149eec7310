"""A body as a list of resources, each with the name of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from hub.channels._values import Broken
from hub.channels.shopify._node import Node

IGNORED_TOPICS = {
    "orders/delete": "a deleted order: what happened to it stays written",
    "customers/delete": "a deleted customer: forgetting him is decided by people (`hub forget`)",
    "customers/redact": "a request to forget a customer: decided by people (`hub forget`)",
    "customers/data_request": "a request for a customer's data: answered by people",
    "shop/redact": "a request to forget a shop: decided by people",
}
IGNORED_KINDS = {
    "draft_order": "a draft order: once completed, the order itself is sent",
    "checkout": "a checkout: no order was placed by it yet",
    "cart": "a cart: no order was placed by it yet",
    "customer_invite": "a customer invite: Shopify's own mail",
    "draft_order_invoice": "a draft order's invoice: Shopify's own mail",
    "risk": "an order's risk: a guess about the order, no step of it",
    "customer_saved_search": "a customer saved search: a setting of the shop",
    "adjustment": "a gift card's adjustment: no step of an order, no customer",
    "id": "a list of ids without their contents",
} | {
    kind: f"a {kind.replace('_', ' ')}: no step of an order, no customer"
    for kind in (
        "discount", "discount_code", "discount_code_creation", "fulfillment_service", "gift_card",
        "price_rule", "product", "product_listing", "product_publication", "theme", "variant",
    )
}  # fmt: skip
# What happens to an order or a customer by topics whose bodies are the order or the customer.
_WHOLE = re.compile(
    r"(?:orders|customers)/(?:create|updated?|cancelled|fulfilled|partially_fulfilled|paid|partially_paid|enable|disable)"
)
_KIND_OF_TOPIC = {"order_transactions": "transaction"}
_KIND_OF_GLOBAL_ID = {"OrderTransaction": "transaction", "ProductVariant": "variant"}
# For bare resources of API versions without global ids: fields that together only this kind has, most telling first.
_SHAPES: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(fields.split()))
    for kind, fields in (
        ("refund", "order_id refund_line_items"),
        ("fulfillment_event", "fulfillment_id happened_at"),
        ("fulfillment", "order_id tracking_number"),
        ("tender_transaction", "order_id payment_method remote_reference"),
        ("transaction", "order_id kind gateway"),
        ("draft_order", "invoice_url line_items"),
        ("checkout", "abandoned_checkout_url"),
        ("order", "line_items order_number"),
        ("order", "line_items financial_status"),
        ("cart", "line_items token"),
        ("customer", "verified_email state"),
        ("gift_card", "last_characters balance"),
        ("product_listing", "product_id handle"),
        ("product", "product_type handle"),
        ("variant", "product_id inventory_policy"),
    )
)
_KNOWN = frozenset(IGNORED_KINDS) | {kind for kind, _ in _SHAPES}
_WORD = re.compile(r"[a-z][a-z_]{0,40}")
_GLOBAL_ID = re.compile(r"gid://shopify/([A-Za-z]{1,40})/")


def resources(body: bytes, topic: str) -> Iterator[tuple[str | None, Node | None]]:
    """Kind and resource; no resource where the list holds bare ids, no kind where none is known. Raises Broken."""
    document = _decoded(body)
    kind = _kind_of_topic(topic)
    path = "$"
    wrapper = _wrapper(document)
    if wrapper:
        kind, document, path = _singular(wrapper), document[wrapper], f"$.{wrapper}"
    if isinstance(document, list):
        for n, item in enumerate(document):
            yield ("id", None) if type(item) is int else _resource(item, kind, f"{path}[{n}]")
    else:
        yield _resource(document, kind, path)


def is_notice(topic: str, node: Node) -> bool:
    """Whether it only names the order or the customer that its topic is about."""
    return topic.startswith(("orders/", "customers/")) and not _WHOLE.fullmatch(topic) and node.value.get("id") is None


def _resource(item: Any, kind: str | None, path: str) -> tuple[str | None, Node | None]:
    if not isinstance(item, Mapping):
        raise Broken("is not an object", path)
    return kind or _kind_by_shape(item), Node(item, path)


def _decoded(body: bytes) -> Any:
    bare = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(bare)
    except orjson.JSONDecodeError as error:
        try:
            bare.decode()
        except UnicodeDecodeError as wrong:
            raise Broken("is not UTF-8", f"byte {len(body) - len(bare) + wrong.start}") from None
        place = len(body) - len(bare) + len(error.doc[: error.pos].encode())
        raise Broken(f"is not JSON: {error.msg}", f"byte {place}") from None


def _wrapper(document: Any) -> str | None:
    """The name under which a file holds what it is about: `{"order": {...}}`, `{"orders": [...], "count": 2}`."""
    if not isinstance(document, dict):
        return None
    holding = [name for name, held in document.items() if isinstance(held, dict | list)]
    if len(holding) != 1 or not _WORD.fullmatch(holding[0]):
        return None
    return holding[0] if len(document) == 1 or ("id" not in document and _singular(holding[0]) in _KNOWN) else None


def _singular(name: str) -> str:
    single = name.removesuffix("s")
    return single if single in _KNOWN else name


def _kind_of_topic(topic: str) -> str | None:
    noun = topic.partition("/")[0]
    return _KIND_OF_TOPIC.get(noun, _singular(noun)) if _WORD.fullmatch(noun) else None


def _kind_by_shape(item: Mapping[str, Any]) -> str | None:
    named = _GLOBAL_ID.match(str(item.get("admin_graphql_api_id")))
    if named:
        name = named.group(1)
        return _KIND_OF_GLOBAL_ID.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return next((kind for kind, fields in _SHAPES if fields <= item.keys()), None)
