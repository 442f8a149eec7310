"""CSV files cut into rows that can each be understood or rejected alone, and one such row read again.

Comma, semicolon, tab or bar; quoted cells may hold line ends (RFC 4180); UTF-8 with or without byte order mark. A quote that
is never closed costs its own line only: the lines after it are cut afresh.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from hub.channels._shape import Payload, Piece, Rejected
from hub.channels._values import Broken
from hub.events.text import undirected

ROW_LIMIT = 128 * 1024  # bytes of one row, and how far a closing quote is looked for
CELL_LIMIT = 64 * 1024  # characters
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_TO_CLOSING_QUOTE = re.compile(rb'[^"]*+(?:""[^"]*+)*+"')
_QUOTED = re.compile(rb'"[^"]*"')
_SEPARATOR_NAMED = re.compile(rb"sep=[,;\t|]", re.IGNORECASE)  # by which a spreadsheet is told how the rest is cut
NOTHING = frozenset({"NULL", r"\N"})  # as databases write that there is nothing


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line with its line end; not `whole`: longer than the limit, the rest was left out."""

    number: int
    content: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row's cells by their column's name in lower case, trimmed, without marks of direction; `line` is where it stood in
    its file, `zone` what its times without offset are of."""

    line: str | None
    cells: Mapping[str, str]
    zone: tzinfo = UTC

    def cell(self, column: str) -> str:
        """The cell's text; "" where it is empty, NULL, or the file has no such column. Raises Broken."""
        text = self.cells.get(column, "")
        if text in NOTHING:
            return ""
        if not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text):
            raise Broken("is not UTF-8; save the file as UTF-8", column)
        if len(text) > CELL_LIMIT:
            raise Broken(f"is longer than {CELL_LIMIT} characters", column)
        if not text.isprintable() and any(ord(c) < 32 and c not in "\t\r\n" for c in text):
            raise Broken("holds control characters", column)
        return text

    def needed(self, column: str) -> str:
        text = self.cell(column)
        if not text:
            raise Broken("is missing", column)
        return text


def rows(path: Path, *, headed: bool = True) -> Iterator[Piece]:
    """A piece for each row, `meta["line"]` its first line in the file. In a `headed` file the body is the header,
    a line feed and the row's own bytes; otherwise the row's own bytes alone."""
    with path.open("rb") as stream:
        first = _first(stream)
        if first is None:
            return
        stream.seek(0)
        numbered = lines(stream)
        if headed:
            next(line for line in numbered if line.number == first.number)
        header = _bare(first.content) + b"\n" if headed else b""
        for row, fault in _cut(numbered, _delimiter(_bare(first.content))):
            meta = {"line": str(row.number)} | ({"broken": fault} if fault else {})
            yield Piece(header + _bare(row.content, row.number), meta=meta)


def first_line(path: Path) -> bytes | None:
    """The first line that is not empty, without byte order mark and line end; None in an empty file."""
    with path.open("rb") as stream:
        first = _first(stream)
    return None if first is None else _bare(first.content)


def lines(stream: BinaryIO, limit: int = ROW_LIMIT) -> Iterator[Line]:
    """The physical lines, each held to `limit` bytes."""
    for number in count(1):
        content = stream.readline(limit)
        if not content:
            return
        whole = content.endswith(b"\n") or len(content) < limit
        if not whole:
            _skip_line(stream, limit)
        yield Line(number, content, whole)


def columns(header: bytes) -> tuple[str, ...]:
    """The columns' names in lower case. Raises Broken."""
    return _header(header)[0]


def read(body: bytes, meta: Mapping[str, str], names: tuple[str, ...] | None = None, *, loose: bool = False) -> Row:
    """The row of a piece: its body's first line names the columns, unless `names` does. `loose`: as `split_row` has it.
    Raises Broken."""
    fault = encoding_fault(body) or meta.get("broken")
    if fault:
        raise Broken(fault)
    if names is None:
        header, _, body = body.removeprefix(_BOM).partition(b"\n")
        names, delimiter = _header(header)
    else:
        delimiter = _delimiter(body)
    cells = split_row(body, delimiter, loose=loose)
    if len(cells) != len(names):
        raise Broken(f"has {len(cells)} cells, the header {len(names)}")
    trimmed = {name: undirected(cell).strip() for name, cell in zip(names, cells, strict=True)}
    return Row(meta.get("line"), trimmed, _zone(meta.get("timezone")))


