"""Mails made to break whatever reads them; each is somebody's contact and must be shown or rejected, never lost."""

from __future__ import annotations

import base64
import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

MEGABYTE = 1024 * 1024
_LINE = 57  # bytes of a line of base64 (RFC 2045: 76 characters)


def head(name: str, *, date: str = "Mon, 16 Nov 2026 10:00:00 +0330", sender: str = "Sara <sara@example.com>") -> bytes:
    return (
        f"From: {sender}\r\nTo: Shop <info@shop.example>\r\nSubject: {name}\r\n"
        f"Message-ID: <{name.replace(' ', '.')}@example.com>\r\nDate: {date}\r\nMIME-Version: 1.0\r\n"
    ).encode()


def plain(name: str, text: bytes, charset: str = "utf-8", **said: str) -> bytes:
    return head(name, **said) + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + text


def with_file(name: str, file: str, content: bytes) -> bytes:
    return b"".join([*_opening(name, file), base64.encodebytes(content), b"\r\n--q--\r\n"])


def _opening(name: str, file: str) -> Iterator[bytes]:
    yield head(name) + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nSee the file.\r\n--q\r\n"
    yield f"Content-Type: application/zip; name={file}\r\nContent-Disposition: attachment; filename={file}\r\n".encode()
    yield b"Content-Transfer-Encoding: base64\r\n\r\n"


def write_large(path: Path, size: int) -> None:
    """A mail of at least `size` bytes with one attachment, written piece by piece."""
    block = random.Random(size).randbytes(_LINE * 1_000)
    with path.open("wb") as file:
        file.writelines(_opening(f"large {size}", "large.zip"))
        while file.tell() < size:
            file.write(base64.encodebytes(block))
        file.write(b"\r\n--q--\r\n")


def nested(depth: int) -> bytes:
    opened = [
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(depth)
    ]
    closed = [b"\r\n--b%d--" % level for level in reversed(range(depth))]
    return b"".join([head("nested"), *opened, b"\r\nat the ground\r\n", *closed])


def bomb() -> bytes:
    """A zip of some 200 KB that would be 200 MB."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("zeros", "w") as zeros,
    ):
        for _ in range(200):
            zeros.write(bytes(MEGABYTE))
    return packed.getvalue()


def all_of_them() -> dict[str, bytes]:
    """By what is wrong with them."""
    whole = with_file("truncated", "bill.pdf", b"%PDF" * 5_000)
    return {
        "truncated": whole[: len(whole) // 2],
        "truncated-header": head("cut")[:-20],
        "nested": nested(10_000),
        "unknown-charset": plain("unknown charset", b"hello \xe9\xff", "x-klingon"),
        "wrong-charset": plain("wrong charset", "سلام".encode("cp1256"), "utf-8"),
        "utf16-said": plain("said utf16", b"odd bytes \xd8\x00\xdb", "utf-16"),
        "nul": plain("with nul", b"a\x00b\x00c").replace(b"Sara", b"Sa\x00ra"),
        "date-1970": plain("of 1970", b"old", date="Thu, 01 Jan 1970 00:00:00 +0000"),
        "date-2099": plain("of 2099", b"new", date="Thu, 31 Dec 2099 23:59:59 +0000"),
        "date-none": plain("of no day", b"?", date="yesterday, I think"),
        "scripts": head("scripts") + b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hi<script>alert(1)</script>"
        b"<img src=x onerror=alert(2)><a href='javascript:alert(3)'>there</a>",
        "bomb": with_file("bomb", "bomb.zip", bomb()),
        "surrogates": plain("surrogates", b"\xed\xa0\x80 and \xed\xbf\xbf"),
        "headers": head("headers")
        + b"To: "
        + b"a@example.com, " * 5_000
        + b"\r\nReferences: "
        + b"<r@x> " * 5_000
        + b"\r\n\r\nmany",
        "long-address": plain("long address", b"to whom?").replace(b"info@", b"i" * 3_000 + b"@"),
        "long-sender": plain("long sender", b"by whom?", sender="s" * 3_000 + "@example.com").replace(
            b"To:", b"Reply-To: sara@example.com\r\nTo:"
        ),
    }
