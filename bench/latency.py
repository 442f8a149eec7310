"""How long from a POST until its row is shown, at 200 a second, on a hub that is up: web, worker, PostgreSQL.

BENCH_RATE: how many a second instead.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from bench.spent import memory

RATE, SECONDS, SENDERS = int(os.environ.get("BENCH_RATE", "200")), 20, 8
LONG = 60.0  # seconds; what is not shown by then never will be
ENDS = """SELECT topic, part, next FROM checkpoint JOIN unnest(%s::text[], %s::int[]) AS lane(topic, part)
USING (topic, part) WHERE step = 'project'"""  # to watch shall not be what keeps the machine busy
NOTHING: Mapping[str, str] = {}
Line = Callable[[str, float, str, str], None]


@contextmanager
def running(home: Path, environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """`hub up` on a free port; what it wrote of itself."""
    command = [sys.executable, "-m", "hub.cli", "up", "--home", str(home), "--port", "0"]
    here = os.environ | dict(environ)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=here)
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), "the hub did not start"
        yield json.loads((home / "run.json").read_bytes())
    finally:
        process.terminate()
        process.wait()


class Watch(threading.Thread):
    """Sees when a position is shown: rows and checkpoint are one transaction."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self.dsn, self.pending, self.seen = dsn, {}, []  # type: ignore[var-annotated]
        self.lock, self.stop = threading.Lock(), threading.Event()

    def sent(self, position: str, at: float) -> None:
        topic, part, offset = position.split("/")
        with self.lock:
            self.pending[topic, int(part), int(offset)] = at

    def run(self) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("LISTEN hub_shown")
            while not self.stop.is_set():
                for _ in connection.notifies(timeout=0.05, stop_after=1):
                    pass
                with self.lock:
                    lanes = sorted({key[:2] for key in self.pending})
                if not lanes:
                    continue
                rows = connection.execute(ENDS, [[topic for topic, _ in lanes], [part for _, part in lanes]]).fetchall()
                now, ends = time.perf_counter(), {(topic, part): end for topic, part, end in rows}
                with self.lock:
                    done = [key for key in self.pending if ends.get(key[:2], 0) > key[2]]
                    self.seen += [now - self.pending.pop(key) for key in done]


def call(n: str, who: int) -> tuple[str, dict[str, Any]]:
    return "call.ringing", {"call": n, "party": {"kind": "phone", "value": f"+98912{who:07d}"}}


def message(n: str, who: int) -> tuple[str, dict[str, Any]]:
    """The first of each thread opens a ticket, which is decided, appended and shown too."""
    party = {"kind": "email", "value": f"customer{who}@example.com"}
    text = "Where is my order? It should have come last week. " * 4
    return "message.received", {"message": n, "channel": "chat", "thread": f"t{who}", "party": party, "text": text}


Kind = Callable[[str, int], tuple[str, dict[str, Any]]]


def send(url: str, key: str, watch: Watch, sender: int, kind: Kind) -> None:
    """One sender's share: an event every SENDERS / RATE seconds, on one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    start = time.perf_counter() + sender / RATE
    for n in range(RATE * SECONDS // SENDERS):
        time.sleep(max(0.0, start + n * SENDERS / RATE - time.perf_counter()))
        type, data = kind(f"{sender}-{n}", (sender * 7919 + n * 31) % 500)
        event = {"specversion": "1.0", "id": f"{type}-{sender}-{n}", "source": "/bench", "type": type, "data": data}
        at = time.perf_counter()
        connection.request("POST", "/v1/events", json.dumps(event), headers)
        answer = json.loads(connection.getresponse().read())
        watch.sent(answer["events"][0]["position"], at)


def _spent(run: dict[str, Any]) -> dict[str, float]:
    """CPU seconds of each process of the hub, with its children's (PostgreSQL's are its connections)."""
    found = {}
    for process in run["processes"]:
        family = [(top := psutil.Process(process["pid"])), *top.children(recursive=True)]
        found[process["name"]] = sum(sum(one.cpu_times()[:2]) for one in family)
    return found


def figures(line: Line, log: str = "", wanted: float = 20.0, environ: Mapping[str, str] = NOTHING) -> None:
    """`environ`: what the hub's processes get beside this one's environment."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with running(home, environ) as run:
            made = subprocess.run(
                [sys.executable, "-m", "hub.cli", "keys", "create", "bench"], capture_output=True, text=True, check=True,
                env={"HUB_HOME": folder, "PATH": "/usr/bin:/bin"} | dict(environ),
            )  # fmt: skip
            for kind, what in ((call, "POST -> row shown"), (message, "the same for messages, with tickets,")):
                before = _spent(run)
                took = _measured(run, made.stdout.strip(), kind)
                spent = {name: 1000 * (now - before[name]) / (RATE * SECONDS) for name, now in _spent(run).items()}
                p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
                asked = kind is call
                rest = f"p99 {p99:.1f} ms" + (f" (wanted <= {wanted:g})" if asked else "") + f", {len(took)} events"
                line(f"{log}{what} at {RATE}/s, p50 ms", p50, "<= 8" if asked else "-", rest)
                print("  CPU, ms an event: " + ", ".join(f"{name} {cpu:.2f}" for name, cpu in spent.items()))
            held = {p["name"]: memory(p["pid"]) for p in run["processes"]}
            print(f"{log}memory, MB: " + ", ".join(f"{name} {size:.0f}" for name, size in held.items()))


def _measured(run: dict[str, Any], key: str, kind: Kind) -> list[float]:
    """Milliseconds from each POST until its event was shown, sorted; those of the first second warm up."""
    watch = Watch(run["database"])
    watch.start()
    senders = [threading.Thread(target=send, args=(run["url"], key, watch, n, kind)) for n in range(SENDERS)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    end = time.monotonic() + LONG
    while watch.pending and time.monotonic() < end:
        time.sleep(0.05)
    watch.stop.set()
    watch.join()
    if watch.pending:
        raise SystemExit(f"{len(watch.pending)} events were not shown within {LONG:.0f} s")
    return sorted(1000 * seconds for seconds in watch.seen[RATE:])
