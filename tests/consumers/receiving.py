"""A customer's mail server: aiosmtpd on loopback, which takes mail or does what mail servers do besides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

TAKEN = "250 taken"


@dataclass
class Receiving:
    """`manner`: take, drop (has the mail, and hangs up), hang (has it, and says nothing), or a reply such as
    "451 4.7.1 later" given to `step` (MAIL, RCPT or DATA). `password`: of whoever signs in."""

    manner: str = "take"
    step: str = "DATA"
    password: str | None = None
    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    tried: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:  # fmt: skip
        self.tried += 1
        if self._replies("MAIL"):
            return self.manner
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:  # fmt: skip
        if self._replies("RCPT"):
            return self.manner
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self._replies("DATA"):
            return self.manner
        with self._lock:
            assert isinstance(envelope.content, bytes)
            self.mails.append(envelope.content)
            self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        if self.manner == "drop":
            transport: Any = server.transport
            transport.abort()
        if self.manner == "hang":
            await asyncio.sleep(3600)
        return TAKEN

    def lets_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, proof: LoginPassword
    ) -> AuthResult:  # fmt: skip
        return AuthResult(success=proof.password.decode() == self.password, handled=False)

    def _replies(self, step: str) -> bool:
        return self.manner[:1].isdigit() and self.step == step


class OnAFreePort(Controller):
    """Told to listen on port 0, it still has to look for itself where it really listens."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def receiving(server: Receiving) -> Iterator[Receiving]:
    signing_in: dict[str, Any] = {"authenticator": server.lets_in, "auth_require_tls": False} if server.password else {}
    controller = OnAFreePort(server, hostname="127.0.0.1", port=0, ready_timeout=30, **signing_in)
    controller.start()
    server.port = controller.port
    server.tried = 0
    try:
        yield server
    finally:
        controller.stop(no_assert=True)
