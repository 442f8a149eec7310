"""A long row cut into portions, so that what is held at once stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def portions(things: Iterable[T], size: Callable[[T], int], held: int, most: int | None = None) -> Iterator[list[T]]:
    """In their order, none empty: up to `most` things, together up to `held` of `size`; one that is larger comes alone."""
    portion: list[T] = []
    together = 0
    for thing in things:
        together += (own := size(thing))
        if portion and (together > held or len(portion) == most):
            yield portion
            portion, together = [], own
        portion.append(thing)
    if portion:
        yield portion
