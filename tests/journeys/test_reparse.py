"""A parser was wrong and is mended: the same bytes are read again, and what they say takes its old place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.channels._shape import Channel, Ignored, Outcome, Payload, Rejected, Understood
from hub.consumers import understand
from hub.consumers.decode import opened
from hub.consumers.rebuild import rebuild, verify
from hub.events.draft import Draft
from hub.store import files, ledger, reads, ticket_contacts
from hub.store import rejected as rejects
from hub.store.projected import projections
from hub.wiring import Hub
from tests.journeys.story import EMAIL, ago, come, letter, mail, shown, timeline

RIGHT = understand.channels()


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch, parse: Any) -> Iterator[None]:
    """The e-mail channel reads wrong."""
    with monkeypatch.context() as patched:
        wrong: dict[str, Channel] = {**RIGHT, "email": replace(RIGHT["email"], parse=parse)}
        patched.setattr(understand, "channels", lambda: wrong)
        yield


def garbled(payload: Payload) -> Outcome:
    outcome = RIGHT["email"].parse(payload)
    assert isinstance(outcome, Understood)
    draft = outcome.drafts[0]
    return Understood((replace(draft, fields=draft.fields | {"subject": "????", "thread": "elsewhere"}),))


def doubled(payload: Payload) -> Outcome:
    outcome = garbled(payload)
    assert isinstance(outcome, Understood)
    more = Draft("contact.recorded", outcome.drafts[0].time, "email", "extra", {"contact": "x", "party": EMAIL})
    return Understood((*outcome.drafts, more))


def retry(hub: Hub, payload: str) -> None:
    assert understand.again(hub.recorder, [payload]) == 1
    shown(hub)


def titles(hub: Hub) -> list[Any]:
    return [(item["id"], item["title"], item["time"]) for item in timeline(hub, "sara@example.com")]


def test_what_is_shown_of_a_contact_is_that_of_the_last_reading_in_whatever_conversation(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        come(hub, "message.received", f"e{n}", ago(days=7), message=f"e{n}", party=EMAIL, thread="elsewhere", channel="email")
    come(hub, "order.placed", "o", ago(days=8), order="1047", party=EMAIL, lines=[])
    with broken(monkeypatch, garbled):
        payload = mail(hub, MAIL)
    (item,) = [id for id, title, _ in titles(hub) if title == "????"]
    retry(hub, payload)
    with hub.database.transaction() as tx:
        found, text = files.holding(tx, item), files.text(tx, item)
        (ticket,) = [one for one in reads.tickets(tx)["items"] if item in one["contacts"]]
        shown_there = ticket_contacts.contacts(tx, ticket["id"], ticket["contacts"], None)
    assert text
    assert item in [one["id"] for one in shown_there]
    assert ticket["orders"] == ["1047"]
    assert found
    assert opened(hub.keys, found).personal["subject"] == "Where is my order?"


MAIL = letter("Sara <sara@example.com>", "Where is my order?", "#1047", ago(days=6))


@pytest.mark.parametrize("wrong", [garbled, doubled])
def test_a_mended_parser_puts_the_timeline_right_in_its_old_place(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    come(hub, "message.received", "before", ago(days=7), message="b", party=EMAIL, subject="before", channel="chat")
    come(hub, "message.received", "after", ago(days=5), message="a", party=EMAIL, subject="after", channel="chat")
    with broken(monkeypatch, wrong):
        payload = mail(hub, MAIL)
    was = titles(hub)
    assert "????" in [title for _, title, _ in was]
    retry(hub, payload)
    now = titles(hub)
    assert [title for _, title, _ in now] == ["after", "Where is my order?", "before"]
    assert {id for id, _, _ in now} <= {id for id, _, _ in was}
    assert verify(hub.recorder)["clean"]
    rebuild(hub.recorder, list(projections()))
    assert titles(hub) == now
    retry(hub, payload)
    assert titles(hub) == now
    with hub.database.transaction() as tx:
        assert ledger.balance(tx)["balanced"]


def test_a_reading_that_is_taken_back_counts_no_more_and_one_that_says_the_same_again_adds_nothing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = mail(hub, MAIL)
    right = titles(hub)
    with broken(monkeypatch, garbled):
        retry(hub, payload)
    assert [title for _, title, _ in titles(hub)] == ["????"]
    retry(hub, payload)
    assert titles(hub) == right
    written = hub.database.rows("SELECT count(*) FROM event")
    retry(hub, payload)
    assert (titles(hub), hub.database.rows("SELECT count(*) FROM event")) == (right, written)
    assert verify(hub.recorder)["clean"]


def test_what_was_rejected_is_understood_after_the_repair(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with broken(monkeypatch, lambda payload: Rejected("cannot read this", "byte 7")):
        payload = mail(hub, MAIL)
    with hub.database.transaction() as tx:
        assert [(r["id"], r["why"], r["at"]) for r in ledger.rejected(tx)] == [(payload, "cannot read this", "byte 7")]
    retry(hub, payload)
    assert [title for _, title, _ in titles(hub)] == ["Where is my order?"]
    with hub.database.transaction() as tx:
        assert ledger.rejected(tx) == []
        assert ledger.balance(tx)["balanced"]


def test_what_turns_out_to_say_nothing_leaves_the_timeline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    come(hub, "message.received", "before", ago(days=7), message="b", party=EMAIL, subject="before", channel="chat")
    payload = mail(hub, MAIL)
    with broken(monkeypatch, lambda payload: Ignored("spam")):
        retry(hub, payload)
    assert [title for _, title, _ in titles(hub)] == ["before"]
    assert verify(hub.recorder)["clean"]
    retry(hub, payload)
    assert [title for _, title, _ in titles(hub)] == ["Where is my order?", "before"]
    assert verify(hub.recorder)["clean"]


def test_a_parser_that_crashes_loses_nothing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(payload: Payload) -> Outcome:
        raise RecursionError

    with broken(monkeypatch, crash):
        payload = mail(hub, MAIL)
    with hub.database.transaction() as tx:
        assert [r["id"] for r in ledger.rejected(tx)] == [payload]
    retry(hub, payload)
    assert [title for _, title, _ in titles(hub)] == ["Where is my order?"]


def of_no_moment(payload: Payload) -> Outcome:
    outcome = RIGHT["email"].parse(payload)
    assert isinstance(outcome, Understood)
    moment: Any = "yesterday"
    return Understood((replace(outcome.drafts[0], time=moment),)) if payload.body == MAIL else outcome


def test_what_a_parser_makes_that_nobody_foresaw_keeps_no_other_mail_back_and_is_read_once_it_is_mended(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broken(monkeypatch, of_no_moment):
        payload = mail(hub, MAIL)
        mail(hub, letter("Sara <sara@example.com>", "The next one", "", ago(days=5)))
    assert [title for _, title, _ in titles(hub)] == ["The next one"]
    with hub.database.transaction() as tx:
        (rejected,) = rejects.page(tx)["items"]
    assert (rejected["id"], rejected["why"]) == (payload, "the parser of email failed with AttributeError: a fault of the hub")
    retry(hub, payload)
    assert [title for _, title, _ in titles(hub)] == ["The next one", "Where is my order?"]
