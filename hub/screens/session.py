"""Who is signed in, on pages: the cookie, what a page asks of its viewer, and that a form was really sent by a page."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from hub.consumers.runner import clock
from hub.screens.asked import Hub
from hub.screens.words import LANGUAGES
from hub.store import sessions
from hub.store.access import PERMISSIONS, ROLES, Caller
from hub.store.accounts import Account

COOKIE = "hub_session"
SAFE = ("GET", "HEAD", "OPTIONS")
LIVE, STREAM = "x-live", "/v1/stream"  # what a page that is only open asks for: with this header, or of this path


class NotSignedIn(Exception):
    """A page was asked for by nobody in particular; `back` is where to go on after signing in."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


class Refused(Exception):
    """A page that is not shown; `why` is one of the words access.why.*: role, form, host."""

    def __init__(self, why: str, viewer: Viewer | None = None) -> None:
        super().__init__(why)
        self.why, self.viewer = why, viewer


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page. `rings`: extensions and queues, none: all. `csrf` goes into every form."""

    id: str
    login: str
    name: str
    role: str
    language: str
    theme: str
    rings: tuple[str, ...]
    csrf: str

    def may(self, permission: str) -> bool:
        return permission in ROLES.get(self.role, frozenset())


def viewing(permission: str) -> Any:
    """A dependency that gives the Viewer: `viewer: Annotated[Viewer, viewing("read")]`.

    Whoever is not signed in goes to the sign-in page and comes back; whose role may not, is told so. A POST must bring
    the session's `csrf` as a field or as X-CSRF.
    """
    return Depends(check(permission))


@cache
def check(permission: str) -> Callable[..., Awaitable[Viewer]]:
    """What `viewing` depends on: one function for each permission, so that a route can be asked what it needs."""
    if permission not in PERMISSIONS:
        raise ValueError(f"no role has the permission {permission!r}")

    async def checked(request: Request) -> Viewer:
        viewer = await viewer_of(request)
        if viewer is None:
            if not honoured(request):
                raise Refused("host")
            raise NotSignedIn(_asked_for(request))
        if not viewer.may(permission):
            raise Refused("role", viewer)
        if request.method not in SAFE and not await _from_our_page(request, viewer.csrf):
            raise Refused("form", viewer)
        request.state.caller = Caller(viewer.login, viewer.role)
        return viewer

    return checked


async def viewer_of(request: Request) -> Viewer | None:
    """Who is signed in here, None for nobody. Where a page asks by itself his session runs out as if he had not asked."""
    token = token_of(request)
    if not token:
        return None
    hub: Hub = request.app.state.hub
    asked = LIVE not in request.headers and request.url.path != STREAM
    account = await run_in_threadpool(sessions.find, hub.database, token, clock(), asked)
    return _viewer(request, account, token) if account else None


def _viewer(request: Request, account: Account, token: str) -> Viewer:
    language = account.language or preferred(request)
    return Viewer(
        account.id, account.login, account.name, account.role, language, account.theme, account.rings, sessions.csrf(token)
    )


def preferred(request: Request) -> str:
    """The first language of the browser that the pages speak."""
    asked = (part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((language for language in asked if language in LANGUAGES), "en")


def token_of(request: Request) -> str | None:
    """The session's token; none where the request's Host is not the hub's, whatever cookie it brings."""
    return request.cookies.get(COOKIE) if honoured(request) else None


def honoured(request: Request) -> bool:
    """Whether this Host is ours. Any web site can give its own name our address (DNS rebinding)."""
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    hub: Hub = request.app.state.hub
    return _loopback(host) or host in hub.settings.hosts


def keep(request: Request, response: Response, token: str) -> None:
    """Sign this browser in."""
    response.set_cookie(
        COOKIE, token, max_age=int(sessions.LONGEST.total_seconds()), path="/", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip


def drop(request: Request, response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https")


def good(sent: str | None, csrf: str) -> bool:
    """Whether what a request brings as its proof is the session's."""
    return sent is not None and hmac.compare_digest(sent.encode("utf-8", "replace"), csrf.encode())


def onward(back: str | None) -> str:
    """Where to go after signing in: a path of ours, whatever somebody wrote into the address."""
    if not back or not back.startswith("/") or not back.isprintable() or back.startswith(("//", "/\\", "/sign-")):
        return "/"
    try:
        parts = urlsplit(back)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc or "\\" in back else quote(back, safe="/?&=%:,;@+~!$'()*-._#")


async def _from_our_page(request: Request, csrf: str) -> bool:
    sent = request.headers.get("x-csrf")
    if sent is None:
        field = (await request.form()).get("csrf")
        sent = field if isinstance(field, str) else None
    return good(sent, csrf)


def _asked_for(request: Request) -> str:
    """The page to come back to: of a fragment the page that it is part of, of a form the page that it stands on, where what was
    typed is kept (it would not be sent again)."""
    sent = request.method not in SAFE
    current = request.headers.get("hx-current-url") or (request.headers.get("referer") if sent else None)
    if current:
        return _path(current)
    if sent:
        return "/"
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _path(url: str) -> str:
    """What `onward` then looks at: anybody may have written it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
