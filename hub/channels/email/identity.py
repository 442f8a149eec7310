"""Which mail it is: the same through two doors, another for every other."""

from __future__ import annotations

import hashlib

from hub.channels.email.header_fields import Headers, message_id

BLOCK = 1024 * 1024


def identity(headers: Headers, source: bytes) -> str:
    """Message-ID and a digest of From, Date, Subject and all below the top header block.

    The Message-ID alone is not enough: real collections hold different mails under one, and mails without any. Line
    ends, trailing blank lines and the folding of headers are folded, as they change from door to door.
    """
    return f"{message_id(headers) or ''} {digest(headers, source)}".strip()


def digest(headers: Headers, source: bytes) -> str:
    sha = hashlib.sha256()
    for name in ("from", "date", "subject"):
        sha.update(b" ".join((headers.raw(name) or b"").split()) + b"\n")
    end = _without_trailing_blank(source, headers.end)
    carried = b""
    for start in range(headers.end, end, BLOCK):
        block = carried + source[start : min(start + BLOCK, end)]
        # A block may end between the two halves of a line end.
        carried = b"\r" if block.endswith(b"\r") else b""
        sha.update(block.removesuffix(carried).replace(b"\r\n", b"\n"))
    sha.update(carried)
    return sha.hexdigest()


def _without_trailing_blank(source: bytes, start: int) -> int:
    end = len(source)
    while end > start:
        first = max(start, end - BLOCK)
        block = source[first:end].rstrip()
        if block:
            return first + len(block)
        end = first
    return end
