"""What an older hub wrote is read by today's, whichever of its versions it was: through the log, the rows, the archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import orjson
import pytest

from hub.consumers.decode import shown_events
from hub.consumers.rebuild import rebuild, verify
from hub.events.catalogue import catalogue
from hub.events.envelope import Json, Sealed
from hub.events.ids import named
from hub.events.kinds.orders import OrderPlaced
from hub.store import archive
from hub.wiring import Hub
from tests.consumers.test_project import dead
from tests.journeys.story import NOW, shown


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
