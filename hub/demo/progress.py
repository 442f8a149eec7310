"""How far the demo was played, so that a hub that is started again goes on from there."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "demo.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """`since`: the moment up to which the history tells; `day` is being played, `done` of its moments are."""

    since: str
    day: int = 0
    done: int = 0


def read(home: Path, since: str) -> Progress:
    """Where it was left; the beginning where another history was loaded meanwhile."""
    try:
        found = Progress(**json.loads((home / FILE).read_text()))
    except FileNotFoundError:
        return Progress(since)
    return found if found.since == since else Progress(since)


def write(home: Path, progress: Progress) -> None:
    half = home / f"{FILE}.half"
    half.write_text(json.dumps(asdict(progress)))
    os.replace(half, home / FILE)
