"""Settings: the signature below every answer, and answers that are written often."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.screens.asked import Hub, TheHub
from hub.screens.forms import Form, Sent
from hub.screens.problems import Problem
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import options

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]
Canned = list[dict[str, str]]
_NAME, _TEXT, _MOST = 100, 20_000, 500


@router.get("/settings/texts")
def texts(request: Request, hub: TheHub, viewer: Manager, was: str = "") -> Response:
    """`was`: the canned answer whose form is open."""
    kept: Canned = options.read(hub.database, "canned", [])
    typed = next((one for one in kept if one["name"] == was), None)
    return _shown(request, hub, viewer, was=was if typed else "", typed=typed)


@router.post("/settings/texts")
def keep(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    """`do`: signature {signature}; add {name, text}; change {was, name, text}; delete {was}."""
    with hub.database.transaction() as tx:
        tx.execute("SELECT pg_advisory_xact_lock(hashtext('setting canned'))")
        errors = _signed(tx, viewer, form) if form["do"] == "signature" else _changed(tx, viewer, form)
    if errors:
        return _shown(request, hub, viewer, was=form["was"], errors=errors, typed=form.typed())
    return RedirectResponse("/settings/texts?done=1", 303)


def _signed(tx: Any, viewer: Viewer, form: Sent) -> dict[str, str]:
    if len(form["signature"]) > _TEXT:
        return {"signature": say(viewer.language, "wrong.text", n=_TEXT)}
    options.write(tx, "signature", {"text": form["signature"].strip()}, viewer.login)
    return {}


def _changed(tx: Any, viewer: Viewer, form: Sent) -> dict[str, str]:
    """What is wrong by field; nothing: the list is kept as it is meant. A name is given once."""
    kept: Canned = options.read(tx, "canned", [])
    others = [one for one in kept if one["name"] != form["was"]] if form["do"] != "add" else kept
    if form["do"] == "delete":
        options.write(tx, "canned", others, viewer.login)
        return {}
    if form["do"] not in ("add", "change"):
        raise Problem(422, "This cannot be done to a text.")
    name, text = " ".join(form["name"].split()), form["text"].strip()
    errors = {}
    if not name or len(name) > _NAME:
        errors["name"] = say(viewer.language, "wrong.name")
    elif any(one["name"] == name for one in others) or len(others) >= _MOST:
        errors["name"] = say(viewer.language, "wrong.canned")
    if not text or len(text) > _TEXT:
        errors["text"] = say(viewer.language, "wrong.text", n=_TEXT)
    if not errors:
        listed = [*others, {"name": name, "text": text}]
        options.write(tx, "canned", sorted(listed, key=lambda one: one["name"].casefold()), viewer.login)
    return errors


def _shown(
    request: Request, hub: Hub, viewer: Viewer, *, was: str = "", errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    kept: Canned = options.read(hub.database, "canned", [])
    shown = {"signature": options.read(hub.database, "signature", {"text": ""})["text"], "name": "", "text": ""}
    return page(
        request, viewer, "settings/texts.html", status=422 if errors else 200, was=was, errors=errors or {},
        typed=shown | (typed or {}), canned=kept, done="done" in request.query_params,
    )  # fmt: skip
