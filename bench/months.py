"""Do month partitions of the archive and of the timeline earn their keep? The same rows in a plain table and in one of 24
months, side by side: adding the newest, a stream's events, the first page of a party's timeline.

`python -m bench.months` (BENCH_MONTHS: rows, 2,000,000; BIG=1: ten million). The rows are a small hub's, repeated with other
ids, streams and parties over two years, so that their sizes are real.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID, uuid4

import structlog

from bench.reading import fill, milliseconds
from hub.memory import settle
from hub.store import projected
from hub.store.database import Connection
from hub.wiring import Hub

Line = Callable[[str, float, str, str], None]
SEED = 20_000  # events
MONTHS = 24
START = datetime(2024, 12, 1, tzinfo=UTC)
SPAN = timedelta(days=730)
ADDED, GROUPS = 1_000, 40
ASKED = 1_000

# Keys that a partitioned table may have hold the column by which it is cut.
_ARCHIVE = ("months_event", "recorded", "PRIMARY KEY (topic, part, position{cut})", ["(stream)"])
_TIMELINE = ("months_timeline", "time", "PRIMARY KEY (stream, item, n{cut})",
             ["(party, time DESC, item DESC)", "(stream) WHERE party IS NULL"])  # fmt: skip


def figures(line: Line, hub: Hub, count: int) -> None:
    """A ratio above 1: the partitioned table takes longer."""
    fill(hub, SEED, SEED // 10)
    with hub.database.transaction() as tx:
        timeline = projected.live(tx)["timeline"]
    _tables(hub, "event", _ARCHIVE)
    _tables(hub, timeline, _TIMELINE)
    for table in ("plain", "cut"):
        _filled(hub, table, count, timeline)
    for what, ask in (("a stream's events", _stream), ("the first timeline page", _page)):
        took = {table: _asked(hub, ask, table) for table in ("plain", "cut")}
        p50, p99 = ({table: found[len(found) * at // 100] for table, found in took.items()} for at in (50, 99))
        rest = f"p50 {p50['cut']:.2f} ms of {p50['plain']:.2f} ms, p99 {p99['cut']:.1f} of {p99['plain']:.1f}, {count:,} rows"
        line(f"months: {what}, of a plain table", p50["cut"] / p50["plain"], "-", rest)
    for what, add in (("adding to the archive", _event), ("adding to the timeline", lambda table: _item(table, timeline))):
        plain, cut = _added(hub, add)
        rest = f"{cut:.0f} ms of {plain:.0f} ms for {ADDED:,} rows of today"
        line(f"months: {what}, of a plain table", cut / plain, "-", rest)


def _tables(hub: Hub, like: str, what: tuple[str, str, str, list[str]]) -> None:
    name, by, key, indexes = what
    with hub.database.transaction() as tx:
        for table, cut, partitioned in ((f"{name}_plain", "", ""), (f"{name}_cut", f", {by}", f" PARTITION BY RANGE ({by})")):
            tx.execute(f"CREATE TABLE {table} (LIKE {like}, {key.format(cut=cut)}){partitioned}")
            for n, index in enumerate(indexes):
                tx.execute(f"CREATE INDEX {table}_{n} ON {table} {index}")
        for n, (begin, end) in enumerate(_months()):
            tx.execute(f"CREATE TABLE {name}_{n} PARTITION OF {name}_cut FOR VALUES FROM ('{begin}') TO ('{end}')")


def _months() -> Iterator[tuple[datetime, datetime]]:
    """As many of equal length; the last has no end."""
    for n in range(MONTHS):
        end = START + SPAN * (n + 1) / MONTHS if n < MONTHS - 1 else START + 10 * SPAN
        yield START + SPAN * n / MONTHS, end


# A copy of the seed for every `n`, at a time of its own: who lives through two years has contacts in all of them.
_EVENTS = """
INSERT INTO months_event_{table}
SELECT topic, part, position + n * %(step)s, gen_random_uuid(), type, stream || '/' || n %% 50, time,
  %(start)s::timestamptz + %(span)s::interval * ((n + random()) / %(copies)s), NULL, direct, value
