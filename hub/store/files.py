"""What came with a contact and does not stand in the pages themselves: its files, and the whole of a long text."""

from __future__ import annotations

from hub.log._protocol import Place, Recorded
from hub.store import archive
from hub.store.database import Connection


def holding(tx: Connection, item: str) -> Recorded | None:
    """The event of a timeline's item, as it was last understood."""
    row = tx.execute(
        "SELECT topic, part, position, value FROM ("
        " SELECT e.* FROM event_id g JOIN event e USING (topic, part, position) WHERE g.id = %s::uuid"
        " UNION ALL SELECT e.* FROM event e WHERE e.replaces = %s::uuid) x"
        " ORDER BY replaces IS NOT NULL DESC, recorded DESC, id DESC LIMIT 1",  # they may lie in different partitions
        [item, item],
    ).fetchone()
    return Recorded(Place(*row[:3]), row[3].encode()) if row else None


def text(tx: Connection, item: str) -> tuple[str | None, str | None] | None:
    """The text of a timeline's item, as far as the timeline keeps it, and whose it is; None where there is no such item."""
    row = tx.execute(
        "SELECT t.text, t.party::text FROM unnest(%s::text[]) AS n(stream) CROSS JOIN LATERAL"
        " (SELECT * FROM timeline WHERE stream = n.stream AND item = %s::uuid OFFSET 0) t ORDER BY t.n LIMIT 1",
        [sorted(archive.streams_of_events(tx, [item])), item],
    ).fetchone()
    return (row[0], row[1]) if row else None
