"""What is wrong with a field, in words for whoever sent it and not in those of the library that found it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from hub.events.prepare import in_words


class Inner(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("shape", "value", "words"),
    [
        (int, "x", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (int, [], "must be a whole number"),
        (int, "9" * 5000, "must be a whole number"),
        (float, "x", "must be a number"),
        (bool, "perhaps", "must be true or false"),
        (UUID, "x", "must be a UUID"),
        (UUID, 5, "must be a UUID"),
        (str, 5, "must be text"),
        (Annotated[str, Field(max_length=3)], "\ud83d", "holds what is no character"),
        (Inner, [], "must be an object"),
        (Inner, {}, "missing"),
        (dict[str, str], "x", "must be an object"),
        (list[str], "x", "must be a list"),
        (Annotated[list[str], Field(min_length=1)], [], "must not be empty"),
        (Annotated[str, Field(min_length=1)], "", "must be text and not empty"),
        (Annotated[str, Field(max_length=3)], "four", "longer than 3 characters"),
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[int, Field(le=9)], 10, "must be at most 9"),
        (Literal["in", "out"], "up", "must be 'in' or 'out'"),
    ],
)
def test_a_wrong_field_is_told_in_words(shape: Any, value: Any, words: str) -> None:
    with pytest.raises(ValidationError) as failed:
        TypeAdapter(shape).validate_python(value)
    assert in_words(failed.value.errors(include_url=False)[0]) == words
