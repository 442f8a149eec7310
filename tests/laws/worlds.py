"""Worlds made of events of every kind: the examples of `schemas/`, told anew with few people, threads, orders, times.

A new kind of event brings its example, and with that its place in every law.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st

from hub.events.catalogue import kind_of
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.identifiers import Identifier, normalise
from hub.events.ids import named, party_id
from hub.events.prepare import Installation, NotValid, prepare
from hub.schema_files import examples

START = datetime(2026, 11, 1, tzinfo=UTC)
SECRET = b"s" * 32
HERE = Installation(SECRET, lambda who: party_id(SECRET, who))
SCHEMAS = Path(__file__).parents[2] / "schemas"

PEOPLE = [
    {"kind": "email", "value": "sara@example.com"}, {"kind": "phone", "value": "0912 123 4567"},
    {"kind": "account", "value": "A7"}, {"kind": "email", "value": "reza@example.com"},
    {"kind": "phone", "value": "۰۹۳۵۱۱۱۲۲۳۳"}, {"kind": "cookie", "value": "c-1"},
]  # fmt: skip
NAMES = ["one", "two", "three"]
MOMENTS = [
    "2026-11-01T10:00:00+03:30", "2026-11-01T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 1e12,
]  # fmt: skip


def identifiers() -> list[Identifier]:
    return [who for each in PEOPLE if (who := normalise(each["kind"], each["value"], HERE.region))]


OF_FIELD: dict[str, list[Any]] = {
    "a": PEOPLE[:3], "b": PEOPLE[3:], "call": NAMES, "thread": NAMES, "visit": NAMES, "contact": NAMES,
    "order": ["1047", "1048"], "order_ref": ["shopify:1", "shopify:2"], "as_of": [None, "2026-11-02", "2026-11-03"],
    "ticket": [named("ticket", name) for name in NAMES],
    "forgotten": [HERE.party_id(who) for who in identifiers()[:3]],
    "party": [*PEOPLE, PEOPLE[:2], [PEOPLE[0], PEOPLE[2]], PEOPLE[3:5], [PEOPLE[5], PEOPLE[2]]],
    **dict.fromkeys(("started", "answered", "ended"), MOMENTS),
    "text": ["Where is order #1047?", "سفارش ۱۰۴۸ نرسید"], "subject": ["Late", None], "name": ["Sara", "سارا"],
    "from": [{"name": name, "address": "sara@example.com"} for name in ("Sara Karimi", "سارا کریمی", None)],
}  # fmt: skip

OF_THE_HUB: list[tuple[str, int, dict[str, Any]]] = [("party.forgotten", 1, {"forgotten": ""})]
"""What nobody may send has no example."""


@cache
def example_data() -> list[tuple[str, int, dict[str, Any]]]:
    return [(name, version, orjson.loads(path.read_bytes())["data"]) for name, version, path in examples(SCHEMAS)]


def kept(file: dict[str, Any]) -> dict[str, Any]:
    """An attachment as the log holds it once its bytes are in the blob store."""
    content = file["content"] if "content" in file else b64decode(file["base64"])
    sha256 = hashlib.sha256(content).hexdigest()
    return {"name": file["name"], "type": file["type"], "size": len(content), "sha256": sha256, "blob": f"x/{sha256}"}


@st.composite
def drafts(draw: st.DrawFn, of: Collection[str] | None = None) -> Draft:
    """`of`: only these types."""
    told = [one for one in (*example_data(), *OF_THE_HUB) if of is None or one[0] in of]
    name, version, data = draw(st.sampled_from(told))
    kind = kind_of(name)
    for step in range(version, kind.version):
        data = kind.upcasts[step](data)
    fields = {
        field: draw(st.sampled_from(OF_FIELD[field])) if field in OF_FIELD else value for field, value in data.items()
    }
    if fields.get("attachments"):
        fields["attachments"] = [kept(file) for file in fields["attachments"]]
    time = START + timedelta(minutes=draw(st.integers(0, 30)))
    return Draft(name, time, "/world", f"{draw(st.integers(0, 10**9))}", fields)


@dataclass(frozen=True, slots=True)
class SecondThought:
    """What a mended parser says of a payload whose event was `about`: another event, or (None) nothing any more.

    `rank`: how many second thoughts there were of it before this one.
    """

    about: Draft
    says: Draft | None
    rank: int

    def event(self, here: Installation) -> Event:
        """Raises NotValid."""
        before = prepare(self.about, here, self.about.time)
        made = replace(before, type="event.withdrawn", version=1, data={}, personal={}, subject=None)
        if self.says:
            made = prepare(self.says, here, self.about.time)
        learnt = before.recorded + timedelta(seconds=self.rank + 1)
        return replace(made, id=named("replacement", before.id, str(self.rank)), replaces=before.id, recorded=learnt)


@st.composite
def second_thoughts(draw: st.DrawFn, told: list[Draft]) -> list[SecondThought]:
    """Of what came from outside, in the order in which one comes to think so."""
    outside = [draft for draft in told if kind_of(draft.type).sender == "anyone" and event(draft)]
    if not outside:
        return []
    ranks: Counter[str] = Counter()
    found = []
    some = drafts().filter(lambda draft: event(draft) is not None)
    for about in draw(st.lists(st.sampled_from(outside), min_size=1, max_size=6)):
        other = draw(st.one_of(st.none(), some, some))
        says = other and replace(other, source=about.source, key=about.key)
        found.append(SecondThought(about, says, ranks[about.key]))
        ranks[about.key] += 1
    return found


def put_right(told: list[Draft], thoughts: list[SecondThought]) -> list[Draft]:
    """What would have been said at first, had one known."""
    last: dict[str, Draft | None] = {draft.key: draft for draft in told}
    last |= {thought.about.key: thought.says for thought in thoughts}
    return [draft for draft in last.values() if draft]


def event(draft: Draft, history: bool = False) -> Event | None:
    """The event of a draft; None where the draw made one that is not valid (a linked with itself)."""
    try:
        return prepare(draft, HERE, draft.time, history=history)
    except NotValid:
        return None


def worlds(size: int = 25, of: Collection[str] | None = None) -> st.SearchStrategy[list[Draft]]:
    return st.lists(drafts(of), min_size=1, max_size=size, unique_by=lambda draft: draft.key)
