"""`python -m bench`: prints ratios; absolutes only beside them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import structlog

from bench import latency, reading, writing
from hub.settings import Settings
from hub.store.embedded import EmbeddedPostgres
from hub.wiring import Hub, open_hub

EVENTS = int(os.environ.get("BENCH_EVENTS", "30000"))


@contextmanager
def fresh_hub() -> Iterator[Hub]:
    """A hub on an embedded PostgreSQL of its own."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with EmbeddedPostgres(home) as server:
            hub = open_hub(Settings(home=home, blobs_url=str(home / "blobs")), server.dsn)
            try:
                yield hub
            finally:
                hub.close()


def line(what: str, ratio: float, wanted: str, rest: str) -> None:
    print(f"{what:<44} {ratio:6.2f}   wanted {wanted:<10} {rest}", flush=True)


def writing_figures() -> None:
    with fresh_hub() as hub:
        writing.append(hub, 2_000, 200)  # warm: plans, caches
        writing.lane(hub)
    with fresh_hub() as hub:
        appended = writing.append(hub, EVENTS, EVENTS // 10)
        folded = writing.lane(hub)
        limit = writing.raw(hub)
        again = writing.rebuilt(hub)
        by_orm = writing.orm(hub)
    both = 1 / (1 / appended + 1 / folded)
    print(f"{EVENTS:,} events, all projections, encryption on; R = raw COPY: {limit:,.0f} events/s")
    line("embedded append + lane, of R", both / limit, ">= 0.35", f"append {appended:,.0f}/s, lane {folded:,.0f}/s")
    line("rebuild, of R", again / limit, ">= 0.50", f"{again:,.0f}/s")
    line("lane, of SQLAlchemy ORM", folded / by_orm, ">= 5", f"ORM {by_orm:,.0f}/s")
    print(f"memory of this process: {psutil.Process().memory_info().rss / 1024**2:.0f} MB")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    writing_figures()
    latency.figures(line)
    reading.figures(line, fresh_hub, big=os.environ.get("BIG") == "1")


if __name__ == "__main__":
    main()
