"""What went wrong, in words, for whoever looks at a page: what happened and what to do now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request, Response

from hub.screens import sentences
from hub.screens.render import page
from hub.screens.session import Viewer, preferred, viewer_of
from hub.screens.words import words
from hub.store.database import Unavailable

_FOR_PROGRAMS = ("/v1/", "/static/", "/openapi.json", "/healthz", "/readyz", "/metrics")
_FAMILIES = ("problem", "desk", "fault")  # of the words: who may have said why
Handler = Callable[[Request, Exception], Any]


def install(app: FastAPI) -> None:
    """Every answer of the handlers that are there until now, said in words where a browser asks for a page."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _worded(handler))


def _worded(handler: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        response: Response = await handler(request, error)
        if request.url.path.startswith(_FOR_PROGRAMS) or "authorization" in request.headers:
            return response
        if "hx-request" in request.headers:
            viewer = await _viewer(request, response.status_code)
            title, *said = _said(request, response, viewer)
            response.headers["X-Why"] = quote(" ".join([f"{title}.", *said]))
            response.headers["HX-Reswap"] = "none"
            return response
        if "text/html" not in request.headers.get("accept", ""):
            return response
        return _page(request, response, await _viewer(request, response.status_code))

    return answer


async def _viewer(request: Request, status: int) -> Viewer | None:
    """Whose language it is said in; where the hub itself fails nobody is looked up."""
    try:
        return await viewer_of(request) if status < 500 else None
    except Unavailable:
        return None


def _page(request: Request, response: Response, viewer: Viewer | None) -> Response:
    title, *said = _said(request, response, viewer)
    kept = {name: value for name, value in response.headers.items() if name == "retry-after"}
    searches = response.status_code == 404 and viewer is not None
    return page(
        request, viewer, "error.html", status=response.status_code, headers=kept, title=title, said=said, searches=searches
    )


def _said(request: Request, response: Response, viewer: Viewer | None) -> list[str]:
    """What happened, why as far as there are words for it, and what to do now."""
    language = viewer.language if viewer else preferred(request)
    known = words(language)
    key = f"error.{response.status_code}" if f"error.{response.status_code}" in known else "error.500"
    why = _why(language, str(orjson.loads(response.body)["detail"]))
    return [known[key], *([why] if why else []), known[f"{key}.do"]]


def _why(language: str, detail: str) -> str | None:
    """The sentence of the answer in this language; None where there are no words for it."""
    if detail in words(language).values():
        return detail
    found = (sentences.told(language, family, detail) for family in _FAMILIES)
    return next(filter(None, found), None)
