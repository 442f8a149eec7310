"""The demo that runs beside this hub, if one does: what its panel can play, and how the last stories went."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.home import last_run

_PATIENCE = 30.0  # seconds; a story may wait until what it did is shown


class NoSuchStory(Exception):
    """The demo has no story of this name."""


@dataclass(frozen=True, slots=True)
class Told:
    """How a story went: `word` names a sentence of the words `demo.told.*`; `pending`: more will be told."""

    word: str
    fields: dict[str, str | int]
    href: str | None
    pending: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """`plays` are the stories' names; none while the demo is being started again."""

    plays: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()


def is_played(home: Path) -> bool:
    """Whether a demo runs: run.json says so."""
    return _where(home) is not None


def look(home: Path) -> Panel:
    return _ask(home, "GET", "")


def play(home: Path, name: str) -> Panel:
    """Raises NoSuchStory."""
    return _ask(home, "POST", name)


def _where(home: Path) -> dict[str, Any] | None:
    run = last_run(home)
    found: dict[str, Any] | None = run.get("demo") if run else None
    return found


def _ask(home: Path, method: str, name: str) -> Panel:
    demo = _where(home)
    if demo is None:
        return Panel()
    import httpx  # only where a demo runs: it takes as long to load as the rest of the screens

    headers = {"Authorization": f"Bearer {demo['token']}"}
    try:
        answer = httpx.request(method, f"http://{demo['control']}/{name}", headers=headers, timeout=_PATIENCE)
    except httpx.TransportError:
        return Panel()
    if answer.status_code == 404:
        raise NoSuchStory(name)
    said = answer.raise_for_status().json()
    return Panel(tuple(said["plays"]), tuple(Told(**told) for told in said["told"]))
