"""The archive into a folder for analysts (`hub.store.exported`): at first all of it, then what came since.

One snapshot: events as far as they are shown, raw payloads left out, and who is whose customer at that moment. Without the
personal part nothing is opened, and who was forgotten need not be looked for in old exports; with it a forgetting makes the
next export begin anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from hub.consumers.backup import fingerprint
from hub.consumers.decode import unseal_all
from hub.consumers.record import Recorder
from hub.events.catalogue import catalogue, current
from hub.log._protocol import Recorded
from hub.store import archive, checkpoints, copying, customers
from hub.store.database import Connection
from hub.store.exported import COLUMNS, Folder, Refused

log = structlog.get_logger()
Json = dict[str, Any]
Lane = tuple[str, int]
_BLOCK = 5_000  # events that are handed on at once


class Exported(NamedTuple):
    """What this run wrote: these events in so many files. `anew`: why what was there could not be gone on with."""

    events: int
    files: int
    anew: str | None


class OtherHub(Refused):
    """The export in this folder is of another hub: name another folder."""


def export(
    recorder: Recorder, folder: Path, now: datetime, *, personal: bool = False, anew: bool = False,
    progress: Callable[[int, int | None], None] = lambda done, of: None,
) -> Exported:  # fmt: skip
    """Write what a former export into this folder does not have. `anew`: everything, in place of what is there.

    Raises Refused, OSError and NewerVersion.
    """
    with Folder.held(folder) as held, copying.snapshot(recorder.database.dsn) as tx:
        recorder.keys.reload()
        about = _about(recorder, tx, personal)
        if held.marker.get("installation", about["installation"]) != about["installation"]:
            raise OtherHub(f"{OtherHub.__doc__} ({folder})")
        why = "it was asked for" if anew and held.marker else _outdated(tx, held.marker, about)
        before = {} if why else held.marker.get("reached", {})
        ends = checkpoints.positions(tx, "project")
        first = {lane: before.get(_name(lane), (0, None))[0] for lane in ends}
        whole, done = sum(end - first[lane] for lane, end in ends.items()), 0
        found = archive.between(tx, first, ends)
        while some := list(islice(found, _BLOCK)):
            held.write(_rows(recorder, some, personal))
            done += len(some)
            progress(done, whole)
        reached = {_name(lane): (end, archive.last_before(tx, lane, end)) for lane, end in sorted(ends.items())}
        files = held.end(customers.everybody(tx), about | {"exported": now.isoformat(), "reached": reached}, anew=bool(why))
    exported = Exported(done, files, why)
    log.info("exported", folder=str(folder), **exported._asdict())
    return exported


def _about(recorder: Recorder, tx: Connection, personal: bool) -> Json:
    row = tx.execute("SELECT forgets FROM epoch").fetchone()
    assert row is not None
    return {
        "hub": version("hub"), "installation": fingerprint(recorder.keys.secret), "personal": personal,
        "versions": {name: kind.version for name, kind in sorted(catalogue().items())}, "forgets": row[0],
        "dead": sorted(map(str, archive.dead_places(tx))),
    }  # fmt: skip


def _outdated(tx: Connection, marker: Mapping[str, Any], about: Json) -> str | None:
    """Why what is there cannot be gone on with."""
    if not marker:
        return None
    if "reached" not in marker:
        return "the last export was killed"
    if marker["personal"] != about["personal"]:
        return "the personal part was left out" if about["personal"] else "the personal part is left out from now on"
    if marker["versions"] != about["versions"]:
        return "kinds of events have newer versions"
    if about["personal"] and marker["forgets"] != about["forgets"]:
        return "somebody was forgotten"
    if not set(marker["dead"]) <= set(about["dead"]):
        return "dead letters have been seen to"
    if any(archive.last_before(tx, _lane(name), end) != last for name, (end, last) in marker["reached"].items()):
        return "the log is another one: a backup was restored"
    return None


def _name(lane: Lane) -> str:
    return f"{lane[0]}/{lane[1]}"


def _lane(name: str) -> Lane:
    topic, _, part = name.partition("/")
    return topic, int(part)


def _rows(recorder: Recorder, some: Sequence[Recorded], personal: bool) -> list[Json]:
    documents = [current(one.document) for one in some]
    opened: list[Json | None] = [None] * len(some)
    if personal:
        opened = [event.personal for event in unseal_all(recorder.keys, documents)]
    return [_row(*one) for one in zip(some, documents, opened, strict=True)]


def _row(recorded: Recorded, document: Json, personal: Json | None) -> Json:
    """In the order of COLUMNS, which is that of the table."""
    data, place = document["data"], recorded.place
    beside = {"parties": data.get("parties", []), "data": data, "personal": personal or None} | place._asdict()
    return {name: beside[name] if name in beside else document.get(name) for name in COLUMNS}
