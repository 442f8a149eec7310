"""A Dovecot for the run, and SMTP in front of an empty hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.wiring import Hub
from tests.transport.dovecot import Dovecot, running_dovecot
from tests.transport.wires import Listening, listening


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as server:
        yield server


@pytest.fixture
def smtp(hub: Hub, tmp_path: Path) -> Iterator[Listening]:
    with listening(hub, tmp_path) as here:
        yield here
