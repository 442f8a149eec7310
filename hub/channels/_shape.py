"""What a channel is: how files are cut into payloads, and how one payload is understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hub.events.draft import Draft


@dataclass(frozen=True, slots=True)
class Payload:
    """The smallest unit that can be rejected alone, as it came: one mail, one webhook request, one CSV row.

    `meta` is what the wire knows besides the bytes: HTTP headers in lower case, the line of a row. `ours`: the
    organisation's own e-mail addresses, in lower case.
    """

    body: bytes = field(repr=False)
    source: str
    received: datetime
    meta: Mapping[str, str] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Understood:
    drafts: tuple[Draft, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Understood well enough to know that it is of no interest."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not understood. `at` names the place: "byte 102", "line 7, column total", "$.data.party". Never a value."""

    why: str
    at: str | None = None


Outcome = Understood | Ignored | Rejected


@dataclass(frozen=True, slots=True)
class Piece:
    """One payload cut from a file: its bytes, or (`path`) the whole of a file, which may be too large to hold."""

    body: bytes | None = field(repr=False)
    path: Path | None = None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Channel:
    """`suffixes`: the files `hub ingest` looks at; `split`: a file's payloads; `parse`: what one payload says.

    `limit`: payloads of more bytes are kept but rejected as too large, unread.
    """

    name: str
    parse: Callable[[Payload], Outcome]
    split: Callable[[Path], Iterator[Piece]] | None = None
    suffixes: tuple[str, ...] = ()
    limit: int = 40 * 1024 * 1024
