"""`python -m bench [writing|latency|reading|pages|kafka]...`: prints ratios; absolutes only beside them."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from bench import kafka, latency, pages, reading, writing
from bench.spent import memory
from hub.memory import settle
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
    print(f"{EVENTS:,} events, all projections, encryption on. Where the time goes:")
    with fresh_hub() as hub:
        appended = writing.append(hub, EVENTS, EVENTS // 10)
        folded = writing.lane(hub)
        limit = writing.raw(hub)
        again = writing.rebuilt(hub)
        held = writing.disk(hub)
        writing.rebuilt_alone(hub)
        by_orm = writing.orm(hub)
    both = 1 / (1 / appended + 1 / folded)
    rest = f"append {appended:,.0f}/s, lane {folded:,.0f}/s; R = raw COPY {limit:,.0f}/s"
    line("embedded append + lane, of R", both / limit, ">= 0.35", rest)
    line("rebuild, of R", again / limit, ">= 0.50", f"{again:,.0f}/s")
    line("lane, of SQLAlchemy ORM", folded / by_orm, ">= 5", f"ORM {by_orm:,.0f}/s")
    print(held)
    print(f"memory, MB: this process {memory(os.getpid()):.0f}")


def main() -> int:
    """One part that fails does not hide the others; then the exit code is 1."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    settle()
    big, failed = os.environ.get("BIG") == "1", []
    parts: dict[str, Callable[[], None]] = {
        "writing": writing_figures,
        "latency": lambda: latency.figures(line),
        "reading": lambda: reading.figures(line, fresh_hub, big=big),
        "pages": lambda: pages.figures(line),
        "kafka": lambda: kafka.figures(line),
    }
    for name in sys.argv[1:] or parts:
        print(f"-- {name}", flush=True)
        try:
            parts[name]()
        except (Exception, SystemExit):
            traceback.print_exc()
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed) and 1


if __name__ == "__main__":
    sys.exit(main())
