"""Who is asking, and whether he may: `Authorization: Bearer KEY`, checked against the one table of roles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer

from hub.screens.problems import Problem
from hub.store.access import PERMISSIONS, Access, Caller

_bearer = HTTPBearer(auto_error=False, description="An API key, as `hub keys create` prints it.", scheme_name="key")


async def caller_of(request: Request) -> Caller:
    """Whose key the request brings. A key seen a moment ago costs no query."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise _unknown("A key is needed: Authorization: Bearer KEY.")
    access: Access = request.app.state.access
    fresh, caller = access.remembered(key.strip())
    if not fresh:
        caller = await run_in_threadpool(access.find, key.strip())
    if caller is None:
        raise _unknown("This key is not known.")
    return caller


def _unknown(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="hub"'})


@cache
def may(permission: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency: whoever asks must have this permission."""
    if permission not in PERMISSIONS:
        raise ValueError(f"no role has the permission {permission!r}")

    async def check(request: Request, _: Annotated[Any, Depends(_bearer)] = None) -> Caller:
        caller = await caller_of(request)
        if not caller.may(permission):
            raise Problem(403, f"The role {caller.role} may not do this; it needs the permission {permission!r}.")
        return caller

    return check


def needs(permission: str) -> dict[str, Any]:
    """How an endpoint says in the OpenAPI document what it asks of a caller."""
    return {"dependencies": [Depends(may(permission))], "openapi_extra": {"x-permission": permission}}
