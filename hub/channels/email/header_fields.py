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
# Names by which a line is known to be of the header still.
NAMED = re.compile(
    rb"(?:x-[\w-]+|content-[\w-]+|message-id|subject|date|from|sender|reply-to|to|cc|mime-version|received|references|"
    rb"in-reply-to|return-path|delivered-to|dkim-signature)[ \t]*:",
    re.IGNORECASE,
)
FOLDED_AT_MOST = 100
ENVELOPE = re.compile(rb">?From ")
WORD = re.compile(rb"=\?[^?\s]{1,80}\?[qQ]\?[^?]{0,4000}\?=")
LONGEST = 128 * 1024
# Real mails have hundreds; of more the first are read, and the body still begins where they end.
MOST_LINES = 20_000
EMPTY_LINE = re.compile(rb"\n\r?\n")
IDENTIFIER = re.compile(r"<([^<>]+)>")
LONGEST_IDENTIFIER = 998
ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.IGNORECASE)
ISO_ZONE = re.compile(r"\s+([+-]\d\d:?\d\d)$")
HALF_DAY = re.compile(r"(\d:\d\d) ?([ap])\.?m\.?(?![a-z])", re.IGNORECASE)
# +01:00, GMT+01:00, UTC+1
OFFSET = re.compile(r"\s\(?(?:(?:GMT|UTC?)(?=[+-])|(?=[+-]\d\d:))([+-])(\d{1,2}):?(\d\d)?\)?\s*(?:\(.*\))?$", re.IGNORECASE)
# At the end, or before the year, where `date` writes it.
NAMED_ZONE = re.compile(r"(?<=\d)\s+\(?([A-Z]{2,5})\)?(?=(?:\s+\d{4})?$)", re.IGNORECASE)
# As programs write it that run in their country's language: "Do, 01 Okt 2026"
MONTH = re.compile(r"(?<=\d)[\s.-]+([^\W\d_]{3,9})\.?[\s-]+(?=\d{2,4}\b)")
MONTHS = {
    name: english
    for english, names in {
        "Jan": "januar janv ene gen", "Feb": "februar févr fév fevr fev", "Mar": "mär mrz märz mars mrt maart", "Apr": "avr abr",
        "May": "mai mei mag maj", "Jun": "juin giu juni", "Jul": "juil lug juli", "Aug": "août aout ago", "Sep": "sept set",
        "Oct": "okt ott out oktober", "Nov": "noviembre", "Dec": "dez déc dic des dezember",
    }.items()
    for name in names.split()
}  # fmt: skip
# Beside those of RFC 822, which are known already, names that stand for one zone only.
ZONES = {
    "WEST": "+0100", "CET": "+0100", "MET": "+0100", "MEZ": "+0100", "CEST": "+0200", "MEST": "+0200", "MESZ": "+0200",
    "EET": "+0200", "EEST": "+0300", "MSK": "+0300", "TRT": "+0300", "IRST": "+0330", "IRDT": "+0430", "JST": "+0900",
    "KST": "+0900", "HKT": "+0800", "SGT": "+0800", "AEST": "+1000", "AEDT": "+1100", "NZST": "+1200", "NZDT": "+1300",
    "BRT": "-0300",
}  # fmt: skip


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

    def each(self, name: str) -> list[str]:
        """All of that name, as `text` gives one."""
        return [unfolded(value, self.charset) for key, value in self.fields if key == name]

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)


def unfolded(raw: bytes, charset: str | None = None) -> str:
    """As one line; raw letters are UTF-8 (RFC 6532), or else of `charset`; within an encoded word they are of its charset."""
    return " ".join(decode_raw(WORD.sub(_escaped, raw[:LONGEST]), charset).split())


def _escaped(word: re.Match[bytes]) -> bytes:
    return re.sub(rb"[\x80-\xff]", lambda letter: b"=%02X" % letter[0][0], word[0])


def said(headers: Headers, name: str) -> str:
    """A header of free text, decoded, as one line: line ends come in encoded words, too."""
    return " ".join(line.strip() for line in decode_words(headers.text(name)).splitlines()).strip()


def read_headers(source: bytes, start: int) -> Headers:
    """The block at `start`: up to an empty line, a boundary or a line that cannot be a header."""
    fields: list[tuple[str, list[bytes]]] = []
    end = start
    for count, (line, after) in enumerate(lines(source, start)):
        if count == MOST_LINES:
            return _headers(fields, _below_empty_line(source, end))
        if not line.strip():
            if line and _folded(source, after):
                end = after
                continue
            return _headers(fields, after)
        field = FIELD.match(line.replace(b"\0", b""))
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


def _folded(source: bytes, after: int) -> bool:
    """Whether a line of blanks (RFC 5322, 4.2) is within the header: more of it follows."""
    for _, (line, _end) in zip(range(FOLDED_AT_MOST), lines(source, after), strict=False):
        if line[:1] not in (b" ", b"\t"):
            return NAMED.match(line) is not None
    return False


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
    text = text.strip()[:200]
    try:
        if ISO.match(text):
            read = datetime.fromisoformat(ISO_ZONE.sub(r"\1", text))
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        return _moment(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _moment(text: str) -> datetime | None:
    half = HALF_DAY.search(text)
    read = parsedate_tz(_with_offset(MONTH.sub(_in_english, HALF_DAY.sub(r"\1", text))))
    if read is None:
        return None
    time = datetime(*read[:6], tzinfo=_zone(read[9]))
    return time.replace(hour=time.hour % 12 + 12 * (half[2].lower() == "p")) if half and time.hour <= 12 else time


def _with_offset(text: str) -> str:
    """The zone as RFC 5322 has it, where it is named or spelt in another way."""
    if spelt := OFFSET.search(text):
        return f"{text[: spelt.start()]} {spelt[1]}{int(spelt[2]):02}{spelt[3] or '00'}"
    named = NAMED_ZONE.search(text)
    if named and named[1].upper() in ZONES:
        return f"{text[: named.start()]} {ZONES[named[1].upper()]}{text[named.end() :]}"
    return text


def _in_english(found: re.Match[str]) -> str:
    return f" {MONTHS.get(found[1].lower(), found[1])} "


def _zone(seconds: int | None) -> timezone:
    return UTC if not seconds else timezone(timedelta(seconds=seconds))
