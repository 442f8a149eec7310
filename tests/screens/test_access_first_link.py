"""The link that `hub up` prints, and `hub users`, as an operator meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from tests.kill.running import RunningHub

from .browsing import PASSWORD, Browser, text_of

pytestmark = pytest.mark.real


@pytest.fixture
def running(home: Path, postgres_url: str) -> Iterator[RunningHub]:
    hub = RunningHub(home, {"HUB_DATABASE_URL": postgres_url})
    try:
        hub.start()
        yield hub
    finally:
        hub.stop()


def printed(hub: RunningHub) -> str:
    """The link of the line that says that it is ready."""
    (line,) = [line for line in hub.said().splitlines() if '"ready":true' in line]
    link: str = orjson.loads(line)["sign_in"]
    return link


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_the_printed_link_lets_the_operator_in_once_and_each_start_prints_a_new_one(running: RunningHub) -> None:
    link = printed(running)
    assert link.startswith(f"{running.url}/sign-in/")
    assert running.run()["sign_in"] == link
    assert httpx.head(link).status_code == 405  # whoever looks whether it is a link has not spent it
    with Browser(running.url) as browser, Browser(running.url) as other:
        assert browser.get(link).status_code == 303
        assert "Administrator" in text_of(browser.get("/settings/me"))
        assert browser.get("/settings/users").status_code == 200
        assert other.get(link).status_code == 410
    running.stop()
    running.start()
    again = printed(running)
    assert again.rpartition("/")[2] != link.rpartition("/")[2]
    with Browser(running.url) as browser:
        assert browser.get(again).status_code == 303
        assert browser.signed_in()
    listed = orjson.loads(running.asked("users", "list", "--json"))["items"]
    assert [(one["login"], one["role"], one["state"]) for one in listed] == [("admin", "admin", "no password yet")]


def test_users_are_added_reset_and_deactivated_on_the_command_line(running: RunningHub) -> None:
    invitation = last_line(running.asked("users", "add", "Sara", "--role", "agent", "--name", "Sara K."))
    assert invitation.startswith(f"{running.url}/invite/")
    with Browser(running.url) as browser:
        assert browser.send_form(invitation, csrf="", password=PASSWORD, again=PASSWORD).status_code == 303
        assert browser.signed_in()
        new = last_line(running.asked("users", "reset", "sara"))
        assert not browser.signed_in()
        assert browser.sign_in("sara").status_code == 401
        assert browser.send_form(new, csrf="", password="another long one", again="another long one").status_code == 303
        assert "Sara K." in text_of(browser.get("/settings/me"))
        running.asked("users", "deactivate", "sara")
        assert not browser.signed_in()
    assert "sara" in running.asked("users", "list")


def test_what_the_command_line_cannot_do_is_said_in_words(running: RunningHub) -> None:
    for arguments, said in (
        (("add", "admin", "--role", "agent"), "has this login already"),
        (("add", "a b", "--role", "agent"), "letters, digits"),
        (("reset", "nobody"), "Nobody has the login"),
        (("deactivate", "admin"), "Nobody would be left"),
    ):
        done = running.tried("users", *arguments)
        assert (done.returncode, said in done.stderr.decode()) == (1, True), arguments
    assert httpx.get(f"{running.url}/healthz").status_code == 200


def test_without_a_running_hub_the_path_is_printed(home: Path, postgres_url: str) -> None:
    hub = RunningHub(home, {"HUB_DATABASE_URL": postgres_url})
    assert last_line(hub.asked("users", "add", "sara", "--role", "analyst")).startswith("/invite/")
