from __future__ import annotations

from typing import Any

import pytest

from hub.screens.first_words import LONGEST, first_words, topic


def item(title: str | None, text: str | None, **more: Any) -> dict[str, Any]:
    return {"title": title, "text": text, **more}


def test_a_first_mail_shows_its_subject() -> None:
    assert first_words(item("Where is order 1047?", "Good morning")) == "Where is order 1047?"


@pytest.mark.parametrize("before", ["Re: ", "RE: ", "Re: Re: ", "AW: ", "Re[2]: ", "پاسخ: ", "Re：", " re :"])
def test_a_reply_shows_what_it_says_itself(before: str) -> None:
    reply = f"Thank you!\n\nOn 3 Oct 2026, at 10:00, Mina <mina@example.com> wrote:\n> {before}it left today"
    assert first_words(item(f"{before}Where is order 1047?", reply)) == "Thank you!"
    assert topic(f"{before}Where is order 1047?") == "Where is order 1047?"


def test_a_reply_that_says_nothing_shows_what_it_answers() -> None:
    assert first_words(item("Re: سفارش 1047 کجاست؟", None)) == "سفارش 1047 کجاست؟"


def test_what_is_no_reply_keeps_its_words() -> None:
    assert topic("Return: a kettle") == "Return: a kettle"
    assert topic("Regarding order 1047") == "Regarding order 1047"
    assert first_words(item("Fwd: invoice", "see below")) == "Fwd: invoice"


def test_without_a_subject_the_text_is_shown_in_one_line() -> None:
    assert first_words(item(None, "Hello,\n\n  is it\topen?")) == "Hello, is it open?"
    assert first_words(item(None, None)) == ""


def test_a_long_text_is_cut() -> None:
    shown = first_words(item(None, "word " * 1000))
    assert len(shown) <= LONGEST
    assert shown.endswith("word…")


def test_what_was_found_to_be_its_own_is_not_looked_for_again() -> None:
    assert first_words(item("Re: tea", "Yes\n\nquoted", said="Yes")) == "Yes"


def test_where_a_mail_quotes_nothing_that_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr("hub.screens.first_words.said", lambda text, title: looked.append(text))
    assert first_words(item("Re: tea", "Yes", said=None, channel="email")) == "Yes"
    assert first_words(item("Tea", "Is it green?")) == "Tea"
    assert looked == []
    assert first_words(item("Re: tea", "Yes", said=None, channel="chat")) == "Yes"
    assert looked == ["Yes"]
