"""Who is asking, and whether he may: `Authorization: Bearer KEY`, or the cookie of somebody who is signed in (our own
pages' scripts), checked against the one table of roles."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from hub.screens.problems import Problem
from hub.screens.session import SAFE, good, viewer_of
from hub.store.access import PERMISSIONS, Access, Caller
from hub.store.database import Unavailable

SURE = 15.0  # seconds for which it is believed that whoever holds a connection may keep it
_bearer = HTTPBearer(auto_error=False, description="An API key, as `hub keys create` prints it.", scheme_name="key")


async def caller_of(request: Request) -> Caller:
    """Whose key the request brings, else who is signed in. A key seen a moment ago costs no query."""
    sent = request.headers.get("authorization")
    if sent is None and (signed_in := await _signed_in(request)):
        return signed_in
    scheme, _, key = (sent or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise _unknown("A key is needed: Authorization: Bearer KEY.")
    access: Access = request.app.state.access
    fresh, caller = access.remembered(key.strip())
    if not fresh:
        caller = await run_in_threadpool(access.find, key.strip())
    if caller is None:
        raise _unknown("This key is not known.")
    return caller


async def _signed_in(request: Request) -> Caller | None:
    """A browser sends its cookie whoever made it ask, so what changes something also brings what only our pages know."""
    viewer = await viewer_of(request)
    if viewer is None:
        return None
    if request.method not in SAFE and not good(request.headers.get("x-csrf"), viewer.csrf):
        raise Problem(403, "Signed in with a cookie, a request that changes something must bring X-CSRF.")
    return Caller(viewer.login, viewer.role)


def _unknown(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="hub"'})


@cache
def may(permission: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency: whoever asks must have this permission."""
    if permission not in PERMISSIONS:
        raise ValueError(f"no role has the permission {permission!r}")

    async def check(request: Request, _: Annotated[Any, Depends(_bearer)] = None) -> Caller:
        return await permitted(request, permission)

    return check


async def permitted(request: Request, permission: str) -> Caller:
    """Who asks, once it is clear that he may. Raises Problem."""
    caller = await caller_of(request)
    if not caller.may(permission):
        raise Problem(403, f"The role {caller.role} may not do this; it needs the permission {permission!r}.")
    request.state.caller = caller
    return caller


class Keyed(APIRoute):
    """A route that takes JSON: who asks is looked at before anything of what he sends is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, permission = super().get_route_handler(), (self.openapi_extra or {})["x-permission"]

        async def handled(request: Request) -> Response:
            await permitted(request, permission)
            return await handle(request)

        return handled


class Permit:
    """That whoever opened a connection may keep it: his key is still there, or he is still signed in, and his role may.

    Asking keeps nobody signed in, as all that a page asks by itself (`viewer_of`).
    """

    def __init__(self, request: Request, permission: str) -> None:
        self._request, self._permission = request, permission
        self._asked = time.monotonic()

    async def holds(self) -> bool:
        """Asks the database where the last answer is older than SURE seconds. While that is away nothing new is known."""
        if time.monotonic() - self._asked < SURE:
            return True
        try:
            caller = await caller_of(self._request)
        except Problem:
            return False
        except Unavailable:
            return True
        self._asked = time.monotonic()
        return caller.may(self._permission)


def needs(permission: str) -> dict[str, Any]:
    """How an endpoint says in the OpenAPI document what it asks of a caller."""
    return {"dependencies": [Depends(may(permission))], "openapi_extra": {"x-permission": permission}}
