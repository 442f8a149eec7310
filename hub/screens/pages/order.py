"""An order: how far it is, what it is of, and every contact about it, of whatever customer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from hub.events.kinds.orders import OF_MONEY, STAGES
from hub.events.order_numbers import order_number
from hub.projections.orders import reaching
from hub.screens.agents import with_names
from hub.screens.asked import Text, TheHub, reading
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.store import customers, order_contacts, reads

router = APIRouter(include_in_schema=False)
WAY = ("placed", "confirmed", "paid", "packed", "shipped", "delivered")  # of an order that goes well
SAID = ("amount", "document", "tracking", "carrier")
Json = dict[str, Any]


@router.get("/orders/{number:path}")
def order(
    request: Request, hub: TheHub, viewer: Annotated[Viewer, viewing("read")], looked: Looked, number: Text,
    part_of: Annotated[str, Query(alias="part", max_length=10)] = "",
) -> Response:  # fmt: skip
    """`part`: "side", to a program of the page that fetches anew whose order it is."""
    with reading(hub) as tx:
        found = reads.order(tx, number)
        if found is None:
            raise Problem(404, "No order has this number.")
        known = found["number"] or order_number(number)
        contacts = with_names(hub, order_contacts.about(tx, known))
        person = reads.customer(tx, customers.shown_with(tx, found["customer"])) if found["customer"] else None
    looked("order", known)
    if person:
        looked("customer", person["id"])
    values: dict[str, Any] = {
        "order": found, "number_shown": known, "steps": steps(found), "remarks": remarks(found), "contacts": contacts,
        "person": person,
    }  # fmt: skip
    if "hx-request" in request.headers:
        return part(request, viewer, "order_side.html" if part_of == "side" else "order_body.html", **values)
    return page(request, viewer, "order.html", **values)


def steps(found: Json) -> list[Json]:
    """The stages in their order, `{"stage", "time", "source", "reached", "in_part"}`: those that were reported, and those to
    come of an order that goes well. A stage that a later one passed over was reached, nobody said when; one that was paid in
    part only was not."""
    told = _reached(found)
    in_part = {step["stage"] for step in found["history"]} - told.keys()
    at = STAGES.index(found["stage"]) if found["stage"] in STAGES else -1
    off = found["stage"] not in WAY
    names = [stage for stage in STAGES if stage in told or (stage in WAY and not off)]
    return [
        {"stage": stage, "time": told.get(stage, {}).get("time"), "source": told.get(stage, {}).get("source"),
         "reached": stage in told or (STAGES.index(stage) <= at and stage not in in_part), "in_part": stage in in_part,
         "now": stage == found["stage"]} for stage in names
    ]  # fmt: skip


def remarks(found: Json) -> list[Json]:
    """What was reported besides the stages, newest first: invoices, notes, parts of a sum, a stage for the second time; and
    the steps that say more than that they were made. `amount` where it is shown."""
    reached = _reached(found)
    shown = [step | {"amount": step["amount"] if step["stage"] in OF_MONEY else None} for step in found["history"]]
    return [
        step for step, told in zip(shown, found["history"], strict=True)
        if told is not reached.get(told["stage"]) or any(step[name] for name in SAID)
    ][::-1]  # fmt: skip


def _reached(found: Json) -> dict[str, Json]:
    """The step by which each stage was reached."""
    history = found["history"]
    told = reaching(((step["stage"], step) for step in history), found["total"], found["currency"])
    reached: dict[str, Json] = {}
    for step, reaches in zip(history, told, strict=True):
        if reaches:
            reached.setdefault(step["stage"], step)
    return reached
