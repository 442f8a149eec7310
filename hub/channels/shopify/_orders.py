"""An order as Shopify tells it: always whole, with all that has happened to it so far."""

from __future__ import annotations

from collections.abc import Iterator

from hub.channels._shape import Ignored
from hub.channels._values import Broken
from hub.channels.shopify._node import Node
from hub.channels.shopify._people import Party, as_of, described, digest, parties, phone
from hub.channels.shopify._steps import About, fulfillment, refund
from hub.events.draft import Draft
from hub.events.order_numbers import order_number

PAID = ("paid", "partially_refunded", "refunded")


def paid(node: Node) -> tuple[Draft, ...]:
    """Told because it was paid just now, maybe long after it was placed."""
    return order(node, "updated_at")


def order(node: Node, *paid_at: str) -> tuple[Draft, ...]:
    about = About(node.own_id(), _number(node), node.text("currency"))
    drafts = [_placed(node, about), *_payment(node, about, paid_at), *_parcels(node, about), *_refunds(node, about)]
    return (*drafts, *_cancellation(node, about), *_customer(node))


def _placed(node: Node, about: About) -> Draft:
    said = {
        "party": _party(node),
        "lines": [_line(line) for line in node.children("line_items")],
        "total": _total(node),
        "currency": about.currency,
    }
    key = f"order/{about.id}/placed/{digest([about.number, said])}"
    return about.step("placed", node.first_time("created_at"), key, **said, as_of=as_of(node))


def _payment(node: Node, about: About, paid_at: tuple[str, ...]) -> Iterator[Draft]:
    if node.text("financial_status") in PAID:
        said = {"amount": _total(node), "currency": about.currency}
        key = f"order/{about.id}/paid/{digest(said)}"
        yield about.step("paid", node.first_time(*paid_at, "processed_at", "created_at"), key, **said)


def _parcels(node: Node, about: About) -> Iterator[Draft]:
    sent = [draft for parcel in node.children("fulfillments") for draft in fulfillment(parcel, about)]
    yield from sent
    if node.text("fulfillment_status") == "fulfilled" and not any(d.type == "order.shipped" for d in sent):
        yield about.step("shipped", node.first_time("updated_at", "created_at"), f"order/{about.id}/shipped")


def _refunds(node: Node, about: About) -> Iterator[Draft]:
    given = [draft for one in node.children("refunds") for draft in _drafts(refund(one, about))]
    yield from given
    if node.text("financial_status") == "refunded" and not any(d.type == "order.refunded" for d in given):
        yield about.step("refunded", node.first_time("updated_at", "created_at"), f"order/{about.id}/refunded")


def _cancellation(node: Node, about: About) -> Iterator[Draft]:
    if cancelled := node.time("cancelled_at"):
        note = node.text("cancel_reason")
        key = f"order/{about.id}/cancelled/{digest([cancelled.isoformat(), note])}"
        yield about.step("cancelled", cancelled, key, note=note)


def _customer(node: Node) -> Iterator[Draft]:
    customer = node.child("customer")
    if customer:
        yield described(customer, customer.time("updated_at") or node.first_time("created_at"))


def _drafts(outcome: tuple[Draft, ...] | Ignored) -> tuple[Draft, ...]:
    return outcome if isinstance(outcome, tuple) else ()


def _number(node: Node) -> str | None:
    """What the customer was told: "#1001" is 1001."""
    return order_number(node.text("name") or node.text("order_number") or "") or None


def _party(node: Node) -> list[Party]:
    """Who ordered. The phone of the delivery is left out: it may be that of whom the present is for."""
    customer, billing = node.child("customer"), node.child("billing_address")
    address = customer.child("default_address") if customer else None
    emails = [node.text("email") or node.text("contact_email") or (customer.text("email") if customer else None)]
    phones = [phone(one) for one in (node, customer, billing, address) if one]
    return parties(emails, phones, customer.own_id() if customer else None)


def _line(node: Node) -> dict[str, object]:
    quantity = node.count("quantity")
    if quantity is not None and quantity < 0:
        raise Broken("is below zero", node.at("quantity"))
    return {
        "sku": node.text("sku"),
        "title": node.text("title") or node.text("name"),
        "quantity": quantity,
        "price": node.money("price"),
    }


def _total(node: Node) -> str | None:
    """In the shop's currency, as `currency` is."""
    whole = node.child("total_price_set")
    shop = whole.child("shop_money") if whole else None
    return node.money("total_price") or (shop.money("amount") if shop else None)
