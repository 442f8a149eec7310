"""What agents may ask for, and how it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest

from hub.desk._shape import Refused
from hub.desk.commands import (
    COMMANDS,
    Answer,
    Assign,
    Attach,
    Close,
    Note,
    Prioritise,
    Reopen,
    Resolve,
    Wait,
    described,
    read,
)

CONTACT = "0b0e8a52-93c1-5d0e-8c5e-1d2a7b90c4f1"
GOOD: list[tuple[dict[str, Any], Any]] = [
    ({"assign": {"to": "sara"}}, Assign("sara")),
    ({"assign": {"to": None}}, Assign(None)),
    ({"assign": {"to": "sara", "department": " returns "}}, Assign("sara", "returns")),
    ({"assign": {"to": "sara", "department": None}}, Assign("sara")),
    ({"note": {"text": "  called back\n"}}, Note("called back")),
    ({"answer": {"channel": "email", "to": "a@b.example", "text": "Hi"}}, Answer("email", "a@b.example", "Hi")),
    ({"wait": {"for": "third_party"}}, Wait("third_party")),
    ({"wait": {}}, Wait("customer")),
    ({"wait": {"for": None}}, Wait("customer")),
    ({"wait": {"until": "2026-05-01T10:00:00+00:00"}}, Wait("customer", datetime(2026, 5, 1, 10, tzinfo=UTC))),
    ({"resolve": {"how": "sent a new one"}}, Resolve("sent a new one")),
    ({"resolve": None}, Resolve()),
    ({"close": {}}, Close()),
    ({"reopen": {"why": ""}}, Reopen(None)),
    ({"attach": {"event": CONTACT.upper()}}, Attach(CONTACT)),
    ({"prioritise": {"priority": "urgent"}}, Prioritise("urgent")),
]


@pytest.mark.parametrize(("document", "command"), GOOD)
def test_a_command_is_read_from_its_json(document: dict[str, Any], command: Any) -> None:
    assert read(document) == command


def test_every_command_has_a_good_example() -> None:
    assert {next(iter(document)) for document, _ in GOOD} == set(COMMANDS)


def test_a_command_is_also_read_in_its_flat_spelling() -> None:
    assert read({"type": "note", "text": "hello"}) == Note("hello")
    assert read("close") == Close()


@pytest.mark.parametrize(
    ("document", "at"),
    [
        ({"assign": {}}, "$.command.assign.to"),
        ({"assign": {"to": "sara", "department": 7}}, "$.command.assign.department"),
        ({"assign": {"to": "sara", "department": "x" * 201}}, "$.command.assign.department"),
        ({"note": {"text": "   "}}, "$.command.note.text"),
        ({"note": {"text": 7}}, "$.command.note.text"),
        ({"note": "hello"}, "$.command.note"),
        ({"wait": {"for": "godot"}}, "$.command.wait.for"),
        ({"wait": {"until": "2026-05-01T10:00:00"}}, "$.command.wait.until"),
        ({"wait": {"until": "9999-12-31T23:59:59-12:00"}}, "$.command.wait.until"),
        ({"wait": {"until": "1404-10-11T10:00:00+03:30"}}, "$.command.wait.until"),
        ({"attach": {"event": "the last one"}}, "$.command.attach.event"),
        ({"prioritise": {"priority": "asap"}}, "$.command.prioritise.priority"),
        ({"delete": {}}, "$.command"),
        ({"note": {"text": "a"}, "close": {}}, "$.command"),
        ({}, "$.command"),
        (None, "$.command"),
        ([], "$.command"),
        (7, "$.command"),
    ],
)
def test_what_is_no_command_is_refused_where_it_is_wrong(document: Any, at: str) -> None:
    refused = read(document)
    assert isinstance(refused, Refused)
    assert refused.at == at
    assert refused.why


@pytest.mark.parametrize(
    "document",
    [*({name: {}} for name in COMMANDS), {"note": {"text": "a"}}, {"wait": {"for": "x"}}, {"close": {}, "resolve": {}}],
)
def test_what_the_description_lacks_is_what_is_refused(document: Any) -> None:
    fits = jsonschema_rs.Draft202012Validator(described()).is_valid(document)
    assert fits is not isinstance(read(document), Refused)


def test_text_that_cannot_be_stored_is_mended() -> None:
    assert read({"note": {"text": "a\x00b"}}) == Note("a\ufffdb")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"attach": {"event": "x"}}, "is not an event's id, a UUID"),
        ({"note": "x"}, "must be an object"),
        ({"note": {"text": "x" * 100_001}}, "longer than 100000 characters"),
        ({"wait": {"until": "tomorrow"}}, "is not a time with its offset (ISO 8601), such as 2026-01-31T10:00:00+03:30"),
        ({"wait": {"until": "2026-05-01T10:00"}}, "is not a time with its offset (ISO 8601), such as 2026-01-31T10:00:00+03:30"),
    ],
)
def test_what_is_wrong_is_said_in_words(document: dict[str, Any], why: str) -> None:
    refused = read(document)
    assert isinstance(refused, Refused)
    assert refused.why == why
