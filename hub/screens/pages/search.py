"""Finding: people by whatever names them, tickets and orders by their number; digits of any script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from hub.events.order_numbers import order_number, order_numbers
from hub.screens.asked import Hub, Text, TheHub, reading
from hub.screens.looking import Looked
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.store import customers as who
from hub.store import reads
from hub.store.database import Connection
from hub.store.looks import What

router = APIRouter()
_MOST = 20
_TICKET = re.compile(r"^(?:ticket|تیکت)\s*(?:no\.?|number|شمار[هۀ])?\s*(?=[#\d])", re.IGNORECASE)  # as one says it


@router.get("/search")
def search(
    request: Request, hub: TheHub, viewer: Annotated[Viewer, viewing("read")], looked: Looked,
    q: Annotated[Text, Query(max_length=500)] = "",
) -> Response:  # fmt: skip
    """The page; for the script of its field only what was found."""
    asked = q.strip()
    found = _found(hub, asked) if asked else {"people": [], "ticket": None, "order": None}
    for what, which in _shown(asked, found) if asked else ():
        looked(what, which)
    if "hx-request" in request.headers:
        return part(request, viewer, "search_found.html", q=asked, **found)
    return page(request, viewer, "search.html", q=asked, **found)


def _found(hub: Hub, text: str) -> dict[str, Any]:
    with reading(hub) as tx:
        hub.recorder.enter(tx)
        people = who.who(tx, hub.keys, hub.settings.region, text) or reads.search(tx, text, _MOST)
        return {
            "people": [_person(tx, parties) for parties in people[:_MOST]],
            "ticket": reads.ticket(tx, _TICKET.sub("", text)), "order": _order(tx, hub, text),
        }  # fmt: skip


def _order(tx: Connection, hub: Hub, text: str) -> dict[str, Any] | None:
    """By its number, or as customers name it in what they write: "order 1047"."""
    named = order_numbers([text], hub.recorder.here.order_pattern)[:1]
    return next(filter(None, (reads.order(tx, number) for number in (text, *named))), None)


def _shown(text: str, found: dict[str, Any]) -> Iterator[tuple[What, str | list[str]]]:
    """What the page has, for who looked at whom; that nobody was found, too."""
    ticket, order = found["ticket"], found["order"]
    if ticket:
        yield "ticket", ticket["id"]
    if order:
        yield "order", order["number"] or order_number(text)
    if found["people"] or not (ticket or order):
        yield "search", [person["id"] for person in found["people"]]


def _person(tx: Connection, parties: list[str]) -> dict[str, Any]:
    count, _, last = who.contacts(tx, parties)
    known = [one for one in who.identifiers(tx, parties) if one["value"] and one["kind"] != "cookie"]
    first = known[0] if known else {"kind": "other", "value": None}
    return {"id": parties[0], "name": who.name(tx, parties), "kind": first["kind"], "value": first["value"],
            "known": known[:3], "contacts": count, "last": last}  # fmt: skip
