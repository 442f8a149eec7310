"""A backup becomes a hub again, in an empty database and an empty keys' database.

In the order keys, blobs, data; what a killed restore has done, the next one passes over. In the transaction of the data what is
old is kept from going out by itself, so that no moment is left in which it could.

Keys that are there already are never touched: of another installation they are refused, of the same one they are kept,
for they may know of more and have forgotten more than the backup.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from hub.consumers import deliver
from hub.consumers.backup import FORM, fingerprint, rows_of, table_key
from hub.consumers.forget import forget
from hub.consumers.project import Lane
from hub.consumers.record import Recorder
from hub.consumers.runner import until_quiet
from hub.consumers.understand import understand
from hub.log.recover import recover
from hub.store import after_restore, copying, options, which_log
from hub.store.blobs import Blobs
from hub.store.copying import WrongBackup
from hub.store.database import Database, ensure_database, migrate, newest_version, prepare_keys, version
from hub.store.kept import Part, Spoilt
from hub.store.which_log import Which

log = structlog.get_logger()
Progress = Callable[[int], None]


class Restored(NamedTuple):
    """`beyond`: events that the log has and the backup had not; `held`: answers that go out only when somebody asks;
    `forgotten`: parties that were forgotten again."""

    events: int
    beyond: int
    held: int
    forgotten: int


def load(
    dsn: str, keys_dsn: str, store: Blobs, data: Path, keys: Path, now: datetime,
    progress: Progress = lambda done: None,
) -> None:  # fmt: skip
    """Load a backup. Raises NoBackup, Spoilt, WrongBackup and NotEmpty."""
    kept = Part.found(data)
    _check(kept)
    ensure_database(dsn)
    with copying.snapshot(dsn) as tx:
        begun = copying.begun(tx)
        ours = begun is not None and begun["backup"] == kept.manifest["backup"] and not begun["done"]
        if not ours:
            copying.refuse_unless_empty(tx)
    secret = _keys(keys_dsn, keys, kept)
    if ours:
        return
    for n, name in enumerate(kept.names("blobs"), 1):
        store.put_sealed(name.removeprefix("blobs/"), kept.read(name))
        progress(n)
    _data(dsn, kept, table_key(secret, kept.manifest["backup"]), now)


def _check(kept: Part) -> None:
    if kept.manifest["form"] != FORM or kept.manifest["revision"] > newest_version():
        raise WrongBackup(f"It was taken by a newer hub, {kept.manifest['hub']}: restore it with that one or a later one.")


def _keys(dsn: str, folder: Path, kept: Part) -> bytes:
    """The secret of the keys that are there now: those of the backup, or the same installation's that were there before."""
    ensure_database(dsn)
    prepare_keys(dsn)
    with copying.connected(dsn) as tx:
        if not copying.count(tx, "key"):
            part = Part.found(folder)
            if part.manifest["backup"] != kept.manifest["backup"]:
                raise WrongBackup(f"The keys in {folder} are of another backup than the data.")
            copying.clear(tx, copying.key_tables())
            _counted(rows_of(tx, part, copying.key_tables(), None), part)
        secret = copying.secret(tx)
    if fingerprint(secret) != kept.manifest["installation"]:
        raise WrongBackup("The keys' database has the keys of another installation: name an empty one (HUB_KEYS_URL).")
    return secret


def _data(dsn: str, kept: Part, key: bytes, now: datetime) -> None:
    revision = kept.manifest["revision"]
    if version(dsn) is None:
        migrate(dsn, to=revision)
    if version(dsn) != revision:
        raise WrongBackup("The database has the tables of another version than the backup: drop it and let it be made anew.")
    with copying.connected(dsn) as tx:
        copying.clear(tx, copying.LAID_OUT)
        copying.clear_log(tx)
        copying.refuse_unless_empty(tx)
        _counted(rows_of(tx, kept, kept.manifest["tables"], key), kept)
        copying.set_counters(tx, kept.manifest["counters"])
        told = {"backup": kept.manifest["backup"], "taken": kept.manifest["taken"], "time": now.isoformat(), "done": False}
        copying.note(tx, told | {"checkpoints": kept.manifest["checkpoints"]}, now - deliver.STALE, deliver.RESTORED)


def _counted(found: dict[str, int], part: Part) -> None:
    for table, rows in found.items():
        if rows != part.manifest["tables"][table]["rows"]:
            raise Spoilt(f"{table} has {rows} rows instead of {part.manifest['tables'][table]['rows']}. {Spoilt.__doc__}")


def settle_log(dsn: str, wanted: Which | None) -> None:
    """The restored hub has the log that its settings name: of one on Kafka that is not there any more, what was archived
    is the log now. One that was in PostgreSQL stays there; `hub log copy` may move it afterwards."""
    migrate(dsn)
    database = Database(dsn, 2)
    try:
        if wanted is None:
            recover(database)
            return
        with database.transaction() as tx:
            if which_log.recorded(tx) is not None:
                which_log.record(tx, wanted)
    finally:
        database.close()


def finish(recorder: Recorder, lane: Lane, now: datetime, progress: Progress = lambda done: None) -> Restored:
    """The rest, on the opened hub, whose projections were folded anew: read on where the log has more, and say what is
    held back. Again does no harm."""
    with recorder.database.transaction() as tx:
        told: dict[str, Any] = options.read(tx, "restored", {})
        events = copying.count(tx, "event")
    if not recorder.log.in_store:
        _read_on(recorder, lane, told["checkpoints"], now, progress)
    forgotten = _forget_again(recorder, now)
    held = deliver.hold_back(recorder, now)
    until_quiet(recorder, lane, progress)
    with recorder.database.transaction() as tx:
        options.write(tx, "restored", {name: told[name] for name in ("backup", "taken", "time")} | {"done": True}, "restore")
        beyond = copying.count(tx, "event") - events
    restored = Restored(events, beyond if not recorder.log.in_store else 0, held, forgotten)
    log.info("backup restored", **restored._asdict())
    return restored


def _read_on(recorder: Recorder, lane: Lane, before: after_restore.Ends, now: datetime, progress: Progress) -> None:
    """What Kafka has beyond the backup, before anything is decided or sent: much of it was decided or sent already."""
    done = 0
    while part := understand(recorder) or lane.run():
        done += part
        progress(done)
    with recorder.database.transaction() as tx:
        after_restore.deliveries_of_the_log(tx, before, deliver.RESTORED, now)
        after_restore.heads_of_the_log(tx, before)
        after_restore.number_on(tx)


def _forget_again(recorder: Recorder, now: datetime) -> int:
    """Whoever the keys have forgotten and the log has not, or the other way round, was forgotten between the two."""
    with recorder.database.transaction() as tx:
        said = after_restore.forgotten_in_the_log(tx)
    parties = sorted(said ^ recorder.keys.forgotten())
    if parties:
        forget(recorder, parties, now)
    return len(parties)
