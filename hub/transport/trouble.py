"""What can be wrong with a mail server, in words for whoever entered it: what was found, and what to do now."""

from __future__ import annotations

import errno
import smtplib
import socket
import ssl
from collections.abc import Mapping
from typing import Self

import orjson

from hub.transport.servers import Server

WORDS: Mapping[str, str] = {
    "host": "There is no server called {host}. Check the spelling of its name.",
    "closed": "{host} is there, but nothing answers on port {port}. Check the port, or ask whether a firewall is between.",
    "silent": "{host} does not answer on port {port}. Check the port, or ask whether a firewall is between.",
    "unreachable": "{host} cannot be reached from here. Check the network.",
    "certificate": "{host} shows a certificate that is not valid for this name, so it may be somebody else: {said}",
    "tls_expected": "{host} wants an encrypted connection on port {port}. Choose another encryption.",
    "no_tls": "{host} does not speak TLS on port {port}. Choose STARTTLS or another port.",
    "no_starttls": "{host} does not offer STARTTLS on port {port}. Choose TLS, with the port that belongs to it.",
    "password": "{host} does not accept this user name and password. It said: {said}",
    "no_sign_in": "{host} lets nobody sign in on port {port}. Leave the user name empty, or choose another port.",
    "folder": "There is no folder called {folder} on {host}. It said: {said}",
    "sender": "{host} does not let this user send mail from {address}. It said: {said}",
    "refused": "{host} refused. It said: {said}",
    "cut": "{host} closed the connection in the middle. It is tried again.",
    "garbled": "{host} answered something on port {port} that is no mail server's answer ({said}). Check the port.",
    "no_room": "There is no room on the disk for the mails of {host}. Make room; they are fetched then.",
    "unopened": "The saved password cannot be opened any more. Enter it again.",
}
_SAID = 300  # characters of a server's own words that are kept


class Trouble(Exception):
    """Something is wrong with a mail server: a word of `WORDS`, and what is to be put into it."""

    def __init__(self, what: str, server: Server | None = None, said: str = "", **fields: str) -> None:
        known = {"host": server.host, "port": str(server.port), "folder": server.folder} if server else {}
        self.what = what
        self.fields: dict[str, str] = {**known, "said": " ".join(said.split())[:_SAID] or "-", **fields}
        super().__init__(WORDS[what].format_map(self.fields))

    @property
    def stored(self) -> str:
        return orjson.dumps({"what": self.what, **self.fields}).decode()

    @classmethod
    def loaded(cls, text: str) -> Self:
        document = orjson.loads(text)
        what = document.pop("what")
        return cls(what, None, document.pop("said"), **document)


def of_connection(error: Exception, server: Server) -> Trouble:
    """What an error of the network or of TLS means here."""
    match error:
        case socket.gaierror():
            return Trouble("host", server)
        case ssl.SSLCertVerificationError():
            return Trouble("certificate", server, error.verify_message)
        case ssl.SSLError():
            return _of_tls(error, server)
        case smtplib.SMTPServerDisconnected() | ConnectionResetError() | BrokenPipeError() | EOFError():
            return Trouble("cut", server)
        case ConnectionRefusedError():
            return Trouble("closed", server)
        case TimeoutError():
            return Trouble("silent", server)
        case smtplib.SMTPResponseException():
            return Trouble("refused", server, words(error.smtp_error))
        case OSError(errno=errno.ENOSPC):
            return Trouble("no_room", server)
        case OSError():
            return Trouble("unreachable", server, str(error.strerror or error))
        case _:
            return Trouble("garbled", server, type(error).__name__)


def _of_tls(error: ssl.SSLError, server: Server) -> Trouble:
    said = error.reason or str(error)
    if "EOF" in said or "UNEXPECTED_EOF" in said:
        return Trouble("cut", server)
    return Trouble("no_tls" if server.tls == "tls" else "refused", server, said)


def words(said: object) -> str:
    """A server's own words, whatever they are encoded in."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
