"""Which forms of a web site say something in somebody's own words."""

from __future__ import annotations

from typing import Any

import pytest

from hub.desk.forms import own_words

LAMP = "My lamp is broken, please call"


@pytest.mark.parametrize(
    "name",
    [
        "message", "Message", "your-message", "contact[body]", "order_comments", "Question", "پیام", "پيام", "متن پیام",
        "توضیحات", "شرح_مشکل",
    ],
)  # fmt: skip
def test_what_is_written_into_a_field_for_a_message_is_a_message_however_short(name: str) -> None:
    assert own_words({"name": "Sara Ahmadi", name: " help "}) == "help"


def test_a_sentence_is_one_whatever_its_field_is_called() -> None:
    assert own_words({"what": LAMP, "email": "sara@example.com"}) == LAMP
    assert own_words({"what": "A red lamp"}) is None


def test_a_field_for_a_message_goes_before_another_sentence() -> None:
    assert own_words({"how": "By a friend of mine", "message": "Call me"}) == "Call me"


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "sara@example.com", "newsletter": "Yes, send me news every week", "consent-text": "I agree to all of this"},
        {"full_name": "Ali Reza Mohammad Hosseini", "Shipping Address": "12 Elm Street, Springfield, Ohio"},
        {"نشانی": "تهران، خیابان ولیعصر، پلاک ۱۲", "نام": "سید علی رضا حسینی"},
        {"message": " ", "order": "7001"}, {"message": 7}, {"message": ["a b c d"]}, {}, None, "a b c d", ["a b c d"],
    ],
)  # fmt: skip
def test_names_addresses_and_consents_are_no_message(fields: Any) -> None:
    assert own_words(fields) is None
