"""Mail fetched from a real Dovecot: nothing skipped, nothing twice, whatever happens to the wire."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import pytest

from hub.consumers import forget
from hub.consumers.fetch import Fetcher, fetch_all
from hub.consumers.runner import clock
from hub.log._protocol import LogAway
from hub.store import mailboxes
from hub.store.blobs import Full
from hub.store.mailboxes import Entered, Incoming, Moved, Place
from hub.transport.imap import Folder, opened
from hub.transport.servers import Server
from hub.transport.trouble import Trouble
from hub.wiring import Hub
from tests.kill.running import until
from tests.transport.dovecot import PASSWORD, Dovecot, running_dovecot
from tests.transport.proxy import Proxy, proxy_of
from tests.transport.wires import FOLDERS, contacts, counts, kept, listening, real_mails, settle

MAIL = b"From: Sara <sara@example.com>\nSubject: Where is it?\nMessage-ID: <%d@example.com>\n\n%s\n"
MEGABYTE = 1024 * 1024


@pytest.fixture
def user() -> str:
    """A mailbox of the test's own."""
    return f"shop{uuid4().hex[:8]}"


def server(dovecot: Dovecot, user: str, port: int = 0, folder: str = "INBOX") -> Server:
    return Server("imap", dovecot.host, port or dovecot.imap_port, "none", user, folder)


def entered(dovecot: Dovecot, user: str, port: int = 0, folder: str = "INBOX") -> Entered:
    return Entered("Shop", "shop@example.org", server(dovecot, user, port, folder), PASSWORD)


def set_up(hub: Hub, dovecot: Dovecot, user: str, folder: str = "INBOX") -> Incoming:
    id = mailboxes.add(hub.database, hub.keys, entered(dovecot, user, folder=folder))
    return next(one for one in mailboxes.incoming(hub.database, hub.keys) if one.id == id)


def fetcher(hub: Hub, spool: Path, given: Sequence[str] = ()) -> Fetcher:
    return Fetcher(hub.recorder, given, spool)


def fetch(hub: Hub, mailbox: Incoming, spool: Path) -> int:
    with opened(mailbox.server, mailbox.password) as folder:
        return fetcher(hub, spool).fetch_new(mailbox, folder, threading.Event())


@contextmanager
def fetching(hub: Hub, spool: Path, given: Sequence[str] = ()) -> Iterator[None]:
    """All mailboxes, each in its thread, as the mail process does it."""
    stop = threading.Event()
    failed: list[bool] = []
    thread = threading.Thread(target=fetch_all, args=(fetcher(hub, spool, given), stop, lambda: failed.append(True)))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not failed
    assert not thread.is_alive()


def received(hub: Hub, source: str) -> int:
    return counts(hub, source).get("received", 0)


def crlf(body: bytes) -> bytes:
    """As IMAP says it, whatever the line ends in the file were."""
    return body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.skipif(not all(map(Path.is_dir, FOLDERS)), reason="the real mails, ../shared/data/email_*, are absent")
