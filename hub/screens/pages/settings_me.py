"""Settings of everybody: language and looks, the password, where one is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from hub.consumers.runner import clock
from hub.screens import session
from hub.screens.asked import Hub, TheHub
from hub.screens.forms import Form
from hub.screens.pages.sign_in import hashed, in_turn
from hub.screens.problems import Problem
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.screens.words import LANGUAGES, say
from hub.store import accounts, sessions
from hub.store.accounts import THEMES, Account, NotPossible
from hub.store.passwords import Passwords

router = APIRouter(include_in_schema=False)
Me = Annotated[Viewer, viewing("read")]


@router.get("/settings/me")
def me(request: Request, hub: TheHub, viewer: Me) -> Response:
    return _shown(request, hub, viewer, {})


@router.post("/settings/me")
def prefer(request: Request, hub: TheHub, viewer: Me, form: Form) -> Response:
    """`back`: the page to go on at; the menu on every page has the language, too."""
    try:
        accounts.prefer(hub.database, viewer.id, form["language"] or viewer.language, form["theme"] or viewer.theme)
    except NotPossible:
        raise Problem(422, "There is no such language or theme.") from None
    back = form["back"]
    return RedirectResponse(session.onward(back) if back else "/settings/me?done=1", 303)


@router.post("/settings/me/password")
async def choose(request: Request, hub: TheHub, viewer: Me, form: Form) -> Response:
    """Whoever sits down at an open screen does not know the password, so it is asked for where there is one."""
    account = await run_in_threadpool(_account, hub, viewer)
    wrong: dict[str, str] = {}
    try:
        accounts.password_wanted(account, form["password"], form["again"])
    except NotPossible as error:
        wrong = {error.field: error.why}
    if not wrong and account.has_password and not await _knows(request, hub, account, form["old_password"]):
        wrong = {"old_password": "old"}
    if wrong:
        errors = {field: say(viewer.language, f"wrong.{why}") for field, why in wrong.items()}
        return await run_in_threadpool(_shown, request, hub, viewer, errors)
    kept = await hashed(request, form["password"])
    return await run_in_threadpool(_changed, request, hub, account, kept)


@router.post("/settings/me/sessions")
def end(request: Request, hub: TheHub, viewer: Me, form: Form) -> Response:
    """`id`: this session; without one all but this."""
    if form["id"]:
        sessions.end_one(hub.database, viewer.id, form["id"])
    else:
        sessions.end_others(hub.database, viewer.id, session.token_of(request) or "")
    return RedirectResponse("/settings/me", 303)


async def _knows(request: Request, hub: Hub, account: Account, password: str) -> bool:
    passwords: Passwords = request.app.state.passwords
    return await in_turn(request, lambda: accounts.proves(hub.database, passwords, account, password[:1_000], clock()))


def _changed(request: Request, hub: Hub, account: Account, kept: str) -> Response:
    """All sessions are over; this browser gets a new one."""
    with hub.database.transaction() as tx:
        accounts.choose_password(tx, account.id, kept)
        token = sessions.begin(tx, account.id, clock())
    answer = RedirectResponse("/settings/me?done=1", 303)
    session.keep(request, answer, token)
    return answer


def _account(hub: Hub, viewer: Viewer) -> Account:
    account = accounts.by_id(hub.database, viewer.id)
    assert account is not None  # the session was found with it
    return account


def _shown(request: Request, hub: Hub, viewer: Viewer, errors: dict[str, str]) -> Response:
    return page(
        request, viewer, "settings/me.html", status=422 if errors else 200, errors=errors,
        account=_account(hub, viewer), languages=LANGUAGES, themes=THEMES,
        sessions=sessions.listed(hub.database, viewer.id, clock()), mine=sessions.id_of(session.token_of(request) or ""),
        done="done" in request.query_params,
    )  # fmt: skip
