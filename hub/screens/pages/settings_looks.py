"""Settings: who looked at whom."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from hub.screens.asked import Before, Text, TheHub, reading, spoken
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.store import looks

router = APIRouter(include_in_schema=False)


@router.get("/settings/looks")
def listed(
    request: Request, hub: TheHub, viewer: Annotated[Viewer, viewing("manage")], who: Text = "",
    about: Text = "", before: Before = None,
) -> Response:  # fmt: skip
    """`who`: a login or a key's name; `about`: a customer, as one searches for him, or a ticket's number."""
    with reading(hub) as tx:
        hub.recorder.enter(tx)
        asked = (spoken(about) or "").strip()
        which = looks.about(tx, hub.keys, hub.settings.region, asked) if asked else None
        found = looks.page(tx, who or None, which, before=before)
        named = looks.named(tx, [item["which"] for item in found["items"]])
        people = looks.people(tx)
    return page(
        request, viewer, "settings/looks.html", items=found["items"], next=found["next"], named=named, people=people,
        who=who, about=about, nobody=which == [],
    )  # fmt: skip