def test_every_real_mail_is_kept_as_it_came_over_the_wire(hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    mails = [mail for mail in real_mails() if mail]
    for mail in mails:
        dovecot.deliver(user, mail)
    mailbox = set_up(hub, dovecot, user)
    wire = dovecot.said_of(user)
    assert len(wire) == len(mails)
    assert fetch(hub, mailbox, tmp_path) == len(mails)
    settle(hub)
    assert all(kept(hub, mailbox.source, mail) == mail for mail in wire)
    line = counts(hub, mailbox.source)
    assert line["received"] == len(set(wire))
    assert line["waiting"] == 0
    assert all(path.parent.name == "new" or "S" not in path.name.partition(":2,")[2] for path in dovecot.mails(user))


def test_the_same_mail_by_smtp_and_from_a_mailbox_is_one_contact(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    dovecot.deliver(user, MAIL % (1, b"hello"))
    mailbox = set_up(hub, dovecot, user)
    with listening(hub, tmp_path) as smtp:
        smtp.bring(crlf(MAIL % (1, b"hello")))
    assert fetch(hub, mailbox, tmp_path) == 1
    settle(hub)
    assert contacts(hub) == 1
    assert counts(hub, mailbox.source)["received"] == 1


@pytest.mark.skipif(not all(map(Path.is_dir, FOLDERS)), reason="the real mails, ../shared/data/email_*, are absent")
def test_all_real_mails_by_smtp_and_from_a_mailbox_are_the_contacts_of_one_door(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    mails = real_mails()
    with listening(hub, tmp_path) as smtp:
        assert {answer[:3] for answer in smtp.bring(*mails)} == {"250"}
    settle(hub)
    once = said(hub)
    assert outcomes(hub, "smtp") == {"received": len(mails), "understood": len(mails)}
    for mail in mails:
        dovecot.deliver(user, mail)
    mailbox = set_up(hub, dovecot, user)
    assert fetch(hub, mailbox, tmp_path) == len(mails)
    settle(hub)
    assert outcomes(hub, mailbox.source) == {"received": len(mails), "ignored": len(mails)}
    why = hub.database.rows("SELECT why FROM outcome WHERE source = %s", [mailbox.source])
    assert {reason for (reason,) in why} == {f"same email as {id}" for type, id in once if type == "message.received"}
    assert said(hub) == once


def outcomes(hub: Hub, source: str) -> dict[str, int]:
    """What is not zero of what became of all that came from there."""
    return {name: number for name, number in counts(hub, source).items() if isinstance(number, int) and number}


def said(hub: Hub) -> list[tuple[str, str]]:
    """Every event that mails were understood to say, by its type and id."""
    found = "SELECT type, id::text FROM event WHERE topic <> 'inbound' ORDER BY 1, 2"
    return [(type, id) for type, id in hub.database.rows(found)]


def test_what_was_fetched_is_not_fetched_again(hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    mailbox = set_up(hub, dovecot, user)
    assert fetch(hub, mailbox, tmp_path) == 0
    for n in range(3):
        dovecot.deliver(user, MAIL % (n, b"x"))
    assert fetch(hub, mailbox, tmp_path) == 3
    assert fetch(hub, mailbox, tmp_path) == 0
    dovecot.deliver(user, MAIL % (3, b"x"))
    assert fetch(hub, mailbox, tmp_path) == 1
    assert counts(hub, mailbox.source)["duplicates"] == 0


def test_what_lay_in_a_mailbox_for_weeks_is_history_and_opens_no_ticket(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    dovecot.deliver(user, MAIL % (1, b"of last month"))
    (old,) = dovecot.mails(user)
    month_ago = time.time() - 30 * 86_400
    os.utime(old, (month_ago, month_ago))
    dovecot.deliver(user, MAIL % (2, b"of today"))
    fetch(hub, set_up(hub, dovecot, user), tmp_path)
    settle(hub)
    assert contacts_of(hub) == 2
    assert hub.database.rows("SELECT count(*) FROM tickets") == [(1,)]


def test_mails_that_are_numbered_anew_are_read_again_and_known(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    mailbox = set_up(hub, dovecot, user)
    for n in range(5):
        dovecot.deliver(user, MAIL % (n, b"x"))
    fetch(hub, mailbox, tmp_path)
    before = mailboxes.place(hub.database, mailbox.id)
    dovecot.renumber(user)
    dovecot.deliver(user, MAIL % (5, b"x"))
    assert fetch(hub, mailbox, tmp_path) == 6
    after = mailboxes.place(hub.database, mailbox.id)
    assert before.validity != after.validity
    settle(hub)
    assert contacts(hub) == 6
    line = counts(hub, mailbox.source)
    assert (line["received"], line["duplicates"]) == (6, 5)


def test_somebody_who_was_forgotten_stops_nobody_when_mails_are_numbered_anew(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    mailbox = set_up(hub, dovecot, user)
    dovecot.deliver(user, MAIL % (1, b"small"))
    dovecot.deliver(user, MAIL % (2, b"large" * 100_000))
    dovecot.deliver(user, (MAIL % (3, b"other")).replace(b"sara", b"reza"))
    fetch(hub, mailbox, tmp_path)
    settle(hub)
    party = hub.database.rows(
        "SELECT party::text FROM payload_party GROUP BY party ORDER BY count(*) DESC LIMIT 1"
    )[0][0]  # fmt: skip
    forget.forget(hub.recorder, [party], clock())
    dovecot.renumber(user)
    assert fetch(hub, mailbox, tmp_path) == 3
    settle(hub)
    assert counts(hub, mailbox.source)["duplicates"] == 3


@pytest.mark.parametrize("fault", [LogAway("no broker answers"), Full("no space left on device")])
def test_a_mail_that_cannot_be_written_down_now_is_fetched_later(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """And the process, which has other mail to carry, goes on."""
    mailbox = set_up(hub, dovecot, user)
    record, tried = hub.recorder.record, []

    def away(*about: Any) -> Any:
        tried.append(about)
        if len(tried) == 1:
            raise fault
        return record(*about)

    monkeypatch.setattr(hub.recorder, "record", away)
    dovecot.deliver(user, MAIL % (1, b"hello"))
    with fetching(hub, tmp_path):
        until(lambda: received(hub, mailbox.source) == 1, 30, "the mail is there")
    assert len(tried) == 2


def test_two_mailboxes_and_a_folder_of_another_script_are_fetched_side_by_side(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    other = f"{user}-other"
    dovecot.deliver(other, b"", folder="INBOX")
    for path in dovecot.mails(other):
        path.unlink()
    dovecot.maildir(other, "&BkEGJwawBkgGMQ-")  # in modified UTF-7, RFC 3501 5.1.3
    sources = [set_up(hub, dovecot, user).source, set_up(hub, dovecot, other, "فاڰور").source]
    with fetching(hub, tmp_path):
        for n in range(10):
            dovecot.deliver(user, MAIL % (n, b"one"))
            dovecot.deliver(other, MAIL % (100 + n, b"two"), "&BkEGJwawBkgGMQ-")
        until(lambda: [received(hub, source) for source in sources] == [10, 10], 30, "all are fetched")


def test_a_new_mail_is_there_soon_after_it_came(hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    mailbox = set_up(hub, dovecot, user)
    with fetching(hub, tmp_path):
        until(lambda: mailboxes.one(hub.database, mailbox.id).checked, 20, "the mailbox was looked at")
        for n in range(3):
            begun = time.monotonic()
            dovecot.deliver(user, MAIL % (n, b"x"))
            until(lambda n=n: received(hub, mailbox.source) == n + 1, 60, "the mail is there")  # type: ignore[misc]
            took = time.monotonic() - begun
            print(f"{took:.2f} s")
            assert took < 25  # without IDLE it is looked for after 30 s


def test_a_mail_that_comes_just_before_the_server_is_listened_to_is_noticed(
    hub: Hub, dovecot: Dovecot, user: str
) -> None:
    mailbox = set_up(hub, dovecot, user)
    with opened(mailbox.server, PASSWORD) as folder:
        folder.look()
        dovecot.deliver(user, MAIL % (1, b"x"))
        begun = time.monotonic()
        folder.wait(threading.Event())
        took = time.monotonic() - begun
    print(f"{took:.2f} s")
    assert took < 10


def test_what_a_server_says_together_with_the_beginning_of_idle_is_heard(hub: Hub, dovecot: Dovecot, user: str) -> None:
    mailbox = set_up(hub, dovecot, user)
    with opened(mailbox.server, PASSWORD) as folder:
        folder.look()
        folder._client.idle()
        assert not folder._unread()
        dovecot.deliver(user, MAIL % (1, b"x"))
        assert folder._client._imap.file.peek(1)  # waits until it is said, and has it read, as what comes with "+ idling" is
        assert folder._client.idle_check(timeout=0.5) == []
        assert folder._unread()
        assert (1, b"EXISTS") in folder._client.idle_done()[1]


def test_a_server_without_idle_is_asked_now_and_then(
    hub: Hub, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.transport.imap._POLL", 0.3)
    without = "imap_capability = IMAP4rev1 SASL-IR LITERAL+"
    with running_dovecot(more=f"protocol imap {{\n  {without}\n}}") as dovecot:
        mailbox = set_up(hub, dovecot, user)
        with fetching(hub, tmp_path):
            until(lambda: mailboxes.one(hub.database, mailbox.id).checked, 20, "the mailbox was looked at")
            dovecot.deliver(user, MAIL % (1, b"x"))
            until(lambda: received(hub, mailbox.source) == 1, 20, "the mail is there")


def through(hub: Hub, dovecot: Dovecot, user: str, proxy: Proxy) -> Incoming:
    id = mailboxes.add(hub.database, hub.keys, entered(dovecot, user, proxy.port))
    return next(one for one in mailboxes.incoming(hub.database, hub.keys) if one.id == id)


def test_a_wire_that_is_cut_again_and_again_skips_and_doubles_nothing(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.consumers.fetch._FIRST", 0.05)
    monkeypatch.setattr("hub.consumers.fetch._SLOWEST", 0.05)
    for n in range(150):
        dovecot.deliver(user, MAIL % (n, b"x" * (n % 7) * 20_000))
    with proxy_of(dovecot.imap_port) as proxy:
        mailbox = through(hub, dovecot, user, proxy)
        proxy.passing = 200
        with fetching(hub, tmp_path):
            for cut in range(1, 12):
                proxy.passing = cut * 350_000
                time.sleep(0.4)
            proxy.passing = None
            until(lambda: received(hub, mailbox.source) == 150, 60, "all are fetched")
        assert proxy.connections > 2
    settle(hub)
    assert contacts(hub) == 150
    assert counts(hub, mailbox.source)["duplicates"] == 0


def test_a_server_that_goes_away_is_said_and_found_again(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.consumers.fetch._SLOWEST", 0.2)
    with proxy_of(dovecot.imap_port) as proxy:
        mailbox = through(hub, dovecot, user, proxy)

        def trouble() -> str | None:
            found = mailboxes.one(hub.database, mailbox.id).trouble
            return found.what if found else None

        with fetching(hub, tmp_path):
            until(lambda: mailboxes.one(hub.database, mailbox.id).checked, 20, "the mailbox was looked at")
            proxy.closed = True
            proxy.cut()
            until(lambda: trouble() == "cut", 20, "the trouble is said")
            dovecot.deliver(user, MAIL % (1, b"x"))
            proxy.closed = False
            until(lambda: received(hub, mailbox.source) == 1, 20, "the mail is there")
            until(lambda: trouble() is None, 20, "all is well again")


def test_two_processes_on_one_mailbox_never_both_move_it(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    mailbox = set_up(hub, dovecot, user)
    for n in range(200):
        dovecot.deliver(user, MAIL % (n, b"x" * 3_000))
    moved: list[int] = []
    start = threading.Barrier(3)

    def run() -> None:
        start.wait()
        while True:
            try:
                moved.append(fetch(hub, mailbox, tmp_path))
                return
            except Moved:
                moved.append(-1)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert -1 in moved
    line = counts(hub, mailbox.source)
    assert (line["received"], line["duplicates"]) == (200, 0)


def test_a_move_that_was_overtaken_writes_nothing(hub: Hub, dovecot: Dovecot, user: str) -> None:
    mailbox = set_up(hub, dovecot, user)
    with hub.database.transaction() as tx:
        mailboxes.move(tx, mailbox.id, Place(None, 1), Place(7, 1))
    with pytest.raises(Moved), hub.database.transaction() as tx:
        mailboxes.move(tx, mailbox.id, Place(None, 1), Place(7, 2))
    assert mailboxes.place(hub.database, mailbox.id) == Place(7, 1)


def test_a_mail_above_the_limit_is_kept_and_not_held_in_memory(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    mailbox = set_up(hub, dovecot, user)
    dovecot.deliver(user, MAIL % (1, (b"x" * 997 + b"\n") * 80_000))
    dovecot.deliver(user, MAIL % (2, b"small"))
    process, most, done = psutil.Process(), 0, threading.Event()
    before = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert fetch(hub, mailbox, tmp_path) == 2
    done.set()
    watcher.join()
    print(f"{(most - before) / MEGABYTE:.0f} MB for a mail of 80 MB")
    assert most - before < 60 * MEGABYTE
    settle(hub)
    line = counts(hub, mailbox.source)
    assert (line["understood"], line["rejected"]) == (1, 1)
    assert "too large" in hub.database.rows("SELECT why FROM outcome WHERE kind = 'rejected'")[0][0]
    assert list(tmp_path.glob("mail-*")) == []


def test_a_mailbox_that_is_changed_or_switched_off_is_followed_without_a_restart(
    hub: Hub, dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    other = f"{user}-other"
    for name in (user, other):
        dovecot.deliver(name, MAIL % (len(name), b"x"))
    with fetching(hub, tmp_path):
        id = mailboxes.add(hub.database, hub.keys, entered(dovecot, user))
        until(lambda: contacts_of(hub) == 1, 20, "the new mailbox is fetched")
        mailboxes.change(hub.database, hub.keys, id, replace(entered(dovecot, other), imap_password=PASSWORD))
        until(lambda: contacts_of(hub) == 2, 20, "the other is fetched")
        mailboxes.activate(hub.database, id, False)
        time.sleep(2.5)
        dovecot.deliver(other, MAIL % (99, b"x"))
        time.sleep(2.5)
        assert contacts_of(hub) == 2
        mailboxes.activate(hub.database, id, True)
        until(lambda: contacts_of(hub) == 3, 20, "it is fetched again")
        mailboxes.delete(hub.database, id)
        time.sleep(2.5)
        dovecot.deliver(other, MAIL % (100, b"x"))
        time.sleep(2.5)
    assert contacts_of(hub) == 3


def contacts_of(hub: Hub) -> int:
    return int(hub.database.rows("SELECT coalesce(sum(received), 0) FROM received")[0][0])


def test_mailboxes_of_the_environment_are_fetched_and_remembered(
    new_hub: Callable[[], Hub], dovecot: Dovecot, user: str, tmp_path: Path
) -> None:
    hub, url = new_hub(), dovecot.url(user)
    dovecot.deliver(user, MAIL % (1, b"x"))
    for n in (1, 2):
        with fetching(hub, tmp_path, [url]):
            until(lambda n=n: contacts_of(hub) == n, 20, "it is fetched")  # type: ignore[misc]
        dovecot.deliver(user, MAIL % (n + 1, b"x"))
    (box,) = mailboxes.listed(hub.database, [url])
    assert box.given
    assert mailboxes.listed(hub.database) == []
    with pytest.raises(mailboxes.NoSuchMailbox):
        mailboxes.delete(hub.database, box.id)
    assert hub.database.rows("SELECT duplicates FROM received") == [(0,)]
    assert PASSWORD not in str(hub.database.rows("SELECT * FROM mailbox"))


def test_a_mailbox_without_its_key_says_so_and_the_others_go_on(
    hub: Hub, dovecot: Dovecot, user: str
) -> None:
    broken, sound = set_up(hub, dovecot, user), set_up(hub, dovecot, f"{user}2")
    with psycopg.connect(hub.database.dsn, autocommit=True) as connection:
        connection.execute("UPDATE mailbox SET secret = overlay(secret PLACING '\\x00' FROM 20) WHERE id = %s", [broken.id])
    assert [one.id for one in mailboxes.incoming(hub.database, hub.keys)] == [sound.id]
    trouble = mailboxes.one(hub.database, broken.id).trouble
    assert trouble
    assert trouble.what == "unopened"


def test_a_server_that_speaks_something_else_is_trouble_and_no_fault(dovecot: Dovecot, smtp_port: int) -> None:
    with pytest.raises(Trouble) as wrong, opened(Server("imap", "127.0.0.1", smtp_port, "none", "a"), "b"):
        pass
    assert wrong.value.what in ("garbled", "refused", "cut")


def test_what_was_fetched_before_a_mail_that_cannot_be_is_closed(tmp_path: Path) -> None:
    large = b"x" * 256 * 1024
    answers: list[dict[int, dict[bytes, Any]]] = [
        {uid: {b"RFC822.SIZE": len(large) + 1, b"INTERNALDATE": datetime.now(UTC)} for uid in (1, 2)},
        {uid: {b"BODY[]<0>": large} for uid in (1, 2)}, {1: {b"BODY[]<262144>": b"\n"}}, {2: {}},
    ]  # fmt: skip

    class Client:
        def fetch(self, *asked: Any) -> dict[int, dict[bytes, Any]]:
            return answers.pop(0)

    with pytest.raises(Trouble) as wrong:
        list(Folder(Client(), Server("imap", "127.0.0.1", 143, "none")).mails([1, 2], tmp_path))
    assert wrong.value.what == "refused"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def smtp_port(hub: Hub, tmp_path: Path) -> Iterator[int]:
    with listening(hub, tmp_path) as smtp:
        yield smtp.port
