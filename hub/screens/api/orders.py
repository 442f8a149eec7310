"""Orders by their number."""

from __future__ import annotations

from fastapi import APIRouter

from hub.events.order_numbers import order_number
from hub.screens.access import needs
from hub.screens.answers import NOT_KEPT, Json
from hub.screens.asked import NOW_ONLY, Text, TheHub, reading
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.shapes import Order
from hub.store import reads

router = APIRouter(tags=["orders"], dependencies=[NOW_ONLY])


@router.get("/v1/orders/{number:path}", response_model=Order, summary="An order and its stage", **needs("read"))
def order(hub: TheHub, looked: Looked, number: Text) -> Json:
    """The number in Latin or Persian digits, with or without #."""
    with reading(hub) as tx:
        found = reads.order(tx, number)
    if found is None:
        raise Problem(404, "No order has this number.")
    looked("order", found["number"] or order_number(number))
    return Json(found, headers=NOT_KEPT)
