"""Law 8: killing any process at any moment loses and doubles nothing in the log or on a screen."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.kill.running import RunningHub, pages, until
from tests.kill.writer import in_flight, journal_of
from tests.told import Tell

pytestmark = pytest.mark.real

ROUNDS = int(os.environ.get("HUB_CHAOS", "20"))
SEED = int(os.environ.get("HUB_SEED", "0")) or secrets.randbelow(1_000_000) + 1
SHOWN = ("message.received", "order.placed", "order.paid")  # each an item of its own; a call is one for all its events


def rounds(dice: random.Random) -> list[str]:
    """Whom to kill: in `ROUNDS` rounds worker, web and database in turn, in one more for each ten of these the
    supervisor; in any order."""
    parts = ["worker", "web", "postgres"]
    chosen = [parts[n % 3] for n in range(ROUNDS)] + ["supervisor"] * max(1, ROUNDS // 10)
    dice.shuffle(chosen)
    return chosen


@contextmanager
def writing(hub: RunningHub, journal: Path) -> Iterator[None]:
    """Another process sends; at the end it is left to finish what it began."""
    command = [sys.executable, "-m", "tests.kill.writer", hub.url, hub.key, str(journal), str(SEED)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": os.getcwd()})
    try:
        until(lambda: journal.exists() and len(journal_of(journal)) > 20, 30, "the writer writes")
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    finally:
        process.kill()
        process.wait()


def mails(folder: Path) -> Path:
    folder.mkdir()
    for n in range(20):
        (folder / f"{n}.eml").write_text(
            f"From: Sara <sara{n}@example.com>\nTo: shop@example.com\nSubject: Mail {n}\n"
            f"Message-ID: <k{n}@example.com>\nDate: Mon, 05 Jan 2026 10:00:00 +0000\n\nWhere is my order?\n"
        )
    return folder


def ingest_until_done(hub: RunningHub, folder: Path) -> dict[str, int]:
    """An operator's command is killed with its database too; he gives it again."""

    def done() -> dict[str, int] | None:
        tried = hub.tried("ingest", "email", str(folder), "--json")
        assert tried.returncode in (0, 3), tried.stderr.decode()
        return None if tried.returncode else orjson.loads(tried.stdout)

    return until(done, 60, "the mails are in")


def test_what_was_acknowledged_is_in_the_log_and_on_a_screen_once_whoever_is_killed(
    hub: RunningHub, tmp_path: Path, tell: Tell
) -> None:
    dice = random.Random(SEED)
    tell(f"seed {SEED} (HUB_SEED repeats it), {ROUNDS} rounds")
    path = tmp_path / "journal"
    flying: list[int] = []
    started = time.monotonic()
    try:
        hub.start()
        hub.client().close()
        with writing(hub, path):
            command = None
            for number, name in enumerate(rounds(dice)):
                time.sleep(dice.uniform(0.1, 1.5))
                if number % 7 == 3 and not (tmp_path / f"mails{number}").exists():
                    command = hub.begin("ingest", "email", str(mails(tmp_path / f"mails{number}")))
                    time.sleep(dice.uniform(0.3, 1.2))
                hub.strike(name, lambda: flying.append(in_flight(journal_of(path))))
                print(f"round {number + 1}: killed {name} with {flying[-1]} requests in flight")
                if command:
                    command.communicate(timeout=300)
                    command = None
        flew = sum(number > 0 for number in flying)
        tell(f"{len(flying)} kills in {time.monotonic() - started:.0f} s, requests in flight in {flew} of them: {flying}")
        for folder in tmp_path.glob("mails*"):
            ingest_until_done(hub, folder)
        hub.await_quiet()
        assert_nothing_lost_nothing_doubled(hub, journal_of(path), tell)
        hub.assert_sound()
        assert flew >= 0.8 * len(flying)
    except BaseException:
        print(hub.said()[-20_000:])
        raise


def assert_nothing_lost_nothing_doubled(hub: RunningHub, journal: list[dict[str, Any]], tell: Tell) -> None:
    assert in_flight(journal) == 0
    sent = [id for line in journal if "sent" in line for id in line["ids"]]
    answers = [line for line in journal if "answered" in line]
    refusals = Counter((line["refused"], line["type"]) for line in journal if "refused" in line)
    broken = Counter(line["broken"] for line in journal if "broken" in line)
    again = sum(line["tries"] > 1 for line in answers)
    tell(f"{len(sent)} events in {len(answers)} requests, {again} sent again; {dict(refusals)} {dict(broken)}")
    assert set(refusals) <= {(503, "application/problem+json")}, [line for line in journal if "refused" in line][:5]
    assert not any(line["rejected"] for line in answers)
    assert sum(line["accepted"] + line["duplicates"] for line in answers) == len(sent)
    archive = [orjson.loads(line) for line in hub.asked("events").splitlines()]
    assert_the_log_has_each_once(archive, sent)
    assert_the_timelines_show_each_once(hub, archive)
    assert_each_conversation_has_its_one_ticket(hub, archive)
    (line,) = (line for line in hub.json("ledger")["sources"] if line["source"] == "/kill")
    assert line["received"] == len(sent)


def assert_the_log_has_each_once(archive: list[dict[str, Any]], sent: list[str]) -> None:
    from hub.events.ids import event_id

    ids = Counter(event["id"] for event in archive)
    assert max(ids.values()) == 1
    came = {event["id"] for event in archive if event["source"] == "/kill"}
    assert came == {event_id("/kill", id) for id in sent}


def assert_the_timelines_show_each_once(hub: RunningHub, archive: list[dict[str, Any]]) -> None:
    calls = {event["stream"].removeprefix("call:") for event in archive if event["type"].startswith("call.")}
    due = {event["id"] for event in archive if event["type"] in SHOWN} | calls
    parties = {event["data"]["parties"][0] for event in archive if event["data"].get("parties")}  # not a mail's To
    shown: Counter[str] = Counter()
    with hub.client() as client:
        for party in parties:
            shown.update(item["id"] for item in pages(client, f"/v1/customers/{party}/timeline", "before"))
    assert {id for id, times in shown.items() if times > 1} == set()
    assert set(shown) == due


def assert_each_conversation_has_its_one_ticket(hub: RunningHub, archive: list[dict[str, Any]]) -> None:
    """Nobody resolves any here, so the first message of each conversation opened one and all others joined it."""
    conversations = {event["stream"] for event in archive if event["type"] == "message.received"}
    opened = Counter(event["data"]["conversation"] for event in archive if event["type"] == "ticket.opened")
    assert opened == Counter(conversations)
    with hub.client() as client:
        tickets = list(pages(client, "/v1/tickets", "before"))
    assert len(tickets) == len(conversations)
    assert {ticket["state"] for ticket in tickets} <= {"new", "open"}
    steps = Counter((event["stream"], event["revision"]) for event in archive if event["stream"].startswith("ticket:"))
    assert max(steps.values()) == 1
