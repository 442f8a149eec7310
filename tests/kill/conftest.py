"""Homes for hubs that are really run. Laying out a database takes seconds, so it is done once and copied."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import reachable_folder
from tests.kill.running import RunningHub


@pytest.fixture(scope="session")
def laid_out() -> Iterator[Path]:
    """A home whose database is laid out and empty; nothing runs on it."""
    with reachable_folder() as folder:
        RunningHub(folder).asked("status")
        (folder / "postgres" / "port").unlink()  # each copy looks for one of its own
        yield folder


def copied(laid_out: Path, home: Path) -> Path:
    subprocess.run(["cp", "-a", f"{laid_out}/.", home], check=True)
    return home


@pytest.fixture
def home(laid_out: Path) -> Iterator[Path]:
    """A HUB_HOME with an empty database."""
    with reachable_folder() as folder:
        yield copied(laid_out, folder)


@pytest.fixture
def hub(home: Path) -> Iterator[RunningHub]:
    """Not up yet; whatever a test leaves of it is ended."""
    hub = RunningHub(home)
    try:
        yield hub
    finally:
        hub.kill_everything()
