"""Writing: append, lane and rebuild against a raw COPY of the very same rows into the very same tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy.orm import Session, registry

from bench.world import events
from hub.consumers.decode import decode
from hub.consumers.project import wanted
from hub.consumers.rebuild import rebuild
from hub.consumers.record import Outgoing
from hub.events.envelope import Event
from hub.events.prepare import Installation
from hub.projections._shape import Fold, Projection
from hub.store import archive, projected
from hub.store.database import Connection, sqlalchemy_url
from hub.store.projected import columns, projections
from hub.wiring import Hub

GROUP = 1_000


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def these(group: Sequence[Outgoing]) -> Callable[[Installation], Sequence[Outgoing]]:
    """What `record` asks for, where the events are there already."""
    return lambda _: group


def groups(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for n in range(0, len(rows), GROUP):
        yield rows[n : n + GROUP]


def append(hub: Hub, count: int, people: int) -> float:
    """Events a second through sealing, gate and archive, 1,000 a transaction."""
    made = [Outgoing(event, ("/bench", "events")) for event in events(count, people, hub.recorder.here)]

    def run() -> None:
        for group in groups(made):
            hub.recorder.record(these(group))

    return count / seconds(run)


def lane(hub: Hub, limit: int = 2_000) -> float:
    """Events a second from the archive into every projection."""
    done = 0

    def run() -> None:
        nonlocal done
        while n := hub.lane.run(limit):
            done += n

    taken = seconds(run)
    return done / taken


def rebuilt(hub: Hub) -> float:
    """Events a second for all projections from zero."""
    done = 0

    def run() -> None:
        nonlocal done
        done = rebuild(hub.recorder, list(projections()))

    taken = seconds(run)
    return done / taken


def raw(hub: Hub) -> float:
    """R: the archive's rows and the final images of all projected rows, COPY, 1,000 events a transaction, into tables
    with the same indexes. Events a second."""
    tables = ["event", *(projections())]
    with hub.database.transaction() as tx:
        live = projected.live(tx)
        held = {name: live.get(name, name) for name in tables}
        rows = {name: _copied_out(tx, table) for name, table in held.items()}
        for name, table in held.items():
            tx.execute(f"CREATE TABLE raw_{name} (LIKE {table} INCLUDING INDEXES)")
    count = len(rows["event"])
    rounds = -(-count // GROUP)

    def write() -> None:
        for n in range(rounds):
            with hub.database.transaction() as tx:
                for name in tables:
                    part = rows[name][len(rows[name]) * n // rounds : len(rows[name]) * (n + 1) // rounds]
                    with tx.cursor() as cursor, cursor.copy(f"COPY raw_{name} FROM STDIN") as copy:
                        copy.write(b"".join(part))

    taken = seconds(write)
    with hub.database.transaction() as tx:
        for name in tables:
            tx.execute(f"DROP TABLE raw_{name}")
    return count / taken


def _copied_out(tx: Connection, table: str) -> list[bytes]:
    with tx.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(block) for block in copy).splitlines(keepends=True)


def orm(hub: Hub) -> float:
    """The same lane by SQLAlchemy's ORM: same events, same pure folds, same tables and indexes; objects loaded, changed,
    added and flushed per 1,000 events. Events a second."""
    engine = sqlalchemy.create_engine(sqlalchemy_url(hub.database.dsn))
    with hub.database.transaction() as tx:
        for name, projection in projections().items():
            projected.create(tx, projection, f"orm_{name}")
        batches = [b for lane, end in hub.recorder.log.ends().items() for b in archive.blocks(tx, lane, 0, end, GROUP)]
    mapped = {name: _mapped(engine, name, projection) for name, projection in projections().items()}
    waiting = [recorded for batch in batches for recorded in batch]

    def run() -> None:
        with Session(engine) as session:
            for group in groups(waiting):
                made = decode(hub.recorder.keys, group, wanted())
                for name, projection in projections().items():
                    _by_orm(session, mapped[name], projection, [e for e in made if e.type in projection.types])
                session.commit()
                session.expunge_all()

    taken = seconds(run)
    with hub.database.transaction() as tx:
        for name in mapped:
            tx.execute(f"DROP TABLE orm_{name}")
    engine.dispose()
    return len(waiting) / taken


def _mapped(engine: sqlalchemy.Engine, name: str, projection: Projection) -> type:
    table = sqlalchemy.Table(f"orm_{name}", sqlalchemy.MetaData(), autoload_with=engine)
    kind = type(f"Row_{name}", (), {})
    registry().map_imperatively(kind, table)
    return kind


def _by_orm(session: Session, kind: type, projection: Projection, made: Sequence[Event]) -> None:
    names = list(columns(projection.row))
    if isinstance(projection, Fold):
        for event in made:
            there = session.get(kind, event.stream)
            before = there and projection.row(*(_plain(getattr(there, name)) for name in names))
            after = projection.apply(before, event)
            if there is None:
                session.add(there := kind())
            for name in names:
                setattr(there, name, getattr(after, name))
        return
    for row in (row for event in made for row in projection.rows(event)):
        one = kind()
        for name in names:
            setattr(one, name, getattr(row, name))
        session.merge(one) if projection.repeats else session.add(one)
    session.flush()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
