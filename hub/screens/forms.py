"""What a page's form brings: text by field, storable, never a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from hub.events.text import storable


class Sent:
    """The fields of a form; one that was not sent is empty."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return next((value for field, value in self._fields if field == name), "")

    def typed(self) -> dict[str, str]:
        """Each field's first value, to show a form again as it was sent; passwords are typed anew."""
        found: dict[str, str] = {}
        for name, value in self._fields:
            found.setdefault(name, value)
        return {
            name: value for name, value in found.items() if "password" not in name and name not in ("again", "csrf")
        }


async def _sent(request: Request) -> Sent:
    form = await request.form()
    return Sent([
        (name, storable(value).replace("\r\n", "\n")) for name, value in form.multi_items() if isinstance(value, str)
    ])  # fmt: skip


Form = Annotated[Sent, Depends(_sent)]
