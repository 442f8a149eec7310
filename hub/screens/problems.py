"""What went wrong, as RFC 9457 has it: every answer that is no success is application/problem+json."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from hub.consumers.door import DoorClosed, DoorFull
from hub.events.prepare import in_words
from hub.home import disk_full
from hub.log._protocol import LogAway, LogLost, LogRefused
from hub.store.blobs import Away
from hub.store.customers import TooLarge
from hub.store.database import Unavailable
from hub.store.reads import WrongCursor

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
_NO_JSON = "There was an error parsing the body"  # FastAPI's words
_JSON = re.compile(r"application/(?:.+\+)?json\b", re.IGNORECASE)


class Wrong(BaseModel):
    """`at`: the place in what was sent, "$" being the body; `why`: what is wrong there, never the value."""

    at: str | None
    why: str


class ProblemShape(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow", title="Problem", json_schema_extra={"example": {
        "type": "about:blank", "title": "Not Found", "status": 404, "detail": "No ticket has this id.", "errors": [],
    }})  # fmt: skip
    type: str = "about:blank"
    title: str
    status: int
    detail: str | None
    errors: list[Wrong] = []


class Problem(Exception):
    """An answer that is no success. `more`: members of its own beside those of RFC 9457."""

    def __init__(
        self, status: int, detail: str, errors: Sequence[tuple[str | None, str]] = (),
        headers: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers, self.more = status, detail, errors, headers, more or {}


def problem(
    status: int, detail: str | None, errors: Sequence[tuple[str | None, str]] = (),
    headers: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None,
) -> Response:  # fmt: skip
    document = {
        "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail,
        "errors": [{"at": at, "why": why} for at, why in errors],
    }  # fmt: skip
    return Response(orjson.dumps(document | dict(more or {})), status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every way to fail has its answer."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(ClientDisconnect, _hung_up)
    app.add_exception_handler(WrongCursor, _wrong_cursor)
    app.add_exception_handler(TooLarge, _too_large)
    for away in (Unavailable, DoorFull, DoorClosed, Away, LogAway):
        app.add_exception_handler(away, _away)
    for refused in (LogRefused, LogLost):
        app.add_exception_handler(refused, _log_refused)
    app.add_exception_handler(Exception, _unexpected)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem(error.status, error.detail, error.errors, error.headers, error.more)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # a body that the framework could not take apart: JSON or a form
        why = "not JSON in UTF-8, or nested too deep" if str(error.detail) == _NO_JSON else str(error.detail)
        return problem(400, "Nothing of the body can be read.", [("$", why)])
    detail = {404: "There is nothing at this address.", 405: "This cannot be done at this address."}
    headers = {**(error.headers or {})}
    if "Allow" in headers:
        headers["Allow"] = _allowed(request, headers["Allow"])
    return problem(error.status_code, detail.get(error.status_code, str(error.detail)), headers=headers)


def _allowed(request: Request, said: str) -> str:
    """All that can be done at an address: the framework names what one route does, and two may share it."""
    asked = [{**request.scope, "method": method} for method in ("GET", "POST", "PUT", "PATCH", "DELETE")]
    found = {each["method"] for each in asked if any(one.matches(each)[0] is Match.FULL for one in request.app.routes)}
    return ", ".join(sorted(found | set(said.split(", "))))


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    unreadable = any(one["type"] == "json_invalid" for one in found)
    if unreadable:
        return problem(400, "The body is not JSON.", [("$", "not JSON in UTF-8")])
    whole = any(tuple(one["loc"]) == ("body",) for one in found)
    if whole and not _JSON.match(request.headers.get("content-type", "")):
        return problem(422, "JSON is asked for here.", [("header content-type", "must be application/json")])
    wrong = [(_place(one["loc"]), _why(one)) for one in found]
    return problem(422, "What was sent is not what is asked for here.", wrong)


def _why(one: Mapping[str, Any]) -> str:
    """In the words of the door of events; what is asked for in an address is a text even where there is none of it."""
    if isinstance(one.get("input"), str) and one["type"] in ("too_long", "too_short"):
        return f"at most {one['ctx']['max_length']} characters" if one["type"] == "too_long" else "must not be empty"
    return in_words(one)


def _place(where: Sequence[int | str]) -> str:
    """`$.a.kind` in the body, `?limit` in the query, `{id}` in the path."""
    part, *steps = where or ("body",)
    if part == "body":
        return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    name = ".".join(map(str, steps))
    return {"query": f"?{name}", "path": f"{{{name}}}"}.get(str(part), f"{part} {name}")


async def _hung_up(request: Request, error: Exception) -> Response:
    """Nobody reads it; and no failure of the hub's, which its operator would be told of."""
    return problem(400, "The sender hung up before all of the body had come.", [("$", "cut short")])


async def _wrong_cursor(request: Request, error: Exception) -> Response:
    asked = next((name for name in ("after", "before", "cursor") if name in request.query_params), "before")
    return problem(422, "What was sent is not what is asked for here.", [(f"?{asked}", str(error))])


async def _too_large(request: Request, error: Exception) -> Response:
    return problem(409, str(error))


async def _away(request: Request, error: Exception) -> Response:
    settings = request.app.state.hub.settings
    full = None if settings.database_url else disk_full(settings.home)
    away = full or "The database cannot be reached; try again."
    detail = str(error) if isinstance(error, DoorFull | DoorClosed | Away) else away
    if isinstance(error, LogAway):
        detail = "The log cannot be reached; send it again in a moment: what arrived all the same counts once."
    return problem(503, detail, headers={"Retry-After": "1"})


async def _log_refused(request: Request, error: Exception) -> Response:
    log.error("the log takes nothing", why=str(error))
    return problem(503, "The log does not take what it is given; an operator must look at it.")


async def _unexpected(request: Request, error: Exception) -> Response:
    """The log has the trace; whoever asked learns that it is there."""
    route = getattr(request.scope.get("route"), "path", None)
    log.error("a request failed", route=route, error=type(error).__name__, exc_info=error)
    return problem(500, "The hub failed at this; its log says where.")
