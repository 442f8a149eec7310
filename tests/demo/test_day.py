"""The day that the demo plays, before it is played."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from hub.demo import progress
from hub.demo.day import BOUNCING, Command, Moment, Reached, day
from hub.demo.diary import Call, Event, Mail
from hub.demo.history import cast
from hub.demo.mail_bytes import rendered
from hub.demo.progress import Progress
from hub.demo.purchases import ABROAD_FROM

NOW = datetime(2026, 3, 3, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def days() -> list[tuple[Moment, ...]]:
    scene = cast(NOW)
    return [day(scene, number) for number in range(3)]


def _of(kind: type, moments: tuple[Moment, ...]) -> list[Moment]:
    return [moment for moment in moments if isinstance(moment.what, kind)]


def _orders(moments: tuple[Moment, ...]) -> list[Reached]:
    return [moment.what for moment in moments if isinstance(moment.what, Reached)]


def test_the_same_cast_gives_the_same_day(days: list[tuple[Moment, ...]]) -> None:
    assert day(cast(NOW), 1) == days[1]


def test_no_day_is_like_another(days: list[tuple[Moment, ...]]) -> None:
    ids = Counter(mail.what.message_id for moments in days for mail in _of(Mail, moments) if isinstance(mail.what, Mail))
    assert max(ids.values()) == 1


def test_a_day_has_a_days_contacts_within_24_minutes(days: list[tuple[Moment, ...]]) -> None:
    for moments in days:
        contacts = len(_of(Mail, moments)) + len(_of(Call, moments)) + len(_of(Event, moments))
        assert 70 <= contacts <= 140
        assert moments[0].after >= 0
        assert moments[-1].after <= 24 * 60
        assert list(moments) == sorted(moments, key=lambda moment: moment.after)


def test_there_is_something_new_every_minute(days: list[tuple[Moment, ...]]) -> None:
    for moments in days:
        times = [moment.after for moment in moments if moment.after < 12 * 60]
        assert max(later - earlier for earlier, later in pairwise(times)) < 90


def test_a_mail_is_answered_after_it_came(days: list[tuple[Moment, ...]]) -> None:
    assert any(_of(Command, moments) for moments in days)
    for moments in days:
        came = {m.what.message_id: m.after for m in moments if isinstance(m.what, Mail)}
        for moment in moments:
            if isinstance(moment.what, Command):
                assert came[moment.what.mail.message_id] <= moment.after


def test_some_mails_are_left_to_whoever_watches(days: list[tuple[Moment, ...]]) -> None:
    for moments in days:
        seen_to = {m.what.mail.thread for m in moments if isinstance(m.what, Command)}
        followed = {m.what.thread for m in moments if isinstance(m.what, Mail) and m.what.answers}
        asked = {m.what.thread for m in moments if isinstance(m.what, Mail) and not m.what.headers}
        assert len(asked - seen_to - followed) >= 4
        assert not any(m.what.by.login == "reza" for m in moments if isinstance(m.what, Command))


def test_orders_go_on_where_the_history_left_them(days: list[tuple[Moment, ...]]) -> None:
    known = {order.number for order in cast(NOW).orders.values() if order.placed <= NOW}
    placed = set(known)
    for moments in days:
        for reached in _orders(moments):
            if reached.stage == "placed":
                assert reached.order.number not in placed
                placed.add(reached.order.number)
        assert {reached.order.number for reached in _orders(moments)} <= placed
    assert any(int(number) >= ABROAD_FROM for number in placed - known)


def test_no_step_of_an_order_is_told_twice(days: list[tuple[Moment, ...]]) -> None:
    told = Counter((one.order.number, one.stage) for moments in days for one in _orders(moments))
    assert max(told.values()) == 1


def test_the_order_that_she_asks_about_stays_where_it_is(days: list[tuple[Moment, ...]]) -> None:
    assert all(one.order.number != "1047" for moments in days for one in _orders(moments))


def test_somebody_asks_from_an_address_that_takes_no_answer(days: list[tuple[Moment, ...]]) -> None:
    dead = cast(NOW).people[BOUNCING].emails[0]
    for moments in days:
        asked = [m.after for m in moments if isinstance(m.what, Mail) and m.what.address == dead]
        assert asked
        assert min(asked) < 180


def test_every_mail_of_the_day_can_be_written(days: list[tuple[Moment, ...]]) -> None:
    for moments in days:
        for moment in moments:
            if isinstance(moment.what, Mail):
                assert b"{" not in rendered(moment.what).partition(b"\r\n\r\n")[0]


def test_a_small_shop_has_days_too() -> None:
    moments = day(cast(NOW, people=12), 0)
    assert _of(Mail, moments)


def test_it_goes_on_where_it_was_left(tmp_path: Path) -> None:
    progress.write(tmp_path, Progress("then", 2, 17))
    assert progress.read(tmp_path, "then") == Progress("then", 2, 17)


def test_another_history_is_played_from_its_beginning(tmp_path: Path) -> None:
    progress.write(tmp_path, Progress("then", 2, 17))
    assert progress.read(tmp_path, "now") == Progress("now")
    assert progress.read(tmp_path / "..", "now") == Progress("now")
