"""What is looked at before any route: that no other web site made a browser send this, and that a form is no flood."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.screens.problems import problem
from hub.screens.session import SAFE

FORM = 2 * 1024 * 1024  # bytes; more is nothing that anybody typed
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_ELSEWHERE = "Another web site sent this; nothing was done. If it was the hub's own page, a proxy has changed the Host."


class Gate:
    """Requests that bring a key prove by it who they are; all others that change something must come from our pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE:
            headers = Headers(scope=scope)
            if "authorization" not in headers and not from_here(headers):
                await problem(403, _ELSEWHERE)(scope, receive, send)
                return
            if headers.get("content-type", "").startswith(_FORMS) and not _short(headers):
                await problem(413, f"A form may bring {FORM // 1024**2} MB.")(scope, receive, send)
                return
        await self._app(scope, receive, send)


def from_here(headers: Headers) -> bool:
    """Browsers say where a request comes from; programs say nothing, and no browser lends them its cookies."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or (origin != "null" and urlsplit(origin).netloc.lower() == headers.get("host", "").lower())


def _short(headers: Headers) -> bool:
    """A form without a length cannot be known to be short; browsers always say it."""
    length = headers.get("content-length", "")
    return length.isascii() and length.isdigit() and int(length) <= FORM
