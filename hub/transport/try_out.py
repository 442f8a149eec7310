"""Trying a mail server out on purpose: everything up to the point where a mail would be fetched or sent."""

from __future__ import annotations

import socket
import ssl

from hub.transport.imap import CONNECT, opened
from hub.transport.servers import Server
from hub.transport.smtp_out import connected
from hub.transport.trouble import Trouble, of_connection, words

_UNCLEAR = ("silent", "cut", "garbled", "refused")


def try_imap(server: Server, password: str) -> Trouble | None:
    """What is wrong with signing in and opening the folder."""
    try:
        with opened(server, password):
            return None
    except Trouble as trouble:
        return _clearer(trouble, server)


def try_smtp(server: Server, password: str, address: str) -> Trouble | None:
    """What is wrong with signing in and beginning a mail from this address; none is sent."""
    try:
        with connected(server, password, address, CONNECT) as connection:
            code, said = connection.mail(address)
            if code != 250:
                return Trouble("sender", server, words(said), address=address)
            connection.rset()
            return None
    except Trouble as trouble:
        return trouble
    except Exception as error:  # a client library may fail at anything that another program says
        return _clearer(of_connection(error, server), server)


def _clearer(trouble: Trouble, server: Server) -> Trouble:
    """A server that waits for TLS says nothing, or nothing that can be understood: so TLS is tried."""
    if trouble.what in _UNCLEAR and server.tls != "tls" and _speaks_tls(server):
        return Trouble("tls_expected", server)
    return trouble


def _speaks_tls(server: Server) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing secret is said, only whether it is TLS
    try:
        with socket.create_connection((server.host, server.port), CONNECT) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False
