"""What is looked at before any route: that no other web site made a browser send this, and that what it brings is no flood.

HEAD is answered wherever GET is, for those who watch whether a hub is up ask so; but not at links that let in once, nor at
streams: what never ends, and never writes, would hold its connection for ever."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.screens.problems import problem
from hub.screens.session import SAFE, STREAM

FORM = 2 * 1024 * 1024  # bytes; more is nothing that anybody typed
ASKED = 4 * 1024 * 1024  # bytes of JSON; an answer may have 100,000 characters twice, each of them written as \ud83d\ude00
ONCE = "/sign-in/"  # a link that lets in once: it is not spent by a program that looks whether a link is one
DOORS = ("/v1/events", "/v1/in/shopify")  # they bound what they take themselves (`hub.screens.asked`)
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
            if scope["path"] not in DOORS:
                is_form = headers.get("content-type", "").strip().lower().startswith(_FORMS)
                most, what = (FORM, "A form") if is_form else (ASKED, "A request")
                told = f"{what} may bring {most // 1024**2} MB here."
                if not _short(headers, most, said=is_form):
                    await problem(413, told)(scope, receive, send)
                    return
                receive = _bounded(receive, most, told)
        if scope["type"] == "http" and scope["method"] == "HEAD" and not scope["path"].startswith((ONCE, STREAM)):
            # As GET; the server keeps the body to itself.
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def from_here(headers: Headers) -> bool:
    """Browsers say where a request comes from; programs say nothing, and no browser lends them its cookies."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or (origin != "null" and _host(origin) == headers.get("host", "").lower())


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # such as [, which begins an address and does not end it
        return None


def _short(headers: Headers, most: int, said: bool) -> bool:
    """`said`: without a length it cannot be known to be short; browsers always say that of a form."""
    length = headers.get("content-length")
    if length is None:
        return not said
    return length.isascii() and length.isdigit() and int(length) <= most


def _bounded(receive: Receive, most: int, told: str) -> Receive:
    """The body of a request, as far as it keeps to what may be brought."""
    came = 0

    async def counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise HTTPException(413, told, {"Connection": "close"})
        return message

    return counted
