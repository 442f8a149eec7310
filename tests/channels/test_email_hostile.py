"""No bytes make the channel raise, slow, or large."""

from __future__ import annotations

import base64
import time
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels._shape import Outcome, Payload, Rejected, Understood
from hub.channels.email import channel

HEAD = b"From: a@example.com\nSubject: x\n"
MEGABYTE = 1_000_000
PIECES = [
    b"From: ",
    b"To: ",
    b"Date: Thu, 32 Foo 99999 25:61:61 +9999\n",
    b"Received: x; ",
    b"Subject: =?utf-8?B?",
    b"?=",
    b"=?x?q?=GG",
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary*0*=utf-8''%62; boundary*1=b\n",
    b"Content-Type: message/delivery-status\n",
    b"Content-Type: text/html; charset=utf-16\n",
    b"Content-Type: text/plain; charset=utf-7\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: quoted-printable\n",
    b"Content-Transfer-Encoding: x-uuencode\n",
    b"Content-Disposition: attachment; filename*99=\n",
    b"Message-ID: <",
    b"References: <a> <b",
    b"--b",
    b"--",
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"\0",
    b"\xff\xfe",
    b"+2AA-",
    b"\xed\xa0\x80",
    b"<a href='",
    b"<!--",
    b"MAILER-DAEMON@x (",
    b'"<,;:[\\',
    b"Final-Recipient: rfc822; a@b.c\nStatus: 5.1.1\n",
    "سلام".encode("cp1256"),
]


def parse(body: bytes) -> Outcome:
    return channel.parse(Payload(body, "inbox", datetime(2026, 3, 1, tzinfo=UTC)))


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    return [text for one in value for text in texts(one)] if isinstance(value, list | tuple) else []


def assert_sound(body: bytes) -> None:
    outcome = parse(body)
    if isinstance(outcome, Rejected):
        assert outcome.at
        return
    assert isinstance(outcome, Understood)
    draft = outcome.drafts[0]
    assert draft.time.tzinfo is not None
    for text in [draft.key, *texts(draft.fields), *(file.name or "" for file in draft.files)]:
        assert "\0" not in text
        text.encode("utf-8")


@given(st.binary(max_size=300))
def test_random_bytes_are_rejected_or_understood(body: bytes) -> None:
    assert_sound(body)
    assert_sound(HEAD + body)


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=40))
def test_scrambled_mails_are_rejected_or_understood(pieces: list[bytes]) -> None:
    assert_sound(b"".join(pieces))
    assert_sound(HEAD + b"".join(pieces))


@given(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 400))
def test_damaged_mails_are_rejected_or_understood(at: int, put: bytes, cut: int) -> None:
    whole = nested(3)
    assert_sound(whole[:at] + put + whole[at + cut :])


def nested(depth: int) -> bytes:
    opened = [b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(depth)]
    closed = [b"--b%d--\n" % level for level in reversed(range(depth))]
    return b"".join([HEAD, *opened, b"\nthe words\n", *closed])


def test_a_mail_of_sixty_levels_is_read_to_its_ground() -> None:
    outcome = parse(nested(60))
    assert isinstance(outcome, Understood)
    assert outcome.drafts[0].fields["text"] == "the words"


def test_of_ten_thousand_levels_the_depth_is_kept_as_a_file() -> None:
    outcome = parse(nested(10_000))
    assert isinstance(outcome, Understood)
    (file,) = outcome.drafts[0].files
    assert file.type == "application/octet-stream"
    assert b"the words" in file.content


SLOW = {
    "many fields": b"X-A: y\n" * 500_000 + b"\n",
    "a long field": b"To: " + b"a@example.com, " * 200_000 + b"\n\n",
    "folded without end": b"X-A: y\n" + b" y\n" * 500_000 + b"\n",
    "comments": b"Cc: " + b"(" * 100_000 + b'\nTo: "<(' + b'"<(' * 50_000 + b"\n\n",
    "encoded words without end": b"Subject: " + b"=?a?q?" * 100_000 + b"\n\n",
    "encoded words that go on": b"Subject: " + b"=?a?q??a" * 12_000 + b"\n\n",
    "an address in pieces": b"To: " + b"[]" * 20_000 + b"@" + b":" * 60_000 + b"\n\n",
    "parameters": b"Content-Type: text/plain; " + b"a*0*=x; " * 20_000 + b"\n\n",
    "boundaries": b"Content-Type: multipart/mixed; boundary=q\n\n" + b"--q\n" * 500_000,
    "dashes": b"Content-Type: multipart/mixed; boundary=q\n\n--q\n\n" + b"--\n" * 500_000,
    "open quotes": b"Content-Type: text/html\n\n" + b"<a '" * 300_001,
    "open comments": b"Content-Type: text/html\n\n" + b"<!--" * 300_000,
    "open tags": b"Content-Type: text/html\n\n" + b"<div>" * 300_000,
    "empty lines": b"\n" + b"\n" * 5_000_000,
    "addresses in a bounce": b"From: mailer-daemon@x\n\n" + b"a@" * 500_000,
    "blanks in a bounce": b"From: mailer-daemon@x\n\n" + b" " * 5_000 + b"x\n",
    "a line below what may be a report": b"\nThe following message\n" + b"-" * 60 + b"\n",
    "lines that may begin a report": b"\n" + b"#\n " * 2_000,
    "a list's name": b"List-Post: x\nList-Id: " + b"a" * 120_000 + b"\n\n",
    "open brackets": b"From: " + b"[" * 120_000 + b"\n\n",
}


@pytest.mark.parametrize("name", SLOW)
def test_what_is_made_to_be_slow_is_not(name: str) -> None:
    started = time.process_time()
    assert isinstance(parse(HEAD + SLOW[name]), Understood)
    assert time.process_time() - started < 5


def test_a_mail_of_25_megabytes_takes_little_more_than_its_attachment() -> None:
    content = bytes(range(256)) * (18 * MEGABYTE // 256)
    body = b"".join(
        [
            HEAD + b"Content-Type: multipart/mixed; boundary=q\n\n--q\n\nhello\n--q\n",
            b"Content-Type: application/zip; name=a.zip\n",
            b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content) + b"--q--\n",
        ]
    )
    tracemalloc.start()
    outcome = parse(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(outcome, Understood)
    assert outcome.drafts[0].files[0].content == content
    assert peak < 40 * MEGABYTE


def test_a_text_too_long_to_be_shown_is_kept_whole_as_a_file() -> None:
    words = b"some words\n" * 400_000
    outcome = parse(HEAD + b"\n" + words)
    assert isinstance(outcome, Understood)
    draft = outcome.drafts[0]
    assert 2 * MEGABYTE < len(draft.fields["text"]) < 3 * MEGABYTE
    assert draft.files[0].content == words
