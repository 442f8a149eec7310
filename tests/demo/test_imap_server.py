"""The shop's mailbox, as mail programs and the hub look into it."""

from __future__ import annotations

import imaplib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.demo.imap_server import Mailbox, serve
from hub.transport.imap import Folder, opened
from hub.transport.servers import Server
from hub.transport.trouble import Trouble
from tests.kill.running import until

USER, PASSWORD = "help@shop.example", 'p"a\\s s'
MAIL = b"From: Sara <sara@example.com>\r\nSubject: Where is it?\r\n\r\nIs it \xd8\xa2 here?\r\n"


@dataclass(frozen=True)
class Served:
    """A mailbox and the port at which it is served."""

    mailbox: Mailbox
    port: int

    def server(self) -> Server:
        return Server("imap", "127.0.0.1", self.port, "none", USER)


@pytest.fixture
def served() -> Iterator[Served]:
    mailbox, stop = Mailbox(USER, PASSWORD), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening, mailbox, stop))
        thread.start()
        yield Served(mailbox, listening.getsockname()[1])
        stop.set()
        thread.join()


def test_a_mail_program_reads_it(served: Served) -> None:
    for content in (MAIL, MAIL * 2):
        served.mailbox.put(content)
    with imaplib.IMAP4("127.0.0.1", served.port) as program:
        assert "IDLE" in program.capabilities
        program.login(USER, PASSWORD)
        assert program.select("INBOX", readonly=True) == ("OK", [b"2"])
        assert program.uid("SEARCH", "ALL") == ("OK", [b"1 2"])
        _, [first, _, second, _] = program.uid("FETCH", "1:*", "(RFC822.SIZE INTERNALDATE BODY.PEEK[])")
        assert (first[1], second[1]) == (MAIL, MAIL * 2)
        assert b"RFC822.SIZE %d" % len(MAIL) in first[0]
        assert imaplib.Internaldate2tuple(first[0])
        _, [piece, _] = program.uid("FETCH", "2", "(BODY.PEEK[]<6.4>)")
        assert piece == (b"2 (UID 2 BODY[]<6> {4}", b"Sara")
        assert program.noop()[0] == "OK"


def test_the_hub_fetches_what_is_there_and_hears_of_what_comes(served: Served, tmp_path: Path) -> None:
    large = MAIL + b"x" * 700_000
    served.mailbox.put(large)
    with opened(served.server(), PASSWORD) as folder:
        assert folder.look().validity == served.mailbox.validity
        assert _fetched(folder, tmp_path) == [large]
        threading.Timer(0.2, served.mailbox.put, [MAIL]).start()
        folder.wait(threading.Event())
        until(lambda: folder.look().last == 2, 60, "the hub has heard of the second mail")
        assert _fetched(folder, tmp_path) == [large, MAIL]


def _fetched(folder: Folder, spool: Path) -> list[bytes]:
    found = []
    for group in folder.mails(folder.after(1, folder.look().last), spool):
        for mail in group:
            kept = mail.content.path
            found.append(kept.read_bytes() if kept else mail.content.body or b"")
            mail.content.close()
    return found


def test_nobody_reads_it_without_the_password(served: Served) -> None:
    with pytest.raises(Trouble) as trouble, opened(served.server(), "another"):
        pass
    assert trouble.value.what == "password"
    with imaplib.IMAP4("127.0.0.1", served.port) as program:
        with pytest.raises(imaplib.IMAP4.error):
            program.login(USER, "another")
        tag = program._new_tag()
        program.send(tag + b" EXAMINE INBOX\r\n")
        assert b"BAD sign in first" in program.readline()


@pytest.mark.parametrize("line", ["STORE 1 +FLAGS (\\Seen)", "UID FETCH 1 (ENVELOPE)", "UID SEARCH UNSEEN", "FETCH a (UID)", "?"])
def test_what_it_does_not_know_it_says(served: Served, line: str) -> None:
    served.mailbox.put(MAIL)
    with imaplib.IMAP4("127.0.0.1", served.port) as program:
        program.login(USER, PASSWORD)
        program.select("INBOX", readonly=True)
        program.send(f"x {line}\r\n".encode())
        assert program.readline().startswith(b"x BAD ")
        assert program.noop()[0] == "OK"


def test_a_shop_that_closes_while_somebody_waits_for_mail_complains_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening, Mailbox(USER, PASSWORD), stop))
        thread.start()
        with socket.create_connection(listening.getsockname(), 30) as program, program.makefile("rb") as said:
            said.readline()
            program.sendall(f'1 LOGIN {USER} "p\\"a\\\\s s"\r\n2 SELECT INBOX\r\n3 IDLE\r\n'.encode())
            while said.readline() != b"+ idling\r\n":
                pass
            stop.set()
            thread.join(30)
    assert not thread.is_alive()
    assert caplog.records == []
