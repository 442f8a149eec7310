"""Settings: the people who work here. They come in by a link that is shown once, to be handed over."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.consumers.runner import clock
from hub.screens import typed
from hub.screens.asked import Hub, TheHub, id_of
from hub.screens.forms import Form, Sent
from hub.screens.problems import Problem
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import accounts, sign_in_links
from hub.store.access import PEOPLE
from hub.store.accounts import Account, NotPossible

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]


@router.get("/settings/users")
def users(request: Request, hub: TheHub, viewer: Manager) -> Response:
    return _list(request, hub, viewer)


@router.post("/settings/users")
def invite(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    """The new colleague's link is in the answer and nowhere else."""
    try:
        account = accounts.add(
            hub.database, form["login"], form["name"] or form["login"], form["role"], typed.rings(form["rings"])
        )
    except (NotPossible, typed.Wrong) as error:
        return _list(request, hub, viewer, errors=_said(viewer, error), form=form)
    path = sign_in_links.make(hub.database, account.id, "invite", clock())
    return _list(request, hub, viewer, invited=account, link=_address(request, path))


@router.get("/settings/users/{id}")
def user(request: Request, hub: TheHub, viewer: Manager, id: str) -> Response:
    return _one(request, viewer, _account(hub, id))


@router.post("/settings/users/{id}")
def change(request: Request, hub: TheHub, viewer: Manager, id: str, form: Form) -> Response:
    """`do`: change {name, role, rings}, reset, activate or deactivate."""
    account = _account(hub, id)
    try:
        link = _done(hub, account, form)
    except (NotPossible, typed.Wrong) as error:
        return _one(request, viewer, account, errors=_said(viewer, error), form=form)
    if link is None:
        return RedirectResponse("/settings/users", 303)
    return _one(request, viewer, _account(hub, id), link=_address(request, link))


def _account(hub: Hub, id: str) -> Account:
    known = id_of(id)
    account = accounts.by_id(hub.database, known) if known else None
    if account is None:
        raise Problem(404, "Nobody has this id.")
    return account


def _address(request: Request, path: str) -> str:
    return str(request.base_url).rstrip("/") + path


def _done(hub: Hub, account: Account, form: Sent) -> str | None:
    """The path of a link, where one was asked for. Raises NotPossible and typed.Wrong."""
    what = form["do"]
    if what == "change":
        accounts.change(hub.database, account.id, form["name"], form["role"], typed.rings(form["rings"]))
    elif what == "deactivate":
        accounts.deactivate(hub.database, account.id)
    elif what == "activate":
        accounts.activate(hub.database, account.id)
    elif what == "reset" and account.active:
        accounts.reset(hub.database, account.id)
        return sign_in_links.make(hub.database, account.id, "reset" if account.has_password else "invite", clock())
    else:
        raise Problem(422, "This cannot be done to an account.")
    return None


def _list(
    request: Request, hub: Hub, viewer: Viewer, *, errors: dict[str, str] | None = None, form: Sent | None = None,
    invited: Account | None = None, link: str | None = None,
) -> Response:  # fmt: skip
    """All accounts, and the form that invites; what was typed into it stays."""
    values: dict[str, Any] = {"errors": errors or {}, "typed": form.typed() if form else {}, "roles": PEOPLE}
    values |= {"invited": invited, "link": link, "people": accounts.everybody(hub.database)}
    return page(request, viewer, "settings/users.html", status=422 if errors else 200, **values)


def _one(
    request: Request, viewer: Viewer, account: Account, *, errors: dict[str, str] | None = None,
    form: Sent | None = None, link: str | None = None,
) -> Response:  # fmt: skip
    shown = {"name": account.name, "role": account.role, "rings": ", ".join(account.rings)}
    typed = form.typed() if form and errors and form["do"] == "change" else {}
    values: dict[str, Any] = {"errors": errors or {}, "typed": shown | typed, "roles": PEOPLE}
    return page(
        request, viewer, "settings/user.html", status=422 if errors else 200, account=account, link=link, **values
    )


def _said(viewer: Viewer, error: NotPossible | typed.Wrong) -> dict[str, str]:
    field = error.field if isinstance(error, NotPossible) else "rings"
    return {field: say(viewer.language, f"wrong.{error.why}")}
