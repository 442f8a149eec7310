"""Every request has an id: the one it brings in X-Request-Id, else a new one. It stands in the answer and in each line
that is logged meanwhile, so that what a client saw and what the hub logged can be put together."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

log = structlog.get_logger()
HEADER = "x-request-id"
_SANE = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)
_NOT_TOLD = ("/v1/events", "/healthz", "/readyz", "/metrics", "/static")  # asked all the time: no line for each


class Traced:
    """The outermost of all: also what it refuses or fails at has its id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id, start, status = request_id(Headers(scope=scope)), time.perf_counter(), 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = id
            await send(message)

        with bound_contextvars(request=id):
            try:
                await self._app(scope, receive, named)
            finally:
                if not scope["path"].startswith(_NOT_TOLD):
                    log.info("request answered", method=scope["method"], route=_route(scope), status=status,
                             ms=round(1000 * (time.perf_counter() - start), 1))  # fmt: skip


def request_id(headers: Headers) -> str:
    """What the client calls it, where that can stand in a log; else a new id."""
    brought = headers.get(HEADER, "")
    return brought if _SANE.fullmatch(brought) else uuid4().hex


def _route(scope: Scope) -> str | None:
    """As it is declared: an address may hold what nobody is to read in a log, such as a sign-in link."""
    return getattr(scope.get("route"), "path", None)
