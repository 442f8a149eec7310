from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.events.moments import zone
from hub.screens.dates import day, heading, lasted, told

TEHRAN = ZoneInfo("Asia/Tehran")
NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)  # a Tuesday, 14:30 in Tehran, 3 Azar 1405


@pytest.mark.parametrize(("before", "english", "persian"), [
    (timedelta(seconds=20), "now", "اکنون"), (timedelta(minutes=12), "12 min", "۱۲ دقیقه"),
    (timedelta(hours=5), "5 h", "۵ ساعت"), (timedelta(days=1), "Mon", "دوشنبه"), (timedelta(days=6), "Wed", "چهارشنبه"),
    (timedelta(days=7), "17 Nov", "۲۶ آبان"), (timedelta(days=400), "20 October 2025", "۲۸ مهر ۱۴۰۴"),
    (timedelta(hours=-2), "16:30", "۱۶:۳۰"), (timedelta(days=-1), "tomorrow 14:30", "فردا ۱۴:۳۰"),
])  # fmt: skip
def test_a_moment_is_told_as_people_tell_it(before: timedelta, english: str, persian: str) -> None:
    assert told(NOW - before, NOW, "en", TEHRAN).short == english
    assert told(NOW - before, NOW, "fa", TEHRAN).short == persian


def test_the_zone_is_the_one_that_was_named_or_the_countrys() -> None:
    found = [zone(named, region).key for named, region in [("America/New_York", "IR"), (None, "DE"), (None, "US")]]
    assert found == ["America/New_York", "Europe/Berlin", "UTC"]


def test_today_ends_at_midnight_of_the_organisation_and_not_of_utc() -> None:
    late = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)  # half past midnight in Tehran
    assert told(late, NOW, "en", TEHRAN).short == "14 h"
    assert told(late, NOW, "en", ZoneInfo("UTC")).short == "Mon"


def test_the_exact_time_is_there_for_pointers_and_screen_readers() -> None:
    assert told(NOW, NOW, "en", TEHRAN).exact == "Tuesday 24 November 2026, 14:30"
    assert told(NOW, NOW, "fa", TEHRAN).exact == "سه‌شنبه ۳ آذر ۱۴۰۵، ۱۴:۳۰"


def test_only_what_grows_while_one_looks_is_counted_on() -> None:
    assert told(NOW - timedelta(minutes=3), NOW, "en", TEHRAN).counted
    assert not told(NOW - timedelta(days=3), NOW, "en", TEHRAN).counted


def test_days_are_headings() -> None:
    today = NOW.astimezone(TEHRAN).date()
    assert heading(today, today, "en") == "Today"
    assert heading(today - timedelta(days=1), today, "fa") == "دیروز"
    assert heading(today - timedelta(days=3), today, "en") == "Saturday 21 Nov"


def test_the_persian_new_year_begins_in_march() -> None:
    assert day(datetime(2026, 3, 20), "fa", True) == "۲۹ اسفند ۱۴۰۴"
    assert day(datetime(2026, 3, 21), "fa", True) == "۱ فروردین ۱۴۰۵"


@pytest.mark.parametrize(("today", "of", "english", "persian"), [
    (datetime(2027, 1, 20), datetime(2026, 12, 1), "1 December 2026", "۱۰ آذر"),
    (datetime(2026, 4, 20), datetime(2026, 3, 1), "1 Mar", "۱۰ اسفند ۱۴۰۴"),
    (datetime(2028, 3, 20), datetime(2028, 2, 29), "29 Feb", "۱۰ اسفند ۱۴۰۶"),
    (datetime(2028, 3, 19), datetime(2028, 2, 29), "29 Feb", "۱۰ اسفند"),
])  # fmt: skip
def test_the_year_is_told_where_it_is_another_one_of_the_readers_calendar(
    today: datetime, of: datetime, english: str, persian: str
) -> None:
    here = [moment.replace(hour=12, tzinfo=TEHRAN) for moment in (of, today)]
    for language, said in (("en", english), ("fa", persian)):
        assert told(here[0], here[1], language, TEHRAN).short == said
        assert heading(of.date(), today.date(), language).endswith(said)


def test_a_call_lasts_seconds_or_minutes() -> None:
    assert (lasted(40, "en"), lasted(725, "en"), lasted(725, "fa")) == ("40 s", "12 min", "۱۲ دقیقه")
