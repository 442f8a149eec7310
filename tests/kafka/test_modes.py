"""`hub serve` and `hub worker`, as many as wanted: who shares what, how they end, what they say where they cannot start."""

from __future__ import annotations

import os
import signal
import smtplib
import time
from pathlib import Path

import httpx
import pytest

from hub.consumers.rebuild import verify
from hub.settings import Settings
from hub.wiring import Hub, open_hub
from tests.journeys.story import NOW, letter
from tests.kafka.beside import Beside, asked, await_sharing, await_shown, await_taken, commanded, members
from tests.kafka.brokers import free_ports
from tests.kill.running import cloud_event, until

PARTY = {"kind": "email", "value": "sara@example.com"}


def said(n: int) -> dict[str, object]:
    data = {"channel": "chat", "message": f"m{n}", "thread": f"t{n % 7}", "party": PARTY, "text": f"This is {n}."}
    return cloud_event(f"e{n}", "message.received", data)


def test_what_comes_by_two_web_processes_is_shown_by_two_workers(hub: Hub, beside: Beside) -> None:
    urls = [beside.serve(hub), beside.serve(hub)]
    for _ in range(2):
        beside.start(hub, "worker")
    await_sharing(hub, 2)
    key = asked(hub, "keys", "create", "sender").stdout.strip()
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        for n in range(60):
            assert client.post(f"{urls[n % 2]}/v1/events", json=said(n)).status_code == 202
        await_shown(hub)
        again = client.post(f"{urls[0]}/v1/events", json=said(0)).json()
        assert (again["accepted"], again["duplicates"]) == (0, 1)
        assert client.get(f"{urls[1]}/readyz").status_code == 200
    await_shown(hub)  # what came again leaves no lag behind
    status = asked(hub, "status", "--json").stdout
    assert '"log":"kafka"' in status
    assert hub.database.rows("SELECT count(*) FROM timeline") == [(60,)]
    assert hub.database.rows("SELECT count(*) FROM tickets") == [(7,)]
    assert verify(hub.recorder)["clean"]


def test_a_worker_that_is_asked_to_end_leaves_its_share_to_the_others_at_once_and_nothing_where_it_was_started(
    hub: Hub, beside: Beside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_in = tmp_path / "here"
    started_in.mkdir()
    monkeypatch.chdir(started_in)
    leaving = beside.start(hub, "worker")
    beside.start(hub, "worker")
    await_sharing(hub, 2)
    leaving.signal(signal.SIGTERM)
    assert leaving.process
    assert leaving.process.wait(20) == 0
    assert len(members(hub)) <= 1  # no waiting until its session ends
    await_sharing(hub, 1)
    assert list(started_in.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_web_process_that_is_asked_to_end_has_not_failed(hub: Hub, beside: Beside, number: signal.Signals) -> None:
    assert httpx.get(f"{beside.serve(hub)}/healthz").status_code == 200
    web = beside.parts[-1]
    web.signal(number)
    assert web.process
    assert web.process.wait(20) == 0


def test_workers_may_have_topics_of_their_own(hub: Hub, beside: Beside, tmp_path: Path) -> None:
    beside.start(hub, "worker", "--topics", "inbound")
    beside.start(hub, "worker", "--topics", "touchpoints,tickets,orders,identity")
    await_taken(hub, {"inbound"})
    await_taken(hub, {"touchpoints", "tickets", "orders", "identity"})
    (tmp_path / "1.eml").write_bytes(letter("Sara <sara@example.com>", "Hello", "Where is it?", NOW))
    assert "understood=1" in asked(hub, "ingest", "email", str(tmp_path / "1.eml")).stdout
    await_shown(hub)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {"HUB_HOME": str(tmp_path)}
    for word in ("serve", "worker", "mail"):
        answer = commanded(bare, word)
        assert (answer.returncode, "HUB_DATABASE_URL is not set" in answer.stderr) == (2, True)
    for topics, why in (("orders", "--topics is for Kafka"), ("parcels", "--topics is for Kafka")):
        assert why in commanded(bare, "worker", "--topics", topics).stderr
    wrong = commanded(bare | {"HUB_KAFKA": "127.0.0.1:1"}, "worker", "--topics", "parcels")
    assert (wrong.returncode, "choose from inbound, touchpoints" in wrong.stderr) == (2, True)
    assert "HUB_KAFKA is not set" in commanded(bare, "log", "copy").stderr


@pytest.mark.real
def test_without_kafka_web_processes_and_workers_run_apart_too(postgres_url: str, tmp_path: Path) -> None:
    hub = open_hub(Settings(home=tmp_path, blobs_url=str(tmp_path / "blobs")), postgres_url)
    beside = Beside(tmp_path)
    try:
        urls = [beside.serve(hub), beside.serve(hub)]
        workers = [beside.start(hub, "worker") for _ in range(2)]
        key = asked(hub, "keys", "create", "sender").stdout.strip()
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            for n in range(30):
                assert client.post(f"{urls[n % 2]}/v1/events", json=said(n)).status_code == 202
        await_shown(hub)
        assert hub.database.rows("SELECT count(*) FROM timeline") == [(30,)]
        begun = time.monotonic()
        assert [worker.end() for worker in workers] == [0, 0]
        assert time.monotonic() - begun < 10
    finally:
        beside.end()
        hub.close()


def test_mail_is_carried_by_a_process_of_its_own(hub: Hub, beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("HUB_SMTP_PORT", str(port))
    beside.start(hub, "mail")
    beside.start(hub, "worker")
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as post:
        post.sendmail("sara@example.com", "shop@example.com", letter("Sara <sara@example.com>", "Hello", "By mail.", NOW))
    until(lambda: hub.database.rows("SELECT title FROM timeline") == [("Hello",)], 60, "the mail is shown")