def split_row(row: bytes, delimiter: bytes | None = None, *, loose: bool = False) -> list[str]:
    """The cells of one row. Bytes that are no UTF-8 stay as lone surrogates, so that only their own cell is faulty.

    `loose`: what follows a closing quote is of the same cell. Programs that put cells together without quoting them write
    `"Sara" <201>`.
    """
    text, delimiter = row.decode("utf-8", "surrogateescape"), delimiter or _delimiter(row)
    strict = not (loose and _ends_inside_quotes(row, False, delimiter) is None and text.count('"') % 2 == 0)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter.decode(), strict=strict)
    try:
        records = list(reader)
    except csv.Error:
        raise Broken("cannot be cut into cells: a quote is not closed or stands in the wrong place") from None
    if len(records) != 1:
        raise Broken("is not one row")
    return records[0]


def encoding_fault(body: bytes) -> str | None:
    if body.startswith(_UTF16):
        return "the file is UTF-16; save it as UTF-8"
    first = _QUOTED.sub(b"", body.partition(b"\n")[0]).rstrip(b"\r")
    return "the file's lines end with carriage returns alone; save it with line feeds" if b"\r" in first else None


def rejected(broken: Broken, payload: Payload) -> Rejected:
    """The rejection of a row, its place as "line 7, column total"; of a row that came without its file, as "line 1"."""
    line = f"line {payload.meta.get('line') or 1}"
    return Rejected(broken.why, f"{line}, column {broken.at}" if broken.at else line)


@lru_cache(maxsize=64)
def _header(header: bytes) -> tuple[tuple[str, ...], bytes]:
    delimiter = _delimiter(header)
    return tuple(name.strip().lower() for name in split_row(header, delimiter)), delimiter


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        raise Broken("the time zone set for this source is not known; give one such as Asia/Tehran") from None


def _delimiter(line: bytes) -> bytes:
    bare = _QUOTED.sub(b"", line)
    return max((b",", b";", b"\t", b"|"), key=bare.count)


def _first(stream: BinaryIO) -> Line | None:
    """The first line that says something: a header, or a row."""
    said = ((line, _bare(line.content, line.number)) for line in lines(stream))
    return next((line for line, bare in said if bare.strip() and not _SEPARATOR_NAMED.fullmatch(bare)), None)


def _bare(content: bytes, number: int = 1) -> bytes:
    """Without line end and, on the first line of a file, without byte order mark."""
    return (content.removeprefix(_BOM) if number == 1 else content).rstrip(b"\r\n")


def _skip_line(stream: BinaryIO, limit: int) -> None:
    while (part := stream.readline(limit)) and not part.endswith(b"\n"):
        pass


def _cut(numbered: Iterator[Line], delimiter: bytes) -> Iterator[tuple[Line, str | None]]:
    """Rows as lines (of several physical ones where a quoted cell holds line ends), with what is wrong with them."""
    ahead: deque[Line] = deque()
    while line := ahead.popleft() if ahead else next(numbered, None):
        if not _bare(line.content, line.number).strip():
            continue
        if not line.whole:
            yield line, f"is longer than {ROW_LIMIT} bytes"
            continue
        further = _further_lines(line, ahead, numbered, delimiter)
        rest = [ahead.popleft().content for _ in range(further)]
        yield Line(line.number, b"".join([line.content, *rest])), None


def _further_lines(line: Line, ahead: deque[Line], numbered: Iterator[Line], delimiter: bytes) -> int:
    """How many of the lines after this one belong to its row; 0 also where its quote is never closed."""
    inside = _ends_inside_quotes(_bare(line.content, line.number), False, delimiter)
    size, taken = len(line.content), 0
    while inside:
        if taken == len(ahead):
            ahead.extend(_one(numbered))
        if taken == len(ahead) or (size := size + len(ahead[taken].content)) > ROW_LIMIT:
            return 0
        inside = _ends_inside_quotes(_bare(ahead[taken].content, 0), True, delimiter)
        taken += 1
    return 0 if inside is None else taken


def _one(numbered: Iterator[Line]) -> list[Line]:
    line = next(numbered, None)
    return [] if line is None else [line]


def _ends_inside_quotes(line: bytes, inside: bool, delimiter: bytes) -> bool | None:
    """Whether a quoted cell is still open at the end of the line; None where a closing quote stands inside a cell."""
    if not inside and b'"' not in line:
        return False
    at = 0
    while True:
        if not inside and not line.startswith(b'"', at):
            at = line.find(delimiter, at) + 1
            if at == 0:
                return False
            continue
        closed = _TO_CLOSING_QUOTE.match(line, at if inside else at + 1)
        if closed is None:
            return True
        if closed.end() == len(line):
            return False
        if not line.startswith(delimiter, closed.end()):
            return None
        inside, at = False, closed.end() + 1
