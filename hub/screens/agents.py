"""Who of us it was: a telephone system knows an agent by his extension, a program by his login, and people by his name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from hub.screens.asked import Hub
from hub.store import accounts
from hub.store.accounts import Account

Json = dict[str, Any]


def with_names(hub: Hub, items: Sequence[Json]) -> list[Json]:
    """The items, their `agent` as colleagues call him; what is nobody's stays as it is."""
    if not any(item["agent"] for item in items):
        return list(items)
    names = names_of(accounts.everybody(hub.database))
    return [item | {"agent": names.get(item["agent"], item["agent"])} for item in items]


def names_of(colleagues: Iterable[Account]) -> dict[str, str]:
    """By login and by extension; one at which several are rung, as a queue's is, is nobody's."""
    everybody = list(colleagues)
    rung = Counter(number for one in everybody for number in one.rings)
    by_extension = {number: one.name for one in everybody for number in one.rings if rung[number] == 1}
    return by_extension | {one.login: one.name for one in everybody}
