"""A JSON object of Shopify's together with its place, so that whatever is wrong in it is named by its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from hub.channels import _values
from hub.channels._values import Broken

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """Reads one field at a time: None where it is absent, null or empty. Raises Broken, at "$.order.total_price"."""

    value: Mapping[str, Any]
    path: str

    def text(self, name: str) -> str | None:
        value = self.value.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise Broken("is not text", self.at(name))
        return None if value is None else str(value).strip() or None

    def id(self, name: str = "id") -> int | None:
        value = self.value.get(name)
        if value is not None and type(value) is not int:
            raise Broken("is not an id, a whole number", self.at(name))
        return value

    def own_id(self, name: str = "id") -> int:
        return self._needed(self.id(name), name)

    def time(self, name: str) -> datetime | None:
        return self._read(name, _values.moment)

    def first_time(self, *names: str) -> datetime:
        """The first of these times that is given."""
        return self._needed(next((time for name in names if (time := self.time(name))), None), names[-1])

    def money(self, name: str) -> str | None:
        """Refunds hold sums as JSON numbers, and so as 3.9800000000000004."""
        return self._read(name, lambda text: _values.money(f"{float(text):.4f}" if self._is_float(name) else text))

    def count(self, name: str) -> int | float | None:
        value = self.value.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise Broken("is not a number", self.at(name))
        return value

    def child(self, name: str) -> Node | None:
        value = self.value.get(name)
        return None if value is None else node(value, self.at(name))

    def children(self, name: str) -> list[Node]:
        values = self.value.get(name) or []
        if not isinstance(values, list):
            raise Broken("is not a list", self.at(name))
        return [node(value, f"{self.at(name)}[{n}]") for n, value in enumerate(values)]

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def _is_float(self, name: str) -> bool:
        return isinstance(self.value.get(name), float)

    def _read(self, name: str, reader: Callable[[str], T]) -> T | None:
        text = self.text(name)
        try:
            return None if text is None else reader(text)
        except ValueError as error:
            raise Broken(str(error), self.at(name)) from None

    def _needed(self, value: T | None, name: str) -> T:
        if value is None:
            raise Broken("is missing", self.at(name))
        return value


def node(value: Any, path: str) -> Node:
    if not isinstance(value, Mapping):
        raise Broken("is not an object", path)
    return Node(value, path)
