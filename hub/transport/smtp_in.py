"""Mail that is brought: SMTP (RFC 5321) and LMTP (RFC 2033). It is never sent on to anybody.

A mail is acknowledged when whoever takes it says that it is durable. Lines may be of any length, and the bytes stay what
they were: only a dot that was doubled at the beginning of a line is single again (RFC 5321, 4.5.2).
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from hub.transport.spool import Spool

log = structlog.get_logger()
CONNECTIONS = 250  # at once, over all ports
_RECIPIENTS = 1_000  # of one mail
_COMMAND = 4_096  # bytes; addresses may be long
_LINE = 64 * 1024  # bytes that are read at once; a line may be longer
_SILENCE = 300.0  # seconds, RFC 5321 4.5.3.2.7
_WAKE = 10.0  # seconds between two looks at the clock of a mail that comes slowly
_ENDING = 3.0  # seconds in which mails that are being written down are still answered when the process ends
_LOOK = 0.2

OK = "250 2.0.0 It is written down"
LATER = "451 4.3.0 It could not be written down; try again"
NO_ROOM = "452 4.3.1 There is no room for it now; try again"
TOO_LARGE = "552 5.3.4 The mail is too large"
TOO_MANY = "421 4.7.0 Too many connections; try again"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients; send another mail to the others"


class NotNow(Exception):
    """It was not written down, and the sender shall try again."""


class NoRoom(NotNow):
    """There is no room for it on the disk, and the sender shall try again."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A mail as the wire had it. `door`: smtp or lmtp. Addresses are the envelope's. Whoever takes it closes `content`."""

    door: str
    content: Spool = field(repr=False)
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)


Take = Callable[[Brought], Awaitable[None]]
"""Durable when it returns. Raises NotNow."""


@dataclass(frozen=True)
class Reception:
    """What all connections share: who takes the mails, how large they may be, where large ones wait, who is connected."""

    take: Take
    limit: int
    spool: Path
    hostname: str = "hub"
    connections: int = CONNECTIONS
    open: set[asyncio.BaseProtocol] = field(default_factory=set, repr=False)
    taking: set[asyncio.BaseProtocol] = field(default_factory=set, repr=False)

    def meet(self, door: str) -> asyncio.BaseProtocol:
        """What talks with the next one who connects."""
        if len(self.open) >= self.connections:
            return Refusing()
        return LmtpIn(self) if door == "lmtp" else SmtpIn(self)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= _RECIPIENTS:
            return TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_exception(self, error: Exception) -> str:
        """A fault of the hub is no reason for a sender to give the mail up."""
        log.error("a mail was not taken", exc_info=error)
        return LATER


class Refusing(asyncio.Protocol):
    """For whom there is no place."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(f"{TOO_MANY}\r\n".encode())
        transport.close()


class SmtpIn(SMTP):
    """One connection. What aiosmtpd does otherwise: a mail of any line length, into a spool instead of memory."""

    line_length_limit = _LINE
    command_size_limit = _COMMAND
    door = "smtp"

    def __init__(self, reception: Reception) -> None:
        self.command_size_limits = defaultdict(lambda: _COMMAND)  # else all connections share one
        super().__init__(
            reception, data_size_limit=reception.limit, enable_SMTPUTF8=True, hostname=reception.hostname,
            ident="ready", timeout=_SILENCE, loop=asyncio.get_running_loop(),
        )  # fmt: skip
        self._reception = reception

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._reception.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._reception.open.discard(self)
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos or arg:
            await self.push("501 Syntax: DATA" if arg else "503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self._reception.taking.add(self)
        try:
            reply = await self._taken()
            await self._answer(reply, len(self.envelope.rcpt_tos))
        finally:
            self._reception.taking.discard(self)
            self.envelope = self._create_envelope()

    async def _taken(self) -> str:
        """The mail read and handed over; what is answered."""
        assert self.envelope is not None
        content = Spool(self._reception.spool)
        try:
            reply = await self._read(content)
        except BaseException:
            content.close()
            raise
        if reply:
            content.close()
            return reply
        return await self._handed_over(
            Brought(self.door, content, _text(self.envelope.mail_from or ""), _texts(self.envelope.rcpt_tos))
        )

    async def _handed_over(self, mail: Brought) -> str:
        try:
            await self._reception.take(mail)
        except NoRoom:
            return NO_ROOM
        except NotNow:
            return LATER
        except Exception as error:  # said here, because LMTP's answers are as many as the recipients
            return await self._reception.handle_exception(error)
        return OK

    async def _read(self, into: Spool) -> str | None:
        """All up to the lone dot; why it was not kept, if it was not."""
        why, fresh, awake = None, True, self.loop.time() + _WAKE
        while (piece := await self._piece()) != b".\r\n" or not fresh:
            if why is None:
                why = self._kept(piece[1:] if fresh and piece.startswith(b".") else piece, into)
            fresh = piece.endswith(b"\r\n")
            if self.loop.time() > awake:
                awake = self.loop.time() + _WAKE
                self._reset_timeout()
        return why

    def _kept(self, piece: bytes, into: Spool) -> str | None:
        try:
            into.write(piece)
        except OSError as error:
            log.error("a mail found no room", error=str(error))
            return NO_ROOM
        return TOO_LARGE if into.size > self._reception.limit else None

    async def _piece(self) -> bytes:
        """A line with its end, or the next part of a very long one; a CR and its LF always come together."""
        try:
            return await self._reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError as overrun:
            return await self._reader.read(overrun.consumed)

    async def _answer(self, reply: str, recipients: int) -> None:
        await self.push(reply)


class LmtpIn(SmtpIn, LMTP):
    """The same with LHLO, and one answer for each recipient."""

    door = "lmtp"

    async def _answer(self, reply: str, recipients: int) -> None:
        await self.push("\r\n".join([reply] * recipients))


def _text(address: str) -> str:
    """An envelope's address, whatever its bytes were; the null sender is "<>"."""
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _texts(addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(_text, addresses))


def receive(doors: Mapping[str, socket.socket], reception: Reception, stop: threading.Event) -> None:
    """Talk with whoever connects to these bound sockets, by door (smtp, lmtp), until `stop`."""
    asyncio.run(_receive(doors, reception, stop))


async def _receive(doors: Mapping[str, socket.socket], reception: Reception, stop: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(_meeting(reception, door), sock=s) for door, s in doors.items()]
    with ExitStack() as closing:
        for server in servers:
            closing.callback(server.close)
        while not stop.is_set():
            await asyncio.sleep(_LOOK)
    end = loop.time() + _ENDING
    while reception.taking and loop.time() < end:
        await asyncio.sleep(_LOOK / 4)


def _meeting(reception: Reception, door: str) -> Callable[[], Any]:
    return lambda: reception.meet(door)
