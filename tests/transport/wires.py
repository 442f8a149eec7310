"""What mail tests stand on: a hub that takes mail in, a client that sends exactly these bytes, the real mails."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.channels.email import channel
from hub.consumers.mail_in import Post
from hub.consumers.runner import until_quiet
from hub.consumers.understand import raw_of
from hub.events.ids import named
from hub.store import ledger
from hub.transport.smtp_in import CONNECTIONS, Reception, receive
from hub.transport.spool import prepared
from hub.wiring import Hub

DATA = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = [DATA / "email_mime", DATA / "email_bounce"]


def real_mails() -> list[bytes]:
    """The mails of the corpora, each once."""
    found = {path.read_bytes() for folder in FOLDERS for path in sorted(folder.rglob("*.eml"))}
    return sorted(found)


@dataclass(frozen=True)
class Listening:
    hub: Hub
    port: int
    lmtp_port: int

    def bring(self, *bodies: bytes, sender: str = "sara@example.com") -> list[str]:
        """Each over this one connection; what was answered to each."""
        with Client(self.port) as client:
            return [client.bring(body, sender) for body in bodies]


@contextmanager
def listening(hub: Hub, folder: Path, limit: int = channel.limit, connections: int = CONNECTIONS) -> Iterator[Listening]:
    """SMTP and LMTP on free ports, as the mail process has them."""
    post, stop = Post(hub.recorder), threading.Event()
    reception = Reception(post.take, limit, prepared(folder / "spool"), "hub.test", connections)
    with bound() as smtp, bound() as lmtp:
        doors = {"smtp": smtp, "lmtp": lmtp}
        thread = threading.Thread(target=receive, args=(doors, reception, stop))
        thread.start()
        try:
            yield Listening(hub, smtp.getsockname()[1], lmtp.getsockname()[1])
        finally:
            stop.set()
            thread.join(20)
            post.close()
        assert not thread.is_alive()


@contextmanager
def bound() -> Iterator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen(256)
        yield found


class Client:
    """SMTP written by hand, so that a test says every byte. Doubles a dot after CRLF and nowhere else."""

    def __init__(self, port: int, hello: str = "EHLO") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._answers = self.socket.makefile("rb")
        self.greeting = self.answer()
        if self.greeting.startswith("220"):
            self.features = self.say(f"{hello} client.test")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def say(self, line: str) -> str:
        self.send(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.answer()

    def answer(self) -> str:
        """One reply, all its lines; empty where the connection ended."""
        lines = []
        while line := self._answers.readline():
            lines.append(line.decode())
            if line[3:4] != b"-":
                break
        return "".join(lines)

    def begin(self, sender: str = "sara@example.com", recipients: Sequence[str] = ("shop@example.org",)) -> None:
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        for recipient in recipients:
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")

    def bring(self, body: bytes, sender: str = "sara@example.com") -> str:
        self.begin(sender)
        self.send(stuffed(body))
        return self.answer()


def on_the_wire(body: bytes) -> bytes:
    """SMTP cannot say where a mail without a last line end stops: it gets one."""
    return body if body.endswith(b"\r\n") or not body else body + b"\r\n"


def stuffed(body: bytes) -> bytes:
    doubled = on_the_wire(body).replace(b"\r\n.", b"\r\n..")
    return (b"." if doubled.startswith(b".") else b"") + doubled + b".\r\n"


def settle(hub: Hub) -> None:
    until_quiet(hub.recorder, hub.lane)


def kept(hub: Hub, source: str, body: bytes) -> bytes | None:
    """The raw bytes that the hub has of this mail from this source."""
    with hub.database.transaction() as tx:
        found = raw_of(hub.recorder, tx, payload_id(source, body))
        return None if found is None else b"".join(found)


def payload_id(source: str, body: bytes) -> str:
    return named("payload", "email", source, hashlib.sha256(body).hexdigest())


def counts(hub: Hub, source: str) -> dict[str, int]:
    """The ledger's line of a source; it must be balanced."""
    with hub.database.transaction() as tx:
        document = ledger.balance(tx)
    assert document["balanced"], document
    lines: list[dict[str, int]] = [line for line in document["sources"] if line["source"] == source]
    return lines[0] if lines else {}


def contacts(hub: Hub) -> int:
    """Messages that are in the log."""
    return int(hub.database.rows("SELECT count(*) FROM event WHERE type = 'message.received'")[0][0])
