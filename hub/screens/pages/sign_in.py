"""Signing in with a password or by a link, choosing a password, signing out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from hub.consumers.runner import clock
from hub.screens import session
from hub.screens.asked import Hub, TheHub
from hub.screens.forms import Form
from hub.screens.render import page
from hub.screens.session import Refused, Viewer, preferred, viewing
from hub.screens.words import say
from hub.store import accounts, sessions, sign_in_links
from hub.store.accounts import Account, NotPossible
from hub.store.passwords import Passwords

T = TypeVar("T")


async def _at_home(request: Request) -> None:
    """Whoever signs in at a name that is not ours would not be signed in there."""
    if not session.honoured(request):
        raise Refused("host")


router = APIRouter(include_in_schema=False, dependencies=[Depends(_at_home)])


@router.get("/sign-in")
async def ask(request: Request, next: str = "") -> Response:
    if await session.viewer_of(request):
        return RedirectResponse(session.onward(next), 303)
    return page(request, None, "sign_in.html", login="", back=session.onward(next), wrong=None)


@router.post("/sign-in")
async def sign_in(request: Request, hub: TheHub, form: Form) -> Response:
    """One answer for whatever does not fit, so that nobody learns which logins there are."""
    passwords: Passwords = request.app.state.passwords
    account = await in_turn(
        request, lambda: accounts.sign_in(hub.database, passwords, form["login"], form["password"][:1_000], clock())
    )
    back = session.onward(form["next"])
    if account is None:
        wrong = say(preferred(request), "access.wrong")
        return page(request, None, "sign_in.html", status=401, login=form["login"], back=back, wrong=wrong)
    return await run_in_threadpool(_enter, request, hub, account.id, back)


@router.get("/sign-in/{token}")
def follow(request: Request, hub: TheHub, token: str) -> Response:
    """The link that `hub up` prints. Opened again by whoever it let in, it is just the way to the first page."""
    with hub.database.transaction() as tx:
        account = sign_in_links.use(tx, token, clock(), enter=True)
    if account:
        return _enter(request, hub, account, "/")
    kept = session.token_of(request)
    if kept and sessions.find(hub.database, kept, clock()):
        return RedirectResponse("/", 303)
    wrong = say(preferred(request), "access.link.over")
    return page(request, None, "sign_in.html", status=410, login="", back="/", wrong=wrong)


@router.get("/invite/{token}")
def invited(request: Request, hub: TheHub, token: str) -> Response:
    """Looking at an invitation does not use it: what previews links must not spend them."""
    account = sign_in_links.whose(hub.database, token, clock())
    return _invitation(request, account, {}) if account else _over(request)


@router.post("/invite/{token}")
async def choose(request: Request, hub: TheHub, token: str, form: Form) -> Response:
    account = await run_in_threadpool(sign_in_links.whose, hub.database, token, clock())
    if account is None:
        return _over(request)
    try:
        accounts.password_wanted(account, form["password"], form["again"])
    except NotPossible as error:
        return _invitation(request, account, {error.field: say(preferred(request), f"wrong.{error.why}")})
    kept = await hashed(request, form["password"])
    return await run_in_threadpool(_accept, request, hub, token, kept)


@router.post("/sign-out")
def sign_out(request: Request, hub: TheHub, viewer: Annotated[Viewer, viewing("read")]) -> Response:
    sessions.end(hub.database, session.token_of(request) or "")
    answer = RedirectResponse("/sign-in", 303)
    session.drop(request, answer)
    return answer


async def in_turn(request: Request, work: Callable[[], T]) -> T:
    """Work that takes a password's time and memory; who waits for his turn holds up nobody else."""
    async with request.app.state.hashing:
        return await run_in_threadpool(work)


async def hashed(request: Request, password: str) -> str:
    passwords: Passwords = request.app.state.passwords
    return await in_turn(request, lambda: passwords.hashed(password))


def _accept(request: Request, hub: Hub, token: str, kept: str) -> Response:
    with hub.database.transaction() as tx:
        account = sign_in_links.use(tx, token, clock())
        if account is None:
            return _over(request)
        accounts.choose_password(tx, account, kept)
    return _enter(request, hub, account, "/")


def _enter(request: Request, hub: Hub, account: str, back: str) -> Response:
    """A new session; the one that this browser had is over."""
    if before := session.token_of(request):
        sessions.end(hub.database, before)
    with hub.database.transaction() as tx:
        token = sessions.begin(tx, account, clock())
    answer = RedirectResponse(back, 303)
    session.keep(request, answer, token)
    return answer


def _invitation(request: Request, account: Account, errors: dict[str, str]) -> Response:
    return page(request, None, "invite.html", status=422 if errors else 200, account=account, errors=errors)


def _over(request: Request) -> Response:
    return page(request, None, "refused.html", status=410, why="link")
