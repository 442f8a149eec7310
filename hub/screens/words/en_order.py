"""The page of an order, in English."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "order.title": "Order {number}",
    "order.stages": "How far it is",
    "order.untold": "nobody said when",
    "order.to_come": "to come",
    "order.in_part": "in part",
    "order.total": "Total",
    "order.tracking": "Tracking number",
    "order.carrier": "Carrier",
    "order.lines": "What was ordered",
    "order.article": "Article",
    "order.sku": "Article number",
    "order.quantity": "Pieces",
    "order.price": "Price",
    "order.contacts": "Contacts about it",
    "order.contacts.none": "Nobody asked about it",
    "order.contacts.none.do": "Mails, calls and visits that name this number appear here, whoever they are from.",
    "order.others": "Other orders of this customer",
    "order.history": "Reported by the back office",
}
