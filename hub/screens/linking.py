"""Tying and cutting as pages and programs ask for it; both answer once it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.consumers import decide
from hub.consumers.runner import clock
from hub.screens.asked import Hub, reading, wait_until_shown
from hub.store import decisions
from hub.store.changes import pair


def linked(hub: Hub, a: Mapping[str, Any], b: Mapping[str, Any], why: str | None, by: str) -> str:
    """These two, each `{"kind", "value"}`, are one customer; the link's id. Raises NotValid."""
    id = decide.link(hub.recorder, a, b, why, by, clock())
    until_shown(hub, id)
    return id


def cut_link(hub: Hub, link: str, by: str, parties: tuple[str, str] | None = None) -> None:
    """A link no longer holds, also one that was only seen. `parties`: which two it ties, where that is known. Raises
    decide.NoSuchLink and decide.Forgotten."""
    until_shown(hub, _cut(hub, link, by, parties))


def _cut(hub: Hub, link: str, by: str, parties: tuple[str, str] | None) -> str:
    try:
        return decide.cut_link(hub.recorder, link, by, clock())
    except decide.NoSuchLink:
        if parties is None:
            with reading(hub) as tx:
                parties = pair(tx, link)
        if parties is None:
            raise
        return decide.cut_parties(hub.recorder, *parties, None, by, clock())


def until_shown(hub: Hub, event: str) -> None:
    """Wait, for a moment at most, until what this event changes is on the screens."""
    with reading(hub) as tx:
        recorded = decisions.event(tx, event)
    if recorded:
        wait_until_shown(hub, [recorded.place])
