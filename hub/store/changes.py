"""What changed on the screens since a moment: the moment is a vector, how far each partition has been folded.

The log itself says what changed: the events between two vectors name the streams, the streams' owners the customers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any

import structlog

from hub.events.ids import lanes, link_stream, place
from hub.log._protocol import Place
from hub.logs import Repeated
from hub.store import deliveries, outbox
from hub.store.checkpoints import positions
from hub.store.database import Connection, Database
from hub.store.listening import listen

log = structlog.get_logger()
Vector = tuple[int, ...]
_STEP = "project"
_LANES = sorted(lane for lane in lanes() if lane[0] != "inbound")
_MOST = 20_000  # events; whoever was away for more is told that everything changed
_AGAIN = 1.0  # seconds until a database that went away is asked again
_PAUSE = 0.02  # seconds between two looks, for under load every batch says something
_CONTACTS = ("call:", "contact:", "conversation:", "visit:", "party:")
_RECENT = timedelta(minutes=5)  # a call that rang before no longer does
_PATIENCE = 0.5  # seconds between looks where nobody says anything


@dataclass(frozen=True, slots=True)
class Changed:
    """`streams` and `parties` of which something is shown anew; `everything`: too much to say.

    `rings`: the extensions, queues and numbers at which calls of the last minutes rang; "" where one rings for all.
    """

    streams: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()
    everything: bool = False
    rings: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.streams)

    def desk(self) -> bool:
        """Whether a ticket changed or a telephone rang."""
        return self.everything or any(stream.startswith(("ticket:", "call:")) for stream in self.streams)

    def today(self) -> bool:
        """Whether there was a contact, on whatever channel."""
        return self.everything or any(stream.startswith(_CONTACTS) for stream in self.streams)

    def rang(self, where: str) -> bool:
        """Whether the calls that ring there may be others now; "" stands for whoever hears all of them."""
        return self.everything or (bool(self.rings) and (not where or not self.rings.isdisjoint((where, ""))))


def vector(tx: Connection) -> Vector:
    """What is shown now."""
    found = positions(tx, _STEP)
    return tuple(found.get(lane, 0) for lane in _LANES)


def written(moment: Vector) -> str:
    return ".".join(map(str, moment))


def read(text: str) -> Vector | None:
    """The vector of `written`; None where it is none of this log."""
    parts = text.strip().split(".")
    if len(parts) != len(_LANES) or not all(p.isascii() and p.isdigit() and len(p) < 19 for p in parts):
        return None
    return tuple(map(int, parts))


def between(tx: Connection, since: Vector, until: Vector) -> Changed:
    """What changed between two moments. What is to be folded again (a second thought) may be anything."""
    if any(old > new for old, new in zip(since, until, strict=True)) or sum(until) - sum(since) > _MOST:
        return Changed(everything=True)
    moved = [(lane, old, new) for lane, old, new in zip(_LANES, since, until, strict=True) if old < new]
    rows = tx.execute(
        "SELECT DISTINCT e.stream, e.replaces IS NOT NULL OR e.type = 'party.forgotten'"
        " FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[]) AS v(topic, part, start, stop)"
        " JOIN event e ON e.topic = v.topic AND e.part = v.part AND e.position >= v.start AND e.position < v.stop",
        [[lane[0] for lane, _, _ in moved], [lane[1] for lane, _, _ in moved], [old for _, old, _ in moved],
         [new for _, _, new in moved]],
    ).fetchall() if moved else []  # fmt: skip
    if any(again for _, again in rows):
        return Changed(everything=True)
    streams = sorted({stream for stream, _ in rows})
    streams += deliveries.tickets_of(tx, streams)
    return Changed(frozenset(streams), _owners(tx, streams), rings=_rings(tx, streams))


def _owners(tx: Connection, streams: Sequence[str]) -> frozenset[str]:
    """Whose these streams are; what a back office reports under its own id of an order is of those who own the order."""
    if not streams:
        return frozenset()
    refs = [stream.removeprefix("order:") for stream in streams if stream.startswith("order:")]
    orders = tx.execute("SELECT stream FROM orders WHERE refs ?| %s::text[]", [refs]).fetchall() if refs else []
    rows = tx.execute(
        "SELECT DISTINCT o.party::text FROM owners o JOIN unnest(%s::text[]) AS n(stream) USING (stream)",
        [[*streams, *(stream for (stream,) in orders)]],
    ).fetchall()
    return frozenset(party for (party,) in rows)


def _rings(tx: Connection, streams: Sequence[str]) -> frozenset[str]:
    """Where those of these that are calls of the last minutes rang, each of their legs."""
    calls = [stream for stream in streams if stream.startswith("call:")]
    if not calls:
        return frozenset()
    legs = tx.execute(
        "SELECT p -> 4 FROM calls c"
        " JOIN unnest(%s::text[]) AS n(stream) USING (stream) CROSS JOIN LATERAL jsonb_array_elements(c.parts) AS l(p)"
        " WHERE c.rang > now() - %s",
        [calls, _RECENT],
    ).fetchall()
    return rings_at([leg for (leg,) in legs])


def rings_at(parts: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Where a call of which this was told rings. What rings and names neither agent nor queue rings for all, which is "";
    what only answers or ends and names nobody rings where it rang before."""
    places = {place for part in parts for name in ("agent", "queue", "desk") if (place := part.get(name))}
    for_all = any(part["state"] == "ringing" and not (part.get("agent") or part.get("queue")) for part in parts)
    return frozenset(places | {""} if for_all else places)


