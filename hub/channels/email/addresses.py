"""Names and addresses (RFC 5322, 3.4) out of what mailers write: a tokenizer that takes anything and never recurses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hub.channels.email.words import decode_words

# What an encoded word holds is its name, though a comma, a bracket or a colon be in it.
TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*+"?|=\?[^?\s]{1,80}\?[bBqQ]\?[^?]{0,4000}\?=|<[^>]*>?|\((?:[^()\\]|\\.)*+\)?|'
    r'[,;:]|\[[^\[\]]*+\]|(?:[^"<(,;:\[=]|=(?!\?))+|.',
    re.DOTALL,
)
WRAPPED = re.compile(r'"[^"]+"')
WITHIN = re.compile(r"(.*?)\s*<\s*([^\s<>@]{1,128}@[^\s<>@]{1,190})\s*>?", re.DOTALL)
USABLE = re.compile(r"^[^@\s<>,;]{1,128}@[^@\s<>,;]{1,190}$")


@dataclass(frozen=True, slots=True)
class Address:
    """As written: `address` may be no address at all ("MAILER-DAEMON", "")."""

    name: str
    address: str

    @property
    def usable(self) -> bool:
        return USABLE.match(self.address) is not None

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "address": self.address}


def read_addresses(header: str) -> list[Address]:
    """In the order of the header, the members of groups among them."""
    reader = _Reader()
    for token in TOKEN.findall(header):
        reader.take(token)
    reader.finish()
    return reader.found


@dataclass(slots=True)
class _Reader:
    found: list[Address] = field(default_factory=list)
    phrase: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    angle: str | None = None
    before_comma: str = ""
    has_at: bool = False  # whether the phrase has an @

    def take(self, token: str) -> None:
        if token == ",":
            self._comma()
        elif token == ";":
            self.finish()
        elif token == ":" and self.angle is None and not self.has_at:
            self._drop()
        elif token[0] == "<" and self.angle is None:
            self.angle = token.strip("<> \t")
        elif token[0] == "(":
            self.comment.append(token.strip("()"))
        else:
            self.phrase.append(_unquoted(token))
            self.has_at = self.has_at or "@" in self.phrase[-1]

    def finish(self) -> None:
        if self.before_comma and self.angle is None:
            self.found.append(_bare(self.before_comma, ""))
            self.before_comma = ""
        self._flush()

    def _comma(self) -> None:
        """`Doe, John <j@example.com>` without quotes is one person."""
        if self.angle is None and not self.has_at and "".join(self.phrase).strip() and not self.before_comma:
            self.before_comma, self.phrase = _said(self.phrase), []
        else:
            self.finish()

    def _flush(self) -> None:
        name, comment = _said(self.phrase), _said(self.comment)
        if self.angle is not None:
            full = ", ".join(part for part in (self.before_comma, name) if part.strip("<>"))
            self.found.append(Address(full or comment, _without_route(self.angle)))
        elif name:
            self.found.append(_bare(name, comment))
        self._drop()

    def _drop(self) -> None:
        self.phrase, self.comment, self.angle, self.before_comma, self.has_at = [], [], None, "", False


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:].removesuffix('"'), flags=re.DOTALL) if token[0] == '"' else token


def _said(pieces: list[str]) -> str:
    """The words of a phrase; the quotes that some put around the name within its quotes are none of it."""
    words = " ".join(decode_words("".join(pieces)).split())
    return (words[1:-1] if WRAPPED.fullmatch(words) else words).strip("'")


def _bare(text: str, comment: str) -> Address:
    """No angle brackets, or only encoded and quoted ones: the word with an @ is the address, of the comment if none else has
    one; one word alone is a mailbox of this machine."""
    if within := WITHIN.fullmatch(text):
        return Address(within[1] or comment, _without_route(within[2]))
    if "@" not in text and USABLE.match(comment):
        return Address(text, comment)
    words = text.split()
    at = next((word for word in words if "@" in word), words[0] if len(words) == 1 else "")
    rest = " ".join(word for word in words if word is not at)
    return Address(comment or rest, _without_route(at.strip("<>")))


def _without_route(address: str) -> str:
    """`@relay:user@host` (RFC 822), `mailto:user@host` and `[SMTP:user@host]` are user@host."""
    if address.startswith("[") and "@" in address:
        address = address.strip("[]")
    return decode_words("".join(address.rpartition(":")[2].split())) if "[" not in address else address.strip()
