"""What a story of the panel is played with, and what it tells of how it went."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from hub.demo.agenda import Agenda
from hub.demo.diary import Mail
from hub.demo.doors import Away, Doors, now
from hub.demo.people import Person
from hub.demo.purchases import Purchase
from hub.demo.telephone import Telephone
from hub.home import last_run

_KEPT = 3


@dataclass(frozen=True, slots=True)
class Told:
    """How a story went. `word` names a sentence of the pages' words, `fields` fill it; `pending`: more is to be told."""

    word: str
    fields: Mapping[str, str | int] = field(default_factory=dict)
    href: str | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Play:
    """A button of the panel. `order`: where it stands among the others."""

    order: int
    run: Callable[[Stage], None]


class Stage:
    """The doors of the hub, the telephone, the cast; `home` is the hub's folder."""

    def __init__(
        self, home: Path, doors: Doors, agenda: Agenda, telephone: Telephone, people: Mapping[str, Person],
        orders: Mapping[str, Purchase],
    ) -> None:  # fmt: skip
        self.home, self.doors, self.agenda, self.telephone = home, doors, agenda, telephone
        self.people, self.orders = people, orders
        self._told: deque[Told] = deque(maxlen=_KEPT)

    def tell(self, told: Told) -> None:
        """The last thing that was pending is settled by what is told next."""
        if self._told and self._told[0].pending:
            self._told.popleft()
        self._told.appendleft(told)

    @property
    def told(self) -> list[Told]:
        return list(self._told)

    def pid(self, process: str) -> int | None:
        """Of a process of the hub, as run.json says it now; None while it is dead."""
        processes = (last_run(self.home) or {}).get("processes", [])
        pid: int | None = next((one["pid"] for one in processes if one["name"] == process), None)
        return pid if pid is not None and _is(process, pid) else None

    def mail(self, person: Person, subject: str, text: str) -> Mail:
        """A mail of a new conversation, written now."""
        own = f"{uuid4().hex}@mail.{person.emails[0].partition('@')[2]}"
        written = text.format(name=person.latin)
        return Mail(now(), own, person.latin, person.emails[0], subject, written, own, dress="utf-8 quoted-printable")

    def page_of(self, person: Person) -> str | None:
        """Where his customer page is; None while nobody knows him."""
        found = self.doors.look_up(phone=person.phones[0])["customers"]
        return f"/customers/{found[0]['id']}" if found else None

    def ledger(self, source: str) -> Mapping[str, int]:
        """What `hub ledger` says of a source; zeros before anything came from it. Raises Away."""
        command = [sys.executable, "-m", "hub.cli", "ledger", "--json"]
        said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if said.returncode:
            raise Away(f"hub ledger: {said.returncode}")
        rows: list[dict[str, Any]] = json.loads(said.stdout)["sources"]
        nothing = {"received": 0, "duplicates": 0, "understood": 0, "rejected": 0, "waiting": 0}
        return next((row for row in rows if row["source"] == source), nothing)


def _is(process: str, pid: int) -> bool:
    """A dead one's number may have gone to anybody."""
    try:
        return process in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
