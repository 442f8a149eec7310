"""One customer: everything that happened as one line of time, and who he is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from hub.screens.agents import with_names
from hub.screens.asked import Before, Hub, Text, TheHub, id_of, reading
from hub.screens.customer_side import cut_apart, members, shown
from hub.screens.looking import Looked
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.store import customers as who
from hub.store import milestones, reads
from hub.store.database import Connection

router = APIRouter()
Reader = Annotated[Viewer, viewing("read")]
Only = Annotated[Text | None, Query(max_length=60)]
Wanted = Annotated[Text | None, Query(max_length=60)]
_PAGE, _BLOCK, _BLOCKS = 40, 200, 5
_ORDERS = 100
WITHOUT_PEOPLE = ("order", "ticket")


@router.get("/customers/{id}")
def customer(
    request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: Text, only: Only = None, before: Before = None,
    cut: Annotated[Text | None, Query(max_length=200)] = None, link: Wanted = None,
) -> Response:  # fmt: skip
    """`only`: a channel, or "people"; `cut`: two parties just cut apart, so that it can be undone; `link`: a party that he
    may be linked with."""
    with reading(hub) as tx:
        values = whole(hub, tx, id, only, before, link) | {"cut": cut_apart(tx, cut)}
    looked("customer", values["person"]["id"])
    return page(request, viewer, "customer.html", **values)


@router.get("/customers/{id}/timeline")
def timeline(
    request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: Text, only: Only = None, before: Before = None
) -> Response:  # fmt: skip
    with reading(hub) as tx:
        parties = members(tx, id)
        values = _timeline(hub, tx, parties, only, before) | {"at": id_of(id), "person": {"name": who.name(tx, parties)}}
    looked("customer", parties[0])
    return part(request, viewer, "customer_timeline.html", **values)


@router.get("/customers/{id}/head")
def head(request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: Text) -> Response:
    """Who he is and since when."""
    with reading(hub) as tx:
        values = shown(tx, id, members(tx, id))
    looked("customer", values["person"]["id"])
    return part(request, viewer, "customer_head.html", **values)


@router.get("/customers/{id}/chips")
def chips(request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: Text, only: Only = None) -> Response:
    """The channels by which the line of time can be narrowed."""
    with reading(hub) as tx:
        parties = members(tx, id)
        used = milestones.channels(tx, parties)
    looked("customer", parties[0])
    return part(request, viewer, "customer_chips.html", at=id_of(id), channels=used, only=only)


@router.get("/customers/{id}/side")
def side(request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: Text, link: Wanted = None) -> Response:
    with reading(hub) as tx:
        values = shown(tx, id, members(tx, id), link)
    looked("customer", values["person"]["id"])
    return part(request, viewer, "customer_side.html", **values)


@router.get("/customers/{id}/orders")
def orders(
    request: Request, hub: TheHub, viewer: Reader, looked: Looked, id: Text,
    skip: Annotated[int, Query(ge=0, le=reads.ORDERS)] = 0,
) -> Response:  # fmt: skip
    """His orders, so many of them that a page stays light, but for the first ones; to a program of the page as its next rows."""
    with reading(hub) as tx:
        values = shown(tx, id, members(tx, id))
    looked("customer", values["person"]["id"])
    show, template = (part, "customer_orders_rows.html") if "hx-request" in request.headers else (page, "customer_orders.html")
    return show(request, viewer, template, **values, skip=skip, most=_ORDERS)


def whole(
    hub: Hub, tx: Connection, id: str, only: str | None = None, before: str | None = None, link: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """What the page is written from, but for what was just cut."""
    parties = members(tx, id)
    channels = milestones.channels(tx, parties)
    return _timeline(hub, tx, parties, only, before) | shown(tx, id, parties, link) | {"channels": channels}


# -- the line of time --------------------------------------------------------------------------------------------------


def _timeline(
    hub: Hub, tx: Connection, parties: Sequence[str], only: str | None, before: str | None
) -> dict[str, Any]:  # fmt: skip
    """A page of items under the days on which they were; what leads to the page of earlier ones."""
    items, following = _wanted(tx, parties, _chosen(only), before)
    if only is None or only == "ticket":
        items = _with_tickets(tx, parties, items, before, following)
    query = {"only": only} if only else {}
    more = f"?{urlencode(query | {'before': following}, quote_via=quote)}" if following else None
    return {"items": with_names(hub, items), "earlier": more, "only": only, "query": f"?{urlencode(query)}" if query else ""}


def _chosen(only: str | None) -> Callable[[dict[str, Any]], bool]:
    if only == "people":
        return lambda item: item["type"] != "page.viewed" and item["channel"] not in WITHOUT_PEOPLE
    return lambda item: only is None or item["channel"] == only


def _wanted(
    tx: Connection, parties: Sequence[str], chosen: Callable[[dict[str, Any]], bool], before: str | None
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """As many as a page holds; of a long line with few of them as many as some blocks have, and where to go on."""
    found: list[dict[str, Any]] = []
    for _ in range(_BLOCKS):
        block = reads.timeline(tx, parties, _PAGE if not found and before is None else _BLOCK, before)
        for item in block["items"]:
            if chosen(item):
                found.append(item)
                if len(found) == _PAGE:
                    last = item is block["items"][-1]
                    return found, block["next"] if last else reads.cursor(item["time"].isoformat(), item["id"])
        before = block["next"]
        if before is None:
            return found, None
    return found, before


def _with_tickets(
    tx: Connection, parties: Sequence[str], items: list[dict[str, Any]], before: str | None, following: str | None
) -> list[dict[str, Any]]:  # fmt: skip
    """The steps of his tickets that fall between the items of this page."""
    until = milestones.moment(before)
    since = milestones.moment(following)
    steps = [
        step for step in milestones.of_tickets(tx, parties)
        if (until is None or step["time"] < until) and (since is None or step["time"] >= since)
    ]  # fmt: skip
    return sorted([*items, *steps], key=lambda item: (item["time"], item["id"]), reverse=True)
