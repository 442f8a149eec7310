"""`text/plain; charset="utf-8"; name*0*=...`: a value and its parameters (RFC 2045, 2231), as mailers write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from hub.channels.email.charsets import clean, decode
from hub.channels.email.words import decode_words

PARAMETER = re.compile(r';\s*([^=;\s"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"?|([^;]*))')
CONTINUED = re.compile(r"^(.+?)(?:\*(\d{1,4}))?(\*)?$")


@dataclass(frozen=True, slots=True)
class Valued:
    """A header such as Content-Type: `value` in lower case, `parameters` decoded, by lower-case name."""

    value: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_valued(header: str) -> Valued:
    header = COMMENT.sub(" ", header)
    value, semicolon, rest = header.partition(";")
    return Valued(value.strip().strip("\"'").lower(), _parameters(semicolon + rest))


# Only an unquoted comment at a word's end: a parenthesis within a file's name is a part of the name.
COMMENT = re.compile(r"(?<=[\s;])\([^()\"]*\)(?=\s*(?:;|$))")


def _parameters(text: str) -> dict[str, str]:
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for found in PARAMETER.finditer(text):
        name, section, extended = _continued(found[1].lower())
        pieces.setdefault(name, []).append((section, extended, _unescaped(found)))
    return {name: _joined(sections) for name, sections in pieces.items()}


def _continued(name: str) -> tuple[str, int, bool]:
    found = CONTINUED.match(name)
    if found is None:
        return name, -1, False
    return found[1], int(found[2]) if found[2] else -1, bool(found[3])


def _unescaped(found: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3].strip()


def _joined(sections: list[tuple[int, bool, str]]) -> str:
    """Of `name` and `name*` the extended one; sections in the order of their numbers, once each."""
    chosen = dict(reversed([(section, (extended, text)) for section, extended, text in sections]))
    numbered = [chosen[n] for n in sorted(chosen) if n >= 0]
    plain = [(extended, text) for section, extended, text in sections if section < 0]
    whole = [piece for piece in plain if piece[0]] or plain
    ordered = whole[:1] if whole and (whole[0][0] or not numbered) else numbered
    if any(extended for extended, _ in ordered):
        return _extended(ordered)
    return clean(decode_words("".join(text for _, text in ordered)))


def _extended(ordered: list[tuple[bool, str]]) -> str:
    """charset'language'percent-encoded, the charset said once, in the first section."""
    charset, quote, rest = ordered[0][1].partition("'")
    first = rest.partition("'")[2] if quote else ordered[0][1]
    texts = [first, *(text for _, text in ordered[1:])]
    escaped = [extended for extended, _ in ordered]
    data = b"".join(_bytes(text, is_escaped) for text, is_escaped in zip(texts, escaped, strict=True))
    return decode(data, charset if quote else None)


def _bytes(text: str, escaped: bool) -> bytes:
    data = text.encode("utf-8", "replace")
    return unquote_to_bytes(data) if escaped else data