FROM generate_series(0, %(copies)s - 1) n CROSS JOIN event
"""
_ITEMS = """
INSERT INTO months_timeline_{table}
SELECT {names} FROM generate_series(0, %(copies)s - 1) copy CROSS JOIN {timeline}
"""


def _filled(hub: Hub, table: str, count: int, timeline: str) -> None:
    with hub.database.transaction() as tx:
        given = {"copies": max(1, count // SEED), "step": 1_000_000, "start": START, "span": SPAN}
        tx.execute(_EVENTS.format(table=table), given)
        tx.execute(_ITEMS.format(table=table, timeline=timeline, names=_spread(tx, timeline)), given)
    with hub.database.pool.connection() as connection:
        connection.autocommit = True
        for name in ("event", "timeline"):
            connection.execute(f"VACUUM ANALYZE months_{name}_{table}")


def _spread(tx: Connection, timeline: str) -> str:
    """The timeline's columns, with another item, stream and time for each copy; a party is one of fifty of its name."""
    columns = [row.name for row in tx.execute(f"SELECT * FROM {timeline} LIMIT 0").description or ()]
    other = {
        "item": "gen_random_uuid()", "stream": "stream || '/' || copy",
        "time": "%(start)s::timestamptz + %(span)s::interval * ((copy + random()) / %(copies)s)",
        "party": "md5(party::text || copy %% 50)::uuid",
    }  # fmt: skip
    return ", ".join(other.get(name, f'"{name}"') for name in columns)


def _stream(tx: Connection, table: str, chance: random.Random) -> None:
    name = chance.choice(_known(tx, "stream", f"months_event_{table}"))
    tx.execute(f"SELECT value FROM months_event_{table} WHERE stream = %s ORDER BY position", [name]).fetchall()


def _page(tx: Connection, table: str, chance: random.Random) -> None:
    party = UUID(chance.choice(_known(tx, "party::text", f"months_timeline_{table}")))
    tx.execute(
        f"SELECT i.* FROM unnest(%s::uuid[]) AS n(p) CROSS JOIN LATERAL (SELECT * FROM months_timeline_{table}"
        " WHERE party = n.p ORDER BY time DESC, item DESC LIMIT 51) i", [[party]],
    ).fetchall()  # fmt: skip


_NAMES: dict[str, list[str]] = {}


def _known(tx: Connection, what: str, table: str) -> list[str]:
    if table not in _NAMES:
        found = tx.execute(f"SELECT {what} FROM {table} TABLESAMPLE SYSTEM (1) WHERE {what} IS NOT NULL LIMIT 5000").fetchall()
        _NAMES[table] = [row[0] for row in found]
    return _NAMES[table]


def _asked(hub: Hub, ask: Callable[[Connection, str, random.Random], None], table: str) -> list[float]:
    chance = random.Random(3)

    def run(_: int) -> None:
        with hub.database.transaction() as tx:
            ask(tx, table, chance)

    milliseconds(run, range(ASKED // 5))
    return milliseconds(run, range(ASKED))


def _event(table: str) -> str:
    return (
        f"INSERT INTO months_event_{table} SELECT topic, part, 1e15 + %(n)s::bigint * 1000 + row_number() OVER (),"
        " gen_random_uuid(), type, stream || %(own)s, time, now(), NULL, direct, value FROM event LIMIT %(rows)s"
    )


def _item(table: str, timeline: str) -> str:
    return (
        f"INSERT INTO months_timeline_{table} SELECT (t).* FROM (SELECT jsonb_populate_record(x, jsonb_build_object("
        f"'item', gen_random_uuid(), 'stream', stream || %(own)s, 'time', now(), 'n', %(n)s::int)) AS t"
        f" FROM {timeline} x LIMIT %(rows)s) y"
    )


def _added(hub: Hub, statement: Callable[[str], str]) -> tuple[float, float]:
    """Milliseconds (median) for a transaction that adds the newest rows, taking turns: plain, cut."""
    took: dict[str, list[float]] = {"plain": [], "cut": []}
    for n in range(GROUPS):
        for table, found in took.items():
            def run(_: int, table: str = table, n: int = n) -> None:
                with hub.database.transaction() as tx:
                    tx.execute(statement(table), {"n": n, "own": f"/{uuid4()}", "rows": ADDED})

            found += milliseconds(run, [n])
    return median(took["plain"]), median(took["cut"])


if __name__ == "__main__":
    from bench.__main__ import fresh_hub, line

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settle()
    with fresh_hub() as hub:
        figures(line, hub, int(os.environ.get("BENCH_MONTHS", "10000000" if os.environ.get("BIG") == "1" else "2000000")))
