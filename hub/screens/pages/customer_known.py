"""By what a customer is known, changed by a person: an identifier linked, a link cut, a name given to who has none.

A page that can do so is answered with its parts; the line of time renews itself when it hears of the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.consumers import decide
from hub.events.prepare import NotValid
from hub.screens.asked import Hub, Text, TheHub, id_of, reading
from hub.screens.customer_side import cut_apart, first_of, members, shown
from hub.screens.forms import Form
from hub.screens.linking import cut_link, linked
from hub.screens.looking import Looked
from hub.screens.naming import named
from hub.screens.pages.customer import whole
from hub.screens.problems import Problem
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import customers as who
from hub.store.database import Connection

router = APIRouter()
Linker = Annotated[Viewer, viewing("link")]
KINDS = ("email", "phone", "account", "badge", "cookie")


@router.post("/customers/{id}/link")
def link(request: Request, hub: TheHub, viewer: Linker, looked: Looked, id: Text, form: Form) -> Response:
    """`kind` and `value` of another identifier of this customer, `why`. Cut by mistake: `a` and `b`, two parties."""
    with reading(hub) as tx:
        parties = members(tx, id)
        mine, other = _again_one(tx, parties, form["a"], form["b"]) or (first_of(tx, parties), None)
    value = other or {"kind": form["kind"] if form["kind"] in KINDS else "email", "value": form["value"].strip()}
    if mine is None:
        raise Problem(409, "Nothing is left by which this customer is known: the customer was forgotten.")
    looked("customer", parties[0])
    try:
        linked(hub, mine, value, form["why"].strip() or None, viewer.login)
    except NotValid:
        return _again(request, hub, viewer, id, form.typed(), {"value": say(viewer.language, "customer.link.wrong")})
    return _done(request, hub, viewer, id)


@router.post("/customers/{id}/cut")
def cut(request: Request, hub: TheHub, viewer: Linker, looked: Looked, id: Text, form: Form) -> Response:
    """`link`: what tied two of his identifiers together, and does no longer."""
    with reading(hub) as tx:
        parties = members(tx, id)
        pair = next(((one["a"], one["b"]) for one in who.links(tx, parties) if one["id"] == form["link"]), None)
    if pair is None:
        raise Problem(404, "This link is not there any more.")
    looked("customer", parties[0])
    try:
        cut_link(hub, form["link"], viewer.login, pair)
    except (decide.NoSuchLink, decide.Forgotten) as error:
        raise Problem(409, str(error)) from None
    return _done(request, hub, viewer, id, ",".join(pair))


@router.post("/customers/{id}/name")
def name(request: Request, hub: TheHub, viewer: Linker, looked: Looked, id: Text, form: Form) -> Response:
    """`who` he is, of whom there is no name: a customer by whatever names him, an e-mail address or phone, else a name."""
    with reading(hub) as tx:
        parties = members(tx, id)
    looked("customer", parties[0])
    wrong = named(hub, viewer, _readable(hub, parties), form["who"].strip())
    if wrong:
        return _again(request, hub, viewer, id, form.typed(), {"who": wrong})
    return _done(request, hub, viewer, id)


def _readable(hub: Hub, parties: Sequence[str]) -> str:
    """A party of his whose identifier was not forgotten, if there is one."""
    with reading(hub) as tx:
        return next((one["party"] for one in who.identifiers(tx, parties) if one["value"]), parties[0])


def _again_one(tx: Connection, parties: Sequence[str], a: str, b: str) -> tuple[Any, Any] | None:
    """Two parties that a cut has just parted, by what they are known by; one of them is still this customer."""
    if not (id_of(a) and id_of(b)) or not {a, b} & set(parties):
        return None
    pair = first_of(tx, [a]), first_of(tx, [b])
    return pair if all(pair) else None


def _done(request: Request, hub: Hub, viewer: Viewer, id: str, cut: str | None = None) -> Response:
    """How he is known now. `cut`: two parties just cut apart, so that it can be undone."""
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/customers/{id}?{urlencode({'cut': cut})}" if cut else f"/customers/{id}", 303)
    with reading(hub) as tx:
        values = shown(tx, id, members(tx, id)) | {"cut": cut_apart(tx, cut)}
    return part(request, viewer, "customer_known.html", **values)


def _again(
    request: Request, hub: Hub, viewer: Viewer, id: str, typed: dict[str, str], errors: dict[str, str]
) -> Response:  # fmt: skip
    """The same once more, with what was typed and what is wrong with it."""
    wrong: dict[str, Any] = {"form": typed, "errors": errors, "cut": None}
    with reading(hub) as tx:
        if "hx-request" in request.headers:
            return part(request, viewer, "customer_known.html", status=422, **shown(tx, id, members(tx, id)) | wrong)
        return page(request, viewer, "customer.html", status=422, **whole(hub, tx, id) | wrong)
