"""Settings: senders whose mail opens no ticket."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.screens import typed
from hub.screens.asked import TheHub
from hub.screens.forms import Form
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import options

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]


@router.get("/settings/blocked")
def blocked(request: Request, hub: TheHub, viewer: Manager) -> Response:
    return _shown(request, viewer, "\n".join(options.read(hub.database, "blocked", [])), {})


@router.post("/settings/blocked")
def keep(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    try:
        senders = typed.senders(form["senders"])
    except typed.Wrong as error:
        return _shown(
            request, viewer, form["senders"], {"senders": say(viewer.language, "wrong.sender", about=error.about)}
        )
    with hub.database.transaction() as tx:
        options.write(tx, "blocked", senders, viewer.login)
    return RedirectResponse("/settings/blocked?done=1", 303)


def _shown(request: Request, viewer: Viewer, senders: str, errors: dict[str, str]) -> Response:
    return page(
        request, viewer, "settings/blocked.html", status=422 if errors else 200, senders=senders, errors=errors,
        done="done" in request.query_params,
    )  # fmt: skip
