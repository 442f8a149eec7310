"""Home: what came in today, whose tickets wait, and that all that came was accounted for. Empty, it says how to begin."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from hub.consumers.runner import clock
from hub.screens.accounted import Accounted
from hub.screens.agents import with_names
from hub.screens.asked import Hub, TheHub, reading
from hub.screens.looking import Looked
from hub.screens.mail_door import smtp_of
from hub.screens.playing import is_played
from hub.screens.render import NOT_KEPT, page, part, text, zone_of
from hub.screens.ringing import Calls
from hub.screens.session import Viewer, viewing
from hub.screens.shared import Shared
from hub.store import today
from hub.store.database import Connection
from hub.store.ringing import LONGEST

router = APIRouter()
Json = dict[str, Any]
Reader = Annotated[Viewer, viewing("read")]
_SHOWN = 30
_MINE, _UNOWNED = 12, 8


@router.get("/")
def home(request: Request, hub: TheHub, viewer: Reader, looked: Looked) -> Response:
    calls: Calls = request.app.state.calls
    heard = calls.heard(viewer)
    calls.look(viewer, heard, looked)
    with reading(hub) as tx:
        if today.nothing_yet(tx):
            return page(request, viewer, "first_steps.html", smtp=smtp_of(hub))
        return page(
            request, viewer, "home.html", items=_contacts(request, hub, tx), demo=is_played(hub.settings.home),
            calls=heard, longest=LONGEST, **_listed(mine=_mine(tx, viewer), unowned=today.unowned(tx, _UNOWNED)),
        )


@router.get("/home/today")
async def contacts(request: Request, hub: TheHub, viewer: Reader) -> Response:
    """The same for all who read this language."""

    def written() -> str:
        with reading(hub) as tx:
            return text(request, viewer, "home_today.html", items=_contacts(request, hub, tx))

    shared: Shared = request.app.state.shared
    return HTMLResponse(await shared.get(("today", viewer.language), written), headers=NOT_KEPT)


@router.get("/home/tickets")
async def tickets(request: Request, hub: TheHub, viewer: Reader) -> Response:
    """What nobody has is the same for all who read this language."""

    def his() -> str:
        with reading(hub) as tx:
            return text(request, viewer, "home_mine.html", **_listed(mine=_mine(tx, viewer)))

    def nobodys() -> str:
        with reading(hub) as tx:
            return text(request, viewer, "home_unowned.html", **_listed(unowned=today.unowned(tx, _UNOWNED)))

    shared: Shared = request.app.state.shared
    unowned = await shared.get(("unowned", viewer.language), nobodys)
    return HTMLResponse(await shared.own(his) + unowned, headers=NOT_KEPT)


@router.get("/home/ledger")
def accounted(request: Request, viewer: Reader) -> Response:
    """received = understood + ignored + rejected + what still waits, over all sources."""
    kept: Accounted = request.app.state.accounted
    return part(request, viewer, "home_ledger.html", sums=kept.sums())


def _contacts(request: Request, hub: Hub, tx: Connection) -> list[Json]:
    now = clock().astimezone(zone_of(request))
    return with_names(hub, today.contacts(tx, now.replace(hour=0, minute=0, second=0, microsecond=0), _SHOWN))


def _mine(tx: Connection, viewer: Viewer) -> list[Json]:
    return today.tickets_of(tx, [viewer.login, viewer.name], _MINE)


def _listed(**tickets: list[Json]) -> Json:
    """What the templates of the tickets find."""
    return {**tickets, "now": clock(), "moment": datetime.fromisoformat}
