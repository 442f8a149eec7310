"""What is counted for those who operate the hub: per channel and per step, never per sender or person."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from hub.store import mailboxes, options
from hub.store.database import STEPS, Connection

Counts = list[tuple[dict[str, str], Any]]
STATES = ("waiting", "sending", "sent", "failed", "uncertain", "undone")
_FRESH = 10.0  # seconds; anybody may ask
_SHARE = 20  # times as long as counting outcomes took: it reads a whole index and all of the archive


@dataclass(frozen=True, slots=True)
class Counted:
    """Each a list of labels and a number; `backup`: when the last one was taken, in seconds since 1970."""

    received: Counts
    duplicates: Counts
    outcomes: Counts
    dead: Counts
    outbox: Counts
    deliveries: Counts
    mailboxes: Counts
    backup: Counts


class Figures:
    """Counts, and remembers for a few seconds what it counted; outcomes for longer, where there are many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until = self._outcomes_until = 0.0
        self._counted: Counted | None = None
        self._outcomes: Counts = []

    def counted(self, tx: Connection) -> Counted:
        counted = self._counted
        if not self._lock.acquire(blocking=counted is None):
            assert counted
            return counted  # somebody counts just now: whoever waited for him would each hold a connection
        try:
            if self._counted is None or self._until < time.monotonic():
                self._counted = _count(tx, self._known_outcomes(tx))
                self._until = time.monotonic() + _FRESH
            return self._counted
        finally:
            self._lock.release()

    def _known_outcomes(self, tx: Connection) -> Counts:
        if self._outcomes_until < (began := time.monotonic()):
            self._outcomes = _outcomes(tx)
            ended = time.monotonic()
            self._outcomes_until = ended + _SHARE * (ended - began)
        return self._outcomes


def _outcomes(tx: Connection) -> Counts:
    found = tx.execute("SELECT channel, kind, count(*) FROM outcome GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
    found += tx.execute(
        "SELECT direct, 'understood', count(*) FROM event WHERE direct IS NOT NULL AND topic <> 'inbound' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return [({"channel": channel, "outcome": kind}, n) for channel, kind, n in found]


def _count(tx: Connection, outcomes: Counts) -> Counted:
    received = tx.execute(
        "SELECT channel, sum(received), sum(duplicates) FROM received GROUP BY 1 ORDER BY 1"
    ).fetchall()
    dead: dict[str, int] = dict(tx.execute("SELECT step, count(*) FROM dead_letter GROUP BY 1").fetchall())
    waiting = tx.execute("SELECT count(*) FROM outbox WHERE NOT sent").fetchone()
    sent: dict[str, int] = dict(tx.execute("SELECT state, count(*) FROM delivery GROUP BY 1").fetchall())
    backup = options.read(tx, "backup", None)
    return Counted(
        [({"channel": channel}, n) for channel, n, _ in received],
        [({"channel": channel}, n) for channel, _, n in received],
        outcomes,
        [({"step": step}, dead.get(step, 0)) for step in STEPS],
        [({}, waiting[0] if waiting else 0)],
        [({"state": state}, sent.get(state, 0)) for state in STATES],
        [({}, len(mailboxes.troubled(tx)))],
        [({}, int(datetime.fromisoformat(backup["time"]).timestamp()))] if backup else [],
    )
