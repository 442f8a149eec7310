"""The archive as Kafka is to hold it: each event with what stood beside it when it came, and no position empty.

Of what came to Kafka twice the archive has the first, and of what nobody could read nothing; these places are empty. Kafka
gives its places out one after the other, so where one is empty an event is said once more, one of that partition if it
has any: whoever reads it knows it by its id, and drops it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from hub.log._protocol import Place, Recorded
from hub.log.embedded import EmbeddedLog
from hub.log.headers import CHANNEL, DIGEST, Headers
from hub.store.database import Database

Lane = tuple[str, int]
_BESIDE = """
SELECT e.topic, e.part, e.position, e.direct, g.digest
FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS n(topic, part, position)
JOIN event e USING (topic, part, position) JOIN event_id g ON g.id = e.id
"""
_BEFORE = "SELECT value FROM event WHERE topic = %s AND part = %s AND position < %s ORDER BY position DESC LIMIT 1"
_ANY = "SELECT value FROM event ORDER BY topic, part, position LIMIT 1"


class NothingToRepeat(Exception):
    """All that ever came is what nobody could read: there is nothing to copy."""


class Whole:
    """Reads like a log."""

    def __init__(self, database: Database) -> None:
        self._database, self._archive = database, EmbeddedLog(database)

    def ends(self) -> dict[Lane, int]:
        return self._archive.ends()

    def read(self, starts: Mapping[Lane, int], limit: int) -> list[Recorded]:
        """Up to `limit` events of each partition from these positions on, no position left out. Raises NothingToRepeat."""
        ends, found = self.ends(), self._with_headers(self._archive.read(starts, limit))
        of: dict[Lane, list[Recorded]] = {lane: [] for lane in starts}
        for recorded in found:
            of[recorded.place[:2]].append(recorded)
        return [
            one
            for lane, start in starts.items()
            for one in islice(self._filled(lane, start, of[lane], ends[lane]), limit)
        ]

    def _filled(self, lane: Lane, start: int, found: Sequence[Recorded], end: int) -> Iterator[Recorded]:
        """These events of a partition and what fills the places before them; where there are none, up to its end."""
        at, before = start, None
        until = found[-1].place.position + 1 if found else end
        left = {recorded.place.position: recorded for recorded in found}
        while at < until:
            if at in left:
                before = left[at].value
                yield left[at]
            else:
                before = before or self._before(lane, at) or (found[0].value if found else self._any())
                yield Recorded(Place(*lane, at), before)
            at += 1

    def _before(self, lane: Lane, position: int) -> bytes | None:
        rows = self._database.rows(_BEFORE, [*lane, position])
        return rows[0][0].encode() if rows else None

    def _any(self) -> bytes:
        rows = self._database.rows(_ANY)
        if not rows:
            raise NothingToRepeat(NothingToRepeat.__doc__)
        return bytes(rows[0][0].encode())

    def _with_headers(self, found: Sequence[Recorded]) -> list[Recorded]:
        if not found:
            return []
        columns = [list(column) for column in zip(*(recorded.place for recorded in found), strict=True)]
        beside = {Place(*row[:3]): row[3:] for row in self._database.rows(_BESIDE, columns)}
        return [replace(recorded, headers=_headers(*beside[recorded.place])) for recorded in found]


def _headers(channel: str | None, digest: bytes | None) -> Headers:
    found = [(CHANNEL, channel.encode())] if channel is not None else []
    return [*found, (DIGEST, bytes(digest))] if digest is not None else found
