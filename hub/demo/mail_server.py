"""The customers' mailboxes: what the hub sends out arrives here, and they write back."""

from __future__ import annotations

import asyncio
import email
import socket
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.utils import parseaddr
from threading import Event

from aiosmtpd.smtp import SMTP, Envelope, Session

_LOOK = 0.2
_LIMIT = 50 * 1024**2  # bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a customer finds in his mailbox. Ids are without < >; `thread` is the first mail of the conversation."""

    to: str
    sender: str
    subject: str
    text: str
    message_id: str
    thread: str
    automatic: bool


class Mailboxes:
    """Takes mail for everybody but the `closed` addresses, which answer 550. `arrived` is told of each."""

    def __init__(self, closed: frozenset[str], arrived: Callable[[Delivered], None]) -> None:
        self._closed, self._arrived = closed, arrived

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() in self._closed:
            return f"550 5.1.1 <{address}>: there is no such mailbox any more"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        for address in envelope.rcpt_tos:
            self._arrived(_read(content, address))
        return "250 2.0.0 It lies in the mailbox"


def serve(listening: socket.socket, mailboxes: Mailboxes, stop: Event) -> None:
    """Take mail on this bound socket until `stop`."""
    asyncio.run(_serve(listening, mailboxes, stop))


async def _serve(listening: socket.socket, mailboxes: Mailboxes, stop: Event) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailboxes, data_size_limit=_LIMIT, enable_SMTPUTF8=True, hostname="mx.example.com", loop=loop),
        sock=listening,
    )
    async with server:
        while not stop.is_set():
            await asyncio.sleep(_LOOK)


def _read(content: bytes, to: str) -> Delivered:
    mail = email.message_from_bytes(content, policy=policy.default)
    body = mail.get_body(("plain",))
    own = _bare(mail["Message-ID"])
    chain = str(mail["References"] or mail["In-Reply-To"] or own).split()
    return Delivered(
        to.lower(), parseaddr(str(mail["From"] or ""))[1], str(mail["Subject"] or ""), body.get_content() if body else "",
        own, _bare(chain[0]) if chain else own, (mail["Auto-Submitted"] or "no") != "no",
    )  # fmt: skip


def _bare(id: object) -> str:
    return str(id or "").strip().strip("<>")
