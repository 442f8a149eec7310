"""Customers: who they are and how they are known."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any

import orjson
import phonenumbers

from hub.channels import _values
from hub.channels._shape import Ignored
from hub.channels.shopify._node import Node
from hub.events.draft import Draft

SOURCE = "shopify"
Party = dict[str, str]
_GLOBAL_ID = re.compile(r"gid://shopify/Customer/([0-9]{1,20})")
_ADDRESS = ("name", "company", "address1", "address2", "city", "province", "zip", "country", "phone")


def customer(node: Node, received: datetime) -> tuple[Draft, ...]:
    """A notice sent on trial says no times."""
    return (described(node, node.time("updated_at") or node.time("created_at") or received),)


def merged(node: Node, time: datetime) -> tuple[Draft, ...] | Ignored:
    """Two accounts of which people in the shop made one. Only the notice's arrival says when."""
    kept, gone = (_GLOBAL_ID.fullmatch(node.text(f"admin_graphql_api_customer_{which}_id") or "")
                  for which in ("kept", "deleted"))  # fmt: skip
    if not (kept and gone) or kept[1] == gone[1] or node.text("status") not in (None, "completed"):
        return Ignored("a merge of customers that is not completed, or does not name both")
    a, b = ({"kind": "account", "value": f"shopify:{one[1]}"} for one in (kept, gone))
    said = {"a": a, "b": b, "evidence": "merged into one customer in Shopify"}
    return (Draft("party.linked", time, SOURCE, f"merge/{kept[1]}/{gone[1]}", said),)


def described(node: Node, time: datetime) -> Draft:
    """What a customer's record says of him; alone, and inside each of his orders."""
    address = node.child("default_address")
    addresses = node.children("addresses") or ([address] if address else [])
    said = {
        "party": customer_parties(node),
        "name": _full_name(node) or (_full_name(address) if address else None),
        "language": node.text("locale"),
        "company": address.text("company") if address else None,
        "addresses": [_address(one) for one in addresses],
    }
    key = f"customer/{node.own_id()}/{digest(said)}"
    return Draft("party.described", time, SOURCE, key, said | {"as_of": as_of(node)})


def customer_parties(node: Node) -> list[Party]:
    address = node.child("default_address")
    phones = [phone(node), phone(address) if address else None]
    return parties([node.text("email")], phones, node.own_id())


def parties(emails: list[str | None], phones: list[str | None], account: int | None) -> list[Party]:
    """Everything by which one person is known, each once: e-mail, phones, account."""
    found = [*(("email", e) for e in emails if e and _is_email(e)), *(("phone", p) for p in phones if p)]
    if account is not None:
        found.append(("account", f"shopify:{account}"))
    return [{"kind": kind, "value": value} for kind, value in dict.fromkeys(found)]


def phone(node: Node) -> str | None:
    """The phone of an order, customer or address; national numbers are read in the country of the address.

    None where nobody could be called by it: an order with an odd phone is still an order.
    """
    written = node.text("phone")
    if written is None:
        return None
    try:
        number = phonenumbers.parse(written, (node.text("country_code") or "").upper() or None)
    except phonenumbers.NumberParseException:
        return written if 7 <= sum(map(str.isdecimal, written)) <= 15 and _is_phone(written) else None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def as_of(node: Node) -> str | None:
    """When the record last changed: of two that say different things the later holds."""
    updated = node.time("updated_at")
    return updated.isoformat() if updated else None


def digest(said: Any) -> str:
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _full_name(node: Node) -> str | None:
    return " ".join(filter(None, (node.text("first_name"), node.text("last_name")))) or node.text("name")


def _address(node: Node) -> dict[str, str]:
    return {name: text for name in _ADDRESS if (text := node.text(name))}


def _is_email(text: str) -> bool:
    try:
        return bool(_values.email(text))
    except ValueError:
        return False


def _is_phone(text: str) -> bool:
    try:
        return bool(_values.phone(text))
    except ValueError:
        return False
