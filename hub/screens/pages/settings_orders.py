"""Settings: what an order number looks like in a text, with a box to try it. It wins over HUB_ORDER_PATTERN."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.events.order_numbers import DEFAULT
from hub.screens import typed
from hub.screens.asked import Hub, TheHub
from hub.screens.forms import Form
from hub.screens.problems import Problem
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import options

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]
_LONGEST = 2_000


@router.get("/settings/orders")
def orders(request: Request, hub: TheHub, viewer: Manager) -> Response:
    return _shown(request, hub, viewer, options.read(hub.database, "order_pattern", "") or _usual(hub))


@router.post("/settings/orders")
def keep(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    """`do`: try (keeps nothing), save, usual (what it was before anybody set it)."""
    if form["do"] == "usual":
        return _kept(hub, viewer, None)
    if form["do"] not in ("try", "save"):
        raise Problem(422, "This cannot be done to the pattern.")
    pattern, sample = form["pattern"].strip()[:_LONGEST], form["sample"][:50_000]
    try:
        found = typed.pattern(pattern, sample)
    except typed.Wrong as error:
        errors = {"pattern": say(viewer.language, f"wrong.{error.why}", about=error.about)}
        return _shown(request, hub, viewer, pattern, sample=sample, errors=errors)
    if form["do"] == "try":
        return _shown(request, hub, viewer, pattern, sample=sample, found=found)
    return _kept(hub, viewer, pattern)


def _kept(hub: Hub, viewer: Viewer, pattern: str | None) -> Response:
    with hub.database.transaction() as tx:
        options.write(tx, "order_pattern", pattern, viewer.login)
    return RedirectResponse("/settings/orders?done=1", 303)


def _usual(hub: Hub) -> str:
    return hub.settings.order_pattern or DEFAULT


def _shown(
    request: Request, hub: Hub, viewer: Viewer, pattern: str, *, sample: str = "", found: list[str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    return page(
        request, viewer, "settings/orders.html", status=422 if errors else 200, pattern=pattern, sample=sample,
        found=found, errors=errors or {}, own=options.read(hub.database, "order_pattern", None) is not None,
        done="done" in request.query_params,
    )  # fmt: skip
