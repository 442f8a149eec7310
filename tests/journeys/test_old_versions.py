"""What an older hub wrote is read by today's, whichever of its versions it was: through the log, the rows, the archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import orjson
import pytest

from hub.consumers.decode import shown_events
from hub.consumers.forget import forget
from hub.consumers.rebuild import rebuild, verify
from hub.consumers.record import Outgoing
from hub.events.catalogue import catalogue
from hub.events.draft import Draft
from hub.events.envelope import Json, Sealed
from hub.events.ids import named
from hub.events.kinds.orders import OrderPlaced
from hub.events.prepare import prepare
from hub.store import archive
from hub.store.projected import projections
from hub.wiring import Hub
from tests.consumers.test_project import dead
from tests.journeys.story import NOW, PHONE, ago, of, shown, timeline


def _number_is_called_order(data: Json) -> Json:
    return {"order" if name == "number" else name: value for name, value in data.items()}


def _lines_are_many(data: Json) -> Json:
    lines = [{"sku": data["sku"], "title": data["sku"], "quantity": 1, "price": None}]
    return {name: value for name, value in data.items() if name != "sku"} | {"lines": lines}


class Placed(OrderPlaced):
    """An order's event after two changes: version 1 had a `number` and one `sku`, version 2 an `order` and one `sku`."""

    version = 3
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {1: _number_is_called_order, 2: _lines_are_many}


AS_WRITTEN: dict[int, Json] = {
    1: {"number": "1001", "sku": "RC-18"},
    2: {"order": "1002", "sku": "RC-18"},
    3: {"order": "1003", "lines": [{"sku": "RC-18", "title": "RC-18", "quantity": 1, "price": None}]},
}


def written(hub: Hub, version: int) -> str:
    """An envelope as the hub of that day wrote it; its id."""
    id, stream, at = named("old", str(version)), f"order:old{version}", NOW + timedelta(minutes=version)
    document = {
        "id": id, "type": "order.placed", "version": version, "time": at.isoformat(), "recorded": at.isoformat(),
        "source": "/shop", "stream": stream, "data": AS_WRITTEN[version],
    }  # fmt: skip
    hub.recorder.log.append([Sealed(id, "order.placed", stream, at, at, orjson.dumps(document))])
    return id


def rows(hub: Hub) -> list[Any]:
    return hub.database.rows("SELECT number, lines -> 0 ->> 'sku', stage FROM orders ORDER BY number")


def test_an_event_of_every_old_version_becomes_a_row(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(catalogue(), "order.placed", Placed)
    ids = [written(hub, version) for version in AS_WRITTEN]
    shown(hub)
    expected = [("1001", "RC-18", "placed"), ("1002", "RC-18", "placed"), ("1003", "RC-18", "placed")]
    assert rows(hub) == expected
    assert dead(hub) == []

    with hub.database.transaction() as tx:
        kept = archive.by_id(tx, ids)
    assert sorted(orjson.loads(one.value)["version"] for one in kept) == [1, 2, 3], "it stays as it was written"
    told = {one["data"]["order"]: one for one in shown_events(hub.keys, kept)}
    assert {one["version"] for one in told.values()} == {3}
    assert told["1001"]["data"]["lines"] == told["1003"]["data"]["lines"]

    rebuild(hub.recorder, ["orders"])
    assert rows(hub) == expected
    assert verify(hub.recorder)["clean"]


FIRST: Mapping[str, tuple[Json, Json]] = {
    "visit.recorded": ({"visit": "1"}, {"place": "Valiasr shop", "outcome": "bought a lamp"}),
    "contact.recorded": ({"contact": "2", "channel": "letter"}, {"code": "TEA15", "outcome": "Complaint"}),
    "call.ended": ({"call": "3", "direction": "in"}, {"outcome": "wants a discount"}),
}
"""Of each kind that kept words of a customer in the open: fields, and these words."""


def first_version(hub: Hub, kind: str) -> str:
    """An event as a hub wrote it when its kind had one version; its id."""
    fields, words = FIRST[kind]
    made: list[str] = []

    def build(here: Any) -> list[Outgoing]:
        event = prepare(Draft(kind, ago(days=1), "/test", kind, {"party": PHONE, **fields}), here, NOW)
        made.append(event.id)
        return [Outgoing(replace(event, version=1, data=event.data | words), ("/test", "events"))]

    hub.recorder.record(build)
    shown(hub)
    return made[0]


def told(hub: Hub, id: str) -> Json:
    with hub.database.transaction() as tx:
        return next(shown_events(hub.keys, archive.by_id(tx, [id])))


@pytest.mark.parametrize("kind", FIRST)
def test_words_that_lay_in_the_open_once_are_there_as_long_as_who_said_them(hub: Hub, kind: str) -> None:
    id, words = first_version(hub, kind), FIRST[kind][1]
    assert {name: told(hub, id)["personal"][name] for name in words} == words
    assert told(hub, id)["data"].get("outcome") == ("complaint" if words["outcome"] == "Complaint" else None)
    told_of_it = hub.database.rows("SELECT outcome FROM calls") if kind == "call.ended" else timeline(hub, PHONE["value"])
    assert all(word in str(told_of_it) for word in words.values())

    forget(hub.recorder, of(hub, PHONE["value"])[0], NOW)
    shown(hub)
    assert {name: told(hub, id)["personal"][name] for name in words} == dict.fromkeys(words)
    assert not any(word in str(hub.database.rows(f"SELECT * FROM {name}")) for word in words.values() for name in projections())
    assert verify(hub.recorder)["clean"]


def test_words_of_nobody_that_lay_in_the_open_stay(hub: Hub) -> None:
    at = NOW.isoformat()
    document = {
        "id": named("old", "nobody"), "type": "call.ended", "version": 1, "time": at, "recorded": at, "source": "/pbx",
        "stream": "call:nobody", "data": {"call": "4", "outcome": "hung up"},
    }  # fmt: skip
    hub.recorder.log.append([Sealed(str(document["id"]), "call.ended", "call:nobody", NOW, NOW, orjson.dumps(document))])
    shown(hub)
    assert hub.database.rows("SELECT outcome FROM calls") == [("hung up",)]
