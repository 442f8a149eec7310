"""A mail server as a person enters it and as a URL says it: `imaps://user@host:port/folder`, `smtp+starttls://...`.

The scheme's ending is how it is encrypted: `imap`, `smtp` not at all, `+starttls` after the greeting, `s` from the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

TLS = ("none", "starttls", "tls")
PORTS = {
    "imap": {"none": 143, "starttls": 143, "tls": 993},
    "smtp": {"none": 25, "starttls": 587, "tls": 465},
}
INBOX = "INBOX"


@dataclass(frozen=True, slots=True)
class Server:
    """`kind` imap or smtp; `tls` none, starttls or tls; `user` is empty where nobody signs in; `folder` is IMAP's."""

    kind: str
    host: str
    port: int
    tls: str
    user: str = ""
    folder: str = INBOX

    @property
    def url(self) -> str:
        """Without the password."""
        scheme = self.kind + {"none": "", "starttls": "+starttls", "tls": "s"}[self.tls]
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{host}:{self.port}/{quote(self.folder) if self.kind == 'imap' else ''}"


def server_of(url: str) -> tuple[Server, str]:
    """What a URL names, and the password that it brings (or an empty one)."""
    parts = urlsplit(url)
    kind, tls = _meant(parts.scheme)
    port = parts.port or PORTS[kind][tls]
    folder = unquote(parts.path.strip("/")) or INBOX
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(kind, parts.hostname or "", port, tls, user, folder if kind == "imap" else INBOX), password


def _meant(scheme: str) -> tuple[str, str]:
    kind, _, starttls = scheme.partition("+")
    if starttls:
        return kind, "starttls"
    return (kind[:-1], "tls") if kind.endswith("s") else (kind, "none")
