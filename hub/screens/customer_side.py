"""Who a customer is, as the right column of his page shows it: by what he is known, whom he may be linked with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.screens.asked import id_of
from hub.screens.problems import Problem
from hub.store import customers as who
from hub.store import reads
from hub.store.database import Connection

Json = dict[str, Any]


def members(tx: Connection, text: str) -> list[str]:
    """The parties of the customer whom any of them names. Raises Problem 404."""
    party = id_of(text)
    if not party or not who.known(tx, [party]):
        raise Problem(404, "No customer has this id.")
    return who.component(tx, party)


def shown(tx: Connection, at: str, parties: Sequence[str], wanted: str | None = None) -> Json:
    """What the column is written from. `at`: the party by whom he was asked for, whose page this stays whomever he is linked
    with or cut from; `wanted`: a party that he may be linked with."""
    person = reads.customer(tx, parties)
    known = {one["party"]: one for one in person["identifiers"]}
    first = next((one for one in known.values() if one["value"]), {"kind": "other", "value": None})
    other = id_of(wanted or "")
    form = first_of(tx, [other]) if other and other not in known else None
    return {
        "at": id_of(at), "person": person, "called": first | {"name": person["name"]}, "known": known,
        "wanted": other if form else None, "form": form or {}, "errors": {},
    }  # fmt: skip


def first_of(tx: Connection, parties: Sequence[str]) -> Json | None:
    """The first identifier that can still be read."""
    known = [one for one in who.identifiers(tx, parties) if one["value"]]
    return {"kind": known[0]["kind"], "value": known[0]["value"]} if known else None


def cut_apart(tx: Connection, cut: str | None) -> Json | None:
    """Whom to tie together again where the last cut was a mistake. `cut`: the two parties, with a comma between."""
    parties = [party for text in (cut or "").split(",") if (party := id_of(text))]
    if len(parties) != 2:
        return None
    told = {one["party"]: one for one in who.identifiers(tx, parties)}
    return {"a": told[parties[0]], "b": told[parties[1]]} if len(told) == 2 else None
