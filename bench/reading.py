"""Reading at 10 thousand and at a million events: look-up and first timeline page, and the latter against pgbench."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from bench.world import events
from bench.writing import groups, these
from hub.consumers.rebuild import rebuild
from hub.consumers.record import Outgoing
from hub.events.identifiers import Identifier
from hub.store import customers, reads
from hub.store.embedded import Binaries
from hub.store.projected import projections
from hub.wiring import Hub

Line = Callable[[str, float, str, str], None]
PGBENCH = Binaries.bundled().bin / "pgbench"
ASKED = 2_000


def fill(hub: Hub, count: int, people: int) -> None:
    """Events in the archive, then every projection from zero: quicker than the lane, and the same rows."""
    block = 50_000
    for start in range(0, count, block):
        made = [Outgoing(event) for event in events(min(block, count - start), people, hub.recorder.here, start)]
        for group in groups(made):
            hub.recorder.record(these(group))
    with hub.database.transaction() as tx:
        tx.execute("UPDATE checkpoint c SET next = h.next FROM log_head h WHERE c.topic = h.topic AND c.part = h.part")
    rebuild(hub.recorder, list(projections()))
    with hub.database.pool.connection() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def milliseconds(work: Callable[[int], Any], numbers: Iterable[int]) -> list[float]:
    took = []
    for n in numbers:
        start = time.perf_counter()
        work(n)
        took.append(1000 * (time.perf_counter() - start))
    return sorted(took)


def measured(hub: Hub, people: int) -> dict[str, list[float]]:
    asked = random.Random(1).choices(range(people), k=ASKED)

    def party(n: int) -> str:
        return hub.keys.party_id(Identifier("phone", f"+98912{n:07d}"))

    def look_up(n: int) -> None:
        with hub.database.transaction() as tx:
            found = customers.customers(tx, customers.known(tx, [party(n)]))
            reads.lookup(tx, found, datetime.now(UTC))

    def page(n: int) -> None:
        with hub.database.transaction() as tx:
            reads.timeline(tx, customers.component(tx, party(n)), 50)

    for warm in (look_up, page):
        milliseconds(warm, asked[:200])
    return {"look-up": milliseconds(look_up, asked), "first timeline page": milliseconds(page, asked)}


def against_pgbench(hub: Hub, people: int) -> float:
    """Our rate of the timeline's SQL over pgbench's, one client each, prepared."""
    parties = [
        hub.keys.party_id(Identifier("phone", f"+98912{n:07d}")) for n in random.Random(2).choices(range(people), k=500)
    ]
    values = {"time": None, "id": None, "limit": 51}

    def ours(n: int) -> None:
        with hub.database.transaction() as tx:
            tx.execute(reads.ITEMS, values | {"parties": [parties[n]]}).fetchall()

    numbers = list(range(500)) * 4
    milliseconds(ours, numbers[:500])
    rate = 1000 * len(numbers) / sum(milliseconds(ours, numbers))
    with hub.database.transaction() as tx:
        tx.execute("CREATE TABLE bench_party (n serial, party uuid)")
        tx.execute("INSERT INTO bench_party (party) SELECT unnest(%s::uuid[])", [parties])
    sql = reads.ITEMS.replace("%(parties)s::uuid[]", "(SELECT array_agg(party) FROM bench_party WHERE n = :n)")
    sql = sql.replace("%(time)s", "NULL").replace("%(id)s", "NULL").replace("%(limit)s", "51").replace("%%", "%")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("\\set n random(1, 500)\n" + " ".join(sql.split()) + ";\n")
        script.flush()
        done = subprocess.run(
            [PGBENCH, "-n", "-T", "5", "-M", "prepared", "-f", script.name, hub.database.dsn],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    theirs = next(float(text.split("=")[1].split()[0]) for text in done.stdout.splitlines() if text.startswith("tps"))
    return rate / theirs


def figures(line: Line, fresh_hub: Callable[[], AbstractContextManager[Hub]], *, big: bool) -> None:
    large = 10_000_000 if big else 1_000_000
    with fresh_hub() as hub:
        fill(hub, 10_000, 1_000)
        small = measured(hub, 1_000)
    with fresh_hub() as hub:
        fill(hub, large, large // 10)
        grown = measured(hub, large // 10)
        ratio = against_pgbench(hub, large // 10)
    for what, took in grown.items():
        p50, p99, before = took[ASKED // 2], took[ASKED * 99 // 100], small[what][ASKED // 2]
        line(
            f"{what} at {large:,}, of its time at 10,000",
            p50 / before,
            "<= 1.5",
            f"p50 {p50:.1f} ms, p99 {p99:.1f} ms (< 10)",
        )
    line("timeline SQL through psycopg, of pgbench", ratio, "-", "rates of one client")
