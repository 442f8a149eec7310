"""The whole of a long text, which pages show only the beginning of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from hub.consumers.decode import opened
from hub.screens.asked import Text, TheHub, id_of, reading
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.store import files

router = APIRouter()


@router.get("/items/{id}/text")
def text(request: Request, hub: TheHub, viewer: Annotated[Viewer, viewing("read")], looked: Looked, id: Text) -> Response:
    item = id_of(id)
    with reading(hub) as tx:
        hub.recorder.enter(tx)
        found = files.text(tx, item) if item else None
        recorded = files.holding(tx, item) if item else None
    if found is None:
        raise Problem(404, "No contact has this id.")
    kept, party = found
    said = opened(hub.keys, recorded).personal.get("text") if recorded else None
    looked("customer", party or id)
    show, template = (part, "item_text.html") if "hx-request" in request.headers else (page, "item.html")
    return show(request, viewer, template, text=said or kept or "")
