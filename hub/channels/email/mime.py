"""A mail as a tree of parts, cut in one pass over its bytes: nothing is copied, nothing recurses, depth has an end."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.channels.email.charsets import decode
from hub.channels.email.header_fields import Headers, read_headers
from hub.channels.email.parameters import Valued, read_valued
from hub.channels.email.words import unbase64

DEEPEST = 64
MOST_PARTS = 10_000
TYPE = re.compile(r"^[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """`children`, in order, are those of a multipart; a leaf's bytes are `source[start:end]`, still encoded."""

    headers: Headers
    content: Valued
    disposition: Valued
    type: str
    source: bytes = field(repr=False)
    start: int
    end: int
    children: list[Part] = field(default_factory=list)

    @property
    def multipart(self) -> bool:
        return self.type.startswith("multipart/")

    @property
    def name(self) -> str | None:
        """The file name that its sender gave it."""
        return self.disposition.parameters.get("filename") or self.content.parameters.get("name") or None

    def decoded(self) -> bytes:
        """A leaf's bytes as they were before they were encoded for the way."""
        body = memoryview(self.source)[self.start : self.end]
        encoding = self.headers.text("content-transfer-encoding").strip().strip("\"'").lower()
        if encoding.startswith("base64"):
            return unbase64(body)
        if encoding.startswith("quoted"):
            return binascii.a2b_qp(body)
        return _uudecoded(bytes(body)) if encoding in UUENCODED else bytes(body)


UUENCODED = {"x-uuencode", "uuencode", "x-uue", "uue"}


@dataclass(slots=True)
class _Waiting:
    """A part whose header was read and whose end, or first child, has yet to come."""

    headers: Headers
    content: Valued
    type: str
    boundary: bytes | None


def read_mime(source: bytes, start: int = 0) -> Part:
    """The whole mail, from `start`. Multiparts without a part are text; below DEEPEST a multipart is one file."""
    return _Cutter(source).cut(start)


class _Cutter:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.top: list[Part] = []
        self.open: list[tuple[bytes, Part]] = []
        self.waiting: _Waiting | None = None
        self.count = 0

    def cut(self, start: int) -> Part:
        self.waiting = self._begin(start)
        for start, after, name in _dashed(self.source, self.waiting.headers.end):
            # A header reaches up to its end: what looks like a boundary within it was read already.
            if self.waiting is None or start >= self.waiting.headers.end:
                self._line(start, after, name)
        self._leaf(len(self.source))
        return self.top[0]

    def _line(self, start: int, after: int, name: bytes) -> None:
        found = self._matching(name)
        if found is None:
            return
        level, closing = found
        if level == len(self.open) and self.waiting is not None:
            self._descend(self.waiting, self.waiting.boundary or name)
        else:
            self._leaf(start)
        del self.open[level + 1 :]
        if closing:
            del self.open[level:]
        elif self.count < MOST_PARTS:
            self.waiting = self._begin(after)

    def _matching(self, name: bytes) -> tuple[int, bool] | None:
        """The innermost open multipart (the one just begun included) that this line divides, and whether it ends it."""
        boundaries = [boundary for boundary, _ in self.open]
        if self.waiting is not None and self.waiting.boundary is not None:
            boundaries.append(self.waiting.boundary)
        for wanted, closing in ((name, False), (name.removesuffix(b"--"), True)):
            for level in range(len(boundaries) - 1, -1, -1):
                if boundaries[level] == wanted and (not closing or name.endswith(b"--")):
                    return level, closing
        return None

    def _begin(self, start: int) -> _Waiting:
        self.count += 1
        headers = read_headers(self.source, start)
        content = read_valued(headers.text("content-type"))
        type_ = content.value if TYPE.match(content.value) else self._default()
        boundary = content.parameters.get("boundary", "").strip() if type_.startswith("multipart/") else ""
        deep = len(self.open) >= DEEPEST
        return _Waiting(headers, content, type_, boundary.encode("utf-8", "replace") if boundary and not deep else None)

    def _default(self) -> str:
        return "message/rfc822" if self.open and self.open[-1][1].type == "multipart/digest" else "text/plain"

    def _descend(self, waiting: _Waiting, boundary: bytes) -> None:
        part = self._part(waiting, waiting.type, waiting.headers.end)
        self._keep(part)
        self.open.append((boundary, part))
        self.waiting = None

    def _leaf(self, end: int) -> None:
        """What waited has no children; the line end before a boundary belongs to the boundary (RFC 2046, 5.1.1)."""
        if self.waiting is None:
            return
        if end < len(self.source):
            end = _before_line_end(self.source, end)
        self._keep(self._part(self.waiting, self._leaf_type(self.waiting), max(end, self.waiting.headers.end)))
        self.waiting = None

    def _leaf_type(self, waiting: _Waiting) -> str:
        if not waiting.type.startswith("multipart/"):
            return waiting.type
        return "application/octet-stream" if len(self.open) >= DEEPEST else "text/plain"

    def _part(self, waiting: _Waiting, type_: str, end: int) -> Part:
        disposition = read_valued(waiting.headers.text("content-disposition"))
        return Part(waiting.headers, waiting.content, disposition, type_, self.source, waiting.headers.end, end)

    def _keep(self, part: Part) -> None:
        (self.open[-1][1].children if self.open else self.top).append(part)


def _before_line_end(source: bytes, end: int) -> int:
    if source[end - 2 : end] == b"\r\n":
        return end - 2
    return end - 1 if source[end - 1 : end] == b"\n" else end


def _dashed(source: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Each line that begins with `--`: where it begins, where the next begins, what follows the dashes."""
    found = start if source[start : start + 2] == b"--" else source.find(b"\n--", start) + 1
    while found:
        end = source.find(b"\n", found)
        after = len(source) if end < 0 else end + 1
        yield found, after, source[found + 2 : min(after, found + 1000)].rstrip()
        found = after if source[after : after + 2] == b"--" else source.find(b"\n--", after - 1) + 1


def _uudecoded(body: bytes) -> bytes:
    """The lines between `begin` and `end`; those that are none of uuencode's are left out."""
    out: list[bytes] = []
    for line in body.splitlines():
        if line.startswith((b"begin ", b"end")) or not line:
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(out)


def text_of(part: Part, room: int) -> str:
    """A text part's words: at most `room` bytes of it, line ends as \\n."""
    data = part.decoded()[:room]
    return decode(data, part.content.parameters.get("charset")).replace("\r\n", "\n").replace("\r", "\n")
