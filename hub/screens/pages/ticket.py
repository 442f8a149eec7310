"""A ticket: its conversation and everything that people do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.consumers import decide, deliver
from hub.consumers.runner import clock
from hub.events.envelope import Json
from hub.log._protocol import Place
from hub.screens import mail_markup, ticket_commands, ticket_view
from hub.screens.asked import Hub, TheHub, id_of, reading, wait_for_ticket
from hub.screens.forms import Form, Sent
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.render import page, part, zone_of
from hub.screens.session import Viewer, viewing
from hub.screens.ticket_commands import NotReadable
from hub.screens.words import say
from hub.store import files, reads

router = APIRouter(include_in_schema=False)
Reader = Annotated[Viewer, viewing("read")]
Doer = Annotated[Viewer, viewing("command")]
PARTS = ("head", "conversation", "side", "changed", "box")
_NO_SUCH = "No ticket has this id or number."


@router.get("/tickets/{id}")
def ticket(
    request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: str, seen: int = 0, draft: str = ""
) -> Response:  # fmt: skip
    """`part`: only head, conversation, side, box, or what `changed` since the revision `seen`. `draft`: the answer whose words
    are put into the box again."""
    shown = _shown(request, hub, viewer, id)
    looked("ticket", shown["ticket"]["id"])
    wanted = request.query_params.get("part")
    if wanted in PARTS:
        if wanted == "changed":
            shown["changed"] = _changed(hub, shown["ticket"], seen) if seen else []
        return part(request, viewer, f"ticket_{wanted}.html", **shown)
    taken = next((entry.item for entry in shown["view"].entries if draft and entry.id == draft), None)
    if taken and taken.get("delivery"):
        shown["typed"] = {"command": "answer", "text": taken["text"] or ""}
    return page(request, viewer, "ticket.html", **shown)


@router.get("/tickets/{id}/mail/{contact}")
def mail(request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: str, contact: str) -> Response:
    """A mail as its sender made it look, clean."""
    event = id_of(contact)
    missing = say(viewer.language, "ticket.no_picture")
    with reading(hub) as tx:
        markup = mail_markup.cleaned(hub, tx, event, missing) if id_of(id) and event else None
        _, party = (files.text(tx, event) if event else None) or (None, None)
    if markup is None:
        raise Problem(404, "There is no mail with html under this id.")
    looked("customer", party or contact)  # not the ticket: the address names one, whatever mail is asked for
    return part(request, viewer, "ticket_mail.html", markup=markup)


@router.post("/tickets/{id}/do")
def do(request: Request, hub: TheHub, viewer: Doer, looked: Looked, id: str, form: Form) -> Response:
    """One command. What is refused comes back with all that was typed; the same `id` again does nothing twice."""
    with reading(hub) as tx:
        found = reads.ticket(tx, id)
    command_id = id_of(form["id"])
    if found is None or command_id is None:
        raise Problem(404 if found is None else 422, _NO_SUCH if found is None else "The form lacks its id.")
    looked("ticket", found["id"])
    try:
        wish = ticket_commands.wish(form, zone_of(request))
    except NotReadable as error:
        return _again(request, hub, viewer, found["id"], form, 422, say(viewer.language, error.word))
    expects = ticket_commands.seen(form)
    answer = decide.command(hub.recorder, found["id"], command_id, wish, expects, viewer.login, clock())
    if answer.status == 200:
        return _done(request, hub, viewer, found["id"], answer.places, form["command"])
    if answer.status == 409:
        wait_for_ticket(hub, found["id"])  # for what the other one did
        return _again(request, hub, viewer, found["id"], form, 409, say(viewer.language, "ticket.changed"), expects)
    if answer.status == 404:
        raise Problem(404, answer.why or _NO_SUCH)
    return _again(request, hub, viewer, found["id"], form, 422, ticket_commands.told(viewer.language, answer.why or ""))


@router.post("/deliveries/{id}/{wish}")
def settle(
    request: Request, hub: TheHub, viewer: Doer, looked: Looked, id: str, wish: deliver.Wish, form: Form
) -> Response:  # fmt: skip
    """Take an answer back while it waits; of one that is uncertain say that it arrived, or send it again."""
    own = id_of(id)
    with reading(hub) as tx:
        ticket_id = ticket_view.ticket_of_answer(tx, own) if own else None
    if own is None or ticket_id is None:
        raise Problem(404, "No answer has this id.")
    reply = deliver.ask(hub.recorder, own, wish, viewer.login, clock())
    if reply.status == 404:
        raise Problem(404, reply.why or "No answer has this id.")
    looked("ticket", ticket_id)
    why = ticket_commands.told(viewer.language, reply.why) if reply.why else None
    wait_for_ticket(hub, ticket_id, reply.places)
    if "hx-request" not in request.headers:
        if why:
            shown = _shown(request, hub, viewer, ticket_id) | {"settled": why}
            return page(request, viewer, "ticket.html", status=409, **shown)
        draft = f"?draft={own}" if wish == "undo" else ""
        return RedirectResponse(f"/tickets/{ticket_id}{draft}#box", 303)
    shown = _shown(request, hub, viewer, ticket_id) | {"settled": why, "box": False}
    # told to the box: the form that asked may be gone by now, for the conversation around it is live
    told = {"answer-undone": {"answer": own, "target": "#box"}} if wish == "undo" and not why else {}
    return part(request, viewer, "ticket_parts.html", headers=_told(told), **shown)


def _done(
    request: Request, hub: Hub, viewer: Viewer, id: str, places: tuple[Place, ...], command: str
) -> Response:  # fmt: skip
    wait_for_ticket(hub, id, places)
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/tickets/{id}#box", 303)
    shown = _shown(request, hub, viewer, id) | {"box": True, "done": say(viewer.language, f"ticket.done.{command}")}
    told = {"command-done": {"draft": f"{id}:{command}"}}
    return part(request, viewer, "ticket_parts.html", headers=_told(told), **shown)


def _again(
    request: Request, hub: Hub, viewer: Viewer, id: str, form: Sent, status: int, why: str, seen: int | None = None
) -> Response:  # fmt: skip
    """The form as it was sent, why nothing was done, and what changed since it was first shown."""
    shown = _shown(request, hub, viewer, id) | {"typed": form.typed(), "problem": why, "box": True}
    if status == 409:
        shown["anyway"] = True
        shown["changed"] = _changed(hub, shown["ticket"], seen or 0)
    template = "ticket_parts.html" if "hx-request" in request.headers else "ticket.html"
    return (part if "hx-request" in request.headers else page)(request, viewer, template, status=status, **shown)


def _shown(request: Request, hub: Hub, viewer: Viewer, id: str) -> dict[str, Any]:
    """What the templates of this page ask for."""
    with reading(hub) as tx:
        view = ticket_view.gathered(hub, tx, id)
        if view is None:
            raise Problem(404, _NO_SUCH)
        choices = ticket_view.attachable(tx, view) if viewer.may("command") else []
    return {
        "view": view, "ticket": view.ticket, "names": view.names, "attachable": choices,
        "colleagues": ticket_view.assignable(hub), "canned": ticket_view.canned(hub),
        "signature": ticket_view.signature(hub), "addresses": ticket_view.addresses(view), "typed": {}, "problem": None,
        "changed": [], "anyway": False, "settled": None, "done": None, "box": False, "now": clock(),
        "moment": datetime.fromisoformat, "told": lambda text: ticket_commands.told(viewer.language, text),
    }  # fmt: skip


def _changed(hub: Hub, ticket: Json, seen: int) -> list[Any]:
    with reading(hub) as tx:
        return ticket_view.since(ticket_view.steps(hub, tx, ticket["id"]), seen)


def _told(events: dict[str, Any]) -> dict[str, str]:
    """Events for the page's scripts (HX-Trigger)."""
    return {"HX-Trigger": orjson.dumps(events).decode()} if events else {}
