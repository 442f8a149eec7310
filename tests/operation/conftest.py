"""A hub with its pages and its API; backups that become hubs again, in databases that were never used before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from hub.consumers import backup, restore
from hub.consumers.restore import Restored
from hub.settings import Settings
from hub.store.blobs import Blobs
from hub.store.database import keys_dsn
from hub.wiring import Hub, open_hub, which
from tests.consumers.receiving import Receiving, receiving
from tests.consumers.test_deliver import Desk, way_out
from tests.screens.conftest import api as api


@dataclass(frozen=True)
class Elsewhere:
    """Where a backup is restored: databases and a folder that are empty."""

    dsn: str
    settings: Settings
    opened: list[Hub]

    def load(self, folder: Path, keys: str | None = None, now: datetime | None = None) -> None:
        store = Blobs(self.settings.blobs_url)
        moment = now or datetime.now(UTC)
        restore.load(self.dsn, keys or keys_dsn(self.dsn), store, folder / "data", folder / "keys", moment)

    def open(self, settings: Settings | None = None) -> Hub:
        self.opened.append(open_hub(settings or self.settings, self.dsn, connections=4))
        return self.opened[-1]

    def restore(self, folder: Path, now: datetime | None = None) -> tuple[Hub, Restored]:
        """As `hub restore` does it."""
        self.load(folder, now=now)
        restore.settle_log(self.dsn, which(self.settings))
        hub = self.open()
        return hub, restore.finish(hub.recorder, hub.lane, now or datetime.now(UTC))


@pytest.fixture
def elsewhere(hub: Hub, new_database: Callable[[], str], tmp_path: Path) -> Iterator[Elsewhere]:
    """Where that hub's log is on Kafka, what is restored goes on with it."""
    settings = replace(hub.settings, home=tmp_path, blobs_url=str(tmp_path / uuid4().hex))
    place = Elsewhere(new_database(), settings, [])
    yield place
    for hub in place.opened:
        hub.close()


@pytest.fixture
def take(tmp_path: Path) -> Callable[[Hub], Path]:
    """Backs a hub up; the folder."""

    def taken(hub: Hub) -> Path:
        folder = tmp_path / f"backup-{uuid4().hex}"
        backup.take(hub.recorder, folder / "data", folder / "keys", datetime.now(UTC))
        return folder

    return taken


@pytest.fixture
def desk(hub: Hub) -> Iterator[Desk]:
    """A hub whose answers go out to a mail server."""
    with receiving(Receiving()) as server:
        made = Desk(hub, server)
        way_out(made)
        yield made
