"""Mail that is fetched: one folder of an IMAP server (RFC 9051), opened for reading only, so that nothing is marked as read.

Whatever the server does wrong becomes Trouble, in words. Mails come in the order of their UIDs and in pieces of bounded
size, whatever the server says of their sizes.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError  # type: ignore[import-untyped]

from hub.portions import portions
from hub.transport.servers import Server
from hub.transport.spool import Spool
from hub.transport.trouble import Trouble, of_connection, words

CONNECT, SILENT = 15.0, 60.0  # seconds
_PIECE = 256 * 1024  # bytes of a mail that are asked for at once
_GROUP, _GROUP_BYTES = 64, 4 * 1024 * 1024  # mails that are asked for at once
_WINDOW, _WIDEST = 512, 65_536  # UIDs that are looked through at once
_IDLE = 30.0  # seconds after which it is looked whatever the server says
_POLL = 30.0  # seconds between two looks where the server has no IDLE
_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A folder at one moment. `validity`: its UIDVALIDITY; `last`: the highest UID, 0 where it is empty."""

    validity: int
    last: int


class Fetched(NamedTuple):
    """A mail and since when the server has it; `content` is closed by who gets it."""

    uid: int
    content: Spool
    arrived: datetime


@contextmanager
def opened(server: Server, password: str) -> Iterator[Folder]:
    """Signed in, the folder there. Raises Trouble."""
    with _heard(server):
        client = IMAPClient(
            server.host, server.port, ssl=server.tls == "tls", ssl_context=ssl.create_default_context(),
            timeout=SocketTimeout(CONNECT, SILENT),
        )  # fmt: skip
    try:
        with _heard(server):
            _sign_in(client, server, password)
        folder = Folder(client, server)
        folder.look()
        yield folder
    finally:
        with suppress(Exception):  # it is let go, in order where that is still possible
            client.logout()
        with suppress(Exception):
            client.shutdown()


def _sign_in(client: IMAPClient, server: Server, password: str) -> None:
    if server.tls == "starttls":
        if not client.has_capability("STARTTLS"):
            raise Trouble("no_starttls", server)
        client.starttls(ssl.create_default_context())
    if client.has_capability("LOGINDISABLED"):
        raise Trouble("tls_expected", server)
    try:
        if client.has_capability("AUTH=PLAIN"):
            client.plain_login(server.user, password)
        else:
            client.login(server.user, password)
    except LoginError as error:
        raise _not_let_in(str(error), server) from error


def _not_let_in(said: str, server: Server) -> Trouble:
    if "EOF" in said or "socket error" in said:
        return Trouble("cut", server)
    if "[PRIVACYREQUIRED]" in said:
        return Trouble("tls_expected", server)
    if any(code in said for code in ("[UNAVAILABLE]", "[CONTACTADMIN]", "[LIMIT]", "[INUSE]")):
        return Trouble("refused", server, said)
    return Trouble("password", server, said)


@contextmanager
def _heard(server: Server) -> Iterator[None]:
    """What comes of talking with a server; a client library may fail at anything that another program says."""
    try:
        yield
    except Trouble:
        raise
    except IMAPClientAbortError as error:
        raise Trouble("cut", server) from error
    except IMAPClientError as error:
        raise Trouble("refused", server, words(error)) from error
    except Exception as error:
        raise of_connection(error, server) from error


