"""Which file of a mail is meant by `cid:` in its html (RFC 2392)."""

from __future__ import annotations

from hub.channels.email.bodies import sort_parts
from hub.channels.email.mime import read_mime, with_line_feeds

SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_BOM = b"\xef\xbb\xbf"


def pictures(body: bytes) -> dict[str, int]:
    """The places among the mail's attachments of those pictures that its html may name, by their Content-ID."""
    found: dict[str, int] = {}
    for n, part in enumerate(sort_parts(read_mime(with_line_feeds(body).removeprefix(_BOM).lstrip())).attachments):
        id = part.headers.text("content-id").strip().strip("<>").strip()
        if id and part.type in SHOWN:
            found.setdefault(id, n)
    return found
