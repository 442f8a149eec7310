"""The shop's mailbox at its provider, which the hub fetches: an IMAP server (RFC 3501, IDLE: RFC 2177) for one mailbox that is
only read. Any mail program that signs in may look into it.

Mails never leave it, so a mail's UID is its number. It lives as long as the demo; UIDVALIDITY says when another one began.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import shlex
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from imaplib import Time2Internaldate
from threading import Event

FOLDER = "INBOX"
_LOOK = 0.1  # seconds
_ABLE = "IMAP4rev1 AUTH=PLAIN IDLE"
_PIECE = re.compile(r"(?:BODY(?:\.PEEK)?\[\]|RFC822)(?:<(\d+)\.(\d+)>)?")


class Refused(Exception):
    """A command that is not done; the answer to it, in full."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it lies there."""

    content: bytes
    arrived: datetime


class Mailbox:
    """One folder of one user. Mails may be put into it from any thread."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self.validity = int(time.time())
        self.letters: list[Letter] = []

    def put(self, content: bytes) -> None:
        self.letters.append(Letter(content, datetime.now(UTC)))

    def lets_in(self, user: str, password: str) -> bool:
        return user == self._user and hmac.compare_digest(password.encode(), self._password.encode())


def serve(listening: socket.socket, mailbox: Mailbox, stop: Event) -> None:
    """Let mail programs look into the mailbox on this bound socket until `stop`."""
    asyncio.run(_serve(listening, mailbox, stop))


async def _serve(listening: socket.socket, mailbox: Mailbox, stop: Event) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Talk(mailbox, reader, writer).hold()
        except (OSError, ValueError, asyncio.CancelledError):
            pass  # it has gone, sent a line without an end, or the shop closes: it may come again
        finally:
            writer.close()

    async with await asyncio.start_server(meet, sock=listening):
        while not stop.is_set():
            await asyncio.sleep(_LOOK)


class _Talk:
    """One connection: what a command answers, until it signs out."""

    def __init__(self, mailbox: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._mailbox, self._reader, self._writer = mailbox, reader, writer
        self._let_in = self._open = self._over = False
        self._told = 0

    async def hold(self) -> None:
        self._say(f"* OK [CAPABILITY {_ABLE}] {FOLDER} of the shop")
        while not self._over and (line := await self._line()):
            tag, _, rest = line.partition(" ")
            name, _, arguments = rest.partition(" ")
            try:
                done = await self._do(name.upper(), arguments)
            except Refused as refused:
                done = str(refused)
            self._say(f"{tag} {done}")
            await self._writer.drain()

    async def _line(self) -> str:
        """Empty once the other side has gone."""
        return (await self._reader.readline()).decode("utf-8", "replace").rstrip("\r\n")

    def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())

    async def _do(self, name: str, arguments: str) -> str:
        if name == "AUTHENTICATE":
            return await self._authenticate(arguments)
        if name == "IDLE":
            return await self._idle()
        commands: dict[str, Callable[[str], str]] = {
            "CAPABILITY": self._capability, "NOOP": self._noop, "LOGOUT": self._logout, "LOGIN": self._login,
            "SELECT": self._select, "EXAMINE": self._select, "SEARCH": self._search, "FETCH": self._fetch, "UID": self._by_uid,
        }  # fmt: skip
        if name not in commands:
            raise Refused(f"BAD {name[:20]} is not known here")
        return commands[name](arguments)

    def _capability(self, _: str) -> str:
        self._say(f"* CAPABILITY {_ABLE}")
        return "OK that is all"

    def _noop(self, _: str) -> str:
        self._tell_what_is_new()
        return "OK done"

    def _logout(self, _: str) -> str:
        self._over = True
        self._say("* BYE until next time")
        return "OK done"

    # -- signing in ----------------------------------------------------------------------------------------------------

    def _login(self, arguments: str) -> str:
        try:
            user, password = shlex.split(arguments)
        except ValueError:
            raise Refused("BAD LOGIN takes a user and a password") from None
        return self._enter(user, password)

    async def _authenticate(self, arguments: str) -> str:
        if arguments.upper() != "PLAIN":
            raise Refused("NO only PLAIN is known here")
        self._say("+ ")
        try:
            _, user, password = base64.b64decode(await self._line()).decode().split("\0")
        except (binascii.Error, ValueError):
            raise Refused("BAD that is not PLAIN") from None
        return self._enter(user, password)

    def _enter(self, user: str, password: str) -> str:
        if not self._mailbox.lets_in(user, password):
            raise Refused("NO [AUTHENTICATIONFAILED] another user or password")
        self._let_in = True
        return "OK signed in"

    # -- reading -------------------------------------------------------------------------------------------------------

    def _select(self, arguments: str) -> str:
        if not self._let_in:
            raise Refused("BAD sign in first")
        if arguments.strip('" ').upper() != FOLDER:
            raise Refused(f"NO [NONEXISTENT] there is only {FOLDER}")
        self._open, self._told = True, len(self._mailbox.letters)
        for line in ("FLAGS ()", f"{self._told} EXISTS", "0 RECENT", f"OK [UIDVALIDITY {self._mailbox.validity}] of this mailbox",
                     f"OK [UIDNEXT {self._told + 1}] comes next"):  # fmt: skip
            self._say(f"* {line}")
        return "OK [READ-ONLY] open"

    def _by_uid(self, arguments: str) -> str:
        name, _, rest = arguments.partition(" ")
        reading = {"SEARCH": self._search, "FETCH": self._fetch}
        if name.upper() not in reading:
            raise Refused("BAD that is not done by UID here")
        return reading[name.upper()](rest)

    def _search(self, arguments: str) -> str:
        """All, or numbers; no more is asked for by who fetches everything."""
        asked = re.fullmatch(r"(?:UID )?(ALL|[\d:*,]+)", arguments.strip().upper())
        if not asked:
            raise Refused("BAD only ALL, and numbers, are searched for here")
        wanted = "1:*" if asked[1] == "ALL" else asked[1]
        self._say(" ".join(["* SEARCH", *map(str, self._numbers(wanted))]))
        return "OK searched"

    def _fetch(self, arguments: str) -> str:
        numbers, _, items = arguments.partition(" ")
        wanted = list(dict.fromkeys(["UID", *items.strip("()").upper().split()]))
        for number in self._numbers(numbers):
            letter = self._mailbox.letters[number - 1]
            told = b" ".join(_told(item, number, letter) for item in wanted)
            self._writer.write(b"* %d FETCH (%b)\r\n" % (number, told))
        return "OK fetched"

    def _numbers(self, text: str) -> Iterator[int]:
        """Those of a sequence-set that are there."""
        if not self._open:
            raise Refused("BAD open a folder first")
        last = len(self._mailbox.letters)
        for part in text.split(","):
            if not re.fullmatch(r"(\d+|\*)(:(\d+|\*))?", part):
                raise Refused("BAD those are no numbers")
            ends = sorted(last if end == "*" else int(end) for end in part.split(":"))
            yield from range(max(1, ends[0]), min(last, ends[-1]) + 1)

    # -- what is new ---------------------------------------------------------------------------------------------------

    def _tell_what_is_new(self) -> None:
        count = len(self._mailbox.letters)
        if self._open and count > self._told:
            self._told = count
            self._say(f"* {count} EXISTS")

    async def _idle(self) -> str:
        """Until the other side says DONE."""
        self._say("+ idling")
        said = asyncio.ensure_future(self._line())
        try:
            while not said.done():
                self._tell_what_is_new()
                await self._writer.drain()
                await asyncio.wait([said], timeout=_LOOK)
        finally:
            said.cancel()
        self._over = said.result().upper() != "DONE"
        return "OK done"


def _told(item: str, uid: int, letter: Letter) -> bytes:
    """One thing about a mail, as an answer to FETCH has it."""
    about = {
        "UID": f"UID {uid}", "FLAGS": "FLAGS ()", "RFC822.SIZE": f"RFC822.SIZE {len(letter.content)}",
        "INTERNALDATE": f"INTERNALDATE {Time2Internaldate(letter.arrived)}",
    }  # fmt: skip
    if item in about:
        return about[item].encode()
    if not (asked := _PIECE.fullmatch(item)):
        raise Refused(f"BAD {item[:20]} is not known here")
    name = "RFC822" if item.startswith("RFC822") else "BODY[]"
    first, size = int(asked[1] or 0), int(asked[2] or len(letter.content))
    piece = letter.content[first : first + size]
    where = f"<{first}>" if asked[1] else ""
    return f"{name}{where} {{{len(piece)}}}\r\n".encode() + piece
