"""Answers on their way out: the queue in the table `delivery`. A row changes in the transaction of the event that says so.

Locks are taken in one order by everybody: a ticket's head before its deliveries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from hub.store.database import Connection, Database

_COLUMNS = "id::text, ticket::text, stream, message_id, state, due, attempts, reason, created"
_AT_THE_WIRE = 1_544_100  # advisory lock, with a delivery's hash
_DAY = timedelta(days=1)


class Delivery(NamedTuple):
    """A row. `stream` is the conversation in which a reply is expected."""

    id: str
    ticket: str
    stream: str
    message_id: str
    state: str
    due: datetime
    attempts: int
    reason: str | None
    created: datetime


def add(tx: Connection, id: str, ticket: str, stream: str, message_id: str, due: datetime, now: datetime) -> None:
    tx.execute(
        "INSERT INTO delivery (id, ticket, stream, channel, message_id, state, due, created, changed)"
        " VALUES (%s, %s, %s, 'email', %s, 'waiting', %s, %s, %s)",
        [id, ticket, stream, message_id, due, now, now],
    )


def find(tx: Connection, id: str) -> Delivery | None:
    return _one(tx, "WHERE id = %s::uuid", id)


def lock(tx: Connection, id: str) -> Delivery | None:
    """Nobody else changes it until the transaction ends."""
    return _one(tx, "WHERE id = %s::uuid FOR UPDATE", id)


def change(tx: Connection, id: str, state: str, now: datetime, *, due: datetime | None = None, reason: str | None = None,
           attempts: int | None = None) -> None:  # fmt: skip
    tx.execute(
        "UPDATE delivery SET state = %s, changed = %s, due = coalesce(%s, due), reason = %s,"
        " attempts = coalesce(%s, attempts) WHERE id = %s::uuid",
        [state, now, due, reason, attempts, id],
    )


def due(tx: Connection, now: datetime, limit: int) -> list[str]:
    """What is to go out now, the oldest first; and what somebody was at when he was last heard of."""
    rows = tx.execute(
        "(SELECT id::text FROM delivery WHERE state = 'waiting' AND due <= %s ORDER BY due LIMIT %s)"
        " UNION ALL (SELECT id::text FROM delivery WHERE state = 'sending' ORDER BY changed LIMIT %s)",
        [now, limit, limit],
    ).fetchall()
    return [row[0] for row in rows]


@contextmanager
def held(database: Database, id: str) -> Iterator[bool]:
    """Whether nobody else is at this delivery. The claim is a connection's: it ends with the process, however that ends."""
    with psycopg.connect(database.dsn, autocommit=True, connect_timeout=5) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_AT_THE_WIRE, id]).fetchone()
        yield row is not None and bool(row[0])


def hold(tx: Connection, before: datetime, reason: str) -> list[str]:
    """What was to go out since before that moment goes out no more by itself; what is held for this reason, all of it."""
    tx.execute(
        "UPDATE delivery SET state = 'uncertain', reason = %s WHERE state IN ('waiting', 'sending') AND created < %s",
        [reason, before],
    )
    rows = tx.execute(
        "SELECT id::text FROM delivery WHERE state = 'uncertain' AND reason = %s ORDER BY created, id", [reason]
    ).fetchall()
    return [row[0] for row in rows]


def answered(tx: Connection, message_ids: Collection[str]) -> dict[str, Delivery]:
    """Those of these Message-IDs that are ours, and which delivery each is."""
    if not message_ids:
        return {}
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM delivery JOIN unnest(%s::text[]) AS n(message_id) USING (message_id)",
        [sorted(set(message_ids))],
    ).fetchall()
    found = [Delivery(*row) for row in rows]
    return {one.message_id: one for one in found}


def tickets_of(tx: Connection, streams: Collection[str]) -> list[str]:
    """The streams of the tickets to which these deliveries belong: what is said of one changes what is shown of both."""
    ids = [id for stream in streams if (id := _own(stream))]
    if not ids:
        return []
    rows = tx.execute(
        "SELECT DISTINCT 'ticket:' || d.ticket FROM delivery d JOIN unnest(%s::uuid[]) AS n(id) USING (id)", [ids]
    ).fetchall()
    return [row[0] for row in rows]


