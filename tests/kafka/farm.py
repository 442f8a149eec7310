"""A hub spread over processes, as an operator runs it on several machines: three brokers, a PostgreSQL, two that serve,
two workers of which one reaches the database over a wire that can be cut. What dies is started again by `mend`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import psutil
import psycopg
from kafka import KafkaAdminClient  # type: ignore[import-untyped]
from kafka.errors import KafkaError  # type: ignore[import-untyped]

from hub.events.ids import TOPICS
from hub.log.kafka import PATIENCE, _connection
from hub.settings import KafkaAccess, Settings
from hub.store.embedded import EmbeddedPostgres, ensure_database
from hub.wiring import Hub, open_hub
from tests.conftest import drop, make_topics, reachable_folder
from tests.kafka.brokers import KafkaCluster, free_ports
from tests.kafka.proxy import Wire
from tests.kill.running import HUB, RunningHub, until

T = TypeVar("T")
GROUP = "hub-worker"
_RELAYING = 7_201_544_012  # the lock of whoever sends what was decided
_WHO_RELAYS = """
SELECT a.client_port FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = %s
"""


@dataclass
class Part:
    """A process of the hub that is started again under the same name."""

    name: str
    words: list[str]
    environ: Mapping[str, str]
    said: IO[bytes]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["setpriv", "--pdeathsig", "KILL", *HUB, *self.words]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said, env=self.environ
        )

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process
        self.process.wait(10)

    def end(self) -> int:
        """In order; how it ended."""
        assert self.process
        self.process.terminate()
        return self.process.wait(60)


@dataclass
class Farm(RunningHub):
    """Everything, up. As a `RunningHub` it takes commands; `hub`: the same opened in this process, for looking."""

    brokers: KafkaCluster = field(kw_only=True)
    server: EmbeddedPostgres = field(kw_only=True)
    wire: Wire = field(kw_only=True)
    hub: Hub = field(kw_only=True)
    parts: dict[str, Part] = field(default_factory=dict, kw_only=True)

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{part.words[-1]}" for part in self.parts.values() if part.words[0] == "serve"]

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def workers(self) -> list[Part]:
        return [part for part in self.parts.values() if part.words[0] == "worker"]

    def add(self, name: str, words: list[str], **environ: str) -> Part:
        said = (self.home / f"{name}.log").open("ab")
        self.parts[name] = Part(name, words, self._environ() | environ, said)
        self.parts[name].start()
        return self.parts[name]

    def remove(self, name: str) -> int:
        return self.parts.pop(name).end()

    def mend(self) -> None:
        """Start again what does not run."""
        if not self.server.alive():
            self.server.start()
        for node in self.brokers.nodes:
            if node.process is None or node.process.poll() is not None:
                node.start()
        for part in self.parts.values():
            if not part.alive():
                part.start()

    def kill_server(self) -> None:
        """The database, without a warning."""
        assert self.server.pid
        os.kill(self.server.pid, signal.SIGKILL)
        until(lambda: not self.server.alive(), 30, "the database is gone")

    def relaying(self) -> Part | None:
        """The worker that sends decided events just now; None where nobody does."""
        with psycopg.connect(self.server.dsn) as connection:
            ports = {port for (port,) in connection.execute(_WHO_RELAYS, [_RELAYING]).fetchall()}
        if ports & self.wire.ports():
            return self.parts["far"]
        return next((part for part in self.workers if part.alive() and ports & _ports(part.pid)), None)

    def members(self) -> list[dict[str, Any]]:
        """Who is in the workers' group, as the brokers say; nobody while they are busy with themselves."""
        described = self.asked_brokers(lambda admin: admin.describe_groups([GROUP]))
        return [member for group in (described or {}).values() for member in group["members"]]

    def lagging(self) -> list[str]:
        """The partitions of which some broker has not all that the others have."""
        topics = self.asked_brokers(lambda admin: admin.describe_topics([*TOPICS, "__consumer_offsets"]))
        if topics is None:
            return ["the brokers do not answer"]
        return [
            f"{topic['name']}/{part['partition_index']}"
            for topic in topics for part in topic["partitions"] if len(part["isr_nodes"]) < len(self.brokers.nodes)
        ]  # fmt: skip

    def asked_brokers(self, ask: Callable[[KafkaAdminClient], T]) -> T | None:
        """Their answer; None where there is none just now."""
        try:
            admin = KafkaAdminClient(**_connection(self.brokers.brokers, KafkaAccess(), PATIENCE))
        except KafkaError:
            return None
        try:
            return ask(admin)
        except KafkaError:
            return None
        finally:
            admin.close()

    def await_members(self, count: int, seconds: float = 90) -> list[dict[str, Any]]:
        """As soon as so many members share all partitions."""

        def complete() -> list[dict[str, Any]] | None:
            members = self.members()
            shared = sum(len(taken) for taken in map(partitions, members))
            return members if len(members) == count and shared == 65 else None

        return until(complete, seconds, f"{count} workers share all partitions")

    def told(self) -> str:
        """The last that everybody said, for whoever has to find out why a test failed."""
        logs = sorted(self.home.glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in logs)


def partitions(member: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What a member has; nothing while it is joining."""
    assigned = member["member_assignment"]
    return [(one["topic"], part) for one in (assigned or {"assigned_partitions": []})["assigned_partitions"]
            for part in one["partitions"]]  # fmt: skip


def _ports(pid: int) -> set[int]:
    return {one.laddr.port for one in psutil.Process(pid).net_connections("tcp")}


@contextmanager
def farm() -> Iterator[Farm]:
    """All of it, ended and removed at the end."""
    with ExitStack() as held:
        folder = held.enter_context(reachable_folder())
        brokers = held.enter_context(KafkaCluster(held.enter_context(reachable_folder())))
        server = EmbeddedPostgres(folder).start()
        held.callback(lambda: drop(server) if server.alive() else None)  # its folder is deleted next
        dsn = ensure_database(server.dsn, "hub")
        make_topics(brokers.brokers, KafkaAccess())
        near = urlsplit(dsn)
        assert near.port
        wire = held.enter_context(Wire(near.port))
        settings = replace(Settings.read({"HUB_HOME": str(folder)}), kafka=brokers.brokers, database_url=dsn)
        hub = open_hub(settings, dsn)
        held.callback(hub.close)
        environ = {"HUB_DATABASE_URL": dsn, "HUB_KAFKA": brokers.brokers}
        running = Farm(folder, environ, brokers=brokers, server=server, wire=wire, hub=hub)
        held.callback(_kill_all, running)
        for name, port in zip(("web", "other web"), free_ports(2), strict=True):
            running.add(name, ["serve", "--port", str(port)])
        running.add("near", ["worker"])
        running.add("far", ["worker"], HUB_DATABASE_URL=dsn.replace(f":{near.port}/", f":{wire.port}/"))
        running.await_ready()
        running.client().close()
        yield running


def _kill_all(running: Farm) -> None:
    for part in running.parts.values():
        if part.alive():
            part.kill()
        part.said.close()
