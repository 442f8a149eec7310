"""What a call costs before its pop stands: all that the pop reads of the caller, the pop itself and the look-up over HTTP."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn

from hub.consumers.runner import until_quiet
from hub.screens.app import create_app
from hub.store import access, accounts, sessions
from hub.store.ringing import ringing
from hub.wiring import Hub

Line = Callable[[str, float, str, str], None]
Ask = Callable[..., bytes]
CALLS, WARM = 400, 50


def figures(line: Line, hub: Hub, people: int, large: int) -> None:
    """`people`: how many the hub knows by telephone, of `large` events."""
    for what, took in _measured(hub, people).items():
        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
        line(f"{what} at {large:,}, p99 ms", p99, "< 10", f"p50 {p50:.1f} ms, {len(took)} calls, no two at once")


def _measured(hub: Hub, people: int) -> dict[str, list[float]]:
    """Milliseconds of each, sorted, while somebody else of these people calls each time."""
    took: dict[str, list[float]] = {"what a pop reads": [], "GET /pop": [], "GET /v1/lookup": []}
    key, cookie = _let_in(hub)
    app = create_app(hub)
    with _served(app) as ask:
        for n, one in enumerate(random.Random(3).choices(range(people), k=WARM + CALLS)):
            phone = f"+98912{one:07d}"
            ask("/v1/events", key, _event("call.ringing", n, party={"kind": "phone", "value": phone}))
            until_quiet(hub.recorder, hub.lane)
            app.state.calls.forget()
            took["what a pop reads"].append(_timed(_what_rings, hub))
            took["GET /pop"].append(_timed(ask, "/pop", cookie))
            took["GET /v1/lookup"].append(_timed(ask, f"/v1/lookup?phone=%2B{phone[1:]}", key))
            ask("/v1/events", key, _event("call.ended", n, cause="no_answer"))
            until_quiet(hub.recorder, hub.lane)
    return {what: sorted(times[WARM:]) for what, times in took.items()}


def _timed(question: Callable[..., Any], *about: Any) -> float:
    begun = time.perf_counter()
    assert question(*about), "nobody is known"
    return 1000 * (time.perf_counter() - begun)


def _what_rings(hub: Hub) -> list[Any]:
    with hub.database.reading() as tx:
        found = ringing(tx, datetime.now(UTC))
    assert len(found) == 1
    return found


def _let_in(hub: Hub) -> tuple[dict[str, str], dict[str, str]]:
    """What a program brings, and what an agent's browser brings."""
    key = access.create(hub.database, "bench", "admin")
    agent = accounts.ensure(hub.database, "bench", "Bench", "agent")
    with hub.database.transaction() as tx:
        token = sessions.begin(tx, agent.id, datetime.now(UTC))
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}, {"Cookie": f"hub_session={token}"}


def _event(type: str, n: int, **data: Any) -> str:
    return json.dumps({
        "specversion": "1.0", "id": f"{type}-{n}", "source": "/bench/pop", "type": type,
        "time": datetime.now(UTC).isoformat(), "data": {"call": f"pop{n}"} | data,
    })  # fmt: skip


@contextmanager
def _served(app: Any) -> Iterator[Ask]:
    """One connection to it: a path, headers and a body (a POST, where there is one) to the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        connection = http.client.HTTPConnection("127.0.0.1", bound.getsockname()[1], timeout=60)

        def ask(path: str, headers: dict[str, str], body: str | None = None) -> bytes:
            connection.request("POST" if body else "GET", path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status in (200, 202), said
            return said

        try:
            yield ask
        finally:
            connection.close()
            server.should_exit = True
            thread.join()
