"""A contact that no system saw, written down by whoever was there: a visit, a letter, a call on another telephone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from hub.channels.cloudevents import CONFLICT
from hub.consumers.runner import clock
from hub.events.identifiers import Identifier
from hub.log._protocol import Place
from hub.screens import typed
from hub.screens.api.events import arrivals
from hub.screens.asked import Hub, Text, TheDoor, TheHub, id_of, reading, wait_until_shown
from hub.screens.customer_side import first_of, members
from hub.screens.forms import Form, Sent
from hub.screens.looking import Looked
from hub.screens.naming import meant
from hub.screens.problems import Problem
from hub.screens.render import page, zone_of
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import customers as who

router = APIRouter()
Sender = Annotated[Viewer, viewing("send")]
Asked = Annotated[Text, Query(max_length=500)]
WAYS = ("visit", "phone", "letter", "fax", "other")
SOURCE = "written down"


@router.get("/contacts/new")
def ask(
    request: Request, hub: TheHub, viewer: Sender, looked: Looked, customer: Asked = "", known: Asked = ""
) -> Response:
    """`customer`: a party of whoever it was with; `known`: by what he is known, where he has no page yet."""
    if customer:
        with reading(hub) as tx:
            looked("customer", members(tx, customer)[0])
    return _page(request, hub, viewer, {"customer": customer, "known": known.strip()}, {})


@router.post("/contacts/new")
async def write_down(
    request: Request, hub: TheHub, door: TheDoor, viewer: Sender, looked: Looked, form: Form
) -> Response:
    """`id`: the form's own, so that sending it twice writes one contact down; `ticket`: it asks for one."""
    party, errors = await run_in_threadpool(_with_whom, hub, viewer, form)
    if not form["about"].strip():
        errors["about"] = say(viewer.language, "contact.about.missing")
    time = _time(request, form)
    if isinstance(time, str):
        errors["time"] = say(viewer.language, time)
    if party is None or errors:
        return await run_in_threadpool(_page, request, hub, viewer, form.typed(), errors)
    document = _event(form, party, viewer) | ({"time": time} if time else {})
    came, _ = arrivals({"content-type": "application/cloudevents+json"}, orjson.dumps(document), clock())
    (answer,) = await door.take(came)
    if answer.refused == CONFLICT:
        again = {name: value for name, value in form.typed().items() if name != "id"}
        wrong = {"about": say(viewer.language, "contact.twice")}
        return await run_in_threadpool(_page, request, hub, viewer, again, wrong)
    if answer.refused:
        raise Problem(422, answer.refused.why)
    id = hub.keys.party_id(party)
    looked("customer", id)
    if answer.position:
        topic, part, position = answer.position.split("/")
        await run_in_threadpool(wait_until_shown, hub, [Place(topic, int(part), int(position))])
    return RedirectResponse(f"/customers/{id}", 303)


def _event(form: Sent, party: Identifier, viewer: Viewer) -> dict[str, Any]:
    """It comes in by the door of all events, and is kept as it came."""
    id, way = id_of(form["id"]) or str(uuid4()), form["way"] if form["way"] in WAYS else "other"
    about, text = form["about"].strip(), form["text"].strip() or None
    data = {"party": party._asdict(), "agent": viewer.login, "outcome": "ticket" if form["ticket"] else None}
    if way == "visit":
        data |= {"visit": id, "reason": about, "note": text}
    else:
        direction = "out" if form["direction"] == "out" else "in"
        data |= {"contact": id, "channel": way, "direction": direction, "subject": about, "text": text}
    kind = "visit.recorded" if way == "visit" else "contact.recorded"
    return {
        "specversion": "1.0", "id": id, "source": SOURCE, "type": kind,
        "data": {name: value for name, value in data.items() if value is not None},
    }  # fmt: skip


def _time(request: Request, form: Sent) -> datetime | str | None:
    """When it was, None for now; or the word for what is wrong with it."""
    try:
        moment = typed.moment(form["time"], zone_of(request))
    except typed.Wrong:
        return "ticket.wrong.until"
    return "contact.time.later" if moment and moment > clock() + timedelta(minutes=1) else moment


def _with_whom(hub: Hub, viewer: Viewer, form: Sent) -> tuple[Identifier | None, dict[str, str]]:
    """By what he is known whom it was with, or what is wrong with what was typed."""
    with reading(hub) as tx:
        hub.recorder.enter(tx)
        if form["customer"]:
            known = first_of(tx, members(tx, form["customer"]))
            if known is None:
                raise Problem(409, "Nothing is left by which this customer is known: the customer was forgotten.")
            return Identifier(known["kind"], known["value"]), {}
        found = meant(hub, tx, form["known"].strip()) if form["known"].strip() else None
    if isinstance(found, Identifier):
        return found, {}
    return None, {"known": say(viewer.language, "pop.name_several" if found else "contact.known.wrong")}


def _page(request: Request, hub: Hub, viewer: Viewer, sent: dict[str, str], errors: dict[str, str]) -> Response:
    name = known = None
    if sent.get("customer"):
        with reading(hub) as tx:
            parties = members(tx, sent["customer"])
            name, known = who.name(tx, parties), first_of(tx, parties)
    called = (known or {"kind": "other", "value": None}) | {"name": name}
    return page(
        request, viewer, "contact.html", status=422 if errors else 200, typed={"id": str(uuid4())} | sent, errors=errors,
        called=called, ways=WAYS,
    )  # fmt: skip
