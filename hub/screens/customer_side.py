"""Who a customer is, as the right column of his page shows it: by what he is known, whom he may be linked with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.events.text import squeeze
from hub.screens.asked import id_of
from hub.screens.problems import Problem
from hub.store import customers as who
from hub.store import reads
from hub.store.database import Connection

Json = dict[str, Any]
FACTS = ("company", "group", "language", "address", "addresses", "city", "country", "preferences")  # that have words
_FACTS, _LINES, _LONG = 40, 20, 300  # that are shown: facts, lines of one, characters of a line


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
        "wanted": other if form else None, "form": form or {}, "errors": {}, "facts": _facts(who.facts(tx, parties)),
    }  # fmt: skip


def _facts(told: Json) -> list[Json]:
    """Those that have words first; each value of a list on a line of its own."""
    names = [*(name for name in FACTS if name in told), *sorted(told.keys() - set(FACTS))]
    found = [{"name": name, "worded": name in FACTS, "lines": _lines(told[name])} for name in names]
    return [one for one in found if one["lines"]][:_FACTS]


def _lines(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [squeeze(line, _LONG) for one in values[:_LINES] if (line := _line(one))]


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{name}: {line}" for name, below in value.items() if (line := _line(below)))
    if isinstance(value, list):
        return " · ".join(line for below in value if (line := _line(below)))
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return "" if value is None else str(value)


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
