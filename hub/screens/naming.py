"""Who somebody is of whom only a number or an address is known: a name for him, or the customer that he turns out to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.consumers.describe import name_party
from hub.consumers.runner import clock
from hub.events.identifiers import Identifier, may_be_dialled
from hub.events.prepare import NotValid
from hub.screens.asked import Hub, reading
from hub.screens.linking import linked, until_shown
from hub.screens.session import Viewer
from hub.screens.words import say
from hub.store import customers as who
from hub.store.database import Connection


def named(hub: Hub, viewer: Viewer, party: str, text: str) -> str | None:
    """This party is from now on who the text says: a customer by whatever names him, an e-mail address or phone, else a
    name. In words why not. Answers once it is shown."""
    if not text:
        return say(viewer.language, "pop.name_missing")
    with reading(hub) as tx:
        hub.recorder.enter(tx)
        caller = next((_identifier(one) for one in who.identifiers(tx, [party]) if one["value"]), None)
        other = meant(hub, tx, text)
    if caller is None:
        return say(viewer.language, "pop.name_nobody")
    if other == "several":
        return say(viewer.language, "pop.name_several")
    try:
        if isinstance(other, Identifier):
            linked(hub, caller._asdict(), other._asdict(), None, viewer.login)
        else:
            until_shown(hub, name_party(hub.recorder, caller, text, clock()))
    except NotValid:
        return say(viewer.language, "pop.name_same")
    return None


def meant(hub: Hub, tx: Connection, text: str) -> Identifier | str | None:
    """An identifier of whom the text means; "several"; None where it is a name, which a few digits are too: "Room 12"."""
    found = who.who(tx, hub.keys, hub.settings.region, text)
    if len(found) > 1:
        return "several"
    if found:
        return next((_identifier(one) for one in who.identifiers(tx, found[0]) if one["value"]), None)
    kinds = ("email", "phone") if may_be_dialled(text) else ("email",)
    tried = [one for kind in kinds if (one := who.identified(kind, text, hub.settings.region))]
    return next((one for one in tried if one.kind != "extension"), None)


def _identifier(one: Mapping[str, Any]) -> Identifier:
    return Identifier(one["kind"], one["value"])
