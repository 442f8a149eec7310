"""A hub on a real database, and the API over it. Nothing folds until a test says so, or asks for `worker`."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from hub.consumers.decide import decide_waiting
from hub.consumers.runner import until_quiet
from hub.consumers.understand import understand
from hub.screens.app import create_app
from hub.settings import Settings
from hub.store import access
from hub.store.embedded import EmbeddedPostgres, with_database
from hub.wiring import Hub, open_hub
from tests.conftest import fresh_databases

SHOPIFY_SECRET = "the shop's secret"


@dataclass(frozen=True)
class Api:
    """A client for each role; `admin` is `client`."""

    hub: Hub
    app: FastAPI
    client: httpx.Client
    roles: dict[str, httpx.Client]
    anybody: httpx.Client

    def fold(self) -> None:
        """Show all effects, on pages too: these hear of a change an instant later, which a test does not wait for."""
        until_quiet(self.hub.recorder, self.hub.lane)
        self.app.state.calls.forget()

    def send(self, *events: dict[str, Any]) -> dict[str, Any]:
        """Send these in one batch and show their effects."""
        headers = {"content-type": "application/cloudevents-batch+json"}
        answer = self.client.post("/v1/events", json=list(events), headers=headers)
        assert answer.status_code == 202, answer.text
        taken: dict[str, Any] = answer.json()
        assert taken["rejected"] == []
        self.fold()
        return taken


def noon() -> str:
    """A time zone in which it is about noon now. In that of the shop a test may run at midnight."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@pytest.fixture
def hub(embedded_server: EmbeddedPostgres, template: str, home: Path) -> Iterator[Hub]:
    with fresh_databases(embedded_server, template) as database:
        settings = Settings.read({"HUB_SHOPIFY_SECRET": SHOPIFY_SECRET}, home=home)
        opened = open_hub(settings, with_database(embedded_server.dsn, database()))
        yield opened
        opened.close()


class Served(uvicorn.Server):
    """Sees sooner than ten times a second that it is to end: of seven hundred tests each waits for that."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.01)


def client_of(address: str, **more: Any) -> httpx.Client:
    """Of a server of ours, which speaks plain HTTP: to load the world's certificates takes longer than most tests."""
    return httpx.Client(base_url=address, timeout=30, verify=False, **more)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app behind uvicorn on a free port of loopback; its address."""
    # asyncio switches Nagle's delay off only where the socket says that it is TCP
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.bind(("127.0.0.1", 0))
        server = Served(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the app does not start"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:  # else a test that fails within leaves a thread for which the run waits for ever
            server.should_exit = True
            thread.join()


@pytest.fixture
def api(hub: Hub) -> Iterator[Api]:
    app = create_app(hub)
    with served(app) as address, ExitStack() as clients:
        keys = {role: access.create(hub.database, f"a {role}", role) for role in access.ROLES}
        roles = {
            role: clients.enter_context(client_of(address, headers={"authorization": f"Bearer {key}"}))
            for role, key in keys.items()
        }
        yield Api(hub, app, roles["admin"], roles, clients.enter_context(client_of(address)))


@pytest.fixture
def worker(hub: Hub) -> Iterator[None]:
    """The steps, run all the time as in a worker process."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if not understand(hub.recorder) + decide_waiting(hub.recorder) + hub.lane.run():
                stop.wait(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


Event = dict[str, Any]


@pytest.fixture
def event() -> Callable[..., Event]:
    """An event of the shop's chat, or whatever is said of it."""

    def made(
        id: str, type: str = "message.received", *, source: str = "shop", time: str | None = None, **data: Any
    ) -> Event:  # fmt: skip
        own = {"message": id} if type.startswith("message.") else {}
        whole = {"specversion": "1.0", "id": id, "source": source, "type": type, "data": own | data}
        return whole | ({"time": time} if time else {})

    return made
