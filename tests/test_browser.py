"""The link that signs in opens by itself where somebody sits in front of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kill.running import until

LINK = "http://127.0.0.1:8400/sign-in/once"
ASKED = "import os, sys; from hub.browser import show; print(show(sys.argv[1], os.environ, sys.argv[2] == 'terminal'))"


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """What the browser was told to open; it is a program that writes that down, and is still there when that is looked at."""
    browser = tmp_path / "browser"
    written = f'echo "$1" > {tmp_path}/half && mv {tmp_path}/half {tmp_path}/opened'
    browser.write_text(f"#!/bin/sh\n{written}\nexec sleep 5 >/dev/null\n")
    browser.chmod(0o755)
    return tmp_path / "opened"


def show(browser: str, output: str = "terminal", **screen: str) -> str:
    """What is answered to who asks for the link to be shown."""
    known = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environ = known | screen | {"BROWSER": browser}
    command = [sys.executable, "-c", ASKED, LINK, output]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environ).stdout.strip()


@pytest.mark.parametrize("screen", [{"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}])
def test_it_opens_in_the_browser_of_whoever_sits_there(opened: Path, screen: dict[str, str]) -> None:
    assert show(f"{opened.parent}/browser %s &", **screen) == "True"
    until(opened.exists, 60, "the browser has it")
    assert opened.read_text().strip() == LINK


def test_it_stays_words_without_a_screen_a_terminal_or_a_browser_with_a_window(opened: Path) -> None:
    background = f"{opened.parent}/browser %s &"
    assert show(background) == "False"
    assert show(background, "a file", DISPLAY=":0") == "False"
    assert show(f"{opened.parent}/browser %s", DISPLAY=":0") == "False"
    assert not opened.exists()
