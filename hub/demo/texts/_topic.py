"""The form of what is said about one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One reason to write to a shop.

    `after` is the stage an order must have reached for it, None where no order is meant, and `before` one that it
    must not have reached; an order that ends as `cancelled` or `returned` was written about before. `department`
    answers; `follow_ups` are what the customer writes after the answer.
    """

    name: str
    department: str
    after: str | None
    subjects: tuple[str, ...]
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    follow_ups: tuple[str, ...]
    photo: bool = False
    repairable: bool = False
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Manners:
    """How a letter of this language begins, ends, and says who wrote what is quoted."""

    greetings: tuple[str, ...]
    closings: tuple[str, ...]
    answer_opening: str
    answer_closing: str
    quoted: str
