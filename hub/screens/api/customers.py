"""Customers: the look-up of a caller, the search, one customer and his timeline."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hub.consumers.runner import clock
from hub.screens.access import needs
from hub.screens.answers import NOT_KEPT, Json
from hub.screens.asked import NOW_ONLY, Before, Limit, MaybeText, Text, TheHub, reading, spoken
from hub.screens.customer_side import members
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.shapes import Customer, Customers, Items, LookUp
from hub.store import customers as who
from hub.store import reads

router = APIRouter(tags=["customers"], dependencies=[NOW_ONLY])


@router.get("/v1/lookup", response_model=LookUp, summary="Who is calling, and about what", **needs("lookup"))
def lookup(
    hub: TheHub,
    looked: Looked,
    phone: Annotated[MaybeText, Query(examples=["+98 912 123 4567"])] = None,
    email: MaybeText = None,
    order: MaybeText = None,
    account: MaybeText = None,
) -> Json:
    """In one request all that a telephone system shows: the customer, the last contacts, the likely reason. At least one of
    `phone`, `email`, `order` and `account` is asked for; of several, all customers who are meant are found.

    Unknown is `none` and 200, with the earlier contacts of that number; so is an empty one, as a withheld number comes. A
    number that many share is `many`: the last ten of them that were heard of, and the contacts of the number itself.
    """
    asked = {"phone": spoken(phone), "email": email, "account": account}
    if all(said is None for said in (*asked.values(), order)):
        raise Problem(422, "Say who is meant.", [("?phone", "one of phone, email, order, account is needed")])
    with reading(hub) as tx:
        hub.recorder.enter(tx)  # so that whoever was forgotten by another process is a new person here too
        parties = who.of_order(tx, order) if order else []
        for kind, value in asked.items():
            identifier = who.identified(kind, value, hub.settings.region) if value else None
            parties += who.known(tx, [hub.keys.party_id(identifier)]) if identifier else []
        found = who.customers(tx, parties)
        told = reads.lookup(tx, found, clock())
        looked("search", [one["id"] for one in told["customers"]] or [parties[0] for parties in found])
        return Json(told, headers=NOT_KEPT)


@router.get("/v1/customers", response_model=Customers, summary="Find customers", **needs("read"))
def search(
    hub: TheHub, looked: Looked, q: Annotated[Text, Query(min_length=1, max_length=500, examples=["sara ahmadi"])],
    limit: Limit = 20, before: Before = None,
) -> Json:  # fmt: skip
    """By id, e-mail address, phone, account or order number; else by the words that tell of them, of whom there was
    something last first."""
    (skipped,) = reads.read_cursor(before, int) if before else (0,)
    with reading(hub) as tx:
        hub.recorder.enter(tx)
        found = who.who(tx, hub.keys, hub.settings.region, spoken(q) or q)
        found = found or reads.search(tx, q, skipped + limit + 1)
        items = [reads.customer(tx, parties) for parties in found[skipped : skipped + limit]]
    looked("search", [item["id"] for item in items])
    more = len(found) > skipped + limit
    return Json({"items": items, "next": reads.cursor(skipped + limit) if more else None}, headers=NOT_KEPT)


@router.get("/v1/customers/{id}", response_model=Customer, summary="One customer", **needs("read"))
def customer(hub: TheHub, looked: Looked, id: Text) -> Json:
    """By the customer's id or that of any party of his."""
    with reading(hub) as tx:
        parties = members(tx, id)
        looked("customer", parties[0])
        return Json(reads.customer(tx, parties), headers=NOT_KEPT)


@router.get(
    "/v1/customers/{id}/timeline", response_model=Items, summary="A customer's contacts and orders, newest first",
    **needs("read"),
)  # fmt: skip
def timeline(hub: TheHub, looked: Looked, id: Text, limit: Limit = 50, before: Before = None) -> Json:
    with reading(hub) as tx:
        parties = members(tx, id)
        looked("customer", parties[0])
        return Json(reads.timeline(tx, parties, limit, before), headers=NOT_KEPT)
