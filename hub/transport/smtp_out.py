"""One mail out by SMTP (RFC 5321), and an honest answer to what became of it.

What was lost on the wire before the mail's last line went out did not arrive; after it, until the server answers, nobody
knows. smtplib's own `sendmail` does not tell the two apart, so the dialogue is written out here.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from hub.transport.servers import Server
from hub.transport.trouble import Trouble, of_connection, words

UNKNOWN = "The connection was lost before the mail server answered. It may have the mail."
_DOT = re.compile(rb"^\.", re.MULTILINE)
_SAID = 300  # characters of a server's own words that are kept
_QUIT = 5.0  # seconds for a good-bye that changes nothing any more


class Way(Protocol):
    """What an answer goes out through; see `hub.store.mailboxes.Way`."""

    @property
    def address(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a step of the dialogue, and for the answer to a whole mail, which a server may have to look through."""

    step: float = 60.0
    answer: float = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sent`: the server has it. `later`: not this time. `refused`: never. `unknown`: it may have arrived. And why."""

    state: Literal["sent", "later", "refused", "unknown"]
    why: str | None = None


def send(way: Way, sender: str, recipient: str, mail: bytes, patience: Patience = Patience()) -> Outcome:
    """Send this mail, lines ended by CRLF, as it is. `sender` is the envelope's; empty where nothing may come back."""
    given = False  # whether the server may have the whole mail
    try:
        with connected(_server(way), way.password, way.address, patience.step) as server:
            refused = _envelope(server, sender, recipient)
            if refused:
                return refused
            server.send(_DOT.sub(b"..", mail if mail.endswith(b"\r\n") else mail + b"\r\n"))
            _wait_at_most(server, patience.answer)
            given = True
            server.send(b".\r\n")
            return _outcome(*server.getreply(), good=250)
    except Trouble as trouble:
        return Outcome("later", str(trouble))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Outcome("unknown", UNKNOWN) if given else Outcome("later", _why(error, way))


def _why(error: Exception, way: Way) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered {error.smtp_code}: {_said(error.smtp_error)}"
    return str(of_connection(error, _server(way)))


@contextmanager
def connected(server: Server, password: str, address: str, step: float) -> Iterator[smtplib.SMTP]:
    """A server that was signed in to, where it has a user. `address`: whom mails come from; `step`: seconds for each step.
    Raises Trouble and what smtplib raises."""
    connection = _greeted(server, address, step)
    try:
        if server.tls == "starttls":
            _encrypted(connection, server)
        connection.ehlo_or_helo_if_needed()
        if server.user:
            _sign_in(connection, server, password)
        yield connection
        _wait_at_most(connection, _QUIT)
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()
    finally:
        connection.close()


def _wait_at_most(server: smtplib.SMTP, seconds: float) -> None:
    if server.sock:
        server.sock.settimeout(seconds)


def _greeted(server: Server, address: str, step: float) -> smtplib.SMTP:
    """Our own name is the domain that the mail comes from: asking the system for one may take long."""
    name = address.rpartition("@")[2]
    name = name if name.isascii() and name else "localhost"
    if server.tls == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, name, timeout=step, context=context)
    return smtplib.SMTP(server.host, server.port, name, timeout=step)


def _sign_in(connection: smtplib.SMTP, server: Server, password: str) -> None:
    """After EHLO, as the server's user. Raises Trouble."""
    if not connection.has_extn("auth"):
        raise Trouble("tls_expected" if connection.has_extn("starttls") else "no_sign_in", server)
    try:
        if "PLAIN" in connection.esmtp_features["auth"].upper().split():
            proof = b64encode(f"\0{server.user}\0{password}".encode()).decode()  # smtplib's own takes ASCII only
            code, said = connection.docmd("AUTH", f"PLAIN {proof}")
            if code not in (235, 503):
                raise smtplib.SMTPAuthenticationError(code, said)
        else:
            connection.login(server.user, password)
    except smtplib.SMTPAuthenticationError as error:
        what = "tls_expected" if error.smtp_code in (523, 530, 538) else "password"
        raise Trouble(what, server, words(error.smtp_error)) from error


def _envelope(server: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
    """Why not, if something is against it."""
    options = [] if sender.isascii() and recipient.isascii() else ["SMTPUTF8"]
    if options and not server.has_extn("smtputf8"):
        return Outcome("refused", "Our mail server does not take addresses with other than Latin letters.")
    if options:
        server.command_encoding = "utf-8"
    outcome = _outcome(*server.mail(sender, options), good=250)
    if outcome.state == "sent":
        outcome = _outcome(*server.rcpt(recipient), good=250)
    if outcome.state == "sent":
        outcome = _outcome(*server.docmd("DATA"), good=354)
    return None if outcome.state == "sent" else outcome


def _outcome(code: int, said: bytes, *, good: int) -> Outcome:
    """What a reply means (RFC 5321, 4.2.1)."""
    if code == good or (good == 250 and code == 251):
        return Outcome("sent")
    why = f"The mail server answered {code}: {_said(said)}"
    return Outcome("refused" if 500 <= code < 600 else "later", why)


def _encrypted(connection: smtplib.SMTP, server: Server) -> None:
    connection.ehlo_or_helo_if_needed()
    if not connection.has_extn("starttls"):
        raise Trouble("no_starttls", server)
    connection.starttls(context=ssl.create_default_context())


def _said(reply: object) -> str:
    return " ".join(words(reply).split())[:_SAID]


def _server(way: Way) -> Server:
    return Server("smtp", way.host, way.port, way.tls, way.user)
