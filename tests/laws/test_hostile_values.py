"""What the door takes, the lane folds: whatever stands in whatever field of whatever kind of event, none is poisoned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from random import Random
from typing import Any

import pytest

from hub.channels import cloudevents
from hub.consumers.rebuild import verify
from hub.consumers.record import Outgoing
from hub.consumers.runner import until_quiet
from hub.events.catalogue import catalogue, kind_of
from hub.events.draft import Draft
from hub.events.ids import named
from hub.events.prepare import NotValid, prepare
from hub.store import archive, reads
from hub.wiring import Hub
from tests.laws.worlds import MOMENTS, START, example_data

LONG = "".join(map(chr, Random(1).choices(range(0x4E00, 0x9FA5), k=998)))  # no index of PostgreSQL's holds so many bytes
VALUES: list[Any] = [
    *MOMENTS, LONG, None, True, -1, 1.5, 2**63, 1e308, "9" * 30, "1e-999999", "Infinity", "", "a\x00b", "\ud800", [1], ["\x00"],
    {"\x00": "\x00"}, [{}], [None], [{"name": "\x00", "type": "\x00", "sha256": "\x00"}], [{"size": 2**63}],
    [{"size": "9" * 30}], [{"size": -1}], [{"quantity": "NaN", "price": "1e-999999"}], {"name": "\x00", "address": "\x00"},
]  # fmt: skip
OWN = {"call", "visit", "contact", "message", "thread", "order", "ticket", "delivery"}  # what a stream is named after


@pytest.fixture
def where_the_log_is(in_postgres: Any) -> Any:
    """One log is enough: this is about what is folded."""
    return in_postgres


def newest() -> dict[str, dict[str, Any]]:
    return {name: data for name, version, data in example_data() if version == kind_of(name).version}


def fields(kind: str) -> list[str]:
    return [field.alias or short for short, field in kind_of(kind).model_fields.items()]


EVERY = {"\x00", *(field for kind in catalogue() for field in fields(kind))}


def hostile() -> Iterator[dict[str, Any]]:
    """Each example under a name of its own, and then the same with one field said otherwise, or one that only others
    have."""
    for kind, data in newest().items():
        mine = fields(kind)
        for field, value in [*product(mine, VALUES), *product(sorted(EVERY - set(mine)), (5, {"\x00": "\x00"}))]:
            own = named("hostile", kind, field, repr(value))
            good = data | dict.fromkeys(OWN & data.keys(), own)
            for key, said in (("good", good), ("bad", good | {field: value}))[field not in mine :]:
                yield {"specversion": "1.0", "id": f"{own}/{key}", "source": "hostile", "type": kind, "data": said}


def taken(hub: Hub) -> list[Outgoing]:
    made = []
    for document in hostile():
        read = cloudevents.read(cloudevents.loaded(json.dumps(document).encode()), START, history=True)
        if isinstance(read, Draft):
            with suppress(NotValid):
                made.append(Outgoing(prepare(read, hub.recorder.here, START)))
    return made


def test_no_value_that_the_door_takes_is_poison_to_the_lane(hub: Hub) -> None:
    made = taken(hub)
    assert len(made) > 3_000
    assert max(len(repr(one.event.data)) for one in made) < 20_000
    hub.recorder.record(lambda _: made)
    until_quiet(hub.recorder, hub.lane)
    with hub.database.transaction() as tx:
        assert {one["reason"] for one in archive.dead(tx)} == set()
        assert reads.tickets(tx, limit=10_000)["items"]
    assert verify(hub.recorder)["clean"]
