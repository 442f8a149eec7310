"""Where the parts are put together: one opened hub, over whatever database and log the settings say."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from hub.consumers.project import Lane
from hub.consumers.rebuild import install_all
from hub.consumers.record import Recorder
from hub.log._protocol import Log
from hub.log.embedded import EmbeddedLog
from hub.settings import Settings
from hub.store import which_log
from hub.store.blobs import Blobs
from hub.store.database import Database, ensure_database, keys_dsn, migrate
from hub.store.keys import Keys
from hub.store.mailboxes import address_of
from hub.store.which_log import Which


@dataclass(frozen=True)
class Hub:
    """Everything that a process of the hub works with."""

    settings: Settings
    database: Database
    keys: Keys
    recorder: Recorder
    lane: Lane

    def close(self) -> None:
        self.recorder.log.close()
        self.database.close()
        self.keys.close()


def open_hub(settings: Settings, dsn: str, connections: int = 8) -> Hub:
    """Bring the database up to date and open it. Raises psycopg.Error where it cannot be reached, and WrongLog."""
    ensure_database(dsn)
    migrate(dsn)
    with ExitStack() as unless_opened:  # whoever tries again and again shall not take a connection each time
        database = Database(dsn, connections)
        unless_opened.callback(database.close)
        log = _log(settings, database)
        unless_opened.callback(log.close)
        keys = Keys(settings.keys_url or keys_dsn(dsn))
        unless_opened.callback(keys.close)
        recorder = Recorder(
            database, keys, log, Blobs(settings.blobs_url), settings.region, settings.order_pattern,
            address_of(settings.smtp_url) if settings.smtp_url else None, settings.timezone,
        )  # fmt: skip
        install_all(recorder)
        unless_opened.pop_all()
        return Hub(settings, database, keys, recorder, Lane(recorder))


def _log(settings: Settings, database: Database) -> Log:
    """The log of the settings, if this hub has no other."""
    which_log.use(database, which(settings))
    if settings.kafka is None:
        return EmbeddedLog(database)
    from hub.log.kafka import KafkaLog

    return KafkaLog(
        settings.kafka, settings.kafka_access, known=EmbeddedLog(database).ends,
        reached=lambda cluster: which_log.use(database, which(settings, cluster)),
    )  # fmt: skip


def which(settings: Settings, cluster: str | None = None) -> Which | None:
    """The log of these settings."""
    return Which(settings.kafka_access.prefix, cluster) if settings.kafka else None
