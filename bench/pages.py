"""The pages in a browser: Lighthouse's performance, and how long from a call's event until the pop stands on the screen while a
hundred other screens listen and events pour in. `python -m bench.pages` measures this alone."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import Browser, Page, sync_playwright

from bench.latency import running
from bench.lighthouse import CHROMIUM, looked_at, score, shortcomings
from hub.demo.people import EVERYDAY
from hub.store import accounts, sessions
from hub.store.database import Database

Line = Callable[[str, float, str, str], None]
RUNS = 5  # of Lighthouse, of which the median counts
RINGS, WARM = 120, 5
SCREENS, RATE = 100, 50
_HIS = "8999"  # the extension at which the measured calls ring; the others have theirs
_SARA = {"kind": "phone", "value": "+989121234567"}
_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# Resolved with the time at which a pop is painted where none was.
_SHOWN = """() => new Promise((done, failed) => {
    const pop = document.getElementById("pop");
    const look = () => {
        if (!pop.querySelector(".pop")?.checkVisibility()) return;
        seen.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(Date.now())));
    };
    const seen = new MutationObserver(look);
    seen.observe(pop, { childList: true, subtree: true, attributes: true });
    setTimeout(() => failed("no pop within 20 seconds"), 20000);
})"""


@dataclass(frozen=True)
class Shop:
    """A hub with the demo's history, a machine's key, the session of an administrator, on whose screen every call rings, and
    the address of its database."""

    url: str
    key: str
    session: str
    database: str

    def sends(self, connection: http.client.HTTPConnection, type: str, **data: Any) -> None:
        event = {"specversion": "1.0", "id": str(uuid4()), "source": "/bench", "type": type, "data": data}
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/cloudevents+json"}
        try:
            status = _posted(connection, json.dumps(event), headers)
        except ConnectionError:  # it stood idle for so long that the hub let go of it: the same event again
            connection.close()
            status = _posted(connection, json.dumps(event), headers)
        assert status == 202, status

    def connects(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def asks(self, path: str) -> Any:
        connection = self.connects()
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.key}"})
        return json.loads(connection.getresponse().read())


def _posted(connection: http.client.HTTPConnection, event: str, headers: dict[str, str]) -> int:
    connection.request("POST", "/v1/events", event, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def figures(line: Line) -> None:
    with _shop() as (shop, chromium):
        for name, path in _pages(shop).items():
            _performance(shop, name, path, line)
        alone = _ringing(shop, chromium)
        rest = f"median {median(alone):.0f} ms, {RINGS} calls"
        line("ring -> pop on the screen, p95 ms", alone[-len(alone) // 20], "< 150", rest)
        with _crowd(shop) as heard:
            crowded = _ringing(shop, chromium)
        rest = f"median {median(crowded):.0f} ms; {SCREENS} more screens, {RATE} events/s"
        line("the same among others, p95 ms", crowded[-len(crowded) // 20], "< 150", rest)
        rest = f"{heard['messages']:,} messages; refused {heard['refused']}"
        line("requests/s of these screens", heard["requests_per_second"], "-", rest)
        print("  fetched: " + ", ".join(f"{path} {n:,} (p95 {took} ms)" for path, (n, took) in heard["paths"].items()))


@contextmanager
def _shop() -> Iterator[tuple[Shop, Browser]]:
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/tmp") as folder, sync_playwright() as playwright:
        home = Path(folder)
        home.chmod(0o755)
        with running(home, {}) as run:
            here = os.environ | {"HUB_HOME": folder}
            load = [sys.executable, "-m", "hub.demo", "--load", datetime.now(UTC).isoformat(), str(EVERYDAY)]
            subprocess.run(load, env=here, check=True, capture_output=True)
            made = [sys.executable, "-m", "hub.cli", "keys", "create", "bench", "--role", "admin"]
            key = subprocess.run(made, env=here, check=True, capture_output=True, text=True).stdout.strip()
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_SWITCHES)
            page = chromium.new_page()
            page.goto(run["sign_in"])
            cookie = next(one["value"] for one in page.context.cookies() if one["name"] == "hub_session")
            page.close()
            yield Shop(run["url"], key, cookie, run["database"]), chromium
            chromium.close()


def _pages(shop: Shop) -> dict[str, str]:
    found = shop.asks("/v1/lookup?phone=09121234567")["customers"][0]
    return {"home": "/", "customer": f"/customers/{found['id']}", "ticket": f"/tickets/{found['open_tickets'][0]['id']}"}


def _performance(shop: Shop, name: str, path: str, line: Line) -> None:
    """The median of some, because one says little: Lighthouse plays a slow net and measures on a machine that has more to do."""
    reports = [looked_at(shop.url + path, shop.session, ["performance"]) for _ in range(RUNS)]
    scores = [score(report, "performance") for report in reports]
    worst = min(reports, key=lambda report: score(report, "performance"))
    lost = shortcomings(worst, "performance")
    line(f"Lighthouse: performance of {name}", median(scores), ">= 95", f"{scores}" + (f", {'; '.join(lost)}" if lost else ""))


def _ringing(shop: Shop, chromium: Browser) -> list[float]:
    """Milliseconds from sending each call until its pop is painted, sorted."""
    page = _screen(shop, chromium)
    took = []
    connection = shop.connects()
    with ThreadPoolExecutor(1) as telephone:
        for n in range(WARM + RINGS):
            call = str(uuid4())
            sent = telephone.submit(_rings, shop, connection, call)
            shown = page.evaluate(_SHOWN)
            if n >= WARM:
                took.append(shown - 1000 * sent.result())
            telephone.submit(shop.sends, connection, "call.ended", call=call, cause="no_answer").result()
            page.locator("#pop .pop").wait_for(state="detached")
    page.context.close()
    return sorted(took)


def _screen(shop: Shop, chromium: Browser) -> Page:
    """An agent's home, as it stands on his screen."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "hub_session", "value": shop.session, "url": shop.url}])
    page = context.new_page()
    page.goto(shop.url + "/")
    page.locator("body[data-listening]").wait_for(state="attached")
    return page


