"""Writing: append, lane and rebuild against a raw COPY of the very same rows into the very same tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy.orm import Session, registry

from bench.spent import Part, spent, told
from bench.world import events
from hub.consumers import project
from hub.consumers import rebuild as again
from hub.consumers.decode import decode
from hub.consumers.project import folded, wanted
from hub.consumers.rebuild import rebuild
from hub.consumers.record import Outgoing, Recorder
from hub.events.envelope import Event
from hub.events.prepare import Installation
from hub.log import embedded, gate
from hub.projections._shape import Append, Fold, Projection
from hub.store import archive, projected
from hub.store.database import Connection, sqlalchemy_url
from hub.store.projected import columns, projections
from hub.wiring import Hub

GROUP = 1_000
APPENDING: Mapping[str, Part] = {
    "seal": (Recorder, "_sealed"), "who is forgotten": (Recorder, "enter"), "find known ids": (embedded, "_lock"),
    "write archive and gate": (gate, "write"),
}  # fmt: skip
FOLDING: Mapping[str, Part] = {
    "read": (project, "waiting"), "decode and open": (project, "decode"), "load rows": (projected, "load"),
    "fold": (project, "folded"), "write folded rows": (projected, "save"), "write added rows": (projected, "add"),
    "checkpoint": (project, "move"),
}  # fmt: skip
REBUILDING: Mapping[str, Part] = {
    "decode and open": (again, "decode"), "fold": (again, "folded"),
    "write rows": (projected, "copy"), "indexes": (projected, "index"),
}  # fmt: skip


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

    with spent(APPENDING) as parts:
        taken = seconds(run)
    print(told("append", taken, parts))
    return count / taken


def lane(hub: Hub, limit: int = project.BATCH) -> float:
    """Events a second from the archive into every projection."""
    done = 0

    def run() -> None:
        nonlocal done
        while n := hub.lane.run(limit):
            done += n

    with spent(FOLDING) as parts:
        taken = seconds(run)
    print(told("lane", max(taken, sum(parts.values())), parts))
    return done / taken


def rebuilt(hub: Hub) -> float:
    """Events a second for all projections from zero."""
    done = 0

    def run() -> None:
        nonlocal done
        done = rebuild(hub.recorder, list(projections()))

    taken = seconds(run)
    return done / taken


def rebuilt_alone(hub: Hub) -> None:
    """Where the time of a rebuild goes, in one process instead of one for each processor."""
    chosen = list(projections().values())
    tables = {projection.name: f"alone_{projection.name}" for projection in chosen}
    with hub.database.transaction() as tx, spent(REBUILDING) as parts:
        for projection in chosen:
            projected.create(tx, projection, tables[projection.name], indexed=False)
        taken = seconds(lambda: again.from_zero(hub.recorder, tx, chosen, tables, hub.recorder.log.ends()))
        for one in chosen:
            taken += seconds(partial(projected.index, tx, one, tables[one.name]))
        for table in tables.values():
            tx.execute(f"DROP TABLE {table}")
    print(told("rebuild, one process", taken, parts))


def disk(hub: Hub) -> str:
    """Bytes an event in PostgreSQL, indexes with them: the archive, its gate, what is shown."""
    with hub.database.transaction() as tx:
        shown = list(projected.live(tx).values())
        sizes = [_bytes(tx, tables) for tables in (["event"], ["event_id"], shown)]
        count = tx.execute("SELECT count(*) FROM event").fetchone()
    assert count
    archived, known, rows = (size / count[0] for size in sizes)
    return f"disk, bytes an event: archive {archived:.0f}, gate {known:.0f}, what is shown {rows:.0f}"


def _bytes(tx: Connection, tables: Sequence[str]) -> int:
    row = tx.execute("SELECT sum(pg_total_relation_size(t::regclass)) FROM unnest(%s::text[]) t", [list(tables)]).fetchone()
    return int(row[0]) if row else 0


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
    """The same lane by SQLAlchemy's ORM: same events, same pure folds, same tables and indexes; the objects of 1,000 events
    are loaded, changed, added and flushed together. Events a second."""
    engine = sqlalchemy.create_engine(sqlalchemy_url(hub.database.dsn))
    with hub.database.transaction() as tx:
        for name, projection in projections().items():
            projected.create(tx, projection, f"orm_{name}")
        batches = [b for lane, end in hub.recorder.log.ends().items() for b in archive.blocks(tx, lane, 0, end, GROUP)]
    mapped = {name: _mapped(engine, name, projection) for name, projection in projections().items()}
    waiting = [recorded for batch in batches for recorded in batch]

    def run() -> None:
        with Session(engine, autoflush=False) as session:
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
    """As somebody who knows the ORM does it: what is touched is loaded by one SELECT, changed, and flushed once."""
    if not made:
        return
    names = list(columns(projection.row))
    if isinstance(projection, Fold):
        rows = _folded(session, kind, projection, made, names)
    else:
        rows = _added(session, kind, projection, made)
    for there, row in rows:
        for name in names:
            setattr(there, name, getattr(row, name))
    session.flush()


def _folded(
    session: Session, kind: Any, projection: Fold, made: Sequence[Event], names: Sequence[str]
) -> Iterator[tuple[Any, Any]]:
    streams = {event.stream for event in made}
    held = {one.stream: one for one in session.scalars(sqlalchemy.select(kind).where(kind.stream.in_(streams)))}
    before = {stream: projection.row(*(_plain(getattr(one, name)) for name in names)) for stream, one in held.items()}
    for stream, row in folded(projection, before, made).items():
        if stream not in held:
            session.add(held.setdefault(stream, kind()))
        yield held[stream], row


def _added(session: Session, kind: Any, projection: Append, made: Sequence[Event]) -> Iterator[tuple[Any, Any]]:
    rows = {tuple(getattr(row, name) for name in projection.key): row for event in made for row in projection.rows(event)}
    there: set[tuple[Any, ...]] = set()
    if projection.repeats:
        key = [getattr(kind, name) for name in projection.key]
        asked = sqlalchemy.select(*key).where(sqlalchemy.tuple_(*key).in_(list(rows)))
        there = {tuple(_plain(value) for value in found) for found in session.execute(asked)}
    for at, row in rows.items():
        if at not in there:
            session.add(one := kind())
            yield one, row


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
