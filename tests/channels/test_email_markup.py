"""Quotations in html are marked as plain text marks them, so that what is said between and below them is found."""

from __future__ import annotations

import time

import pytest

from hub.channels.email.markup import as_text
from hub.channels.email.quoted import said

ABOVE = "<p>Hi Sara,</p><div>On 5/4/26 10:12 AM, Sara Ahmadi wrote:<br></div>"
CITE = '<blockquote type="cite" cite="mid:x"><p>{}</p></blockquote>'


def test_what_is_written_below_a_quotation_is_said() -> None:
    text = as_text(f"{ABOVE}{CITE.format('Which colour?')}<p>Blue, please.</p>")
    assert text == "Hi Sara,\n\nOn 5/4/26 10:12 AM, Sara Ahmadi wrote:\n\n> Which colour?\n\nBlue, please."
    assert said(text) == "Hi Sara,\n\n\nBlue, please."


def test_answers_between_the_lines_of_a_quotation_are_kept_with_it() -> None:
    html = f"{ABOVE}{CITE.format('Which colour?')}<p>Blue</p>{CITE.format('How many?')}<p>Three</p>"
    assert said(as_text(html)) is None


def test_a_quotation_within_one_is_marked_twice_and_a_persons_own_not_at_all() -> None:
    within = "<blockquote type=cite>b<blockquote>c</blockquote></blockquote>"
    quoted = f"<blockquote class='gmail_quote' style=x>a{within}d</blockquote>"
    lines = as_text(f"{quoted}<blockquote>e</blockquote>f").split("\n")
    assert list(filter(None, lines)) == ["> a", ">> b", ">> c", "> d", "e", "f"]


def test_a_mail_forwarded_within_a_quotation_is_said() -> None:
    html = "<p>See below.</p>" + CITE.format("Begin forwarded message:<br>From: a@b.example<br>Subject: x<br>Lost.")
    assert said(as_text(html)) is None


@pytest.mark.parametrize("piece", ["<blockquote type=cite>a", "</blockquote>", "<blockquote class=", "\x0e\n"])
def test_no_quotation_makes_it_slow(piece: str) -> None:
    start = time.thread_time()
    assert "\x0e" not in as_text(piece * 50_000)
    assert time.thread_time() - start < 5
