"""Everything a folder offers: each module or package in it whose name does not start with _ must have `attribute`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any


class NotOffered(Exception):
    """A module in a discovered folder lacks what the folder is for."""


@cache
def discover(package: str, attribute: str) -> dict[str, Any]:
    """The offers of the folder, by module name, in alphabetical order."""
    found: dict[str, Any] = {}
    for module in iter_modules(import_module(package).__path__, f"{package}."):
        short = module.name.rpartition(".")[2]
        if short.startswith("_"):
            continue
        try:
            found[short] = getattr(import_module(module.name), attribute)
        except AttributeError:
            raise NotOffered(f"{module.name} has no `{attribute}`") from None
    return found
