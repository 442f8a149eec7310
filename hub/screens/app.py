"""The HTTP API put together: every subject in `api`, the errors, the documents that describe it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.consumers.door import Door
from hub.consumers.health import Watch
from hub.consumers.project import CHANNEL
from hub.discover import discover
from hub.screens import error_pages, problems, refusals, shapes
from hub.screens.accounted import Accounted
from hub.screens.asked import LARGE, Hub
from hub.screens.failing import Failing
from hub.screens.gate import Gate
from hub.screens.ringing import Calls
from hub.screens.shared import Shared
from hub.screens.static_files import Kept
from hub.screens.straight import Straight
from hub.screens.traced import Traced
from hub.store.access import Access
from hub.store.changes import Changes
from hub.store.figures import Figures
from hub.store.passwords import Passwords

STATIC = Path(__file__).parent / "static"
_ABOUT = """Every contact and every step of an order, as one timeline per customer.

Times are ISO 8601 with offset, ids lower-case UUIDs, money is text with a currency. Lists are
`{"items": [...], "next": CURSOR or null}`. Errors are RFC 9457 (`application/problem+json`)."""
_HASHING = 2  # passwords checked at once; who waits for his turn holds no thread
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
# With no-referrer browsers would not say in Origin that a form is from our own page.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_DOCS = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The hub's API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/static/swagger-ui/swagger-ui.css">
<script src="/static/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/static/swagger-ui/start.js"></script>
</head><body><main id="api"></main></body></html>
"""
_FAILURES = {
    "400": "Nothing of what was sent can be read", "401": "No key, or one that is not known",
    "403": "The key's role may not do this", "404": "There is no such thing", "408": "The body stopped coming",
    "413": "Too large",
    "422": "What was sent is not what is asked for; `errors` says where", "503": "The hub or its database is away",
}  # fmt: skip


def create_app(hub: Hub) -> FastAPI:
    """The web application over an opened hub; it starts its threads when they are first needed."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(app.state.door.close)
        await run_in_threadpool(app.state.changes.close)
        await run_in_threadpool(app.state.calls.close)

    app = FastAPI(
        title="The hub", version="1", description=_ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json",
    )  # fmt: skip
    app.state.hub = hub
    app.state.door = Door(hub.recorder)
    app.state.access = Access(hub.database)
    app.state.changes = Changes(hub.database, CHANNEL)
    app.state.calls = Calls(hub, app.state.changes)
    app.state.shared = Shared(app.state.changes)
    app.state.accounted = Accounted(hub)
    app.state.figures = Figures()
    app.state.watch = Watch(hub.recorder)
    app.state.streams = set()
    app.state.bell = None
    app.state.passwords = Passwords()
    app.state.large, app.state.unproven = asyncio.Semaphore(LARGE), asyncio.Semaphore(1)
    app.state.turn = asyncio.Lock()
    app.state.hashing = asyncio.Semaphore(_HASHING)
    problems.install(app)
    error_pages.install(app)
    refusals.install(app)
    for router in discover("hub.screens.api", "router").values():
        app.include_router(router)
    for router in discover("hub.screens.pages", "router").values():
        app.include_router(router, include_in_schema=False)
    app.mount("/static", GZipMiddleware(Kept(directory=STATIC)), name="static")
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.add_middleware(Straight)
    app.add_middleware(Gate)
    app.add_middleware(Failing)
    app.add_middleware(Guarded)
    app.add_middleware(Traced)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


async def _docs() -> Response:
    return Response(_DOCS, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _PAGE_POLICY})


class Guarded:
    """Headers that keep browsers from doing more with an answer than was meant; what an answer says itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                for name, value in (_HEADERS | (_PAGE_HEADERS if is_page else {})).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: every operation with its failures, which all look alike."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document["components"]["schemas"]
        schemas["Problem"] = problems.ProblemShape.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schemas["Problem"].pop("$defs")
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for name in schemas.keys() & vars(shapes).keys():
            if "example" in schemas[name]:  # FastAPI leaves out what is null in it
                schemas[name]["example"] = getattr(shapes, name).model_json_schema()["example"]
        for methods in document["paths"].values():
            for operation in methods.values():
                _add_failures(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _add_failures(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    keyed = "x-permission" in operation
    common = ["503", *(["401", "403", "422"] if keyed else []), *(["400", "408", "413"] if "requestBody" in operation else [])]
    named = any(parameter["in"] == "path" for parameter in operation.get("parameters", ()))
    for status in [*common, *(["404"] if named else [])]:
        responses.setdefault(status, {"description": _FAILURES[status]})
    for status, response in responses.items():
        if status[0] in "45":
            if response["description"] == "Validation Error":  # FastAPI's own, of a shape that no answer has
                response |= {"description": _FAILURES["422"], "content": {}}
            own = response.get("content", {}).get("application/json")
            response["content"] = {problems.MEDIA_TYPE: own or {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(responses.items()))
