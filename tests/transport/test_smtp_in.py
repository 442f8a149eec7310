"""Mail by SMTP and LMTP: every byte, every limit, every way in which a sender or the database may go away."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from hub.consumers import forget
from hub.consumers.ingest import SOURCE, pieces, write_down
from hub.consumers.runner import clock
from hub.consumers.understand import again, channels
from hub.store import options
from hub.wiring import Hub
from tests.kill.running import until
from tests.transport.wires import (
    FOLDERS,
    Client,
    Listening,
    contacts,
    counts,
    kept,
    listening,
    on_the_wire,
    payload_id,
    real_mails,
    settle,
    stuffed,
)

MAIL = b"From: Sara <sara@example.com>\r\nSubject: Where is it?\r\nMessage-ID: <%d@example.com>\r\n\r\n%s\r\n"
MEGABYTE = 1024 * 1024


@pytest.mark.skipif(not all(map(Path.is_dir, FOLDERS)), reason="the real mails, ../shared/data/email_*, are absent")
def test_every_real_mail_is_kept_byte_by_byte_and_counted(smtp: Listening) -> None:
    mails = real_mails()
    answers = smtp.bring(*mails)
    assert {answer[:3] for answer in answers} == {"250"}
    settle(smtp.hub)
    assert all(kept(smtp.hub, "smtp", on_the_wire(mail)) == on_the_wire(mail) for mail in mails)
    line = counts(smtp.hub, "smtp")
    assert line["received"] == len({on_the_wire(mail) for mail in mails})
    assert line["waiting"] == 0


def test_the_same_mail_through_two_doors_is_one_contact(smtp: Listening, tmp_path: Path) -> None:
    mail = MAIL % (1, b"hello")
    (tmp_path / "one.eml").write_bytes(mail)
    smtp.bring(mail, mail)
    settle(smtp.hub)
    email = channels()["email"]
    write_down(smtp.hub.recorder, email, pieces(email, [tmp_path / "one.eml"]), clock, history=False)
    settle(smtp.hub)
    assert contacts(smtp.hub) == 1
    assert counts(smtp.hub, "smtp")["understood"] == 1
    assert counts(smtp.hub, "smtp")["duplicates"] == 1
    assert counts(smtp.hub, SOURCE)["ignored"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n.\r\n",
        b".\r\n..\r\n.a\r\n",
        b"a\n.\nb\r\n",
        b"a\r.\r\nb\r\n",
        b"\r\n\r\n.",
        b"nul\0nul\r\n\xff\xfe\r\n",
        b"x" * 300_000 + b"\r\n",
        b"." * 300_000 + b"\r\n",
        b"x" * 65_535 + b"\r\n.y\r\n",
        b"x" * 65_536 + b"\r\n.y\r\n",
        b"x" * 65_537 + b"\r\n.y\r\n",
        b"x" * 131_071 + b"\r\n.\n\r\n",
    ],
    ids=lambda body: f"{body[:12]!r}-{len(body)}",
)
def test_lines_of_any_length_and_any_bytes_stay_what_they_are(smtp: Listening, body: bytes) -> None:
    assert smtp.bring(body)[0].startswith("250")
    assert kept(smtp.hub, "smtp", on_the_wire(body)) == on_the_wire(body)


def test_a_mail_that_comes_byte_by_byte_is_the_same_mail(smtp: Listening) -> None:
    body = MAIL % (1, b"..\r\n.\n.\r\n..end")
    with Client(smtp.port) as client:
        client.begin()
        for byte in stuffed(body):
            client.send(bytes([byte]))
        assert client.answer().startswith("250")
    assert kept(smtp.hub, "smtp", body) == body


def test_a_whole_conversation_in_one_packet_is_answered_in_order(smtp: Listening) -> None:
    one, two = MAIL % (1, b"one"), MAIL % (2, b"two")
    envelope = b"MAIL FROM:<> BODY=8BITMIME\r\nRCPT TO:<a@example.org>\r\nDATA\r\n"
    with Client(smtp.port) as client:
        client.send(envelope + stuffed(one) + envelope + stuffed(two) + b"QUIT\r\n")
        assert [client.answer()[:3] for _ in range(9)] == ["250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert kept(smtp.hub, "smtp", one) == one
    assert kept(smtp.hub, "smtp", two) == two


def test_what_it_can_do_is_announced(smtp: Listening) -> None:
    with Client(smtp.port) as client:
        assert {"SIZE 52428800", "8BITMIME", "SMTPUTF8"} <= {line[4:].strip() for line in client.features.splitlines()}


def test_the_envelope_is_kept_beside_the_bytes(smtp: Listening) -> None:
    with Client(smtp.port) as client:
        assert client.say("MAIL FROM:<سارا@example.com> SMTPUTF8").startswith("250")
        assert client.say("RCPT TO:<a@example.org>").startswith("250")
        assert client.say("RCPT TO:<b@example.org>").startswith("250")
        assert client.say("DATA").startswith("354")
        client.send(stuffed(MAIL % (1, b"x")))
        assert client.answer().startswith("250")
    assert meta_of(smtp.hub, "smtp", MAIL % (1, b"x")) == {
        "mail_from": "سارا@example.com", "rcpt_to": "a@example.org, b@example.org",
    }  # fmt: skip


def meta_of(hub: Hub, source: str, body: bytes) -> dict[str, str]:
    from hub.consumers.decode import opened
    from hub.store import ledger

    with hub.database.transaction() as tx:
        meta: dict[str, str] = opened(hub.keys, ledger.payloads(tx, [payload_id(source, body)])[0]).personal["meta"]
    return meta


@pytest.mark.parametrize(
    "sender", ["", "a..b@example.com", "a.@example.com", '"a b"@example.com', "a@[127.0.0.1]", "\udcff@x.org"]
)
def test_senders_whose_addresses_are_unusual_are_heard(smtp: Listening, sender: str) -> None:
    assert smtp.bring(MAIL % (1, b"x"), sender=sender)[0].startswith("250")
    settle(smtp.hub)
    assert counts(smtp.hub, "smtp")["understood"] == 1


def test_a_mail_above_the_limit_is_refused_before_and_after_it_was_sent(hub: Hub, tmp_path: Path) -> None:
    with listening(hub, tmp_path, limit=200_000) as smtp, Client(smtp.port) as client:
        assert client.say("MAIL FROM:<a@example.com> SIZE=200001").startswith("552")
        assert client.bring(b"x" * 200_001 + b"\r\n").startswith("552")
        assert client.bring(b"x" * 199_998 + b"\r\n").startswith("250")
    assert counts(hub, "smtp")["received"] == 1
    assert list((tmp_path / "spool").iterdir()) == []


def test_several_large_mails_at_once_are_not_held_in_memory(smtp: Listening, tmp_path: Path) -> None:
    """Each comes in pieces that the client makes as it goes, so that what grows is the hub."""
    process, piece = psutil.Process(), b"x" * 998 + b"\r\n"
    pieces_of_a_mail = 40 * MEGABYTE // len(piece)

    def send(n: int) -> str:
        with Client(smtp.port) as client:
            client.begin()
            client.send(MAIL % (n, b"large"))
            for _ in range(pieces_of_a_mail // 100):
                client.send(piece * 100)
            client.send(b".\r\n")
            return client.answer()

    before, most, done = process.memory_info().rss, 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    done.set()
    watcher.join()
    assert {answer[:3] for answer in answers} == {"250"}
    print(f"{(most - before) / MEGABYTE:.0f} MB for 8 mails of 40 MB")
    assert most - before < 120 * MEGABYTE
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_hundred_connections_at_once_are_all_served(smtp: Listening) -> None:
    clients = [Client(smtp.port) for _ in range(100)]
    for n, client in enumerate(clients):
        client.begin()
        client.send(stuffed(MAIL % (n, b"x")))
    assert {client.answer()[:3] for client in clients} == {"250"}
    for client in clients:
        client.__exit__()
    assert counts(smtp.hub, "smtp")["received"] == 100


def test_one_connection_too_many_is_told_to_come_again(hub: Hub, tmp_path: Path) -> None:
    with listening(hub, tmp_path, connections=2) as smtp:
        with Client(smtp.port), Client(smtp.port), Client(smtp.port) as third:
            assert third.greeting.startswith("421")
            assert third.answer() == ""

        def again() -> bool:
            with Client(smtp.port) as client:
                return client.greeting.startswith("220")

        until(again, 10, "there is place again")


def test_a_connection_that_is_cut_in_the_middle_of_a_mail_leaves_nothing(smtp: Listening, tmp_path: Path) -> None:
    for length in (10, 100_000):
        with Client(smtp.port) as client:
            client.begin()
            client.send(stuffed(MAIL % (length, b"x" * length))[:-3])
    until(lambda: not list((tmp_path / "spool").iterdir()), 10, "the half mail is gone")
    assert smtp.bring(MAIL % (1, b"whole"))[0].startswith("250")
    assert counts(smtp.hub, "smtp")["received"] == 1


def test_mails_are_not_taken_while_the_database_is_away_and_are_when_it_is_back(smtp: Listening) -> None:
    name = smtp.hub.database.rows("SELECT current_database()")[0][0]
    mail = MAIL % (1, b"x")
    with psycopg.connect(smtp.hub.keys.dsn, autocommit=True) as other:
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            assert smtp.bring(mail)[0].startswith("451")
        finally:
            other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    until(lambda: smtp.bring(mail)[0].startswith("250"), 30, "mails are taken again")
    assert kept(smtp.hub, "smtp", mail) == mail


def test_lmtp_answers_for_each_recipient(smtp: Listening) -> None:
    mail = MAIL % (1, b"x")
    with Client(smtp.lmtp_port, "LHLO") as client:
        client.begin(recipients=("a@example.org", "b@example.org"))
        client.send(stuffed(mail))
        assert [client.answer()[:3] for _ in range(2)] == ["250", "250"]
        assert client.say("QUIT").startswith("221")
    assert kept(smtp.hub, "lmtp", mail) == mail
    with smtplib.LMTP("127.0.0.1", smtp.lmtp_port) as client:
        assert client.sendmail("a@example.com", ["c@example.org"], MAIL % (2, b"y")) == {}


def test_mails_are_never_sent_on(smtp: Listening) -> None:
    """To whomever they are: all are taken for the hub itself, and nothing else is spoken."""
    with Client(smtp.port) as client:
        for command in ("STARTTLS", "AUTH PLAIN AGEAYg==", "TURN", "ETRN example.org"):
            assert client.say(command)[0] in "45"


@pytest.mark.parametrize("blocked", ["sara@example.com", "@example.com", "SARA@Example.com"])
def test_a_blocked_sender_is_kept_and_ignored_with_the_reason(smtp: Listening, blocked: str) -> None:
    mail = MAIL % (1, b"x")
    with smtp.hub.database.transaction() as tx:
        options.write(tx, "blocked", [blocked], "admin")
    smtp.bring(mail, sender="other@else.example")
    settle(smtp.hub)
    assert contacts(smtp.hub) == 0
    assert smtp.hub.database.rows("SELECT kind, why FROM outcome") == [("ignored", "blocked sender")]
    assert kept(smtp.hub, "smtp", mail) == mail
    with smtp.hub.database.transaction() as tx:
        options.write(tx, "blocked", [], "admin")
    again(smtp.hub.recorder, [payload_id("smtp", mail)])
    assert contacts(smtp.hub) == 1


def test_what_was_shown_before_its_sender_was_blocked_stays(smtp: Listening) -> None:
    mail = MAIL % (1, b"x")
    smtp.bring(mail)
    settle(smtp.hub)
    with smtp.hub.database.transaction() as tx:
        options.write(tx, "blocked", ["sara@example.com"], "admin")
    again(smtp.hub.recorder, [payload_id("smtp", mail)])
    assert counts(smtp.hub, "smtp")["understood"] == 1
    assert smtp.hub.database.rows("SELECT FROM event WHERE type = 'event.withdrawn'") == []


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_mail_of_somebody_who_was_forgotten_that_comes_again_is_a_duplicate_and_not_kept(
    smtp: Listening, size: int
) -> None:
    mail = MAIL % (1, b"x" * size)
    smtp.bring(mail)
    settle(smtp.hub)
    party = smtp.hub.database.rows("SELECT party::text FROM payload_party")[0][0]
    forget.forget(smtp.hub.recorder, [party], clock())
    assert smtp.bring(mail)[0].startswith("250")
    settle(smtp.hub)
    assert kept(smtp.hub, "smtp", mail) is None
    assert counts(smtp.hub, "smtp")["duplicates"] == 1


def test_what_a_killed_process_left_in_the_spool_is_deleted(new_hub: Callable[[], Hub], tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "mail-half").write_bytes(b"private")
    with listening(new_hub(), tmp_path):
        assert list((tmp_path / "spool").iterdir()) == []
