"""`hub worker` and `hub serve` as processes of their own, on a hub that a test has opened."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from kafka import KafkaAdminClient  # type: ignore[import-untyped]
from kafka.errors import KafkaError  # type: ignore[import-untyped]

from hub.consumers import health
from hub.consumers.faust_app import group
from hub.events.ids import lanes
from hub.settings import Settings
from hub.wiring import Hub
from tests.kafka.farm import GROUP, Part, partitions
from tests.kill.running import HUB, until


def environ(settings: Settings, dsn: str) -> dict[str, str]:
    """How an operator names this hub's database and log."""
    said = {
        "HUB_HOME": str(settings.home), "HUB_DATABASE_URL": dsn, "HUB_BLOBS": settings.blobs_url,
        "HUB_KAFKA": settings.kafka or "", "HUB_KAFKA_PREFIX": settings.kafka_access.prefix,
    }  # fmt: skip
    return os.environ | said


@dataclass
class Beside:
    """The processes that a test has started; what each said is in `folder`."""

    folder: Path
    parts: list[Part] = field(default_factory=list)

    def start(self, hub: Hub, *words: str) -> Part:
        """Ready when it returns."""
        path = self.folder / f"{len(self.parts)} {words[0]}.log"
        part = Part(path.name, list(words), environ(hub.settings, hub.database.dsn), path.open("ab"))
        self.parts.append(part)
        part.start()
        until(lambda: b'"ready":true' in path.read_bytes() or not part.alive(), 60, f"{path.name} is ready")
        assert part.alive(), path.read_text()
        return part

    def serve(self, hub: Hub) -> str:
        """Where it answers."""
        said = self.said(self.start(hub, "serve", "--port", "0"))
        return str(orjson.loads(said.splitlines()[0])["url"])

    def said(self, part: Part) -> str:
        return (self.folder / part.name).read_text()

    def end(self) -> None:
        for part in self.parts:
            if part.alive():
                part.kill()
            part.said.close()


def asked(hub: Hub, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on this hub."""
    return commanded(environ(hub.settings, hub.database.dsn), *words)


def commanded(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HUB, *words], env=environ, capture_output=True, text=True, timeout=120)


def reasons(url: str) -> dict[str, str]:
    """Why it is not ready, by what is not; nothing where it is."""
    answer = httpx.get(f"{url}/readyz", timeout=60)
    return {one["at"]: one["why"] for one in answer.json()["errors"]} if answer.status_code == 503 else {}


def members(hub: Hub, group: str = GROUP) -> list[dict[str, Any]]:
    """Of a group of the hub's workers, as its brokers say."""
    admin = KafkaAdminClient(bootstrap_servers=str(hub.settings.kafka).split(","))
    try:
        described = admin.describe_groups([hub.settings.kafka_access.prefix + group])
    except KafkaError:  # brokers make what they keep of groups when the first one comes
        return []
    finally:
        admin.close()
    return [member for group in described.values() for member in group["members"]]


def await_taken(hub: Hub, topics: set[str]) -> None:
    """One worker has all partitions of these topics, and none of others."""
    prefix = hub.settings.kafka_access.prefix

    def has_them() -> bool:
        found = [partitions(member) for member in members(hub, group(topics))]
        return len(found) == 1 and sorted(found[0]) == sorted((prefix + topic, part) for topic, part in lanes(sorted(topics)))

    until(has_them, 60, f"a worker has {', '.join(sorted(topics))}")


def await_sharing(hub: Hub, count: int) -> None:
    """So many workers share all partitions."""

    def sharing() -> bool:
        found = members(hub)
        return len(found) == count and sum(len(partitions(member)) for member in found) == 65

    until(sharing, 60, f"{count} workers share all partitions")


def await_shown(hub: Hub, but: Iterable[str] = (), seconds: float = 60) -> None:
    """All lanes (but these) are at their ends."""
    left = set(but)
    until(
        lambda: not any(lane["events"] for lane in health.lanes(hub.recorder) if lane["name"] not in left), seconds,
        "all is shown",
    )  # fmt: skip
