"""A backup while the hub runs: in one folder the data, in another the keys, which may go elsewhere.

The data are a snapshot of every lasting table, sealed, and then the blobs; last come the keys. So no event is without its
key or its blob; what came meanwhile has left keys and blobs that nobody asks for, and whoever was forgotten meanwhile has
no key, which a restore sees and forgets him there too. The tables are sealed with a key made of the installation's secret:
without the keys nothing in the data can be read.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import structlog

from hub.consumers.record import Recorder
from hub.store import blobs, copying, options
from hub.store.blobs import Blobs, Missing
from hub.store.database import Connection
from hub.store.kept import Part

log = structlog.get_logger()
Progress = Callable[[int], None]
FORM = 1  # of a backup; a hub reads those that it knows


class Taken(NamedTuple):
    """What a backup holds; `bytes`: of the data as they lie there."""

    id: str
    events: int
    blobs: int
    keys: int
    bytes: int


def take(
    recorder: Recorder, data: Path, keys: Path, now: datetime, progress: Progress = lambda done: None
) -> Taken:  # fmt: skip
    """Back up into these two folders. Where a backup was killed there, it is begun anew and what is there is used.

    Raises BackupThere.
    """
    started = time.monotonic()
    id = Part.begun(data) or str(uuid4())
    kept, secrets = Part.begin(data, id), Part.begin(keys, id)
    about = {
        "form": FORM, "backup": id, "taken": now.isoformat(), "hub": version("hub"),
        "installation": fingerprint(recorder.keys.secret), "log": "embedded" if recorder.log.in_store else "kafka",
    }  # fmt: skip
    tables, size = _tables(recorder, kept, about, progress)
    count, more = _blobs(recorder.blobs, kept, progress)
    made = _keys(recorder, secrets, about)
    secrets.end(about | {"tables": made})
    kept.end(about | tables | {"blobs": count})
    taken = Taken(id, tables["tables"]["event"]["rows"], count, made["key"]["rows"], size + more)
    _note(recorder, taken, data, now, time.monotonic() - started)
    log.info("backup taken", **taken._asdict())
    return taken


def fingerprint(secret: bytes) -> str:
    """What tells one installation from another, and nothing else."""
    return hmac.digest(secret, b"fingerprint", "sha256").hex()


def table_key(secret: bytes, backup: str) -> bytes:
    """What the tables of this backup are sealed with."""
    return hmac.digest(secret, f"backup/{backup}".encode(), "sha256")


def table_name(table: str) -> str:
    return f"tables/{table}"


def _tables(
    recorder: Recorder, kept: Part, about: dict[str, Any], progress: Progress
) -> tuple[dict[str, Any], int]:  # fmt: skip
    key, size, found = table_key(recorder.keys.secret, about["backup"]), 0, {}
    with copying.snapshot(recorder.database.dsn) as tx:
        for table in copying.hub_tables():
            names = copying.columns(tx, table)
            name = table_name(table)
            size += kept.write(name, blobs.sealed(name, key, copying.out(tx, table, names)))
            found[table] = {"columns": names, "rows": copying.count(tx, table)}
            progress(size)
        told: dict[str, Any] = {"revision": copying.revision(recorder.database.dsn), "server": copying.server(tx)}
        told |= {"checkpoints": copying.checkpoints(tx), "counters": copying.counters(tx), "tables": found}
    return told, size


def _blobs(store: Blobs, kept: Part, progress: Progress) -> tuple[int, int]:
    """Blobs are never changed, so one that a killed run has copied is not copied again."""
    count = size = 0
    for path, length in store.listed():
        name = f"blobs/{path}"
        if not kept.has(name, length):
            try:
                kept.write(name, store.sealed(path))
            except Missing:  # whom it concerned was forgotten a moment ago
                continue
        count, size = count + 1, size + length
        progress(size)
    return count, size


def _keys(recorder: Recorder, secrets: Part, about: dict[str, Any]) -> dict[str, Any]:
    found = {}
    with copying.snapshot(recorder.keys.dsn) as tx:
        for table in copying.key_tables():
            names = copying.columns(tx, table)
            secrets.write(table_name(table), copying.out(tx, table, names))
            found[table] = {"columns": names, "rows": copying.count(tx, table)}
    return found


def _note(recorder: Recorder, taken: Taken, folder: Path, now: datetime, seconds: float) -> None:
    """Where an administrator sees it."""
    told = {"time": now.isoformat(), "folder": str(folder), "seconds": round(seconds, 1)} | taken._asdict()
    with recorder.database.transaction() as tx:
        options.write(tx, "backup", told, "backup")


def rows_of(tx: Connection, part: Part, tables: Iterable[str], key: bytes | None) -> dict[str, int]:
    """Load these tables; how many rows each got. `key`: what they are sealed with; None: they are not."""
    found = {}
    for table in tables:
        name = table_name(table)
        packed = part.read(name) if key is None else blobs.opened(name, key, part.read(name))
        found[table] = copying.into(tx, table, part.manifest["tables"][table]["columns"], packed)
    return found
