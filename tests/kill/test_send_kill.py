"""Whoever is killed while he sends: no answer is lost in silence, and none goes out twice unless somebody asks for it."""

from __future__ import annotations

import asyncio
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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from uuid import uuid4

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from hub.consumers.decide import command
from hub.consumers.rebuild import verify
from hub.consumers.record import payload_of_bytes
from hub.consumers.runner import until_quiet
from hub.settings import Settings
from hub.store import mailboxes
from hub.store.embedded import EmbeddedPostgres
from hub.store.mailboxes import Entered
from hub.transport.servers import Server
from hub.wiring import Hub, open_hub
from tests.conftest import reachable_folder
from tests.consumers.receiving import Receiving, receiving
from tests.kill.running import until
from tests.told import Tell

pytestmark = pytest.mark.real

ROUNDS = int(os.environ.get("HUB_CHAOS", "20"))
SEED = int(os.environ.get("HUB_SEED", "0")) or secrets.randbelow(1_000_000) + 1
ANSWERS = 12 * ROUNDS  # more than can be sent before the last kill
MAIL = b"From: Sara <sara@example.com>\r\nTo: hello@shop.example\r\nSubject: Hi\r\nMessage-ID: <1@example.com>\r\n\r\nWhere?\r\n"


@dataclass
class Slow(Receiving):
    """Takes its time before it has a mail and before it says so, so that somebody can be killed in between."""

    slow: bool = True

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await self._wait()
        taken = await super().handle_DATA(server, session, envelope)
        await self._wait()
        return taken

    async def _wait(self) -> None:
        if self.slow:
            await asyncio.sleep(random.uniform(0.02, 0.3))


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """The test's own, because it is killed too."""
    with reachable_folder() as folder, EmbeddedPostgres(folder) as server:
        yield server


@pytest.fixture
def hub(postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Hub]:
    opened = open_hub(Settings(home=tmp_path, blobs_url=str(tmp_path / "blobs")), postgres.dsn)
    yield opened
    opened.close()


def write_answers(hub: Hub, port: int) -> None:
    """Many answers to one mail, all due."""
    smtp = Server("smtp", "127.0.0.1", port, "none")
    mailboxes.add(hub.database, hub.keys, Entered("Shop", "hello@shop.example", smtp=smtp, smtp_password=""))
    now = datetime.now(UTC) - timedelta(minutes=5)
    hub.recorder.record(lambda _: [payload_of_bytes(hub.recorder, "email", "smtp", MAIL, {}, now)])
    until_quiet(hub.recorder, hub.lane)
    [(ticket,)] = hub.database.rows("SELECT ticket::text FROM tickets")
    for n in range(ANSWERS):
        answer = {"answer": {"text": f"answer {n}"}}
        assert command(hub.recorder, ticket, str(uuid4()), answer, None, "sara", now).status == 200


@contextmanager
def delivering(hub: Hub) -> Iterator[subprocess.Popen[bytes]]:
    """A process that sends; killed at the end, as `kill -9` does it."""
    arguments = [sys.executable, "-m", "tests.kill.deliverer", hub.database.dsn, str(hub.settings.home)]
    process = subprocess.Popen(
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def states(hub: Hub) -> dict[str, str]:
    return dict(hub.database.rows("SELECT message_id, state FROM delivery"))


def on_the_wire(hub: Hub) -> set[str]:
    return {id for id, state in states(hub).items() if state == "sending"}


def kill_the_sender(hub: Hub, dice: random.Random) -> int:
    """Once he sends something that nobody was at before; how much of that was on the wire when he was killed."""
    left = on_the_wire(hub)
    with delivering(hub):
        until(lambda: on_the_wire(hub) - left, 60, "answers are on the wire")
        time.sleep(dice.uniform(0, 0.1))
    return len(on_the_wire(hub) - left)


def kill_the_database(hub: Hub, postgres: EmbeddedPostgres, dice: random.Random) -> int:
    """Under a sender who lives on: he knows what became of his mails, and writes it down when it is there again."""
    left = on_the_wire(hub)
    with delivering(hub) as sender:
        until(lambda: on_the_wire(hub) - left, 60, "answers are on the wire")
        time.sleep(dice.uniform(0, 0.1))
        assert postgres.pid
        flying = on_the_wire(hub) - left
        os.kill(postgres.pid, signal.SIGKILL)
        until(lambda: not postgres.alive(), 60, "the database is gone")
        postgres.start()
        until(lambda: not flying & on_the_wire(hub), 90, "what became of them is written down")
        assert {states(hub)[id] for id in flying} <= {"sent"}
        assert sender.poll() is None
    return len(flying)


def test_no_answer_is_lost_and_none_goes_out_twice_whoever_is_killed_while_it_is_sent(
    hub: Hub, postgres: EmbeddedPostgres, tell: Tell
) -> None:
    dice = random.Random(SEED)
    tell(f"seed {SEED} (HUB_SEED repeats it), {ROUNDS} rounds")
    flying = []
    slow = Slow()
    with receiving(slow) as server:
        write_answers(hub, server.port)
        for number in range(ROUNDS):
            at_once = kill_the_database(hub, postgres, dice) if number % 7 == 3 else kill_the_sender(hub, dice)
            flying.append(at_once)
        slow.slow = False
        with delivering(hub):
            until(lambda: not {"waiting", "sending"} & set(states(hub).values()), 120, "all answers have gone out")
        arrived = Counter(message_from_bytes(mail)["Message-ID"].strip("<>") for mail in server.mails)
    settled = states(hub)
    tell(f"killed with {flying} answers on the wire; in the end {dict(Counter(settled.values()))}")
    assert len(settled) == ANSWERS
    assert set(settled.values()) <= {"sent", "uncertain"}
    assert max(arrived.values()) == 1
    assert {id for id, state in settled.items() if state == "sent"} <= set(arrived)
    assert Counter(settled.values())["uncertain"] <= sum(flying)
    assert sum(number > 0 for number in flying) >= 0.9 * ROUNDS, "too few were killed while they were sending"
    until_quiet(hub.recorder, hub.lane)
    assert verify(hub.recorder)["clean"]
