"""A wrong clock, set back or run ahead, on the hub's processes alone: what is in the log stays in its order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.kill.running import RunningHub, cloud_event, pages

pytestmark = pytest.mark.real

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
PHONE = {"kind": "phone", "value": "+989120000001"}
DAY = timedelta(days=1)


@pytest.fixture(scope="session")
def sleeping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Code for Python's start: libfaketime 0.9.10 fails at sleeping until an absolute time, as `time.sleep` does."""
    folder = tmp_path_factory.mktemp("sleeping")
    (folder / "sitecustomize.py").write_text(
        "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds) and None\n"
    )
    return folder


@pytest.fixture
def clock(sleeping: Path) -> Callable[[str], dict[str, str]]:
    """What makes processes believe in another time of day; how long they wait is not touched."""
    if FAKETIME is None:
        pytest.fail("libfaketime is not there; this installs it: make tools", pytrace=False)
    fixed = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": str(sleeping)}
    return lambda shift: fixed | {"FAKETIME": shift}


def message(id: str, **more: Any) -> dict[str, Any]:
    said = {"channel": "chat", "message": id, "thread": "t", "party": PHONE, "text": f"This is {id}."}
    return cloud_event(id, "message.received", said, **more)


def a_day_at_the_desk(hub: RunningHub, id: str) -> None:
    """A message comes, and an agent notes something on the ticket that it belongs to."""
    with hub.client() as client:
        answer = client.post("/v1/events", json=message(id))
        assert answer.status_code == 202
        assert answer.json()["accepted"] == 1
        hub.await_quiet()
        (ticket,) = client.get("/v1/tickets").json()["items"]
        command = {"id": str(uuid4()), "expects": ticket["revision"], "command": {"note": {"text": f"about {id}"}}}
        answer = client.post(f"/v1/tickets/{ticket['id']}/commands", json=command)
        assert answer.status_code in (200, 202), answer.text


def run(hub: RunningHub, days: int, id: str) -> None:
    hub.start()
    assert_the_hub_believes(hub, days)
    a_day_at_the_desk(hub, id)
    hub.await_quiet()
    hub.stop()


def assert_the_hub_believes(hub: RunningHub, days: int) -> None:
    with hub.client() as client:
        said = parsedate_to_datetime(client.get("/healthz").headers["date"])
    assert abs(said - datetime.now(UTC) - days * DAY) < timedelta(minutes=5)


def test_a_clock_set_back_and_run_ahead_loses_nothing_and_keeps_the_order_of_the_log(
    hub: RunningHub, clock: Callable[[str], dict[str, str]]
) -> None:
    days = {"first": 0, "set back": -2, "run ahead": 3, "right again": 0}
    for id, shift in days.items():
        hub.environ = clock(f"{shift:+}d") if shift else {}
        run(hub, shift, id)
    hub.assert_sound()
    log = [orjson.loads(line) for line in hub.asked("events").splitlines()]
    messages = [event for event in log if event["type"] == "message.received"]
    assert [event["data"]["message"] for event in messages] == list(days)
    recorded = [datetime.fromisoformat(event["recorded"]) for event in messages]
    assert recorded[1] < recorded[0] < recorded[3] < recorded[2]
    steps = [event for event in log if event["stream"].startswith("ticket:")]
    assert [event["revision"] for event in steps] == list(range(1, len(steps) + 1))
    assert sum(event["type"] == "ticket.opened" for event in steps) == 1
    notes = [event["personal"]["text"] for event in steps if event["type"] == "ticket.noted"]
    assert notes == [f"about {id}" for id in days]
    shown = [item["text"] for item in hub.json("timeline", PHONE["value"])["items"]]
    assert sorted(shown) == sorted(f"This is {id}." for id in days)


def test_an_event_a_day_ahead_of_the_hubs_clock_is_refused_by_its_time(
    hub: RunningHub, clock: Callable[[str], dict[str, str]]
) -> None:
    hub.environ = clock("-2d")
    hub.start()
    with hub.client() as client:
        answer = client.post("/v1/events", json=message("m", time=datetime.now(UTC).isoformat()))
        assert answer.status_code == 202
        (refused,) = answer.json()["rejected"]
        assert refused["at"] == "$.time"
        assert "more than a day in the future" in refused["why"]
        soon = (datetime.now(UTC) - 2 * DAY + timedelta(hours=23)).isoformat()
        assert client.post("/v1/events", json=message("n", time=soon)).json()["accepted"] == 1
        hub.await_quiet()
        party = client.get("/v1/lookup", params={"phone": PHONE["value"]}).json()["customers"][0]["id"]
        assert len(list(pages(client, f"/v1/customers/{party}/timeline", "before"))) == 1
    hub.assert_sound()
