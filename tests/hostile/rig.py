"""The hub as its users have it: the command `hub` in a process of its own, a hub that is up, the memory of each."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

HUB = str(Path(sys.executable).parent / "hub")
MEGABYTE = 1024 * 1024
ROOM = 300 * MEGABYTE  # above idle: what no input may exceed
_LOOK = 0.02


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return kept | {"HUB_HOME": str(home)} | more


@dataclass(frozen=True)
class Ran:
    """A command that ended. `peak`: bytes of memory that its process took; `server`: those of the database, without
    what its processes share."""

    code: int
    out: bytes
    err: str
    seconds: float
    peak: int
    server: int

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Watch:
    """Looks at processes while something runs. `peaks` by pid, as the kernel keeps them; `server` is sampled."""

    pids: tuple[int, ...]
    peaks: dict[int, int] = field(default_factory=dict)
    server: int = 0

    def look(self) -> None:
        for pid in self.pids:
            self.peaks[pid] = max(self.peaks.get(pid, 0), _peak_of(pid))
        self.server = max(self.server, sum(map(database_of, self.pids)))


@contextmanager
def watched(*pids: int) -> Iterator[Watch]:
    watch, over = Watch(pids), threading.Event()

    def work() -> None:
        while not over.wait(_LOOK):
            watch.look()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def database_of(pid: int) -> int:
    """Bytes of its own that the database under this process has now."""
    return sum(_own(one) for one in _servers(pid))


def _peak_of(pid: int) -> int:
    """The most memory that a process ever had (proc(5), VmHWM); 0 once it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def _servers(pid: int) -> list[psutil.Process]:
    try:
        return [one for one in psutil.Process(pid).children(recursive=True) if one.name() == "postgres"]
    except psutil.NoSuchProcess:
        return []


def _own(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
        return int(memory.rss - memory.shared)
    except psutil.NoSuchProcess:
        return 0


def hub(home: Path, *arguments: str | Path, out: Path | None = None) -> Ran:
    """Run a command to its end. `out`: a file for what it prints, where that is large."""
    start = time.monotonic()
    with (out or Path(os.devnull)).open("wb") as file:
        process = subprocess.Popen(
            [HUB, *map(str, arguments)],
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=file if out else subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with watched(process.pid) as watch:
            printed, told = process.communicate(timeout=570)
    seconds = time.monotonic() - start
    return Ran(
        process.returncode, printed or b"", told.decode(), seconds, watch.peaks.get(process.pid, 0), watch.server
    )


def ingest(home: Path, channel: str, *paths: Path) -> dict[str, int]:
    """What `hub ingest` counted; the command must have gone well."""
    counted: dict[str, int] = well(hub(home, "ingest", channel, *paths, "--json")).json
    return counted


def well(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran


def counts(received: int, understood: int, ignored: int = 0, rejected: int = 0, duplicates: int = 0) -> dict[str, int]:
    return {
        "received": received,
        "understood": understood,
        "ignored": ignored,
        "rejected": rejected,
        "duplicates": duplicates,
    }


@dataclass(frozen=True)
class Up:
    """A hub that is up; `client` may do all. `supervisor`: its pid; `smtp`: where it takes mail. `idle`: what `peaks` said
    after one small event."""

    home: Path
    client: httpx.Client
    processes: Mapping[str, int]
    supervisor: int
    smtp: tuple[str, int]
    idle: dict[str, int] = field(default_factory=dict)

    def settle(self) -> None:
        """One small event, shown; what the processes take then is idle."""
        party = {"kind": "email", "value": "first@example.com"}
        event = {
            "specversion": "1.0",
            "id": "first",
            "source": "rig",
            "type": "visit.recorded",
            "data": {"visit": "first", "party": party},
        }
        assert self.client.post("/v1/events", json=event).json()["accepted"] == 1
        while self.client.get("/v1/lookup", params={"email": party["value"]}).json()["match"] != "one":
            time.sleep(0.05)
        self.idle.update(self.peaks())

    def peaks(self) -> dict[str, int]:
        """The most memory that the web process, the worker and the mail process had until now."""
        return {name: _peak_of(pid) for name, pid in self.processes.items() if name != "postgres"}

    @contextmanager
    def staying_small(self, what: str) -> Iterator[None]:
        """What comes in meanwhile takes no process more memory than any input may. The database is told apart: what it
        holds is set by its own settings."""
        with watched(self.supervisor) as watch:
            idle = database_of(self.supervisor)
            yield
        peaks = self.peaks()
        told = [f"{name} {peaks[name] // MEGABYTE} MB, idle {self.idle[name] // MEGABYTE} MB" for name in sorted(peaks)]
        print(f"\n{what}: {'; '.join(told)}; the database's own {watch.server // MEGABYTE} MB, idle {idle // MEGABYTE} MB")
        assert {name: peak for name, peak in peaks.items() if peak - self.idle[name] >= ROOM} == {}
        assert watch.server - idle < ROOM

    def ledger(self) -> dict[str, dict[str, int]]:
        """By source; all that came has its outcome."""
        end = time.monotonic() + 60
        while True:
            document = json.loads(hub(self.home, "ledger", "--json").out)
            if not any(row["waiting"] for row in document["sources"]):
                assert document["balanced"], document
                return {row["source"]: row for row in document["sources"]}
            assert time.monotonic() < end, document

    def sound(self) -> None:
        """All that came is shown, nothing of it was set aside, and what is shown is what the log says."""
        end = time.monotonic() + 60
        while behind := [lane for lane in self._told("status")["lanes"] if lane["events"]]:
            assert time.monotonic() < end, behind
        dead, verified = self._told("dead-letters", "list")["items"], self._told("verify")
        assert dead == [], dead
        assert verified["clean"], verified

    def _told(self, *command: str) -> Any:
        return well(hub(self.home, *command, "--json")).json


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def up(home: Path) -> Iterator[Up]:
    """`hub up` on a free port, with an admin's key."""
    told = home / "up.log"
    with told.open("wb") as log:
        process = subprocess.Popen(
            [HUB, "up", "--port", "0"],
            env=environment(home, HUB_SMTP_PORT=str(_free_port())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, told.read_text()
        key = well(hub(home, "keys", "create", "hostile", "--role", "admin")).out.decode().strip()
        run = json.loads((home / "run.json").read_text())
        with httpx.Client(base_url=run["url"], headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
            pids = {one["name"]: one["pid"] for one in run["processes"]}
            host, _, port = run["smtp"].rpartition(":")
            hub_up = Up(home, client, pids, process.pid, (host, int(port)))
            hub_up.settle()
            yield hub_up
    finally:
        process.terminate()
        process.wait(30)
