"""An answer as a mail, read back by the standard library and by our own reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels._shape import Payload, Understood
from hub.channels.email import channel
from hub.channels.email.quoted import said
from hub.channels.email.render import Letter, Quoted, render

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LETTER = Letter("hello@shop.example", "The shop", "sara@example.com", "Re: Hi", NOW, "a@shop.example", "It is on its way.")
LAST = Quoted("Sara", datetime(2026, 4, 30, 9, 5, tzinfo=UTC), "Where is it?\n\n> Hello")


def read(letter: Letter) -> Any:
    return message_from_bytes(render(letter), policy=default)


def understood(letter: Letter) -> dict[str, Any]:
    outcome = channel.parse(Payload(render(letter), "smtp", NOW))
    assert isinstance(outcome, Understood)
    return outcome.drafts[0].fields


def body(letter: Letter) -> str:
    return str(read(letter).get_content()).replace("\r\n", "\n")


def test_a_mail_has_the_headers_of_one() -> None:
    mail = read(replace(LETTER, in_reply_to="b@x.example", references=("a@x.example", "b@x.example")))
    assert dict(mail.items()) == {
        "Message-ID": "<a@shop.example>", "In-Reply-To": "<b@x.example>", "References": "<a@x.example> <b@x.example>",
        "From": "The shop <hello@shop.example>", "To": "sara@example.com", "Subject": "Re: Hi",
        "Date": "Fri, 01 May 2026 12:00:00 +0000", "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit", "MIME-Version": "1.0",
    }  # fmt: skip
    assert body(LETTER) == "It is on its way.\n"


@pytest.mark.parametrize(
    "text",
    ["سفارش شما فردا می‌رسد. " * 200, "x" * 5_000, "a\n.\n..b\nFrom here\n\ttab ", "🎉 " * 500, "é" * 3_000, "=3D =\n= \n"],
)
def test_any_text_arrives_as_it_was_written_on_lines_that_any_server_takes(text: str) -> None:
    raw = render(replace(LETTER, text=text))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert body(replace(LETTER, text=text)) == text.rstrip() + "\n"
    assert understood(replace(LETTER, text=text))["text"].strip() == text.strip()


@given(st.text(max_size=400), st.text(max_size=120), st.text(max_size=60))
def test_no_words_can_write_a_header_or_break_a_mail(text: str, subject: str, name: str) -> None:
    letter = replace(LETTER, text=text, subject=subject, name=name, signature=text, quoted=replace(LAST, by=name, text=text))
    raw = render(letter)
    assert raw.isascii()
    mail = message_from_bytes(raw, policy=default)
    assert set(mail.keys()) == {
        "Message-ID", "From", "To", "Subject", "Date", "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert mail["To"] == "sara@example.com"
    assert [one.addr_spec for one in mail["From"].addresses] == ["hello@shop.example"]


def test_a_long_persian_subject_is_read_back_whole() -> None:
    subject = "Re: " + "سفارش ۱۰۴۲ کی می‌رسد؟ " * 10
    assert understood(replace(LETTER, subject=subject))["subject"].split() == subject.split()
    assert understood(replace(LETTER, name="فروشگاه باران، «خانه»"))["from"]["name"] == "فروشگاه باران، «خانه»"


def test_long_ids_stay_in_one_piece() -> None:
    ids = tuple(f"{'x' * 200}{n}@example.com" for n in range(20))
    fields = understood(replace(LETTER, in_reply_to=ids[-1], references=ids))
    assert (fields["in_reply_to"], fields["references"], fields["thread"]) == (ids[-1], list(ids), ids[0])


def test_ids_that_are_none_are_left_out() -> None:
    mail = read(replace(LETTER, in_reply_to="a\r\nBcc: <b@x>", references=("a b", "ok@x.example", "é@x")))
    assert (mail["In-Reply-To"], mail["References"], mail["Bcc"]) == (None, "<ok@x.example>", None)


def test_the_signature_and_what_is_answered_stand_below() -> None:
    letter = replace(LETTER, signature="Your shop\n", quoted=LAST)
    assert body(letter) == (
        "It is on its way.\n\n-- \nYour shop\n\nOn 2026-04-30 09:05, Sara wrote:\n> Where is it?\n"
    )
    assert said(body(letter)) == "It is on its way.\n\n-- \nYour shop"


def test_above_a_persian_quotation_stands_a_persian_line() -> None:
    letter = replace(LETTER, text="فردا.", quoted=Quoted("سارا", LAST.time, "کجاست؟", persian=True))
    assert "در ۱۴۰۵/۰۲/۱۰ ۰۹:۰۵، سارا نوشت:\n> کجاست؟" in body(letter)
    assert said(body(letter)) == "فردا."


def test_a_mail_with_html_has_both_and_what_she_wrote_is_no_html_of_ours() -> None:
    letter = replace(LETTER, html="<p>It is <b>on its way</b>.</p>", quoted=replace(LAST, text="<script>x</script>"))
    mail = read(letter)
    assert mail.get_content_type() == "multipart/alternative"
    html = mail.get_body(("html",)).get_content()
    assert "<b>on its way</b>" in html
    assert "&lt;script&gt;x&lt;/script&gt;" in html
    assert mail.get_body(("plain",)).get_content().startswith("It is on its way.")


def test_what_no_person_wrote_says_so() -> None:
    mail = read(replace(LETTER, automatic=True))
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert understood(replace(LETTER, automatic=True))["automatic"] == "reply"
    assert understood(LETTER)["automatic"] == "no"


def test_an_address_in_other_letters_is_written_as_it_is() -> None:
    raw = render(replace(LETTER, to="سارا@example.com"))
    assert "To: سارا@example.com".encode() in raw
