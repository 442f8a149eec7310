"""A received mail as its sender made it look, clean, with the pictures that came along."""

from __future__ import annotations

from markupsafe import Markup

from hub.channels.email.pictures import pictures
from hub.consumers.decode import opened
from hub.consumers.understand import raw_of
from hub.events.envelope import Event
from hub.screens.asked import Hub
from hub.screens.clean import clean
from hub.store.blobs import Damaged, Missing
from hub.store.database import Connection
from hub.store.files import holding


def cleaned(hub: Hub, tx: Connection, id: str, missing: str) -> Markup | None:
    """None where this is no mail with html; empty where it is too large to be shown so."""
    found = holding(tx, id)
    event = opened(hub.keys, found) if found else None
    if event is None or event.type != "message.received" or not event.personal.get("html"):
        return None
    markup = str(event.personal["html"])
    places = _pictures(hub, tx, event) if "cid:" in markup.lower() else {}
    return clean(markup, {cid: f"/files/{id}/{n}" for cid, n in places.items()}, missing) or Markup("")


def _pictures(hub: Hub, tx: Connection, event: Event) -> dict[str, int]:
    """By Content-ID; only the mail's own bytes say them."""
    try:
        raw = raw_of(hub.recorder, tx, event.cause) if event.cause and event.data.get("raw") else None
        return pictures(b"".join(raw)) if raw else {}
    except (Missing, Damaged):
        return {}
