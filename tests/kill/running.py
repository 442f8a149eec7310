"""`hub up` as a process of its own, as an operator runs it: started, asked, killed by pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar

import httpx
import orjson
import psutil

T = TypeVar("T")
HUB = [sys.executable, "-m", "hub.cli"]


def until(ready: Callable[[], T | None], seconds: float, what: str) -> T:
    """What `ready` answers as soon as it answers anything."""
    end = time.monotonic() + seconds
    while True:
        if answer := ready():
            return answer
        assert time.monotonic() < end, f"waited {seconds:.0f} seconds in vain until {what}"
        time.sleep(0.02)


def processes_of(home: Path) -> list[psutil.Process]:
    """Every living process that has to do with this home: named on its command line, or working in it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if str(home) in " ".join(process.cmdline()) or Path(process.cwd()).is_relative_to(home):
                found.append(process)
    return found


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie is only a number that nobody has asked for."""
    found = []
    for process in processes:
        with suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@dataclass
class RunningHub:
    """A hub on `home`. `environ`: what its processes get beside this one's environment."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    key: str = ""
    _said: IO[bytes] = field(default_factory=TemporaryFile)

    @property
    def url(self) -> str:
        return str(self.run()["url"])

    def start(self, port: int = 0) -> None:
        """Up and answering when it returns."""
        self._said.seek(0)
        self._said.truncate()
        self.process = self.launch(port, self._said)
        until(self._says_ready, 60, "`hub up` is ready")

    def launch(self, port: int, said: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [*HUB, "up", "--home", str(self.home), "--port", str(port)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self._environ())

    def _says_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        return b'"ready":true' in self.said().encode()

    def said(self) -> str:
        """Read where nobody writes from: the hub's processes go on writing at this file's own position."""
        file = self._said.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")

    def run(self) -> dict[str, Any]:
        run: dict[str, Any] = orjson.loads((self.home / "run.json").read_bytes())
        return run

    def pid(self, name: str) -> int:
        """Of the supervisor, web, worker or postgres, as run.json says it now."""
        run = self.run()
        return int({"supervisor": run["pid"], **{one["name"]: one["pid"] for one in run["processes"]}}[name])

    def kill(self, name: str, before: Callable[[], None] = lambda: None) -> int:
        """Its pid. `before` is called at the last moment."""
        pid = self.pid(name)
        before()
        os.kill(pid, signal.SIGKILL)
        if name == "supervisor" and self.process:
            self.process.wait(10)
        return pid

    def strike(self, name: str, before: Callable[[], None] = lambda: None) -> None:
        """Kill, and wait until the hub is whole again at the same address."""
        port, processes = int(self.url.rpartition(":")[2]), processes_of(self.home)
        killed = self.kill(name, before)
        if name == "supervisor":
            until(lambda: not alive(processes), 30, "nothing is left of a hub whose supervisor was killed")
            self.start(port)
            self.await_ready()
        else:
            self.await_restart(name, killed)

    def await_restart(self, name: str, killed: int) -> None:
        until(lambda: self.pid(name) != killed, 60, f"the killed {name} is started again")
        self.await_ready()

    def await_ready(self) -> None:
        until(self._answers, 60, "the hub answers again")

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=False).status_code in (200, 503) and self._database_answers()
        return False

    def _database_answers(self) -> bool:
        answer = httpx.get(f"{self.url}/readyz", timeout=5, verify=False)
        return "cannot be reached" not in answer.text

    def gone(self) -> bool:
        return not processes_of(self.home)

    def stop(self) -> None:
        """In order, with SIGTERM."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def kill_everything(self) -> None:
        for process in processes_of(self.home):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process:
            self.process.wait(10)

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*HUB, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self._environ(),
        )  # fmt: skip

    def tried(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """A command on this home, whatever comes of it."""
        return subprocess.run(
            [*HUB, *arguments], stdin=subprocess.DEVNULL, capture_output=True, env=self._environ(), timeout=300
        )

    def asked(self, *arguments: str) -> str:
        """What a command that succeeds prints."""
        done = self.tried(*arguments)
        assert done.returncode == 0, f"hub {' '.join(arguments)}: exit {done.returncode}: {done.stderr.decode()}"
        return done.stdout.decode()

    def json(self, *arguments: str) -> Any:
        return orjson.loads(self.asked(*arguments, "--json"))

    def client(self) -> httpx.Client:
        """With an admin's key, made by the first who needs it."""
        if not self.key:
            self.key = self.asked("keys", "create", "test", "--role", "admin").strip()
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60)

    def await_quiet(self, seconds: float = 120) -> None:
        """All that came is shown."""

        def quiet() -> bool:
            return not any(lane["events"] for lane in self.json("status")["lanes"])

        until(quiet, seconds, "all lanes are at their end")

    def assert_sound(self) -> None:
        """What is shown is what the archive says, and all that came has its outcome."""
        verified = self.json("verify")
        assert verified["clean"], verified
        ledger = self.json("ledger")
        assert ledger["balanced"], ledger

    def _environ(self) -> dict[str, str]:
        return {**os.environ, "HUB_HOME": str(self.home), "HUB_PORT": "", **self.environ}


def pages(client: httpx.Client, address: str, name: str) -> Iterator[dict[str, Any]]:
    """All items of a list of the API, page by page; `name` is the query's word for going on."""
    cursor: str | None = None
    while True:
        answer = client.get(address, params={"limit": 200} | ({name: cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["items"]
        cursor = page["next"]
        if not cursor:
            return


def cloud_event(id: str, type: str, data: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id, "source": "/kill", "type": type, "data": dict(data), **more}
