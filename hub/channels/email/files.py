"""Files that hold mails: one (.eml), one after the other (mbox), a folder of them (Maildir)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from hub.channels._shape import Piece

# A separator has a date (RFC 4155): a sentence that begins with "From " has none.
SEPARATOR = re.compile(rb"From .{0,500}\d{1,2}:\d\d.{0,60}\d{4}")
# What else is one where a mail's header follows: below no empty line, or with a date of another form.
LOOSE = re.compile(rb"From \S.{0,500}\d{1,2}:\d\d")
# Thunderbird writes nothing behind it, then the headers.
BARE = re.compile(rb"From (?:- ?)?\r?\n")
HEADER = re.compile(
    rb"(?:x-[\w-]+|arc-[\w-]+|content-[\w-]+|list-[\w-]+|return-path|received|delivered-to|envelope-to|from|sender|reply-to|to|cc|"
    rb"bcc|date|subject|message-id|mime-version|dkim-signature|authentication-results|references|in-reply-to|user-agent|status):",
    re.IGNORECASE,
)
QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
LONGEST_LINE = 64 * 1024


def split(path: Path) -> Iterator[Piece]:
    if path.is_dir():
        inside = bundle(path)
        yield from mbox(inside) if inside else maildir(path)
    elif path.suffix.lower() == ".mbox" or (path.suffix.lower() != ".eml" and _begins_as_mbox(path)):
        yield from mbox(path)
    else:
        yield Piece(body=None, path=path)


def bundle(path: Path) -> Path | None:
    """What Apple Mail exports as a mailbox is a folder of that name with the mbox in it."""
    inside = path / "mbox"
    return inside if path.suffix.lower() == ".mbox" and inside.is_file() else None


def _begins_as_mbox(path: Path) -> bool:
    """Thunderbird's mailboxes have no suffix: "Inbox"."""
    with _opened(path) as file:
        return _separates(file.readline(LONGEST_LINE), file, True)


def maildir(path: Path) -> Iterator[Piece]:
    """The mails of a folder with `cur/`, whatever their files are called; `tmp/` holds those not yet delivered."""
    for folder in (path / "cur", path / "new"):
        if folder.is_dir():
            yield from (Piece(body=None, path=file) for file in sorted(folder.iterdir()) if file.is_file())


def mbox(path: Path) -> Iterator[Piece]:
    """Mail by mail, only one of them in memory; the quoting of `From ` at the start of lines is undone (mboxrd)."""
    with _opened(path) as scanned, _opened(path) as read:
        start = 0
        for separator, after in _separators(scanned):
            yield from _mail(read, start, separator)
            start = after
        yield from _mail(read, start, scanned.tell())


def _separators(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where each separator line begins and ends."""
    begins, below_empty, at_start = 0, True, True
    while line := file.readline(LONGEST_LINE):
        ends = begins + len(line)
        if at_start and _separates(line, file, below_empty):
            yield begins, ends
        # A longer line comes in pieces: its last one may look empty.
        below_empty = at_start and line in (b"\n", b"\r\n")
        at_start = line.endswith(b"\n")
        begins = ends


def _separates(line: bytes, file: BinaryIO, below_empty: bool) -> bool:
    """At the start of a file or below an empty line; where a header follows, anywhere."""
    if not line.startswith(b"From "):
        return False
    if below_empty and SEPARATOR.match(line):
        return True
    bare = below_empty and BARE.fullmatch(line)
    return bool(bare or LOOSE.match(line)) and _header_follows(file)


def _header_follows(file: BinaryIO) -> bool:
    here = file.tell()
    line = file.readline(200)
    file.seek(here)
    return HEADER.match(line) is not None


def _mail(file: BinaryIO, start: int, end: int) -> Iterator[Piece]:
    if end <= start:
        return
    file.seek(start)
    body = _without_last_empty_line(file.read(end - start))
    if body.strip():
        yield Piece(body=QUOTED.sub(rb"\1", body) if b"\n>" in body or body.startswith(b">") else body)


def _without_last_empty_line(body: bytes) -> bytes:
    """The empty line above a separator is the separator's."""
    for ending in (b"\r\n\r\n", b"\n\n"):
        if body.endswith(ending):
            return body[: -len(ending) // 2]
    return body


class _LineFeeds(io.RawIOBase):
    """A file whose lines end with CR alone, as if they ended with LF: every byte stays at its place."""

    def __init__(self, raw: io.FileIO) -> None:
        self.raw = raw

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self.raw.seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        data = (self.raw.read(len(buffer)) or b"").replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.raw.close()
        super().close()


def _opened(path: Path) -> io.BufferedReader:
    with path.open("rb") as file:
        beginning = file.read(LONGEST_LINE)
    if b"\r" in beginning and b"\n" not in beginning:
        return io.BufferedReader(_LineFeeds(io.FileIO(path)))
    return path.open("rb")
