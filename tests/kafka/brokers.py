"""Real Apache Kafka brokers for tests, without Docker: KRaft nodes on loopback, on free ports, ended by their pid.

The jars come through Maven, once (tools/kafka.sh).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import pytest

TOOL = Path(__file__).parents[2] / "tools/kafka.sh"
HEAP = ["-Xms128m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
_READY = 60.0  # seconds for a node to answer
_ENDED = 20.0  # seconds for a node to end when asked

# Small where the defaults are made for large machines; a node is fenced 6 s after its last sign of life.
COMMON = """
process.roles=broker,controller
controller.listener.names=CONTROLLER
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=2
share.coordinator.state.topic.num.partitions=2
broker.session.timeout.ms=6000
log.index.size.max.bytes=65536
num.network.threads=2
num.io.threads=4
log.cleaner.enable=false
"""
LOGGING = """
rootLogger.level=WARN
rootLogger.appenderRef.stdout.ref=out
appender.stdout.type=Console
appender.stdout.name=out
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d %p %m (%c)%n
"""


class BrokerFailed(Exception):
    """A broker did not start; what it said is shown."""


def jars() -> str:
    """The class path of Apache Kafka. Fails the test, with the command that helps, where Java or Maven is missing."""
    found = subprocess.run(["sh", str(TOOL)], capture_output=True, text=True)
    if found.returncode:
        pytest.fail(f"Apache Kafka could not be brought here:\n{found.stderr.strip()}", pytrace=False)
    return f"{found.stdout.strip()}/*"


def short_uuid() -> str:
    """As Kafka writes them. Its tools would take one that begins with a dash for an option."""
    return next(text for text in iter(_base64_uuid, "") if not text.startswith("-"))


def _base64_uuid() -> str:
    return urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all are held at once, so that no two are the same."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


@dataclass
class Node:
    """One broker, which is a controller too."""

    number: int
    folder: Path
    class_path: str
    port: int
    controller: int
    directory: str = field(default_factory=short_uuid)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def format(
        self, cluster: str, quorum: str, voters: str, settings: Mapping[str, str], accounts: Sequence[str]
    ) -> None:
        """Write its settings and make its empty data folder."""
        self.folder.mkdir(parents=True)
        lines = {
            "node.id": self.number,
            "listeners": f"CLIENTS://{self.address},CONTROLLER://127.0.0.1:{self.controller}",
            "advertised.listeners": f"CLIENTS://{self.address},CONTROLLER://127.0.0.1:{self.controller}",
            "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENTS",
            "controller.quorum.bootstrap.servers": quorum,
            "log.dirs": self.folder / "data",
        } | dict(settings)
        text = COMMON + "".join(f"{name}={value}\n" for name, value in lines.items())
        (self.folder / "server.properties").write_text(text)
        (self.folder / "log4j2.properties").write_text(LOGGING)
        self._format(cluster, voters, accounts)

    def _format(self, cluster: str, voters: str, accounts: Sequence[str] = ()) -> None:
        tool = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "--initial-controllers", voters,
                          "-c", str(self.folder / "server.properties"))  # fmt: skip
        tool += [word for account in accounts for word in ("--add-scram", account)]
        made = subprocess.run(tool, capture_output=True, text=True)
        if made.returncode:
            raise BrokerFailed(made.stdout + made.stderr)

    def empty(self, cluster: str, voters: str) -> None:
        """Lose all data, as a machine does whose disk was replaced. The node must have ended."""
        shutil.rmtree(self.folder / "data")
        self._format(cluster, voters)

    def start(self) -> None:
        # setpriv: a test run that is killed leaves no broker behind.
        command = ["setpriv", "--pdeathsig", "KILL", *self._java("kafka.Kafka", str(self.folder / "server.properties"))]
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def wait(self) -> None:
        """Until it takes connections."""
        end = time.monotonic() + _READY
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process is None or self.process.poll() is not None:
                    said = (self.folder / "out").read_text()[-4000:]
                    raise BrokerFailed(f"node {self.number} does not answer:\n{said}") from None
            time.sleep(0.05)

    def kill(self) -> None:
        """Without a warning, as a machine loses its power."""
        os.kill(self.pid, signal.SIGKILL)
        self._ended()

    def stop(self) -> None:
        """In order; killed where it takes too long."""
        if self.process is None or self.process.poll() is not None:
            return
        os.kill(self.pid, signal.SIGTERM)
        try:
            self.process.wait(_ENDED)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, signal.SIGKILL)
        self._ended()

    def pause(self) -> None:
        """It hears nothing and answers nothing, and its connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _ended(self) -> None:
        assert self.process
        self.process.wait(_ENDED)

    def _java(self, main: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        return ["java", *HEAP, logging, "-cp", self.class_path, main, *arguments]


class KafkaCluster:
    """Some nodes that know of one another; with three of them every topic survives the loss of one.

    `accounts`: who may sign in by SCRAM, as Kafka's storage tool is told.
    """

    def __init__(
        self, folder: Path, size: int = 3, settings: Mapping[str, str] | None = None, accounts: Sequence[str] = ()
    ) -> None:
        ports, class_path = free_ports(2 * size), jars()
        self.nodes = [
            Node(n + 1, folder / f"node{n + 1}", class_path, ports[2 * n], ports[2 * n + 1]) for n in range(size)
        ]
        copies, least = str(min(3, size)), str(min(2, size))
        self._settings = {
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": least,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": least,
            "min.insync.replicas": least,
        } | dict(settings or {})
        self._accounts = accounts
        self.id = short_uuid()

    @property
    def brokers(self) -> str:
        """Where clients find it, as in HUB_KAFKA."""
        return ",".join(node.address for node in self.nodes)

    @property
    def voters(self) -> str:
        return ",".join(f"{node.number}@127.0.0.1:{node.controller}:{node.directory}" for node in self.nodes)

    def __enter__(self) -> Self:
        quorum = ",".join(f"127.0.0.1:{node.controller}" for node in self.nodes)
        for node in self.nodes:
            node.format(self.id, quorum, self.voters, self._settings, self._accounts)
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                node.wait()
        except BaseException:
            self.drop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def leader(self, topic: str, part: int) -> Node:
        """The node that takes what is appended to a partition."""
        from kafka import KafkaAdminClient  # type: ignore[import-untyped]

        admin = KafkaAdminClient(bootstrap_servers=self.brokers.split(","))
        try:
            parts = admin.describe_topics([topic])[0]["partitions"]
        finally:
            admin.close()
        number = next(one["leader_id"] for one in parts if one["partition_index"] == part)
        return next(node for node in self.nodes if node.number == number)

    def drop(self) -> None:
        """End all nodes at once: nobody wants their data any more."""
        for node in self.nodes:
            if node.process and node.process.poll() is None:
                node.kill()


class KafkaBroker(KafkaCluster):
    """One node."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, accounts: Sequence[str] = ()) -> None:
        super().__init__(folder, 1, settings, accounts)

    @property
    def node(self) -> Node:
        return self.nodes[0]
