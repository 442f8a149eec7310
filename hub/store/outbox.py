"""Decided events on their way to a log outside the database: written with the decision, gone once they are archived.

A stream's events leave in the order in which they were decided: deciding about a stream is serialised by its head.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from hub.events.envelope import Sealed
from hub.log._protocol import Place, Recorded
from hub.store.checkpoints import SILENT
from hub.store.database import Connection, array

CHANNEL = "hub_outbox"
TOPIC = "outbox"  # of the place that an event has until the log gives it one
_RELAYING = 7_201_544_012  # advisory lock: one relay at a time, so that streams keep their order


def put(tx: Connection, events: Sequence[tuple[Sealed, int | None]]) -> list[Place]:
    """Events with their revisions; where each waits. Those that are known or wait already are left out."""
    ids, streams, revisions, types, times, recorded, replaced, values = zip(
        *(_columns(event, revision) for event, revision in events), strict=True
    )
    tx.execute(  # sorted: the join alone would leave a stream's events in any order
        "INSERT INTO outbox (id, stream, revision, type, time, recorded, replaces, value)"
        " SELECT n.id, stream, revision, type, time, recorded, replaces, value"
        " FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[],"
        " %s::uuid[], %s::text[]) WITH ORDINALITY AS n(id, stream, revision, type, time, recorded, replaces, value, nth)"
        " WHERE NOT EXISTS (SELECT FROM event_id g WHERE g.id = n.id) ORDER BY nth ON CONFLICT (id) DO NOTHING",
        [array(ids), array(streams), list(revisions), array(types), list(times), list(recorded), list(replaced), array(values)],
    )
    tx.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return [recorded.place for recorded in of_ids(tx, [event.id for event, _ in events])]


def _columns(event: Sealed, revision: int | None) -> tuple[Any, ...]:
    return (
        event.id, event.stream, revision, event.type, event.time, event.recorded, event.replaces, event.value.decode(),
    )  # fmt: skip


def take(tx: Connection, limit: int) -> list[Sealed]:
    """What was not sent yet, in its order; nothing where somebody else is sending just now."""
    mine = tx.execute(
        "SELECT pg_try_advisory_xact_lock(%s), set_config('idle_in_transaction_session_timeout', %s, true)",
        [_RELAYING, SILENT],
    ).fetchone()
    if not mine or not mine[0]:
        return []
    rows = tx.execute(
        "SELECT id::text, type, stream, time, recorded, value, replaces::text FROM outbox WHERE NOT sent ORDER BY n LIMIT %s",
        [limit],
    ).fetchall()
    return [
        Sealed(id, kind, stream, time, recorded, value.encode(), replaces=replaces)
        for id, kind, stream, time, recorded, value, replaces in rows
    ]


def last(tx: Connection) -> int:
    """The number of what was put in last; 0 where nothing is in."""
    row = tx.execute("SELECT coalesce(max(n), 0) FROM outbox").fetchone()
    return row[0] if row else 0


def first_unsent(tx: Connection, last: int) -> int | None:
    """The number of the first up to `last` that nobody has sent yet."""
    row = tx.execute("SELECT n FROM outbox WHERE NOT sent AND n <= %s ORDER BY n LIMIT 1", [last]).fetchone()
    return row[0] if row else None


def sent(tx: Connection, ids: Sequence[str]) -> None:
    tx.execute("UPDATE outbox o SET sent = true FROM unnest(%s::uuid[]) AS n(id) WHERE o.id = n.id", [array(ids)])


def send_again(tx: Connection) -> None:
    """What has not come back from the log goes there once more: it is another log."""
    tx.execute("UPDATE outbox SET sent = false WHERE sent")


def archived(tx: Connection, ids: Sequence[str]) -> None:
    """These have come back from the log."""
    tx.execute("DELETE FROM outbox o USING unnest(%s::uuid[]) AS n(id) WHERE o.id = n.id", [array(ids)])


def of_streams(tx: Connection, streams: Collection[str]) -> list[Recorded]:
    """What waits of these streams, in its order; it has no place yet."""
    return _recorded(tx, "JOIN unnest(%s::text[]) AS m(stream) USING (stream)", [sorted(streams)])


def of_ids(tx: Connection, ids: Sequence[str]) -> list[Recorded]:
    return _recorded(tx, "JOIN unnest(%s::uuid[]) AS m(id) USING (id)", [array(ids)])


def wait(tx: Connection, places: Sequence[Place]) -> bool:
    """Whether something still waits at one of these places."""
    mine = [place.position for place in places if place.topic == TOPIC]
    if not mine:
        return False
    return tx.execute("SELECT FROM outbox JOIN unnest(%s::bigint[]) AS m(n) USING (n) LIMIT 1", [mine]).fetchone() is not None


def _recorded(tx: Connection, where: str, values: list[object]) -> list[Recorded]:
    rows = tx.execute(f"SELECT n, value FROM outbox o {where} ORDER BY n", values).fetchall()
    return [Recorded(Place(TOPIC, 0, n), value.encode()) for n, value in rows]
