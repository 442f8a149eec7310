"""Dead letters on their way to the twins of their topics on Kafka: copies, for whoever watches there. The list is here."""

from __future__ import annotations

from collections.abc import Sequence

from hub.log._protocol import DeadLetter, Place
from hub.store.archive import unpacked
from hub.store.checkpoints import SILENT
from hub.store.database import Connection

_TAKE = """
SELECT d.step, d.topic, d.part, d.position, d.id::text, d.stream, d.reason, d.time,
  coalesce(d.value, convert_to(e.value, 'UTF8'), ''), coalesce(d.headers, '[]'),
  (SELECT set_config('idle_in_transaction_session_timeout', %s, true))
FROM dead_letter d LEFT JOIN event e USING (topic, part, position)
WHERE NOT d.copied ORDER BY d.time, d.step, d.id LIMIT %s FOR UPDATE OF d SKIP LOCKED
"""


def take(tx: Connection, limit: int) -> list[DeadLetter]:
    """Those that were not copied yet and that nobody else copies or tries again just now."""
    rows = tx.execute(_TAKE, [SILENT, limit]).fetchall()
    return [
        DeadLetter(step, Place(topic, part, position), id, stream, reason, time, bytes(value), unpacked(beside))
        for step, topic, part, position, id, stream, reason, time, value, beside, _ in rows
    ]


def copied(tx: Connection, letters: Sequence[DeadLetter]) -> None:
    tx.execute(
        "UPDATE dead_letter d SET copied = true FROM unnest(%s::text[], %s::text[], %s::int[], %s::bigint[])"
        " AS n(step, topic, part, position) WHERE (d.step, d.topic, d.part, d.position) = (n.step, n.topic, n.part, n.position)",
        [list(column) for column in zip(*((letter.step, *letter.place) for letter in letters), strict=True)],
    )
