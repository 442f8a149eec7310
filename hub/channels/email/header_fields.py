"""A block of header fields, cut where it ends and read leniently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from hub.channels.email.charsets import decode_raw
from hub.channels.email.words import decode_words

FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
ENVELOPE = re.compile(rb">?From ")
WORD = re.compile(rb"=\?[^?\s]{1,80}\?[qQ]\?[^?]{0,4000}\?=")
LONGEST = 128 * 1024
# Real mails have hundreds; of more the first are read, and the body still begins where they end.
MOST_LINES = 20_000
EMPTY_LINE = re.compile(rb"\n\r?\n")
IDENTIFIER = re.compile(r"<([^<>]+)>")
LONGEST_IDENTIFIER = 998


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields in the order of the mail: lower-case name and raw value. `end` is where the body starts. `charset`: of letters
    that are neither ASCII nor UTF-8; mailers that write such letters into headers do it in the charset of the text."""

    fields: tuple[tuple[str, bytes], ...]
    end: int
    charset: str | None = None

    def raw(self, name: str) -> bytes | None:
        """The last one of that name: signatures (RFC 6376, 5.4.2) are counted from below, forgeries are put on top."""
        return next((value for key, value in reversed(self.fields) if key == name), None)

    def top(self, name: str) -> str | None:
        """The first one of that name: the newest of the traces."""
        found = next((value for key, value in self.fields if key == name), None)
        return None if found is None else unfolded(found, self.charset)

    def text(self, name: str) -> str:
        """Unfolded, encoded words still encoded; empty where there is none."""
        found = self.raw(name)
        return "" if found is None else unfolded(found, self.charset)

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)


def unfolded(raw: bytes, charset: str | None = None) -> str:
    """As one line; raw letters are UTF-8 (RFC 6532), or else of `charset`; within an encoded word they are of its charset."""
    return " ".join(decode_raw(WORD.sub(_escaped, raw[:LONGEST]), charset).split())


def _escaped(word: re.Match[bytes]) -> bytes:
    return re.sub(rb"[\x80-\xff]", lambda letter: b"=%02X" % letter[0][0], word[0])


def said(headers: Headers, name: str) -> str:
    """A header of free text, decoded."""
    return decode_words(headers.text(name)).strip()


def read_headers(source: bytes, start: int) -> Headers:
    """The block at `start`: up to an empty line, a boundary or a line that cannot be a header."""
    fields: list[tuple[str, list[bytes]]] = []
    end = start
    for count, (line, after) in enumerate(lines(source, start)):
        if count == MOST_LINES:
            return _headers(fields, _below_empty_line(source, end))
        if not line.strip():
            return _headers(fields, after)
        field = FIELD.match(line)
        if field is not None and not line.startswith(b"--"):
            fields.append((field[1].decode("ascii").lower(), [field[2]]))
        elif fields and (line[:1] in b" \t" or _goes_on(source, line, after)):
            fields[-1][1].append(line)
        elif not (ENVELOPE.match(line) and not fields):
            return _headers(fields, end)
        end = after
    return _headers(fields, end)


def _headers(fields: list[tuple[str, list[bytes]]], end: int) -> Headers:
    return Headers(tuple((name, b"\n".join(values)) for name, values in fields), end)


def _below_empty_line(source: bytes, start: int) -> int:
    found = EMPTY_LINE.search(source, start)
    return found.end() if found else len(source)


def _goes_on(source: bytes, line: bytes, after: int) -> bool:
    """A line that lost its indentation: the header goes on if the next line is one. Never over a boundary."""
    if line.startswith(b"--"):
        return False
    following, _ = next(lines(source, after), (b"", 0))
    return FIELD.match(following) is not None


def lines(source: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Each line without its end, and where the next one begins."""
    while start < len(source):
        found = source.find(b"\n", start)
        after = len(source) if found < 0 else found + 1
        yield source[start:after].rstrip(b"\r\n"), after
        start = after


def identifiers(text: str) -> list[str]:
    """Message ids without their brackets; those that are too long to be one are none."""
    found = IDENTIFIER.findall(text) or [word for word in text.split() if "@" in word]
    ids = ["".join(one.split()) for one in found]
    return [one for one in ids if one and len(one) <= LONGEST_IDENTIFIER]


def message_id(headers: Headers) -> str | None:
    text = headers.text("message-id")
    bare = "".join(text.split()).strip("<>")
    return next(iter(identifiers(text)), bare if 0 < len(bare) <= LONGEST_IDENTIFIER else None)


def moment(text: str) -> datetime | None:
    """The date of RFC 5322 and of what mailers made of it, aware; None where it is none."""
    try:
        read = parsedate_tz(text[:200])
        return None if read is None else datetime(*read[:6], tzinfo=_zone(read[9]))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _zone(seconds: int | None) -> timezone:
    return UTC if not seconds else timezone(timedelta(seconds=seconds))
