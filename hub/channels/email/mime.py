"""A mail as a tree of parts, cut in one pass over its bytes: nothing is copied, nothing recurses, depth has an end."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field, replace

from hub.channels.email.charsets import decode, known
from hub.channels.email.header_fields import Headers, read_headers
from hub.channels.email.parameters import Valued, read_valued
from hub.channels.email.words import unbase64

DEEPEST = 64
OPAQUE = "application/octet-stream"
MOST_PARTS = 2_000
AHEAD = 64 * 1024  # bytes in which the first boundary is looked for
DOUBLED = 16 * 1024  # bytes looked at for line ends that are double
META = re.compile(rb"<meta\b[^>]{0,200}?\bcharset\s{0,3}=\s{0,3}[\"']?\s{0,3}([\w.:-]{2,40})", re.IGNORECASE | re.ASCII)
HEAD = 4096  # bytes in which html names its charset
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


@dataclass(frozen=True, slots=True)
class _Head:
    """What a part's header says, before its end is known."""

    headers: Headers
    content: Valued
    type: str


@dataclass(slots=True)
class _Level:
    """A multipart; without a `part` as long as none of its boundaries has come. `ahead` is the next one."""

    head: _Head
    divider: re.Pattern[bytes]
    part: Part | None = None
    looked: bool = False
    ahead: re.Match[bytes] | None = None

    def next_divider(self, source: bytes, at: int, limit: int) -> re.Match[bytes] | None:
        """None holds for good: what lies behind `limit`, a divider of an outer level, is not this level's."""
        if not self.looked or (self.ahead is not None and self.ahead.start() < at):
            self.looked, self.ahead = True, self.divider.search(source, at, limit)
        return self.ahead


def with_line_feeds(body: bytes) -> bytes:
    """The mail where its lines end with CR alone, as on old Macs, or with CR CR LF, as a copy in text mode makes them."""
    header = body[: None if (end := body.find(b"\r\r")) < 0 else end]
    if b"\r" in header and b"\n" not in header:
        return body.replace(b"\r", b"\n")
    beginning = body[:DOUBLED]
    doubled = beginning.count(b"\r\r\n")
    return body.replace(b"\r\r\n", b"\r\n") if doubled and doubled == beginning.count(b"\n") else body


def read_mime(source: bytes, start: int = 0) -> Part:
    """The whole mail, from `start`. A multipart without a part is text, one below DEEPEST is a file."""
    return _Cutter(source).cut(start)


class _Cutter:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.top: list[Part] = []
        self.levels: list[_Level] = []
        self.leaf: _Head | None = None
        self.count = 0
        self.charset: str | None = None

    def cut(self, start: int) -> Part:
        at = self._begin(start)
        while self.count < MOST_PARTS and (found := self._next(at)) is not None:
            at = self._divide(*found)
        self._end(len(self.source), 0)
        return self.top[0]

    def _next(self, at: int) -> tuple[int, re.Match[bytes]] | None:
        """The next divider of any open level, and whose it is; the innermost where two levels share a boundary."""
        nearest, limit = None, len(self.source)
        for index, level in enumerate(self.levels):
            ahead = level.next_divider(self.source, max(at - 1, 0), limit)
            if ahead is not None:
                nearest, limit = (index, ahead), ahead.end()
        return nearest

    def _divide(self, index: int, divider: re.Match[bytes]) -> int:
        level = self.levels[index]
        if level.part is None:
            level.part = self._keep(level.head, level.head.headers.end, index)
        else:
            self._end(divider.start() + 1, index + 1)
        if divider[1]:
            del self.levels[index:]
            return divider.end()
        return self._begin(min(divider.end() + 1, len(self.source)))

    def _begin(self, start: int) -> int:
        """Reads a header; answers where its body starts."""
        self.count += 1
        headers = replace(read_headers(self.source, start), charset=self.charset)
        content = self._content(headers)
        self.charset = self.charset or content.parameters.get("charset")
        head = _Head(headers, content, content.value if TYPE.match(content.value) else self._default())
        boundary = content.parameters.get("boundary", "").strip() if head.type.startswith("multipart/") else ""
        if boundary and len(self.levels) < DEEPEST:
            self.levels.append(_Level(head, _divider(boundary)))
        else:
            self.leaf = replace(head, type=OPAQUE) if boundary else head
        return headers.end

    def _content(self, headers: Headers) -> Valued:
        """The last Content-Type; of several rather that by whose boundary the body is cut."""
        said = [read_valued(text) for text in headers.each("content-type")[-4:]]
        cuts = [one for one in said if len(said) > 1 and self._cut_by(one.parameters.get("boundary"), headers.end)]
        return next(reversed(cuts or said), read_valued(""))

    def _cut_by(self, boundary: str | None, start: int) -> bool:
        return bool(boundary) and _divider(boundary or "").search(self.source, start - 1, start + AHEAD) is not None

    def _default(self) -> str:
        inside = self.levels[-1].head.type if self.levels else ""
        return "message/rfc822" if inside == "multipart/digest" else "text/plain"

    def _end(self, end: int, keep: int) -> None:
        """What is open ends here, but for the outer `keep` levels; a multipart of which no boundary came was text."""
        head, self.leaf = self.leaf, None
        if self.levels and self.levels[-1].part is None:
            head = self.levels.pop().head
        if head is not None:
            self._keep(_as_leaf(head), self._before_line_end(end, head), len(self.levels))
        del self.levels[keep:]

    def _before_line_end(self, end: int, head: _Head) -> int:
        """The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1)."""
        if end < len(self.source):
            end -= 2 if self.source[end - 2 : end] == b"\r\n" else 1
        return max(end, head.headers.end)

    def _keep(self, head: _Head, end: int, depth: int) -> Part:
        disposition = read_valued(head.headers.text("content-disposition"))
        part = Part(head.headers, head.content, disposition, head.type, self.source, head.headers.end, end)
        above = self.levels[depth - 1].part if depth else None
        (self.top if above is None else above.children).append(part)
        return part


def _divider(boundary: str) -> re.Pattern[bytes]:
    """A boundary line, from the line end before it up to its own; the group says that it is the last."""
    return re.compile(rb"\n--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*\r?(?=\n|\Z)")


def _as_leaf(head: _Head) -> _Head:
    """A multipart of no parts is text."""
    return replace(head, type="text/plain") if head.type.startswith("multipart/") else head


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
    return decode(data, charset_of(part, data)).replace("\r\n", "\n").replace("\r", "\n")


def charset_of(part: Part, data: bytes) -> str | None:
    """As its header says; html of which that says nothing names it itself (`data`: its bytes)."""
    declared = part.content.parameters.get("charset")
    if part.type != "text/html" or known(declared) not in (None, "ascii"):
        return declared
    named = META.search(data, 0, HEAD)
    within = named[1].decode() if named else None
    # Who can read the name reads no letters of 16 bits.
    return within if known(within) and not (known(within) or "").startswith(("utf-16", "utf-32")) else declared
