"""What an administrator set on the settings pages, by name, and what the hub notes of itself. Read anew each time: no
process needs a restart.

hours          {"zone", "days": {"mon": [["09:00", "17:00"]], ...}, "reply_en", "reply_fa", "reply_on"}
signature      {"text"}
canned         [{"name", "text"}]
blocked        [address or @domain]
order_pattern  text
demo           {"since", "people", "loaded"}: what this hub plays, where it is a demo
log            which log this hub has: see `hub.store.which_log`
backup         {"time", "folder", "seconds", "id", "events", "blobs", "keys", "bytes"}: the last one
restored       {"backup", "taken", "time", "done"}; until it is done also "checkpoints", those of the backup
"""

from __future__ import annotations

from typing import Any, TypeVar

import orjson

from hub.desk.opening_hours import DAYS
from hub.events.text import storable, storable_all
from hub.store.database import Connection, Database

T = TypeVar("T")
HOURS: dict[str, Any] = {
    "zone": "UTC", "days": {day: [] for day in DAYS}, "reply_en": "", "reply_fa": "", "reply_on": False,
}  # fmt: skip


def read(where: Connection | Database, name: str, default: T) -> T:
    """What was set, or `default`; it has the shape given above."""
    query = "SELECT value FROM setting WHERE name = %s"
    rows = where.rows(query, [name]) if isinstance(where, Database) else where.execute(query, [name]).fetchall()
    found: T = rows[0][0] if rows else default
    return found


def write(tx: Connection, name: str, value: Any, by: str) -> None:
    """Set it; None: as if it had never been set."""
    if value is None:
        tx.execute("DELETE FROM setting WHERE name = %s", [name])
        return
    tx.execute(
        "INSERT INTO setting (name, value, by, changed) VALUES (%s, %s::jsonb, %s, now()) ON CONFLICT (name)"
        " DO UPDATE SET value = excluded.value, by = excluded.by, changed = excluded.changed",
        [name, orjson.dumps(storable_all(value)).decode(), storable(by)],
    )
