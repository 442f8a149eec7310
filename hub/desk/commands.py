"""What an agent can ask of a ticket, read from the JSON of a request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.json_schema import SkipJsonSchema

from hub.desk._shape import Refused
from hub.events.catalogue import EventId
from hub.events.envelope import Json
from hub.events.moments import instant
from hub.events.prepare import problem
from hub.events.text import storable


def _spoken(text: str) -> str:
    text = storable(text).strip()
    if not text:
        raise ValueError("must not be empty")
    return text


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Name = Annotated[str, Field(max_length=200), AfterValidator(_spoken)]
Words = Annotated[str, Field(max_length=100_000), AfterValidator(_spoken)]
MaybeName = Annotated[Name | None, BeforeValidator(_blank_is_none)]
MaybeWords = Annotated[Words | None, BeforeValidator(_blank_is_none)]
Whom = Annotated[
    Literal["customer", "us", "third_party"], BeforeValidator(lambda value: "customer" if value is None else value)
]
MaybeTime = Annotated[Annotated[AwareDatetime, AfterValidator(instant)] | None, BeforeValidator(_blank_is_none)]


@dataclass(frozen=True, slots=True)
class Assign:
    """`to` an agent; null takes it from whoever has it. `department`: null leaves it as it is."""

    to: MaybeName
    department: MaybeName = None


@dataclass(frozen=True, slots=True)
class Note:
    text: Words


@dataclass(frozen=True, slots=True)
class Answer:
    """`channel`: email or null. `to`: an address or a party; null is whom the ticket's conversation is with."""

    channel: MaybeName = None
    to: Any = None
    text: MaybeWords = None
    html: MaybeWords = None


@dataclass(frozen=True, slots=True)
class Wait:
    """`until`: a time with its offset, null for as long as it takes."""

    waits_for: Annotated[Whom, Field(alias="for")] = "customer"
    until: MaybeTime = None


@dataclass(frozen=True, slots=True)
class Resolve:
    how: MaybeWords = None


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Reopen:
    why: MaybeWords = None


@dataclass(frozen=True, slots=True)
class Attach:
    """`event`: the id of a contact."""

    event: Annotated[str, EventId]
    conversation: SkipJsonSchema[str | None] = None  # its stream, filled in by whoever looks it up, not by who asks


@dataclass(frozen=True, slots=True)
class Prioritise:
    priority: Literal["low", "normal", "high", "urgent"]


Command = Assign | Note | Answer | Wait | Resolve | Close | Reopen | Attach | Prioritise
COMMANDS: dict[str, type[Command]] = {
    "assign": Assign, "note": Note, "answer": Answer, "wait": Wait, "resolve": Resolve, "close": Close,
    "reopen": Reopen, "attach": Attach, "prioritise": Prioritise,
}  # fmt: skip


def read(document: Any) -> Command | Refused:
    """The command of `{"note": {"text": ...}}`; `{"type": "note", "text": ...}` and a bare `"close"` are read too."""
    name, fields = _named(document)
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        return Refused(f'a command is one of {known}, written like {{"note": {{"text": ...}}}}', "$.command")
    try:
        command: Command = _adapter(name).validate_python(fields)
    except ValidationError as error:
        wrong = problem(error, f"$.command.{name}")
        return Refused(wrong.why, wrong.at)
    return command


def described() -> Json:
    """The JSON Schema of what is read, without the other spellings."""
    return {"anyOf": [
        {"type": "object", "properties": {name: _adapter(name).json_schema()}, "required": [name], "additionalProperties": False}
        for name in COMMANDS
    ]}  # fmt: skip


def _named(document: Any) -> tuple[Any, Any]:
    if isinstance(document, str):
        return document, {}
    if not isinstance(document, dict):
        return None, {}
    if isinstance(document.get("type"), str):
        return document["type"], {name: value for name, value in document.items() if name != "type"}
    if len(document) != 1:
        return None, {}
    [(name, fields)] = document.items()
    return name, {} if fields is None else fields


@cache
def _adapter(name: str) -> TypeAdapter[Command]:
    return TypeAdapter(COMMANDS[name])
