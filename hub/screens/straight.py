"""The straight way for what is asked most: FastAPI's matching, dependencies and checks of what is answered take longer than
taking an event, or than handing out a part of home that is made already, which a hundred screens want within a blink.
The routes stay, for the OpenAPI document and for a reader of the code; the same functions answer here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import iscoroutinefunction, signature
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.screens.access import permitted
from hub.screens.api.events import taken
from hub.screens.looking import looking
from hub.screens.pages import home, pop
from hub.screens.session import check

EVENTS = "/v1/events"
_ASKED = (pop.pop, pop.ringing_now, home.contacts, home.tickets, home.accounted)


@cache
def parts() -> Mapping[str, tuple[APIRoute, frozenset[str]]]:
    """The routes of these functions by their paths, and what each asks for: some of request, hub, viewer and looked."""
    routes = [route for router in (pop.router, home.router) for route in router.routes if isinstance(route, APIRoute)]
    return {one.path: (one, frozenset(signature(one.endpoint).parameters)) for one in routes if one.endpoint in _ASKED}


class Straight:
    """Answers events that come in, and parts of pages; everything else goes on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = (scope["method"], scope["path"]) if scope["type"] == "http" else None
        if asked == ("POST", EVENTS):
            response = await _answered(_taken, Request(scope, receive))
        elif asked and asked[0] == "GET" and asked[1] in parts():
            response = await _answered(_part, Request(scope, receive))
        else:
            await self._app(scope, receive, send)
            return
        await response(scope, receive, send)


async def _taken(request: Request) -> Response:
    await permitted(request, "send")
    return await taken(request, request.app.state.door)


async def _part(request: Request) -> Response:
    route, wanted = parts()[request.scope["path"]]
    request.scope["route"], make = route, route.endpoint
    viewer, after = await check("read")(request), BackgroundTasks()
    given = {"request": request, "hub": request.app.state.hub, "viewer": viewer, "looked": await looking(request, after)}
    asked = {name: given[name] for name in wanted}
    response: Response = await (make(**asked) if iscoroutinefunction(make) else run_in_threadpool(make, **asked))
    response.background = after
    return response


async def _answered(answer: Callable[[Request], Any], request: Request) -> Response:
    app: FastAPI = request.app
    try:
        response: Response = await answer(request)
        return response
    except Exception as error:
        kind = next(kind for kind in type(error).__mro__ if kind in app.exception_handlers)
        if kind is Exception:  # no refusal: see `hub.screens.failing`
            raise
        refusal: Response = await app.exception_handlers[kind](request, error)  # type: ignore[misc]
        return refusal
