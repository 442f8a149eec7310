"""Who writes when nobody is here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.desk.opening_hours import open_at, persian, reply
from hub.events.envelope import MAIN, Event

HOURS: dict[str, Any] = {
    "zone": "Asia/Tehran", "days": {"sat": [["09:00", "13:00"], ["14:00", "17:00"]], "thu": [["20:00", "02:00"]]},
    "reply_en": "We are back at nine.", "reply_fa": "ساعت نه برمی‌گردیم.", "reply_on": True,
}  # fmt: skip
CLOSED = datetime(2026, 5, 1, 12, tzinfo=UTC)  # a Friday
PARTY = "11111111-93c1-8d0e-8c5e-1d2a7b90c4f1"


def mail(text: str = "Where is it?", sender: str = "sara@example.com", **data: Any) -> Event:
    named = {"parties": [PARTY], "named": [[MAIN, "email", "party/0"]], "channel": "email", "automatic": "no"}
    return Event(
        "e1", "message.received", 1, CLOSED, CLOSED, "email", "conversation:c", named | data,
        {"text": text, "from": {"address": sender}},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-05-02T05:29:59+00:00", False), ("2026-05-02T05:30:00+00:00", True),  # Saturday, Tehran is 3:30 ahead
        ("2026-05-02T10:00:00+00:00", False), ("2026-05-02T10:30:00+00:00", True), ("2026-05-02T13:30:00+00:00", False),
        ("2026-05-03T06:00:00+00:00", False),
        ("2026-04-30T16:30:00+00:00", True), ("2026-04-30T22:29:00+00:00", True), ("2026-04-30T22:30:00+00:00", False),
    ],
)  # fmt: skip
def test_hours_are_those_of_the_place_and_may_go_past_midnight(moment: str, is_open: bool) -> None:
    assert open_at(HOURS, datetime.fromisoformat(moment)) is is_open


def test_an_unknown_zone_is_utc_and_no_hours_are_closed() -> None:
    assert open_at({"zone": "Mars/Olympus", "days": {"fri": [["11:00", "13:00"]]}}, CLOSED)
    assert not open_at({}, CLOSED)


def test_the_answer_is_in_the_language_of_the_message() -> None:
    assert reply(mail(), HOURS, (), CLOSED) == "We are back at nine."
    assert reply(mail("سفارش من کجاست؟ order 12"), HOURS, (), CLOSED) == "ساعت نه برمی‌گردیم."
    assert reply(mail("سلام"), HOURS | {"reply_fa": ""}, (), CLOSED) == "We are back at nine."
    assert persian("سلام")
    assert not persian("hello سلام")


def test_nothing_is_answered_by_itself_while_somebody_is_here_or_when_it_is_switched_off() -> None:
    assert reply(mail(), HOURS, (), datetime(2026, 5, 2, 6, tzinfo=UTC)) is None
    assert reply(mail(), HOURS | {"reply_on": False}, (), CLOSED) is None
    assert reply(mail(), HOURS | {"reply_en": " ", "reply_fa": ""}, (), CLOSED) is None


@pytest.mark.parametrize("automatic", ["reply", "bounce", "list"])
def test_machines_get_no_answer(automatic: str) -> None:
    assert reply(mail(automatic=automatic), HOURS, (), CLOSED) is None


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@shop.example", "noreply@shop.example", "news.do-not-reply+7@x.example", "MAILER-DAEMON@x.example",
        "hello@we.example",
    ],
)  # fmt: skip
def test_who_does_not_read_it_or_is_ourselves_gets_no_answer(sender: str) -> None:
    assert reply(mail(sender=sender), HOURS, {"hello@we.example"}, CLOSED) is None


def test_people_whose_names_look_a_little_like_that_do() -> None:
    for sender in ("norepley@x.example", "bouncey@x.example", "maria.noreplyson@x.example"):
        assert reply(mail(sender=sender), HOURS, (), CLOSED)


def test_history_and_corrections_and_other_channels_get_none() -> None:
    assert reply(mail(history=True), HOURS, (), CLOSED) is None
    assert reply(replace(mail(), replaces="e0"), HOURS, (), CLOSED) is None
    assert reply(mail(channel="chat"), HOURS, (), CLOSED) is None
    assert reply(replace(mail(), personal={}), HOURS, (), CLOSED) is None


def test_a_message_that_names_only_its_party_is_answered_too() -> None:
    told = {"text": "Where is it?", "party": [{"kind": "email", "value": "sara@example.com"}]}
    assert reply(replace(mail(), personal=told), HOURS, (), CLOSED)
    assert reply(replace(mail(), personal=told), HOURS, {"sara@example.com"}, CLOSED) is None
