"""Rebuilding a projection beside the live one, and verifying that the live one is what the archive says.

Both are the same fold from zero, a partition at a time: a stream lies in one partition, so its row is done with it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import structlog

from hub.consumers.decode import decode
from hub.consumers.project import STEP, fold, folded, refold, refold_into, touched, wanted
from hub.consumers.record import Recorder
from hub.events.envelope import Event
from hub.log._protocol import Place
from hub.memory import settle
from hub.projections._shape import Append, Fold, Projection
from hub.store import archive, projected
from hub.store.checkpoints import lock_all, positions
from hub.store.database import Connection, Database
from hub.store.keys import Keys
from hub.store.projected import projections

log = structlog.get_logger()
Progress = Callable[[int, int], None]
Lanes = Mapping[tuple[str, int], int]
_REBUILDING = 7_201_544_013  # advisory lock
_BETWEEN = 1.0  # seconds between two tries to swap
MANY = 20_000  # events; from there on starting more processes is worth its second


class NoSuchProjection(Exception):
    """There is no projection of this name."""


def install_all(recorder: Recorder) -> list[str]:
    """Make the tables of projections that have none yet, or an older version; which ones were made from old events.

    Several processes of a new hub may start at once: one makes them, the others wait. Raises TakenOver.
    """
    if not _late(recorder):
        return []
    with _alone(recorder):
        if late := _late(recorder):
            _rebuild(recorder, late)
        return late


def _late(recorder: Recorder) -> list[str]:
    """The projections that old events are to be folded into; where there are none yet, tables are made at once."""
    with recorder.database.transaction() as tx:
        lock_all(tx, STEP)
        known: dict[str, int] = dict(tx.execute("SELECT name, version FROM projected").fetchall())
        projected.not_newer(known)
        stale = [p for p in projections().values() if known.get(p.name) != p.version]
        if any(positions(tx, STEP).values()):
            return [p.name for p in stale]
        for projection in stale:
            _make_empty(tx, projection)
    return []


def _make_empty(tx: Connection, projection: Projection) -> None:
    table = projected.table_of(projection, 1)
    tx.execute(f"DROP TABLE IF EXISTS {table}")
    projected.create(tx, projection, table)
    projected.install(tx, projection, 1)


@contextmanager
def _alone(recorder: Recorder) -> Iterator[None]:
    """While nobody else rebuilds: two would take each other's tables for left over."""
    with recorder.database.transaction() as tx:
        # However long it takes: a server that ends idle transactions would let a second one in.
        tx.execute("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
        tx.execute("SELECT pg_advisory_xact_lock(%s)", [_REBUILDING])
        yield


def rebuild(recorder: Recorder, names: Sequence[str], progress: Progress = lambda done, of: None) -> int:
    """Fold these projections from zero beside the live ones, then swap; how many events were folded.

    Readers see the old rows until the swap and the new ones after it. Raises TakenOver.
    """
    if unknown := sorted(set(names) - set(projections())):
        raise NoSuchProjection(f"{', '.join(unknown)}; there are {', '.join(projections())}")
    with _alone(recorder):
        return _rebuild(recorder, list(dict.fromkeys(names)), progress)


def _rebuild(recorder: Recorder, names: Sequence[str], progress: Progress = lambda done, of: None) -> int:
    chosen = [projections()[name] for name in names]
    with recorder.database.transaction() as tx:
        projected.live(tx)  # where a newer hub has taken over nothing is made
        builds = {row[0]: row[1] + 1 for row in tx.execute("SELECT name, build FROM projected").fetchall()}
        tables = {p.name: projected.table_of(p, builds.get(p.name, 1)) for p in chosen}
        for projection in chosen:
            tx.execute(f"DROP TABLE IF EXISTS {tables[projection.name]}")
            projected.create(tx, projection, tables[projection.name], indexed=False)
    with recorder.database.transaction() as tx:
        tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        ends, dead = positions(tx, STEP), archive.dead_places(tx)
        fold_all = _by_many if sum(ends.values()) >= MANY else from_zero
        done = fold_all(recorder, tx, chosen, tables, ends, progress)
    with recorder.database.transaction() as tx:
        for projection in chosen:
            projected.index(tx, projection, tables[projection.name])
    while True:
        with recorder.database.transaction() as tx:
            now = lock_all(tx, STEP)
            done += _rest(recorder, tx, tables, ends, now, dead)
            if projected.seize(tx, chosen):
                for projection in chosen:
                    projected.install(tx, projection, builds.get(projection.name, 1))
                break
            ends, dead = now, archive.dead_places(tx)
        time.sleep(_BETWEEN)  # without the checkpoints: however long somebody reads, the lane goes on
    log.info("projections rebuilt", projections=list(names), events=done)
    return done


def _rest(
    recorder: Recorder, tx: Connection, tables: Mapping[str, str], ends: Lanes, now: Lanes, dead: Collection[Place]
) -> int:
    """Fold what the live lane folded meanwhile; its second thoughts too, and the streams of what was `dead` and is no more."""
    done = 0
    special: list[Event] = []
    for lane, end in now.items():
        for block in archive.blocks(tx, lane, ends[lane], end):
            fold(recorder, tx, block, tables)
            done += len(block)
            special += [e for e in decode(recorder.keys, block, wanted()) if e.replaces or e.type == "party.forgotten"]
    again = touched(tx, special) | archive.streams_at(tx, set(dead) - archive.dead_places(tx))
    if again:
        recorder.enter(tx)
        refold_into(recorder, tx, again, tables)
    return done


def from_zero(
    recorder: Recorder, tx: Connection, chosen: Sequence[Projection], tables: Mapping[str, str], ends: Lanes,
    progress: Progress = lambda done, of: None,
) -> int:  # fmt: skip
    """Fold the archive up to `ends` into empty tables; how many events that were.

    However long it takes, nobody who forgets waits for it, and so nobody who writes waits behind him: of whoever is
    forgotten meanwhile some rows know and others do not.
    """
    recorder.forgettings()
    return _fold_lanes(recorder.keys, tx, chosen, tables, ends, progress)


def _fold_lanes(
    keys: Keys, tx: Connection, chosen: Sequence[Projection], tables: Mapping[str, str], ends: Lanes,
    progress: Progress = lambda done, of: None,
) -> int:  # fmt: skip
    gone = archive.all_superseded(tx)
    types = frozenset().union(*(p.types for p in chosen))
    total, done = sum(ends.values()), 0
    for lane, end in ends.items():
        rows: dict[str, dict[Any, Any]] = {p.name: {} for p in chosen}
        for block in archive.blocks(tx, lane, 0, end):
            events = [e for e in decode(keys, block, types) if e.id not in gone]
            for projection in chosen:
                _fold_block(tx, projection, tables[projection.name], rows[projection.name], events)
            done += len(block)
            progress(done, total)
        for projection in chosen:
            kept = (row for _, row in sorted(rows[projection.name].items()) if row is not None)
            projected.copy(tx, projection, tables[projection.name], kept)
    return done


def _by_many(
    recorder: Recorder, tx: Connection, chosen: Sequence[Projection], tables: Mapping[str, str], ends: Lanes,
    progress: Progress,
) -> int:  # fmt: skip
    """The same by a process for each processor: partitions are folded apart, in the snapshot of this transaction."""
    shares: list[dict[tuple[str, int], int]] = [{} for _ in range(os.cpu_count() or 1)]
    for lane, end in sorted(ends.items(), key=lambda pair: -pair[1]):
        min(shares, key=lambda share: sum(share.values()))[lane] = end
    snapshot = tx.execute("SELECT pg_export_snapshot()").fetchone()
    assert snapshot is not None
    names, total, done = [p.name for p in chosen], sum(ends.values()), 0
    with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
        work = [
            pool.submit(_share, recorder.database.dsn, recorder.keys.dsn, names, dict(tables), share, snapshot[0])
            for share in shares
        ]
        for finished in as_completed(work):
            done += finished.result()
            progress(done, total)
    return done


def _share(
    dsn: str, keys_dsn: str, names: Sequence[str], tables: Mapping[str, str], ends: Lanes, snapshot: str
) -> int:
    database, keys = Database(dsn, 1), Keys(keys_dsn)
    settle()
    try:
        with database.transaction() as tx:
            tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            tx.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            return _fold_lanes(keys, tx, [projections()[name] for name in names], tables, ends)
    finally:
        database.close()
        keys.close()


def _fold_block(
    tx: Connection, projection: Projection, table: str, rows: dict[Any, Any], events: Iterable[Event]
) -> None:
    """Rows that may change or repeat are kept until the partition's end; the others go straight to the table."""
    mine = [event for event in events if event.type in projection.types]
    if isinstance(projection, Fold):
        folded(projection, rows, mine)
    elif projection.repeats:
        rows.update((_key(projection, row), row) for event in mine for row in projection.rows(event))
    else:
        projected.copy(tx, projection, table, (row for event in mine for row in projection.rows(event)))


def _key(projection: Append, row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in projection.key)


def verify(recorder: Recorder, progress: Progress = lambda done, of: None) -> dict[str, Any]:
    """Fold everything again beside the live rows, in one snapshot, and compare row by row (the contract's shape).

    What differs where somebody was forgotten meanwhile may be his: then all begins again.
    """
    while True:
        before = recorder.forgettings()
        reports = _compared(recorder, progress)
        clean = not any(r["missing"] or r["extra"] or r["different"] for r in reports)
        if clean or recorder.forgettings() == before:
            return {"projections": reports, "clean": clean}
        log.info("somebody was forgotten meanwhile, verifying again")


def _compared(recorder: Recorder, progress: Progress) -> list[dict[str, Any]]:
    refold(recorder)
    chosen = list(projections().values())
    tables = {p.name: f"verify_{p.name}" for p in chosen}
    with recorder.database.transaction() as tx:
        tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        ends, live = positions(tx, STEP), projected.live(tx)
        for projection in chosen:
            tx.execute(f"CREATE TEMP TABLE {tables[projection.name]} (LIKE {live[projection.name]}) ON COMMIT DROP")
        from_zero(recorder, tx, chosen, tables, ends, progress)
        return [_compare(tx, p, live[p.name], tables[p.name]) for p in chosen]


def _compare(tx: Connection, projection: Projection, live: str, again: str) -> dict[str, Any]:
    on = " AND ".join(f'live_."{name}" = again_."{name}"' for name in projection.key)
    tx.execute(f"ANALYZE {again}")
    row = tx.execute(
        f"SELECT count(*) FILTER (WHERE again_.stream IS NOT NULL), count(*) FILTER (WHERE live_.stream IS NULL),"
        f" count(*) FILTER (WHERE again_.stream IS NULL), count(*) FILTER (WHERE live_.stream IS NOT NULL"
        f" AND again_.stream IS NOT NULL AND live_.* IS DISTINCT FROM again_.*)"
        f" FROM {live} live_ FULL JOIN {again} again_ ON {on}"
    ).fetchone()
    assert row is not None
    return {"name": projection.name, **dict(zip(("rows", "missing", "extra", "different"), row, strict=True))}
