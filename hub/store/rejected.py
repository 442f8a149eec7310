"""Payloads that nobody understood, and what came of those that were read again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from hub.store.database import Connection
from hub.store.reads import NEWEST, cursor, read_cursor

Json = dict[str, Any]
_COLUMNS = "payload::text, source, channel, time, kind, why, at, size, events::text[]"
_FIELDS = ("id", "source", "channel", "received", "kind", "why", "at", "size", "events")


def page(tx: Connection, limit: int = 40, before: str | None = None) -> Json:
    """Rejected payloads, newest first. Raises WrongCursor."""
    time, id = read_cursor(before, datetime, UUID) if before else NEWEST
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM outcome WHERE kind = 'rejected'"
        " AND (time, payload) < (%s::timestamptz, %s::uuid) ORDER BY time DESC, payload DESC LIMIT %s",
        [time, str(id), limit + 1],
    ).fetchall()
    items = [dict(zip(_FIELDS, row, strict=True)) for row in rows[:limit]]
    more = len(rows) > limit
    return {"items": items, "next": cursor(items[-1]["received"].isoformat(), items[-1]["id"]) if more else None}


def one(tx: Connection, id: str) -> Json | None:
    """What became of a payload: rejected, or meanwhile understood or ignored."""
    row = tx.execute(f"SELECT {_COLUMNS} FROM outcome WHERE payload = %s::uuid", [id]).fetchone()
    return dict(zip(_FIELDS, row, strict=True)) if row else None