def _own(stream: str) -> str | None:
    """The id of a delivery by its stream; those of an import may have any."""
    kind, _, id = stream.partition(":")
    try:
        return str(UUID(id)) if kind == "delivery" else None
    except ValueError:
        return None


def forget(tx: Connection, streams: Collection[str]) -> None:
    """Of these tickets nothing goes out any more, and what mail servers said of it is gone."""
    tickets = [stream.removeprefix("ticket:") for stream in streams if stream.startswith("ticket:")]
    tx.execute(
        "UPDATE delivery d SET reason = NULL, state = CASE state WHEN 'waiting' THEN 'undone' ELSE state END"
        " FROM unnest(%s::uuid[]) AS n(ticket) WHERE d.ticket = n.ticket",
        [sorted(tickets)],
    )


# -- what is shown -----------------------------------------------------------------------------------------------------

_SHOWN = ("id", "state", "due", "reason")


def of_answers(tx: Connection, answers: Collection[str]) -> dict[str, dict[str, Any]]:
    """`{"id", "state", "due", "reason"}` of each of these answers that the hub sends."""
    if not answers:
        return {}
    rows = tx.execute(
        "SELECT d.id::text, state, due, reason FROM delivery d JOIN unnest(%s::uuid[]) AS n(id) USING (id)",
        [sorted(answers)],
    ).fetchall()
    return {row[0]: dict(zip(_SHOWN, row, strict=True)) for row in rows}


def of_tickets(tx: Connection, tickets: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The same of each of these tickets, the oldest first."""
    if not tickets:
        return {}
    rows = tx.execute(
        "SELECT d.ticket::text, id::text, state, due, reason FROM delivery d JOIN unnest(%s::uuid[]) AS n(ticket)"
        " USING (ticket) ORDER BY created, id",
        [sorted(tickets)],
    ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    for ticket, *row in rows:
        found.setdefault(ticket, []).append(dict(zip(_SHOWN, row, strict=True)))
    return found


# -- where answers come from -------------------------------------------------------------------------------------------


def mailbox(tx: Connection, written_to: Sequence[str]) -> str | None:
    """The address of the mailbox that answers: one of those that were written to, else the oldest that can send."""
    row = tx.execute(
        "SELECT address FROM mailbox WHERE active AND NOT given AND smtp IS NOT NULL"
        " ORDER BY lower(address) = ANY(%s::text[]) DESC, created, id LIMIT 1",
        [[address.lower() for address in written_to]],
    ).fetchone()
    return row[0] if row else None


def our_addresses(tx: Connection) -> set[str]:
    """In lower case."""
    return {row[0] for row in tx.execute("SELECT lower(address) FROM mailbox").fetchall()}


def first_today(tx: Connection, parties: Collection[str], now: datetime) -> bool:
    """Whether none of these parties had to do with an automatic reply within a day; from now on all of them had."""
    asked = sorted(set(parties))
    done = tx.execute(
        "INSERT INTO answered_by_itself AS a SELECT n.party, %(now)s FROM unnest(%(asked)s::uuid[]) AS n(party) WHERE NOT EXISTS"
        " (SELECT FROM answered_by_itself b JOIN unnest(%(asked)s::uuid[]) AS m(party) USING (party) WHERE b.time > %(before)s)"
        " ORDER BY 1 ON CONFLICT (party) DO UPDATE SET time = excluded.time WHERE a.time <= %(before)s",
        {"now": now, "before": now - _DAY, "asked": asked},
    )
    return done.rowcount == len(asked)


def _one(tx: Connection, where: str, id: str) -> Delivery | None:
    row = tx.execute(f"SELECT {_COLUMNS} FROM delivery {where}", [id]).fetchone()
    return Delivery(*row) if row else None
