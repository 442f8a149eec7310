"""Settings: the keys with which programs come in. A key's text is shown once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.screens.asked import Hub, TheHub
from hub.screens.forms import Form
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import access
from hub.store.access import ROLES, Access

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]
_LONGEST = 100


@router.get("/settings/keys")
def keys(request: Request, hub: TheHub, viewer: Manager) -> Response:
    return _shown(request, hub, viewer)


@router.post("/settings/keys")
def create(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    name, role = " ".join(form["name"].split()), form["role"]
    if not name or len(name) > _LONGEST:
        return _shown(request, hub, viewer, errors={"name": say(viewer.language, "wrong.name")}, typed=form.typed())
    try:
        key = access.create(hub.database, name, role)
    except access.NameTaken:
        return _shown(request, hub, viewer, errors={"name": say(viewer.language, "wrong.key")}, typed=form.typed())
    except access.NoSuchRole:
        return _shown(request, hub, viewer, errors={"role": say(viewer.language, "wrong.role")}, typed=form.typed())
    return _shown(request, hub, viewer, made=name, key=key)


@router.post("/settings/keys/delete")
def delete(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    access.delete(hub.database, form["name"])
    known: Access = request.app.state.access
    known.forget()
    return RedirectResponse("/settings/keys", 303)


def _shown(
    request: Request, hub: Hub, viewer: Viewer, *, errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None, made: str | None = None, key: str | None = None,
) -> Response:  # fmt: skip
    return page(
        request, viewer, "settings/keys.html", status=422 if errors else 200, errors=errors or {}, typed=typed or {},
        made=made, key=key, keys=access.listed(hub.database), roles=tuple(ROLES),
    )  # fmt: skip
