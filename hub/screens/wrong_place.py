"""The place in a payload that nobody understood, to be seen: bytes in hex, a line of text, a field of a row, a path of JSON.

`at` is as the channels write it: "byte 102", "character 7", "line 3, column total", "$.data.party[0]", or none.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

AROUND = 6  # lines, or rows of 16 bytes, before and after
LONGEST = 400  # characters of a line; of a longer one those around the place
LARGEST = 2 * 1024 * 1024  # bytes of JSON that are laid out as a tree
_ROW = 16
_BYTE, _CHARACTER = re.compile(r"byte (\d{1,12})"), re.compile(r"character (\d{1,12})")
_LINE, _COLUMN = re.compile(r"line (\d{1,9})"), re.compile(r"column (.+)")
_PATH = re.compile(r"\$[^,]*")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_CELLS = 200
_NOTHING: Any = object()
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """`number`: of the line, or the offset of its first byte. The place is `marked`, the rest stands before and after.

    `text`: of bytes, as far as they are letters.
    """

    number: str
    before: str
    marked: str = ""
    after: str = ""
    wrong: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """`kind`: bytes, text, row or json. In `row` the lines are cells, their numbers the columns."""

    kind: str
    lines: list[Line]


def shown(body: bytes, at: str | None) -> Place:
    """What stands around the place; the beginning where none is told or it is not there."""
    told = at or ""
    if found := _BYTE.search(told):
        return Place("bytes", list(_hex(body, min(int(found[1]), len(body)))))
    if (found := _PATH.search(told)) and (tree := _tree(body, found[0])):
        return Place("json", tree)
    if found := _CHARACTER.search(told):
        return Place("text", _character(_text(body), int(found[1])))
    if (found := _COLUMN.search(told)) and (cells := _cells(body, found[1].strip())):
        return Place("row", cells)
    if not _readable(body):
        return Place("bytes", list(_hex(body, None)))
    return Place("text", _lines(_text(body), _line_of(body, told)))


def _hex(body: bytes, place: int | None) -> Iterator[Line]:
    """Rows of 16 bytes; the place itself is marked, an end of the payload too."""
    row = (place or 0) // _ROW
    for n in range(max(0, row - AROUND), row + AROUND + 1):
        piece = body[n * _ROW : (n + 1) * _ROW]
        here = place is not None and n == row
        if not piece and not here:
            continue
        at = (place or 0) - n * _ROW if here else len(piece)
        before, marked, after = (part.hex(" ") for part in (piece[:at], piece[at : at + 1], piece[at + 1 :]))
        text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in piece)
        yield Line(f"{n * _ROW:06x}", before, marked or ("··" if here else ""), after, here, text)


def _text(body: bytes) -> str:
    return body.removeprefix(_BOM).decode("utf-8", "replace")


def _readable(body: bytes) -> bool:
    head = body[:4096]
    return not any(byte < 9 for byte in head)


def _line_of(body: bytes, told: str) -> int | None:
    """The line within the payload: a row of a file stands alone, below its header."""
    found = _LINE.search(told)
    if not found:
        return None
    count = _text(body).rstrip("\n").count("\n") + 1
    return min(int(found[1]), count)


def _lines(text: str, wrong: int | None) -> list[Line]:
    lines = text.split("\n")
    first = max(0, (wrong or 1) - 1 - AROUND)
    return [
        Line(str(n), line[:LONGEST] if n != wrong else "", line[:LONGEST] if n == wrong else "", "", n == wrong)
        for n, line in enumerate(lines[first : first + 2 * AROUND + 1], first + 1)
    ]


def _character(text: str, place: int) -> list[Line]:
    """The line in which this character stands, cut around it."""
    place = min(place, len(text))
    number = text.count("\n", 0, place) + 1
    start = text.rfind("\n", 0, place) + 1
    found = []
    for line in _lines(text, None if number <= AROUND else number):
        if line.number != str(number):
            found.append(Line(line.number, line.before or line.marked))
            continue
        end = text.find("\n", place)
        before, rest = text[start:place], text[place : len(text) if end < 0 else end]
        found.append(Line(str(number), before[-LONGEST:], rest[:1] or "¶", rest[1:LONGEST], True))
    return found


def _cells(body: bytes, column: str) -> list[Line]:
    """A row's cells by the header above it, the one of this column marked. Empty where it cannot be cut so."""
    header, _, row = _text(body).partition("\n")
    delimiter = max(",;\t", key=header.count)
    try:
        names, cells = next(csv.reader([header], delimiter=delimiter)), next(csv.reader(io.StringIO(row), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return []
    if len(names) > _CELLS or column.lower() not in [name.strip().lower() for name in names]:
        return []
    values = [*cells, *[""] * (len(names) - len(cells))]
    return [
        Line(name.strip(), "" if mine else value[:LONGEST], (value[:LONGEST] or "…") if mine else "", "", mine)
        for name, value in zip(names, values, strict=False)
        for mine in [name.strip().lower() == column.lower()]
    ]


def _tree(body: bytes, path: str) -> list[Line]:
    """JSON laid out, the value at the path marked; where it is missing, what should hold it."""
    if len(body) > LARGEST:
        return []
    try:
        document = orjson.loads(body.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        return []
    wanted = _there(document, [name or int(n) for name, n in _STEP.findall(path)])
    return _around(Line(str(n), *_cut(text, here), wrong=here) for n, (text, here) in enumerate(_laid_out(document, wanted), 1))


def _around(lines: Iterator[Line]) -> list[Line]:
    """Those around the wrong one; what is laid out before them is let go of, and what comes after is not laid out at all."""
    before: deque[Line] = deque(maxlen=AROUND)
    for line in lines:
        if line.wrong:
            return [*before, line, *islice(lines, AROUND)]
        before.append(line)
    return list(before)


def _cut(text: str, here: bool) -> tuple[str, str]:
    return ("", text[:LONGEST]) if here else (text[:LONGEST], "")


def _there(document: Any, steps: list[str | int]) -> tuple[str | int, ...]:
    """As much of the path as there is."""
    found: list[str | int] = []
    for step in steps:
        named = isinstance(document, dict) and isinstance(step, str) and step in document
        counted = isinstance(document, list) and isinstance(step, int) and step < len(document)
        if not named and not counted:
            break
        document = document[step]
        found.append(step)
    return tuple(found)


def _laid_out(document: Any, wanted: tuple[str | int, ...]) -> Iterator[tuple[str, bool]]:
    """Line by line, and whether the line is where the wanted value begins; without recursion, for it may be deep."""
    root: Iterator[tuple[str | int | None, Any]] = iter([(None, document)])
    # Of each that is open: what is left in it, what of the path leads on below it (None: it is not on the path), its last line.
    opened: list[tuple[Iterator[Any], tuple[str | int | None, ...] | None, str]] = [(root, (None, *wanted), "")]
    while opened:
        left, path, last = opened[-1]
        key, value = next(left, (None, _NOTHING))
        if value is _NOTHING:
            opened.pop()
            yield from [(last, False)] if last else []
            continue
        rest = path[1:] if path and path[0] == key else None
        indent = " " * min(2 * (len(opened) - 1), 40)
        lead = f"{indent}{orjson.dumps(key).decode()}: " if isinstance(key, str) else indent
        if isinstance(value, dict | list) and value:
            opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
            yield f"{lead}{opening}", rest == ()
            below = value.items() if isinstance(value, dict) else enumerate(value)
            opened.append((iter(below), rest, indent + closing))
        else:
            yield f"{lead}{orjson.dumps(value).decode()[:LONGEST]}", rest == ()