def shown(tx: Connection, places: Sequence[Place]) -> bool:
    """Whether what lies at these places is folded; what was in the outbox is, once it has left it."""
    if outbox.wait(tx, places):
        return False
    waiting = tx.execute(
        "SELECT FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS n(topic, part, position) JOIN checkpoint c"
        " ON c.step = %s AND c.topic = n.topic AND c.part = n.part AND c.next <= n.position LIMIT 1",
        [[p.topic for p in places], [p.part for p in places], [p.position for p in places], _STEP],
    ).fetchone()
    return waiting is None


def last(tx: Connection, stream: str) -> tuple[Place, ...]:
    """Where the last event of this stream's partition lies, and what waits of the stream in the outbox."""
    waiting = tuple(recorded.place for recorded in outbox.of_streams(tx, [stream]))
    row = tx.execute(
        "SELECT topic, part, next - 1 FROM log_head WHERE topic = %s AND part = %s", list(place(stream))
    ).fetchone()
    return (*waiting, Place(*row)) if row else waiting


def pair(tx: Connection, link: str) -> tuple[str, str] | None:
    """The two parties that were seen together under this link's id. The id does not tell, so all are looked at."""
    with tx.cursor(name="pairs") as rows:
        rows.itersize = 10_000
        rows.execute("SELECT a::text, b::text FROM seen WHERE a < b UNION SELECT a::text, b::text FROM beside WHERE a < b")
        return next(((a, b) for a, b in rows if link_stream(a, b) == f"link:{link}"), None)


Listener = Callable[[Changed, Vector, Vector], None]


class Changes:
    """Watches what is folded and tells whoever listens: what changed, from which moment to which.

    One connection and one thread, however many listen. Listeners are called in that thread, one after the other: while one of
    them asks the database, the rest wait.
    """

    def __init__(self, database: Database, channel: str) -> None:
        self._database, self._channel = database, channel
        self._listeners: dict[int, Listener] = {}
        self._lock = Lock()
        self._stop = Flag()
        self._thread: Thread | None = None
        self._moment: Vector = ()
        self._number = 0

    def listen(self, listener: Listener) -> tuple[int, Vector]:
        """From the moment answered on `listener` is told of every change; the number is for `leave`."""
        with self._lock:
            if self._thread is None:
                with self._database.transaction() as tx:
                    self._moment = vector(tx)
                self._thread = Thread(target=self._watch, name="changes", daemon=True)
                self._thread.start()
            self._number += 1
            self._listeners[self._number] = listener
            return self._number, self._moment

    def leave(self, number: int) -> None:
        self._listeners.pop(number, None)

    def close(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=5)

    def _watch(self) -> None:
        away = Repeated(log)
        while not self._stop.is_set():
            try:
                with listen(self._database.dsn, self._channel) as ear:
                    while not self._stop.is_set():
                        with self._lock:
                            self._tell()
                        self._stop.wait(_PAUSE)
                        ear.wait(_PATIENCE)
            except Exception as error:  # whatever it is: without this thread open pages would stand still without a word
                away("changes cannot be seen; trying again", error=f"{type(error).__name__}: {str(error).strip()[:200]}")
                self._stop.wait(_AGAIN)

    def _tell(self) -> None:
        """Tell everybody what was folded since the last time, once nothing of it waits to be folded again."""
        with self._database.transaction() as tx:
            now = vector(tx)
            if now == self._moment or tx.execute("SELECT FROM refold LIMIT 1").fetchone():
                return
            changed = between(tx, self._moment, now) if self._listeners else Changed()
        before, self._moment = self._moment, now
        for listener in list(self._listeners.values()):
            try:
                listener(changed, before, now)
            except Exception as error:  # whoever else listens is told all the same, of this change and of the next
                log.error("somebody could not be told of a change", error=type(error).__name__)
