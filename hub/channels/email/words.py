"""Encoded words (RFC 2047), as strictly as mailers keep to them."""

from __future__ import annotations

import binascii
import re
from itertools import groupby

from hub.channels.email.charsets import clean, decode

# None goes on over the opening of another, so that a header of many openings and no end costs no more than its length.
WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?((?:[^?=]|=(?!\?[^?\s]{1,80}\?[bBqQ]\?)|\?(?!=)){0,4000}+)\?=")


def decode_words(text: str) -> str:
    """Text with its encoded words decoded; white space between two of them is none."""
    out: list[str] = []
    run: list[tuple[str, bytes]] = []
    end = 0
    for word in WORD.finditer(text):
        between = text[end : word.start()]
        if between.strip() or not run:
            out += [_decode_run(run), between]
            run = []
        run.append(_raw(word))
        end = word.end()
    return clean("".join([*out, _decode_run(run), text[end:]]))


def _raw(word: re.Match[str]) -> tuple[str, bytes]:
    charset, _, _language = word[1].lower().partition("*")
    content = word[3].encode("utf-8", "surrogateescape")
    return charset, unquote(content) if word[2] in "qQ" else unbase64(content)


def _decode_run(run: list[tuple[str, bytes]]) -> str:
    """Mailers cut letters of several bytes between two words: words of one charset are decoded as one."""
    return "".join(
        decode(b"".join(data for _, data in words), charset)
        for charset, words in groupby(run, key=lambda pair: pair[0])
    )


def unquote(content: bytes) -> bytes:
    return binascii.a2b_qp(content, header=True)


def unbase64(content: bytes | memoryview) -> bytes:
    """All that can be decoded: what is not of the alphabet is skipped, a cut end is filled up."""
    try:
        return binascii.a2b_base64(content)
    except binascii.Error:
        return _unbase64_cut(bytes(content))


def _unbase64_cut(content: bytes) -> bytes:
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
    whole = len(digits) - (len(digits) % 4 == 1)
    return binascii.a2b_base64(digits[:whole] + b"=" * (-whole % 4))
