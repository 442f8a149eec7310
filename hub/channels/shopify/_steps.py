"""What happens to an order after it was placed: payments, parcels, refunds. They know the order by its id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hub.channels._shape import Ignored
from hub.channels.shopify._node import Node
from hub.channels.shopify._people import SOURCE, as_of, digest
from hub.events.catalogue import decimals
from hub.events.draft import PHONES, Draft
from hub.events.order_numbers import order_number

PAYMENTS = ("sale", "capture")
SENT = ("success", "pending", None)


@dataclass(frozen=True, slots=True)
class About:
    """The order that a step is of: Shopify's id, and what is known besides."""

    id: int
    number: str | None = None
    currency: str | None = None

    def step(self, stage: str, time: datetime, key: str, **fields: object) -> Draft:
        named = {"order": self.number, "order_ref": f"shopify:{self.id}"}
        return Draft(f"order.{stage}", time, SOURCE, key, named | fields, forgives=PHONES)


def fulfillment(node: Node, about: About | None = None) -> tuple[Draft, ...]:
    """A parcel: shipped when it is made, delivered when the carrier says so; otherwise a remark."""
    about = about or About(node.own_id("order_id"), _number_of_parcel(node))
    own, status = f"fulfillment/{node.own_id()}", node.text("status")
    if status not in SENT:
        changed = node.first_time("updated_at", "created_at")
        return (about.step("noted", changed, f"{own}/noted/{digest(status)}", note=f"fulfilment: {_words(status)}"),)
    parcel = _parcel(node)
    steps = [
        about.step(
            "shipped", node.first_time("created_at"), f"{own}/shipped/{digest(parcel)}", **parcel, as_of=as_of(node)
        )
    ]
    if node.text("shipment_status") == "delivered":
        steps.append(about.step("delivered", node.first_time("updated_at", "created_at"), f"{own}/delivered"))
    return tuple(steps)


def fulfillment_event(node: Node) -> tuple[Draft, ...]:
    """The way of a parcel. Its delivery is the same fact as in the parcel's own record."""
    about = About(node.own_id("order_id"))
    time, status = node.first_time("happened_at", "created_at"), node.text("status")
    if status == "delivered":
        return (about.step("delivered", time, f"fulfillment/{node.own_id('fulfillment_id')}/delivered"),)
    note = ": ".join(filter(None, ("parcel", _words(status), node.text("message"))))
    return (about.step("noted", time, f"fulfillment_event/{node.own_id()}", note=note),)


def refund(node: Node, about: About | None = None) -> tuple[Draft, ...] | Ignored:
    """Money given back; where none was (items taken out of the order), a remark."""
    if node.id() is None and node.time("created_at") is None:
        return Ignored("a calculated refund: nothing was refunded yet")
    about = about or About(node.own_id("order_id"))
    time = node.first_time("processed_at", "created_at")
    amount, note, own = _refunded(node), node.text("note"), f"refund/{node.own_id()}"
    if not amount:
        return (about.step("noted", time, own, note=note or "items were taken back without a refund"),)
    paid = _currency(node, about)
    return (about.step("refunded", time, own, amount=decimals(amount), currency=paid, note=note),)


def transaction(node: Node) -> tuple[Draft, ...] | Ignored:
    """Money taken, in whole or in part. What is given back is told by the refund itself."""
    kind, status = node.text("kind"), node.text("status")
    if kind not in PAYMENTS:
        return Ignored("a transaction that takes no money (authorization, void, refund): no step of the order")
    if status != "success":
        return Ignored("a transaction that did not succeed: no step of the order")
    time = node.first_time("processed_at", "created_at")
    return _paid(node, time, f"transaction/{node.own_id()}")


def tender_transaction(node: Node) -> tuple[Draft, ...] | Ignored:
    if (node.text("amount") or "").startswith("-"):
        return Ignored("a tender transaction that gives money back: told by the refund itself")
    return _paid(node, node.first_time("processed_at"), f"tender_transaction/{node.own_id()}")


def _paid(node: Node, time: datetime, key: str) -> tuple[Draft, ...] | Ignored:
    order = node.id("order_id")
    if order is None:
        return Ignored("a payment of no order")
    return (About(order).step("paid", time, key, amount=node.money("amount"), currency=node.text("currency")),)


def _parcel(node: Node) -> dict[str, str | None]:
    info = node.child("tracking_info")
    numbers = node.value.get("tracking_numbers")
    several = [n for n in numbers if isinstance(n, str) and n] if isinstance(numbers, list) else []
    tracking = ", ".join(several) or node.text("tracking_number") or (info.text("number") if info else None)
    return {"tracking": tracking, "carrier": node.text("tracking_company") or (info.text("company") if info else None)}


def _number_of_parcel(node: Node) -> str | None:
    """A parcel is named after its order: "#1001.1" is the first of order 1001."""
    order, dot, n = (node.text("name") or "").rpartition(".")
    return order_number(order) or None if dot and n.isdecimal() else None


def _refunded(node: Node) -> Decimal:
    """The money of the refund's transactions; of its items where nothing is told of transactions. None were made for an
    order that was not paid yet."""
    given = [
        _amount(one.money("amount"))
        for one in node.children("transactions")
        if one.text("kind") == "refund" and one.text("status") in ("success", "pending")
    ]
    items = node.children("refund_line_items") if node.value.get("transactions") is None else []
    return sum(given, Decimal(0)) + sum(_amount(i.money("subtotal")) + _amount(i.money("total_tax")) for i in items)


def _amount(money: str | None) -> Decimal:
    return Decimal(money or 0)


def _currency(node: Node, about: About) -> str | None:
    return next((c for one in node.children("transactions") if (c := one.text("currency"))), about.currency)


def _words(status: str | None) -> str:
    return (status or "unknown").replace("_", " ")