class Folder:
    """An open folder."""

    def __init__(self, client: IMAPClient, server: Server) -> None:
        self._client, self._server = client, server

    def look(self) -> Seen:
        """Open the folder anew and see what is in it now."""
        with _heard(self._server):
            try:
                found = self._client.select_folder(self._server.folder, readonly=True)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise Trouble("folder", self._server, words(error)) from error
            if b"UIDVALIDITY" not in found:
                raise Trouble("garbled", self._server, "no UIDVALIDITY")
            return Seen(int(found[b"UIDVALIDITY"]), self._last() if found[b"EXISTS"] else 0)

    def _last(self) -> int:
        return max(self._client.fetch("*", ["UID"]), default=0)

    def after(self, first: int, last: int) -> list[int]:
        """The next UIDs from `first` to `last`, ascending, some hundreds of them; none: nothing is there."""
        width = _WINDOW
        while first <= last:
            end = min(last, first + width - 1)
            with _heard(self._server):
                found = sorted(uid for uid in self._client.search(["UID", f"{first}:{end}"]) if first <= uid <= end)
            if found:
                return found[:_WINDOW]
            first, width = end + 1, min(width * 2, _WIDEST)
        return []

    def mails(self, uids: Sequence[int], spool: Path) -> Iterator[list[Fetched]]:
        """These mails in their order, in groups; whoever gets them closes them. One that was deleted is left out."""
        with _heard(self._server):
            about = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
            sizes = {uid: int(one[b"RFC822.SIZE"]) for uid, one in about.items()}
            arrived = {uid: one[b"INTERNALDATE"].astimezone(UTC) for uid, one in about.items()}
        there = [uid for uid in uids if uid in sizes]
        for group in portions(there, lambda uid: min(sizes[uid], _PIECE), _GROUP_BYTES, _GROUP):
            with ExitStack() as unless_fetched, _heard(self._server):
                made = self._fetched(group, sizes, spool, unless_fetched)
                fetched = [Fetched(uid, mail, arrived[uid]) for uid, mail in made]
                unless_fetched.pop_all()
            yield fetched

    def _fetched(
        self, group: Sequence[int], sizes: dict[int, int], spool: Path, unless_fetched: ExitStack
    ) -> Iterator[tuple[int, Spool]]:
        first = self._client.fetch(group, [f"BODY.PEEK[]<0.{_PIECE}>"])
        for uid in group:
            if uid in first:
                content = Spool(spool)
                unless_fetched.callback(content.close)
                if self._filled(content, uid, sizes[uid], first.pop(uid)):
                    yield uid, content
                else:
                    content.close()

    def _filled(self, content: Spool, uid: int, size: int, answer: Any) -> bool:
        """On and on until a piece is short, because sizes are often wrong by the line ends; False: deleted meanwhile."""
        while True:
            piece = answer.get(f"BODY[]<{content.size}>".encode())
            if piece is None:
                raise Trouble("refused", self._server, f"mail {uid} cannot be fetched")
            content.write(piece)
            if not piece or (len(piece) < _PIECE and content.size >= size):
                return True
            asked = self._client.fetch([uid], [f"BODY.PEEK[]<{content.size}.{_PIECE}>"])
            if uid not in asked:
                return False
            answer = asked[uid]

    def wait(self, stop: threading.Event) -> None:
        """Until something may have changed, the server is to be asked again, or `stop`."""
        with _heard(self._server):
            if not self._client.has_capability("IDLE"):
                stop.wait(_POLL)
                return
            if not self._client.noop()[1]:
                self._idle(stop)

    def _idle(self, stop: threading.Event) -> None:
        self._client.idle()
        end = time.monotonic() + _IDLE
        while not self._unread() and not stop.is_set() and time.monotonic() < end:
            begun = time.monotonic()
            said = self._client.idle_check(timeout=_LOOK)
            if said or time.monotonic() - begun < _LOOK / 2:  # silent and early: the connection has ended
                break
        self._client.idle_done()

    def _unread(self) -> bool:
        """Whether the server said something together with the beginning of IDLE: it has been read from the socket by then,
        which is all that `idle_check` asks."""
        sock = self._client.socket()
        patience = sock.gettimeout()
        sock.setblocking(False)
        try:
            return bool(self._client._imap.file.peek(1))
        except OSError:  # so TLS says that there is nothing; where the connection has ended, `idle_check` hears of it
            return False
        finally:
            sock.settimeout(patience)
