"""What people see in place of a page that they cannot have: the way to the sign-in page, or words instead of JSON."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from hub.screens.render import page
from hub.screens.session import NotSignedIn, Refused, preferred
from hub.screens.words import say

STATUS = {"host": 421}  # the others are 403


def install(app: FastAPI) -> None:
    app.add_exception_handler(NotSignedIn, _sign_in)
    app.add_exception_handler(Refused, _refused)


async def _sign_in(request: Request, error: Exception) -> Response:
    """A fragment asked for by a page's script makes the whole page go there."""
    assert isinstance(error, NotSignedIn)
    where = "/sign-in" if error.back == "/" else f"/sign-in?next={quote(error.back, safe='')}"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    language = error.viewer.language if error.viewer else preferred(request)
    headers = {"X-Why": quote(say(language, f"access.why.{error.why}"))} if "hx-request" in request.headers else {}
    status = STATUS.get(error.why, 403)
    return page(request, error.viewer, "refused.html", status=status, headers=headers, why=error.why)
