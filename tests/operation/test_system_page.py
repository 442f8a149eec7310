"""The system page: for administrators alone, it shows what is behind, what died, and the last backup; live."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.consumers import backup
from hub.events.catalogue import NewerVersion
from tests.consumers.test_project import dead, poison
from tests.journeys.story import EMAIL, ago, come
from tests.screens.browsing import Browser, browser_of, colleague, text_of
from tests.screens.conftest import Api


@pytest.fixture
def admin(api: Api) -> Browser:
    return browser_of(api, colleague(api, "root", "admin"))


def test_all_is_well_where_all_that_came_is_shown(api: Api, admin: Browser) -> None:
    come(api.hub, "visit.recorded", "v", ago(hours=1), visit="v", party=EMAIL)
    told = text_of(admin.get("/system"))
    assert "All is well" in told
    assert "Show Events become what is on the screens Keeps up 0 0 s" in told
    assert "in PostgreSQL · 1 event" in told
    assert "Last backup never" in told


def test_a_supervisor_does_not_see_it(api: Api) -> None:
    with browser_of(api, colleague(api, "sam", "supervisor")) as browser:
        assert browser.get("/system").status_code == 403
        assert "/system" not in browser.get("/").text


def test_a_step_that_stands_says_why(api: Api, admin: Browser) -> None:
    poison(api.hub, 1, version=99)
    with pytest.raises(NewerVersion):
        api.hub.lane.run()
    told = text_of(admin.get("/system"))
    assert "Look at what is marked" in told
    assert "Stands still 1" in told
    assert "version 99" in told


def test_a_dead_letter_is_shown_and_tried_again(api: Api, admin: Browser) -> None:
    bad = poison(api.hub, 1)
    api.fold()
    assert dead(api.hub) == [bad]
    assert "TypeError" in text_of(admin.get("/system"))
    answer = admin.send_form("/system/dead-letters", id=bad)
    assert "0 went well this time, 1 failed again" in text_of(admin.get(answer.headers["location"]))
    api.hub.database.rows(
        "UPDATE event SET value = (value::jsonb || '{\"data\": {\"order\": \"1\", \"lines\": []}}')::text RETURNING 1"
    )
    answer = admin.send_form("/system/dead-letters", id="")
    assert "Tried again, and it went well" in text_of(admin.get(answer.headers["location"]))
    assert dead(api.hub) == []


def test_the_last_backup_is_named(api: Api, admin: Browser, tmp_path: Path) -> None:
    backup.take(api.hub.recorder, tmp_path / "b/data", tmp_path / "b/keys", datetime.now(UTC))
    assert str(tmp_path / "b/data") in text_of(admin.get("/system"))


def test_what_is_asked_for_again_and_again_is_the_part_that_changes(admin: Browser) -> None:
    whole, part = admin.get("/system").text, admin.get("/system", headers={"hx-request": "true"}).text
    assert "<html" in whole
    assert 'hx-trigger="every 3s"' in whole
    assert "<html" not in part
    assert "Keeps up" in part


def test_it_speaks_persian(api: Api) -> None:
    with browser_of(api, colleague(api, "sara", "admin")) as browser:
        browser.send_form("/settings/me", language="fa", theme="system")
        page = browser.get("/system")
    assert 'dir="rtl"' in page.text
    assert "همه‌چیز روبه‌راه است" in page.text
