"""An empty text where no text can stand: programs that fill a form in send it for what they do not know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.events import ids
from hub.events.draft import Draft
from hub.events.prepare import Installation, NotValid, fingerprint, prepare

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HERE = Installation(bytes(32), lambda who: ids.party_id(bytes(32), who))
SARA = {"kind": "email", "value": "sara@example.ir"}

EMPTY: list[tuple[str, dict[str, Any], list[str]]] = [
    ("call.ended", {"call": "1"}, ["direction", "party", "desk", "started", "answered", "ended", "cause"]),
    ("message.received", {"message": "1", "party": SARA}, ["channel", "thread"]),
    ("order.placed", {"order": "1047"}, ["party", "total"]),
    ("contact.recorded", {"contact": "1", "party": SARA}, ["channel", "direction"]),
]


@pytest.mark.parametrize(("type", "fields", "names"), EMPTY)
def test_an_empty_optional_field_says_as_little_as_none(type: str, fields: dict[str, Any], names: list[str]) -> None:
    without = prepare(Draft(type, NOW, "pbx", "1", fields), HERE, NOW)
    empty = prepare(Draft(type, NOW, "pbx", "1", fields | dict.fromkeys(names, "")), HERE, NOW)
    assert empty == without
    assert fingerprint(empty, bytes(32)) == fingerprint(without, bytes(32))


@pytest.mark.parametrize(("type", "name"), [("call.ended", "call"), ("visit.recorded", "visit"), ("order.paid", "order")])
def test_an_id_that_is_needed_may_not_be_empty(type: str, name: str) -> None:
    with pytest.raises(NotValid):
        prepare(Draft(type, NOW, "pbx", "1", {"party": SARA, name: ""}), HERE, NOW)


def test_an_empty_text_stays_a_text() -> None:
    said = prepare(Draft("message.received", NOW, "chat", "1", {"message": "1", "party": SARA, "text": ""}), HERE, NOW)
    assert said.personal["text"] == ""
