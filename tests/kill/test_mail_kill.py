"""Law 8 for mail: whoever is killed, every mail that was acknowledged or lies in a mailbox is shown exactly once."""

from __future__ import annotations

import os
import random
import secrets
import smtplib
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import orjson
import pytest

from tests.kill.running import RunningHub, pages, until
from tests.told import Tell
from tests.transport.dovecot import Dovecot, running_dovecot

pytestmark = pytest.mark.real

ROUNDS = int(os.environ.get("HUB_CHAOS", "20"))
SEED = int(os.environ.get("HUB_SEED", "0")) or secrets.randbelow(1_000_000) + 1
PEOPLE = 40
SENDERS = 3  # by SMTP, at once
LARGE = 90_000  # bytes; such a mail lies in the blob store


def a_mail(name: str, dice: random.Random) -> bytes:
    size = LARGE if dice.random() < 0.1 else dice.randrange(2_000)
    return (
        f"From: Sara <sara{dice.randrange(PEOPLE)}@example.com>\r\nTo: shop@example.org\r\nSubject: {name}\r\n"
        f"Message-ID: <{name}@example.com>\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n\r\n"
        + ("Where is my order?\r\n" * (size // 20 + 1))
    ).encode()


@dataclass
class Journal:
    """What was begun and what was acknowledged, by the mails' names."""

    begun: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)

    def in_flight(self) -> int:
        return len(self.begun - self.acknowledged)


def send(port: int, journal: Journal, name: str, mail: bytes, over: threading.Event) -> None:
    """Like any mail server: again and again until it is taken."""
    journal.begun.add(name)
    while name not in journal.acknowledged and not over.is_set():
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
                client.sendmail("sara@example.com", ["shop@example.org"], mail)
            journal.acknowledged.add(name)
        except smtplib.SMTPResponseException as refused:
            journal.refused[refused.smtp_code] += 1
            time.sleep(0.05)
        except (smtplib.SMTPException, OSError):
            journal.refused[0] += 1
            time.sleep(0.05)


def bring(port: int, number: int, journal: Journal, stop: threading.Event, over: threading.Event) -> None:
    dice = random.Random(f"{SEED}-{number}")
    for n in range(1_000_000):
        if stop.is_set():
            return
        name = f"smtp-{number}-{n}"
        send(port, journal, name, a_mail(name, dice), over)
        time.sleep(dice.uniform(0, 0.04))


def drop(dovecot: Dovecot, user: str, journal: Journal, stop: threading.Event) -> None:
    dice = random.Random(f"{SEED}-{user}")
    for n in range(1_000_000):
        if stop.is_set():
            return
        name = f"imap-{user}-{n}"
        dovecot.deliver(user, a_mail(name, dice))
        journal.dropped.add(name)
        time.sleep(dice.uniform(0, 0.2))


def rounds(dice: random.Random) -> list[str]:
    """Whom to kill, the supervisor (and with it the whole hub) as often as each of the others."""
    names = [("supervisor", "mail", "worker", "web", "postgres")[n % 5] for n in range(ROUNDS)]
    dice.shuffle(names)
    return names


def assert_each_mail_is_shown_once(hub: RunningHub, due: set[str]) -> None:
    archive = [orjson.loads(line) for line in hub.asked("events", "--type", "message.received").splitlines()]
    assert Counter(event["personal"]["subject"] for event in archive) == Counter(due)
    parties = {event["data"]["parties"][0] for event in archive}
    shown: Counter[str] = Counter()
    with hub.client() as client:
        for party in parties:
            items = pages(client, f"/v1/customers/{party}/timeline", "before")
            shown.update(item["title"] for item in items if item["type"] == "message.received")
    assert shown == Counter(due)


def test_every_mail_is_shown_exactly_once_whoever_is_killed(hub: RunningHub, tell: Tell) -> None:
    dice = random.Random(SEED)
    tell(f"seed {SEED} (HUB_SEED repeats it), {ROUNDS} rounds")
    journal, stop, over = Journal(), threading.Event(), threading.Event()
    flying: list[int] = []
    with running_dovecot() as dovecot, socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        reserved.close()
        users = ("one", "two")
        hub.environ = {
            "HUB_SMTP_PORT": str(port), "HUB_IMAP_URLS": " ".join(dovecot.url(user) for user in users),
        }  # fmt: skip
        threads = [threading.Thread(target=bring, args=(port, n, journal, stop, over)) for n in range(SENDERS)]
        threads += [threading.Thread(target=drop, args=(dovecot, user, journal, stop)) for user in users]
        begun = time.monotonic()
        try:
            hub.start()
            for thread in threads:
                thread.start()
            until(lambda: len(journal.acknowledged) > 20, 30, "mails are taken")
            for number, name in enumerate(rounds(dice)):
                time.sleep(dice.uniform(0.05, 0.8))
                flying.append(journal.in_flight())
                hub.strike(name)
                print(f"round {number + 1}: killed {name} with {flying[-1]} mails in flight")
            stop.set()
            for thread in threads:
                thread.join(90)
            assert not any(thread.is_alive() for thread in threads)
            assert journal.begun == journal.acknowledged
            flew = sum(number > 0 for number in flying)
            tell(
                f"{ROUNDS} kills in {time.monotonic() - begun:.0f} s, mails in flight in {flew} of them: {flying};"
                f" {len(journal.acknowledged)} by SMTP, {len(journal.dropped)} in mailboxes; {dict(journal.refused)}"
            )
            due = journal.acknowledged | journal.dropped
            until(lambda: received(hub, "imap:") >= len(journal.dropped), 120, "all mailboxes are fetched")
            hub.await_quiet()
            assert received(hub, "imap:") == len(journal.dropped)
            assert received(hub, "smtp") == len(journal.acknowledged)
            assert_each_mail_is_shown_once(hub, due)
            hub.assert_sound()
            assert set(journal.refused) <= {0, 421, 451}
            assert flew >= 0.5 * ROUNDS
        except BaseException:
            print(hub.said()[-10_000:])
            raise
        finally:
            stop.set()
            over.set()


def received(hub: RunningHub, source: str) -> int:
    """By the ledger, from all sources that begin so."""
    lines = hub.json("ledger")["sources"]
    return sum(int(line["received"]) for line in lines if line["source"].startswith(source))
