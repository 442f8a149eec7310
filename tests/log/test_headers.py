"""Headers say what the event says, and the gate gets back what was appended."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from hub.events.envelope import Event, Sealed, dumped
from hub.log._protocol import Place, Recorded
from hub.log.headers import headers, sealed

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def event(digest: bytes | None, direct: tuple[str, str] | None, replaces: str | None) -> Sealed:
    said = Event(
        id="0b1e", type="order.noted", version=1, time=NOW, recorded=NOW, source="urn:کیوسک", stream="order:1",
        data={"secret": "of the value alone"}, personal={}, revision=3, replaces=replaces,
    )  # fmt: skip
    return Sealed(said.id, said.type, said.stream, NOW, NOW, dumped(said, []), digest, replaces, direct)


@pytest.mark.parametrize("digest", [None, bytes(range(16))])
@pytest.mark.parametrize("direct", [None, ("urn:کیوسک", "events")])
@pytest.mark.parametrize("replaces", [None, "77aa"])
def test_what_was_appended_comes_back(
    digest: bytes | None, direct: tuple[str, str] | None, replaces: str | None
) -> None:
    made = event(digest, direct, replaces)
    assert sealed(Recorded(Place("orders", 9, 0), made.value, headers(made))) == made


def test_others_can_route_by_cloudevents_headers() -> None:
    said = dict(headers(event(None, None, None)))
    required = {"ce_specversion": "1.0", "ce_id": "0b1e", "ce_type": "order.noted", "ce_source": "urn:کیوسک"}
    assert {name: said[name].decode() for name in required} == required
    assert datetime.fromisoformat(said["ce_time"].decode()) == NOW
    assert said["ce_revision"] == b"3"


def test_what_an_event_says_is_in_no_header() -> None:
    made = event(None, None, None)
    assert b"secret" in made.value
    assert b"secret" not in orjson.dumps({name: value.decode() for name, value in headers(made)})
    assert {"ce_data", "ce_boxes"}.isdisjoint(dict(headers(made)))
