"""The laws of chapter 7 that a projection keeps as a pure value. Each finds every projection by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consumers.project import folded
from hub.discover import discover
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.ids import named
from hub.projections._shape import Fold, Projection
from tests.laws.worlds import START, event, example_data, kept, worlds

PROJECTIONS: dict[str, Projection] = discover("hub.projections", "projection")
every_projection = pytest.mark.parametrize("projection", PROJECTIONS.values(), ids=PROJECTIONS)


def shown(projection: Projection, events: Iterable[Event], batches: Iterable[int] = ()) -> dict[Any, Any]:
    """The rows after these events, by key; folded in batches of these sizes, then the rest at once."""
    waiting = [e for e in events if e.type in projection.types]
    rows: dict[Any, Any] = {}
    for size in [*batches, len(waiting)]:
        batch, waiting = waiting[:size], waiting[size:]
        if isinstance(projection, Fold):
            rows = folded(projection, dict(rows), batch)
            continue
        for row in (row for e in batch for row in projection.rows(e)):
            key = tuple(getattr(row, name) for name in projection.key)
            assert key not in rows or projection.repeats, f"{projection.name}: two rows under one key"
            assert rows.setdefault(key, row) == row, f"{projection.name}: two different rows under one key"
    return {key: row for key, row in rows.items() if row is not None}


def file_names() -> set[str]:
    return {file["name"] for _, _, data in example_data() for file in data.get("attachments") or () if file.get("name")}


def prepared(drafts: list[Any]) -> list[Event]:
    return [made for draft in drafts if (made := event(draft))]


@every_projection
@given(drafts=worlds(), sizes=st.lists(st.integers(1, 5), max_size=6))
def test_the_size_of_a_batch_changes_nothing(projection: Projection, drafts: list[Any], sizes: list[int]) -> None:
    events = prepared(drafts)
    assert shown(projection, events, sizes) == shown(projection, events)


@every_projection
@given(data=st.data())
def test_what_comes_from_outside_may_arrive_in_any_order(projection: Projection, data: st.DataObject) -> None:
    """Of what the projection wants alone: among all else two that meet in one row would be rare."""
    events = prepared(data.draw(worlds(of=projection.types)))
    assert shown(projection, data.draw(st.permutations(events))) == shown(projection, events)


@every_projection
@given(drafts=worlds(), data=st.data())
def test_the_interleaving_of_streams_changes_nothing(
    projection: Projection, drafts: list[Any], data: st.DataObject
) -> None:
    events = prepared(drafts)
    order = {stream: n for n, stream in enumerate(data.draw(st.permutations(sorted({e.stream for e in events}))))}
    assert shown(projection, sorted(events, key=lambda e: order[e.stream])) == shown(projection, events)


@every_projection
def test_every_example_passes(projection: Projection) -> None:
    for n, (name, _, data) in enumerate(example_data()):
        files = {"attachments": [kept(file) for file in data["attachments"]]} if data.get("attachments") else {}
        made = event(Draft(name, START, "/examples", str(n), data | files))
        assert made is not None, name
        shown(projection, [made])


@every_projection
@given(drafts=worlds(8))
def test_what_replaces_an_event_takes_its_place(projection: Projection, drafts: list[Any]) -> None:
    events = prepared(drafts)
    replacements = [replace(e, id=named("replacement", e.id, "0"), replaces=e.id) for e in events]
    assert shown(projection, replacements) == shown(projection, events)


@every_projection
@given(drafts=worlds(8))
def test_what_was_forgotten_is_in_no_row(projection: Projection, drafts: list[Any]) -> None:
    """An event whose keys are gone still folds, and the rows hold nothing of its personal part."""
    rows = shown(projection, [replace(e, personal={}) for e in prepared(drafts)])
    told = "".join(map(repr, rows.values()))
    assert "example.com" not in told
    assert "Where is order" not in told
    assert [name for name in file_names() if repr(name)[1:-1] in told] == []
