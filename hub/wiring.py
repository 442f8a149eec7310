"""Where the parts are put together: one opened hub, over whatever database and log the settings say."""

from __future__ import annotations

from dataclasses import dataclass

from hub.consumers.project import Lane
from hub.consumers.rebuild import install_all
from hub.consumers.record import Recorder
from hub.log.embedded import EmbeddedLog
from hub.settings import Settings
from hub.store.blobs import Blobs
from hub.store.database import Database, ensure_database, keys_dsn, migrate
from hub.store.keys import Keys


@dataclass(frozen=True)
class Hub:
    """Everything that a process of the hub works with."""

    settings: Settings
    database: Database
    keys: Keys
    recorder: Recorder
    lane: Lane

    def close(self) -> None:
        self.database.close()
        self.keys.close()


def open_hub(settings: Settings, dsn: str, connections: int = 8) -> Hub:
    """Bring the database up to date and open it. Raises psycopg.Error where it cannot be reached."""
    ensure_database(dsn)
    migrate(dsn)
    database = Database(dsn, connections)
    keys = Keys(settings.keys_url or keys_dsn(dsn))
    recorder = Recorder(
        database, keys, EmbeddedLog(database), Blobs(settings.blobs_url), settings.region, settings.order_pattern
    )
    install_all(recorder)
    return Hub(settings, database, keys, recorder, Lane(recorder))
