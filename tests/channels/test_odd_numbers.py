"""Telephone numbers that are none, and what they do not cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.channels import orders
from hub.channels._shape import Payload, Understood
from hub.events import ids
from hub.events.draft import PHONES, Draft
from hub.events.identifiers import NotAnIdentifier, normalise
from hub.events.prepare import Installation, NotValid, prepare

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HERE = Installation(bytes(32), lambda who: ids.party_id(bytes(32), who))


@pytest.mark.parametrize("number", ["091234567890", "021-88776655-60", "09123456789 09"])
def test_a_national_number_of_the_wrong_length_is_nobodys_in_another_country(number: str) -> None:
    with pytest.raises(NotAnIdentifier):
        normalise("phone", number, "IR")


@pytest.mark.parametrize("number", ["09123456789", "00989123456789", "989123456789", "9123456789", "+98 (0) 912 345 6789"])
def test_a_number_is_read_however_it_is_written(number: str) -> None:
    who = normalise("phone", number, "IR")
    assert who is not None
    assert who.value == "+989123456789"


SARA = {"kind": "email", "value": "sara@example.ir"}


@pytest.mark.parametrize(
    ("type", "fields"), [("call.ended", {"call": "1"}), ("call.ringing", {"call": "1"}), ("order.placed", {"order": "1"})]
)
def test_an_unreadable_phone_does_not_cost_the_call_or_the_order_of_a_machine(type: str, fields: dict[str, Any]) -> None:
    party = [{"kind": "phone", "value": "1234567890123"}, SARA]
    event = prepare(Draft(type, NOW, "pbx", "1", fields | {"party": party}, forgives=PHONES), HERE, NOW)
    assert event.data["unusable"] == ["party/0"]
    assert [named.at for named in event.named] == ["party/1"]
    alone = prepare(Draft(type, NOW, "pbx", "2", fields | {"party": party[:1]}, forgives=PHONES), HERE, NOW)
    assert (alone.party, alone.personal["party"]) == (None, party[:1])
    with pytest.raises(NotValid, match="not a phone number"):  # who can mend it is told
        prepare(Draft(type, NOW, "adapter", "3", fields | {"party": party}), HERE, NOW)


def test_a_mistyped_phone_does_not_cost_the_row_of_an_order_file() -> None:
    row = b"order,stage,time,email,phone\n1001,placed,2026-02-01,sara@example.ir,091212345678\n"
    outcome = orders.parse(Payload(row, "orders", NOW, {"line": "2", "format": "csv"}))
    assert isinstance(outcome, Understood)
    event = prepare(outcome.drafts[0], HERE, NOW)
    assert [named.at for named in event.named] == ["party/0"]
    assert event.personal["party"][1] == {"kind": "phone", "value": "091212345678"}


def test_another_identifier_that_cannot_be_read_still_does() -> None:
    wrong = Draft("order.placed", NOW, "pbx", "1", {"order": "1", "party": [{"kind": "email", "value": "sara"}]}, forgives=PHONES)
    with pytest.raises(NotValid):
        prepare(wrong, HERE, NOW)


def test_numbers_that_a_spreadsheet_took_for_amounts_are_numbers() -> None:
    row = b"order,stage,time,phone\n12345.0,shipped,2026-02-01 10:12,9123456789.0\n"
    outcome = orders.parse(Payload(row, "orders", NOW, {"line": "2", "format": "csv"}))
    assert isinstance(outcome, Understood)
    fields = outcome.drafts[0].fields
    assert (fields["order"], fields["party"]) == ("12345", [{"kind": "phone", "value": "9123456789"}])
