"""A hub with a worker behind it, and Chromium signed in to its pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from hub.consumers.decide import decide_waiting
from hub.consumers.relay import relay
from hub.consumers.runner import clock
from hub.consumers.understand import understand
from hub.screens.app import create_app
from hub.store import access, accounts, sessions
from hub.store.accounts import Account
from hub.wiring import Hub
from tests.browser.rig import PATIENCE
from tests.screens.conftest import client_of, noon, served

from .demo import Demo, open_demo

SARA, MAIL = {"kind": "phone", "value": "0912 123 4567"}, {"kind": "email", "value": "sara@example.com"}


@dataclass(frozen=True)
class Desk:
    """A hub that folds what comes, its pages, and a way to send events."""

    hub: Hub
    address: str
    client: httpx.Client
    chromium: Browser
    contexts: ExitStack

    def send(self, type: str, *, ago: timedelta = timedelta(0), **data: Any) -> None:
        time = (datetime.now(UTC) - ago).isoformat()
        one = {"specversion": "1.0", "id": str(uuid4()), "source": "shop", "type": type, "time": time, "data": data}
        answer = self.client.post("/v1/events", json=one, headers={"content-type": "application/cloudevents+json"})
        assert answer.status_code == 202, answer.text

    def settle(self) -> None:
        """Until all that came is shown."""
        for _ in range(500):
            lanes = self.client.get("/readyz").json()["lanes"]
            if not any(lane["events"] for lane in lanes):
                return
            time.sleep(0.02)
        raise AssertionError("the hub does not keep up")

    def history(self) -> None:
        """Sara, her order, a mail, a look at a page."""
        self.send("order.placed", ago=timedelta(days=4), order="1047", party=[SARA, MAIL], total="12.50", currency="EUR")
        self.send("order.shipped", ago=timedelta(days=2), order="1047")
        self.send("party.described", ago=timedelta(days=4), party=MAIL, name="Sara Karimi")
        self.send("message.received", ago=timedelta(days=3), channel="chat", message="m1", thread="t1", party=MAIL,
                  subject="Where is my order #1047?", text="I would like to know.")  # fmt: skip
        self.send("page.viewed", ago=timedelta(days=1), party=MAIL, url="https://shop.example/returns", title="Returns")
        self.settle()

    def rings(self, call: str = "c1", party: dict[str, str] = SARA, **more: Any) -> None:
        self.send("call.ringing", call=call, party=party, **more)

    def sara(self) -> str:
        found = self.client.get("/v1/customers", params={"q": "sara@example.com"}).json()["items"]
        return str(found[0]["id"])

    def page(self, account: Account, width: int = 1280, height: int = 800) -> Page:
        """A browser of its own in which this account is signed in. What its console complains of fails the test."""
        context: BrowserContext = self.chromium.new_context(viewport={"width": width, "height": height}, base_url=self.address)
        self.contexts.callback(context.close)
        with self.hub.database.transaction() as tx:
            token = sessions.begin(tx, account.id, clock())
        context.add_cookies([{"name": "hub_session", "value": token, "url": self.address}])
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        return page


complaints: list[str] = []


@pytest.fixture
def desk(new_hub: Callable[[], Hub], chromium: Browser) -> Iterator[Desk]:
    hub = new_hub()
    pages = create_app(replace(hub, settings=replace(hub.settings, timezone=noon())))
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if not sum((understand(hub.recorder), decide_waiting(hub.recorder), relay(hub.recorder), hub.lane.run())):
                stop.wait(0.005)

    key = access.create(hub.database, "test", "admin")
    worker = threading.Thread(target=work)
    worker.start()
    complaints.clear()
    with ExitStack() as contexts, served(pages) as address:
        client = contexts.enter_context(client_of(address, headers={"authorization": f"Bearer {key}"}))
        with ExitStack() as browsers:
            yield Desk(hub, address, client, chromium, browsers)
    stop.set()
    worker.join()
    assert complaints == []


@pytest.fixture
def mina(desk: Desk) -> Account:
    return accounts.add(desk.hub.database, "mina", "Mina", "admin", ["202"])


@pytest.fixture(scope="session")
def demo(chromium: Browser) -> Iterator[Demo]:
    """The demo's shop, small; one for the whole run."""
    with open_demo(chromium) as opened:
        yield opened
