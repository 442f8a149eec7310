"""What rings: the pop, shown before anybody answers, and its lines on home; naming an unknown caller; a call to try it with."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from hub.consumers.runner import clock
from hub.screens.api.events import arrivals
from hub.screens.asked import TheDoor, TheHub, id_of
from hub.screens.forms import Form
from hub.screens.looking import Looked
from hub.screens.naming import named
from hub.screens.problems import Problem
from hub.screens.render import NOT_KEPT, part, templates
from hub.screens.ringing import Calls
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import customers as who
from hub.store.ringing import LONGEST, Ringing

router = APIRouter()
Reader = Annotated[Viewer, viewing("read")]


@router.get("/pop")
async def pop(request: Request, viewer: Reader, looked: Looked) -> Response:
    """What rings for the viewer; nothing where nothing does. Written once for all who see the same.
    `aside` in the address: calls that he has seen to, so that the next one is shown as the only one that it is."""
    calls: Calls = request.app.state.calls
    aside = request.query_params.getlist("aside")
    heard = calls.known(viewer, aside)
    if heard is None:
        heard = await run_in_threadpool(calls.heard, viewer, aside)
    calls.look(viewer, heard, looked)
    key = (viewer.language, viewer.may("link"), *(call.call for call in heard))
    text = calls.written(key, heard) if heard else ""
    if text is None:
        text = _written(request, viewer, heard)
        calls.write(key, heard, text)
    return HTMLResponse(text, headers=NOT_KEPT)


def _written(request: Request, viewer: Viewer, calls: list[Ringing], error: str | None = None) -> str:
    template = templates(request, viewer.language).get_template("pop.html")
    return template.render(request=request, calls=calls, longest=LONGEST, may_link=viewer.may("link"), error=error)


@router.get("/home/ringing")
def ringing_now(request: Request, viewer: Reader, looked: Looked) -> Response:
    """The same in a line or two each, for home: there a call is found again that was put aside."""
    calls: Calls = request.app.state.calls
    heard = calls.heard(viewer)
    calls.look(viewer, heard, looked)
    return part(request, viewer, "home_ringing.html", calls=heard, longest=LONGEST)


@router.post("/pop/name")
def name_caller(request: Request, hub: TheHub, viewer: Annotated[Viewer, viewing("link")], form: Form) -> Response:
    """`party`: the unknown number; `who`: a customer by whatever names him, an e-mail address or phone, else a name."""
    party, text = id_of(form["party"]), form["who"].strip()
    calls: Calls = request.app.state.calls
    error = named(hub, viewer, party, text) if party else say(viewer.language, "pop.name_missing")
    calls.forget()
    if "hx-request" not in request.headers:
        if error:
            raise Problem(422, error)
        return RedirectResponse(f"/customers/{party}", 303)
    heard = calls.heard(viewer, request.query_params.getlist("aside"))
    return HTMLResponse(_written(request, viewer, heard, error), 422 if error else 200, NOT_KEPT)


@router.post("/ring")
async def ring(
    request: Request, hub: TheHub, door: TheDoor, viewer: Annotated[Viewer, viewing("ring")], form: Form
) -> Response:
    """A call from `number` begins to ring on the viewer's own screens; it comes in by the door of all calls."""
    number = who.identified("phone", form["number"], hub.settings.region)
    if number is None or number.kind != "phone":
        raise Problem(422, say(viewer.language, "ring.wrong"), [("number", "not a phone number")])
    call = str(uuid4())
    document = {
        "specversion": "1.0", "id": call, "source": "test call", "type": "call.ringing", "time": clock().isoformat(),
        "data": {"call": call, "direction": "in", "party": {"kind": "phone", "value": number.value},
                 "agent": viewer.rings[0] if viewer.rings else viewer.login},
    }  # fmt: skip
    came, _ = arrivals({"content-type": "application/cloudevents+json"}, orjson.dumps(document), clock())
    answers = await door.take(came)
    if answers[0].refused:
        raise Problem(422, answers[0].refused.why)
    if "hx-request" in request.headers:
        return Response(status_code=204)
    return RedirectResponse("/", 303)
