"""The list of tickets: mine, those that nobody has, all; by how they stand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from hub.consumers.runner import clock
from hub.screens.asked import TheHub, reading
from hub.screens.looking import Looked
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.screens.ticket_view import colleagues
from hub.store import ticket_list

router = APIRouter(include_in_schema=False)
SCOPES = ("mine", "unowned", "all")
STATES = {
    "unfinished": ("new", "open", "waiting"), "new": ("new",), "open": ("open",), "waiting": ("waiting",),
    "resolved": ("resolved",), "closed": ("closed",),
}  # fmt: skip


@router.get("/tickets")
def tickets(
    request: Request, hub: TheHub, viewer: Annotated[Viewer, viewing("read")], looked: Looked, whose: str = "",
    state: str = "", before: str = "",
) -> Response:  # fmt: skip
    """`whose`: mine, unowned or all; `state`: one, or those that are not finished; `before`: the page's cursor.

    With HX-Request only the rows, and whether there are more.
    """
    whose = whose if whose in SCOPES else "mine"
    state = state if state in STATES else "unfinished"
    with reading(hub) as tx:
        found = ticket_list.page(tx, STATES[state], _owners(whose, viewer), before=before or None)
    looked("ticket", [one["id"] for one in found["items"]])
    values: dict[str, Any] = {
        "whose": whose, "state_chosen": state, "scopes": SCOPES, "states": list(STATES), "before": before,
        "items": found["items"], "next": found["next"], "names": colleagues(hub),
        "now": clock(), "moment": datetime.fromisoformat,
    }  # fmt: skip
    if "hx-request" in request.headers:
        return part(request, viewer, "tickets_rows.html", **values)
    return page(request, viewer, "tickets.html", **values)


def _owners(whose: str, viewer: Viewer) -> list[str] | None:
    """An import of history names people as they are called, not by their login."""
    return {"mine": [viewer.login, viewer.name], "unowned": [""], "all": None}[whose]
