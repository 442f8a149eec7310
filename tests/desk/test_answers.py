"""Under which ids an answer goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.desk.answers import Letter, answered, chain, last_word, message_id, sender_of, subject
from hub.events.catalogue import kind_of
from hub.events.envelope import Event

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANSWER = "0b0e8a52-93c1-5d0e-8c5e-1d2a7b90c4f1"
TICKET = "11111111-93c1-5d0e-8c5e-1d2a7b90c4f1"


def message(n: int = 0, type: str = "message.received", channel: str = "email", **data: Any) -> Event:
    at = NOW + timedelta(minutes=n)
    told = {"from": {"address": "sara@example.com"}}
    return Event(f"e{n}", type, 1, at, at, "s", "conversation:c", {"channel": channel} | data, told)


def test_a_message_id_is_computed_from_the_answer_and_the_domain_it_comes_from() -> None:
    assert message_id(ANSWER, "hello@shop.example.com") == f"{ANSWER}@shop.example.com"
    assert message_id(ANSWER, "hello@straße.example") == f"{ANSWER}@strasse.example"
    assert message_id(ANSWER, f"hello@{'x' * 80}.example") == f"{ANSWER}@localhost"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("Where is it?", "Re: Where is it?"), ("re: Where?", "re: Where?"), ("AW: Wo?", "AW: Wo?"),
        ("پاسخ: کجاست؟", "پاسخ: کجاست؟"), ("Ynt: Nerede?", "Ynt: Nerede?"), ("Report", "Re: Report"), (None, "Re:"),
        ("Hi\r\nBcc: all@example.com", "Re: Hi Bcc: all@example.com"),
    ],
)  # fmt: skip
def test_a_subject_says_re_once_and_stays_on_one_line(asked: str | None, answered: str) -> None:
    assert subject(asked) == answered


def test_an_answer_names_what_it_answers_and_all_before_it() -> None:
    assert chain(message(message_id="c@x", references=["a@x", "b@x"])) == ("c@x", ("a@x", "b@x", "c@x"))
    assert chain(message(message_id="a@x")) == ("a@x", ("a@x",))
    assert chain(message()) == (None, ())


def test_of_a_long_chain_the_first_and_the_last_ids_are_kept() -> None:
    own, references = chain(message(message_id="own@x", references=[f"{n}@x" for n in range(100)]))
    assert (own, len(references), references[0], references[-1]) == ("own@x", 20, "0@x", "own@x")


def test_ids_that_would_break_a_header_are_left_out() -> None:
    bad = ["a b@x", "a>\r\nBcc: <b@x", "é@x", "x" * 300]
    assert chain(message(message_id="ok@x", references=bad)) == ("ok@x", ("ok@x",))
    assert chain(message(message_id=bad[1], references=["ok@x"])) == (None, ("ok@x",))


def test_what_a_person_wrote_last_is_answered_and_what_machines_sent_is_not() -> None:
    said = [message(1), message(3, automatic="bounce"), message(2), message(4, type="message.sent"), message(5, channel="chat")]
    found = last_word(said)
    assert found is not None
    assert found.id == "e2"
    assert last_word(said[1:2]) is None


def test_the_decision_is_a_valid_event_and_its_words_are_personal() -> None:
    letter = Letter("m@x", "hello@x", "sara@example.com", "conversation:c", "a@x", ("a@x",), TICKET, "Re: Hi")
    decision = answered(TICKET, letter, "Hello", None, "reza")
    kind_of(decision.type).model_validate({"ticket": TICKET} | decision.data | decision.personal)
    assert decision.personal == {"to": "sara@example.com", "subject": "Re: Hi", "text": "Hello"}
    assert "sara@example.com" not in str(decision.data)


def test_an_answer_goes_where_it_is_wanted_else_to_who_wrote() -> None:
    one = message()
    assert sender_of(one) == "sara@example.com"
    one.personal["reply_to"] = {"name": "Sara", "address": "sara@home.example"}
    assert sender_of(one) == "sara@home.example"
    others: list[Any] = [None, 7, "nobody", {}]
    for gone in others:  # its key is gone, or somebody put another thing there
        one.personal["reply_to"] = gone
        assert sender_of(one) == "sara@example.com"


def test_a_message_without_a_header_is_answered_to_its_e_mail_party() -> None:
    one = message()
    one.personal["party"] = [{"kind": "phone", "value": "+98912"}, {"kind": "email", "value": "sara@work.example"}]
    assert sender_of(one) == "sara@example.com"
    del one.personal["from"]
    assert sender_of(one) == "sara@work.example"
    one.personal["party"] = [{"kind": "account", "value": "BH-1"}]
    assert sender_of(one) is None
