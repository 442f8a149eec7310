"""Reading at 10 thousand and at a million events: look-up and first timeline page, and both against pgbench."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from psycopg import ClientCursor

from bench import pop
from bench.world import events
from bench.writing import groups, these
from hub.consumers.rebuild import rebuild
from hub.consumers.record import Outgoing
from hub.events.envelope import Event
from hub.events.identifiers import Identifier
from hub.events.ids import party_id
from hub.events.prepare import Installation
from hub.store import customers, reads
from hub.store.embedded import Binaries
from hub.store.projected import projections
from hub.wiring import Hub

Line = Callable[[str, float, str, str], None]
PGBENCH = Binaries.bundled().bin / "pgbench"
MAKERS = 2  # processes
BLOCK = 50_000  # events that are made and written at a time
ASKED, PEOPLE = 2_000, 100
Question = Callable[[Any, str], Any]  # by a connection, about a party


def fill(hub: Hub, count: int, people: int) -> None:
    """Events in the archive, then every projection from zero: quicker than the lane, and the same rows."""
    with ProcessPoolExecutor(MAKERS, get_context("spawn")) as pool:  # to make events takes longer than to write them
        waiting = deque[Future[list[Event]]]()
        for start in range(0, count, BLOCK):
            size, secret = min(BLOCK, count - start), hub.recorder.here.secret
            waiting.append(pool.submit(_made, secret, size, people, start))
            if len(waiting) > MAKERS:
                _write(hub, waiting.popleft())
        while waiting:
            _write(hub, waiting.popleft())
    with hub.database.transaction() as tx:
        tx.execute("UPDATE checkpoint c SET next = h.next FROM log_head h WHERE c.topic = h.topic AND c.part = h.part")
    rebuild(hub.recorder, list(projections()))
    with hub.database.pool.connection() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def _made(secret: bytes, count: int, people: int, start: int) -> list[Event]:
    return events(count, people, Installation(secret, partial(party_id, secret)), start)


def _write(hub: Hub, made: Future[list[Event]]) -> None:
    for group in groups([Outgoing(event) for event in made.result()]):
        hub.recorder.record(these(group))


def milliseconds(work: Callable[[int], Any], numbers: Iterable[int]) -> list[float]:
    took = []
    for n in numbers:
        start = time.perf_counter()
        work(n)
        took.append(1000 * (time.perf_counter() - start))
    return sorted(took)


def look_up(tx: Any, party: str) -> None:
    reads.lookup(tx, customers.customers(tx, customers.known(tx, [party])), datetime.now(UTC))


def page(tx: Any, party: str) -> None:
    reads.timeline(tx, customers.component(tx, party), 50)


QUESTIONS: Mapping[str, Question] = {"look-up": look_up, "first timeline page": page}


def measured(hub: Hub, people: int) -> dict[str, list[float]]:
    asked = random.Random(1).choices(range(people), k=ASKED)

    def party(n: int) -> str:
        return hub.keys.party_id(Identifier("phone", f"+98912{n:07d}"))

    def took(ask: Question) -> list[float]:
        def run(n: int) -> None:
            with hub.database.reading() as tx:
                ask(tx, party(n))

        milliseconds(run, asked[:200])
        return milliseconds(run, asked)

    return {what: took(ask) for what, ask in QUESTIONS.items()}


class Heard:
    """Asks by a connection and writes down what was asked, with the values in their places."""

    def __init__(self, tx: Any) -> None:
        self._tx, self.asked = tx, list[str]()

    def execute(self, query: str, given: Any = None) -> Any:
        text = ClientCursor(self._tx).mogrify(query, given) if given is not None else query
        self.asked.append(" ".join(text.split()))
        return self._tx.execute(query, given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


def against_pgbench(hub: Hub, people: int, ask: Question) -> float:
    """How often our code asks, of how often pgbench asks the very same SQL: one client each, prepared."""
    chosen = random.Random(2).choices(range(people), k=PEOPLE)
    parties = [hub.keys.party_id(Identifier("phone", f"+98912{n:07d}")) for n in chosen]

    def ours(n: int) -> None:
        with hub.database.reading() as tx:
            ask(tx, parties[n])

    numbers = list(range(PEOPLE)) * (ASKED // PEOPLE)
    milliseconds(ours, numbers[:PEOPLE])
    rate = 1000 * len(numbers) / sum(milliseconds(ours, numbers))
    return rate / _by_pgbench(hub, parties, ask)


def _by_pgbench(hub: Hub, parties: Iterable[str], ask: Question) -> float:
    """Transactions a second; a script for each party, as the values stand in the SQL."""
    with tempfile.TemporaryDirectory() as folder:
        scripts = []
        for n, party in enumerate(parties):
            with hub.database.transaction() as tx:
                ask(heard := Heard(tx), party)
            scripts.append(f"{folder}/{n}.sql")
            Path(scripts[-1]).write_text("".join(f"{sql};\n" for sql in ["BEGIN", *heard.asked, "COMMIT"]))
        done = subprocess.run(
            [PGBENCH, "-n", "-T", "5", "-M", "prepared", *(word for script in scripts for word in ("-f", script)),
             hub.database.dsn], capture_output=True, text=True, check=True,
        )  # fmt: skip
    return next(float(text.split("=")[1].split()[0]) for text in done.stdout.splitlines() if text.startswith("tps"))


def figures(line: Line, fresh_hub: Callable[[], AbstractContextManager[Hub]], *, big: bool) -> None:
    large = 10_000_000 if big else 1_000_000
    with fresh_hub() as hub:
        fill(hub, 10_000, 1_000)
        small = measured(hub, 1_000)
        pop.figures(line, hub, 1_000, 10_000)
    with fresh_hub() as hub:
        fill(hub, large, large // 10)
        grown = measured(hub, large // 10)
        rates = {what: against_pgbench(hub, large // 10, ask) for what, ask in QUESTIONS.items()}
        for what, took in grown.items():
            p50, p99, before = took[ASKED // 2], took[ASKED * 99 // 100], small[what][ASKED // 2]
            line(
                f"{what} at {large:,}, of its time at 10,000",
                p50 / before,
                "<= 1.5",
                f"p50 {p50:.1f} ms, p99 {p99:.1f} ms (< 10)",
            )
        for what, ratio in rates.items():
            line(f"{what}, of pgbench on the same SQL", ratio, "-", "rates of one client each")
        pop.figures(line, hub, large // 10, large)
