"""Without a demo there is no panel, and nothing that a request could start."""

from __future__ import annotations

import pytest

from .browsing import browser_of, colleague
from .conftest import Api


@pytest.mark.parametrize("name", ["ring", "kill_worker"])
def test_without_a_demo_there_is_no_story_to_play(api: Api, name: str) -> None:
    browser = browser_of(api, colleague(api, "reza", "admin"))
    assert browser.get("/stories").status_code == 404
    assert browser.send_form(f"/stories/{name}").status_code == 404


def test_the_home_page_has_no_panel_then(api: Api) -> None:
    browser = browser_of(api, colleague(api, "reza", "admin"))
    api.send({"specversion": "1.0", "id": "1", "source": "pbx", "type": "call.ringing", "data": {"call": "1"}})
    home = browser.get("/")
    assert home.status_code == 200
    assert "stories" not in home.text


def test_who_may_not_make_a_call_may_play_no_story(api: Api) -> None:
    assert browser_of(api, colleague(api, "ana", "analyst")).get("/stories").status_code == 403