def _rings(shop: Shop, connection: http.client.HTTPConnection, call: str) -> float:
    time.sleep(0.05)  # the page waits for it already
    at = time.time()
    shop.sends(connection, "call.ringing", call=call, party=_SARA, agent=_HIS)
    return at


@contextmanager
def _crowd(shop: Shop) -> Iterator[dict[str, Any]]:
    """Homes of other agents, and events of all kinds; at the end the answer says what they heard and did."""
    stop, heard = threading.Event(), dict[str, Any]()
    command = [sys.executable, "-m", "bench.crowd", shop.url]
    others = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert others.stdin is not None
    others.stdin.write(json.dumps(_agents(shop)) + "\n")
    others.stdin.flush()
    pouring = threading.Thread(target=_pour, args=(shop, stop))
    pouring.start()
    time.sleep(3)
    try:
        yield heard
    finally:
        stop.set()
        pouring.join()
        told, _ = others.communicate(timeout=60)
        heard |= json.loads(told)


def _agents(shop: Shop) -> list[tuple[str, str]]:
    """Everybody's session and extension."""
    database, found = Database(shop.database, size=2), []
    for n in range(SCREENS):
        agent = accounts.add(database, f"agent{n}", f"Agent {n}", "agent", [f"{9000 + n}"])
        with database.transaction() as tx:
            found.append((sessions.begin(tx, agent.id, datetime.now(UTC)), agent.rings[0]))
    database.close()
    return found


def _pour(shop: Shop, stop: threading.Event) -> None:
    """In every second 25 pages that are looked at, 12 messages, 6 orders, 3 calls that ring at somebody's and soon end."""
    connection, begun = shop.connects(), time.monotonic()
    for n in range(1_000_000):
        if stop.wait(max(0.0, begun + n / RATE - time.monotonic())):
            return
        type, data = _event(n)
        shop.sends(connection, type, **data)


def _event(n: int) -> tuple[str, dict[str, Any]]:
    party = {"kind": "email", "value": f"customer{n % 500}@example.com"}
    match n % 16:
        case 1 | 5 | 9 | 13:
            said = {"channel": "chat", "thread": f"t{n % 500}", "text": "Where is my order? It should have come last week."}
            return "message.received", {"message": f"m{n}", "party": party} | said
        case 3 | 11:
            return "order.placed", {"order": f"B{n}", "party": party, "total": "12.50", "currency": "EUR"}
        case 7:
            number = {"kind": "phone", "value": f"+98912{n % 500:07d}"}
            return "call.ringing", {"call": f"c{n}", "party": number, "agent": f"{9000 + n // 16 % SCREENS}"}
        case 15:
            return "call.ended", {"call": f"c{n - 8}", "cause": "no_answer"}
        case _:
            return "page.viewed", {"party": party, "url": f"https://shop.example/{n}", "title": "A page"}


if __name__ == "__main__":
    from bench.__main__ import line

    figures(line)
