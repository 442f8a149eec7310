"""One hub that is up for all tests of this folder that speak HTTP, and folders that its servers may enter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import reachable_folder
from tests.hostile import rig


@pytest.fixture
def box() -> Iterator[Path]:
    """A folder for files to take in."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def running() -> Iterator[rig.Up]:
    """A hub that is up and has taken one small event."""
    with reachable_folder() as folder, rig.up(folder) as hub:
        yield hub


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Processes of their own are `real`, whatever else a test asks for."""
    for item in items:
        if "tests/hostile/" in item.path.as_posix() and {"home", "running"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
