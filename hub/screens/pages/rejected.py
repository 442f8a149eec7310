"""What nobody understood: the list, one with the place that was wrong, its bytes as they came, and another try."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from hub.consumers import understand
from hub.events.envelope import Json
from hub.screens import wrong_place
from hub.screens.asked import Hub, TheHub, id_of, reading
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.store import rejected
from hub.store.blobs import Damaged, Missing
from hub.store.database import Connection

router = APIRouter(include_in_schema=False)
Seer = Annotated[Viewer, viewing("reject")]
LOOKED_AT = 8 * 1024 * 1024  # bytes of a payload in which the place is looked for
_NO_SUCH = "No payload has this id."


@router.get("/rejected")
def listed(request: Request, hub: TheHub, viewer: Seer, looked: Looked, before: str = "") -> Response:
    with reading(hub) as tx:
        found = rejected.page(tx, before=before or None)
    looked("rejected", [one["id"] for one in found["items"]])
    values: dict[str, Any] = {"items": found["items"], "next": found["next"], "before": before}
    if "hx-request" in request.headers:
        return part(request, viewer, "rejected_rows.html", **values)
    return page(request, viewer, "rejected.html", **values)


@router.get("/rejected/newest")
def newest(hub: TheHub, viewer: Seer) -> Response:
    """Leads to the last one that came; to the list where nothing is there."""
    with reading(hub) as tx:
        items = rejected.page(tx)["items"]
    return RedirectResponse(f"/rejected/{items[0]['id']}" if items else "/rejected", 303)


@router.get("/rejected/{id}")
def one(request: Request, hub: TheHub, viewer: Seer, looked: Looked, id: str, tried: str = "") -> Response:
    """`tried`: it was read again just now."""
    with reading(hub) as tx:
        found = _one(tx, id)
        body, gone = _beginning(hub, tx, found["id"])
    looked("rejected", found["id"])
    place = wrong_place.shown(body, found["at"]) if body is not None else None
    return page(request, viewer, "rejected_one.html", found=found, place=place, gone=gone, tried=bool(tried))


@router.get("/rejected/{id}/raw")
def raw(hub: TheHub, viewer: Seer, looked: Looked, id: str) -> Response:
    """The bytes as they came, as a file: nothing of it is ever shown as a page."""
    with reading(hub) as tx:
        found = _one(tx, id)
        pieces = understand.raw_of(hub.recorder, tx, found["id"])
    if pieces is None:
        raise Problem(404, "Whom it concerned was forgotten; nothing of it is left.")
    looked("rejected", found["id"])
    headers = {"Content-Disposition": f'attachment; filename="{found["id"]}.bin"', "Cache-Control": "no-store",
               "Content-Security-Policy": "default-src 'none'; sandbox"}  # fmt: skip
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)


@router.post("/rejected/{id}/retry")
def retry(hub: TheHub, viewer: Seer, id: str) -> Response:
    """Read it again as the channels read today."""
    with reading(hub) as tx:
        found = _one(tx, id)
    understand.again(hub.recorder, [found["id"]])
    return RedirectResponse(f"/rejected/{found['id']}?tried=1", 303)


def _one(tx: Connection, id: str) -> Json:
    own = id_of(id)
    found = rejected.one(tx, own) if own else None
    if found is None:
        raise Problem(404, _NO_SUCH)
    return found


def _beginning(hub: Hub, tx: Connection, id: str) -> tuple[bytes | None, str | None]:
    """As much of the payload as is looked at, or why there is none: a key of the words."""
    body = b""
    try:
        for piece in understand.raw_of(hub.recorder, tx, id) or ():
            body += piece
            if len(body) >= LOOKED_AT:
                break
    except (Missing, Damaged):
        return None, "rejected.damaged"
    return (body, None) if body else (None, "rejected.gone")
