"""Worlds made of events of every kind: the examples of `schemas/`, told anew with few people, threads, orders, times.

A new kind of event brings its example, and with that its place in every law.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st

from hub.events.catalogue import kind_of
from hub.events.draft import Draft
from hub.events.envelope import Event
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
OF_FIELD: dict[str, list[Any]] = {
    "a": PEOPLE[:3], "b": PEOPLE[3:], "call": NAMES, "thread": NAMES, "visit": NAMES, "contact": NAMES,
    "order": ["1047", "1048"], "order_ref": ["shopify:1", "shopify:2"], "as_of": [None, "2026-11-02", "2026-11-03"],
    "ticket": [named("ticket", name) for name in NAMES],
    "party": [*PEOPLE, PEOPLE[:2], [PEOPLE[0], PEOPLE[2]], PEOPLE[3:5], [PEOPLE[5], PEOPLE[2]]],
    "text": ["Where is order #1047?", "سفارش ۱۰۴۸ نرسید"], "subject": ["Late", None], "name": ["Sara", "سارا"],
}  # fmt: skip


@cache
def example_data() -> list[tuple[str, int, dict[str, Any]]]:
    return [(name, version, orjson.loads(path.read_bytes())["data"]) for name, version, path in examples(SCHEMAS)]


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    name, version, data = draw(st.sampled_from(example_data()))
    kind = kind_of(name)
    for step in range(version, kind.version):
        data = kind.upcasts[step](data)
    fields = {
        field: draw(st.sampled_from(OF_FIELD[field])) if field in OF_FIELD else value for field, value in data.items()
    }
    fields.pop("attachments", None)
    time = START + timedelta(minutes=draw(st.integers(0, 30)))
    return Draft(name, time, "/world", f"{draw(st.integers(0, 10**9))}", fields)


def event(draft: Draft, history: bool = False) -> Event | None:
    """The event of a draft; None where the draw made one that is not valid (a linked with itself)."""
    try:
        return prepare(draft, HERE, draft.time, history=history)
    except NotValid:
        return None


def worlds(size: int = 25) -> st.SearchStrategy[list[Draft]]:
    return st.lists(drafts(), min_size=1, max_size=size, unique_by=lambda draft: draft.key)
