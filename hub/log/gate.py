"""The archive and its gate: an event that is known by its id is not written twice.

Whoever writes the archive keeps the gate: the embedded log where it appends, and on Kafka the step that takes a topic's
events from the log (`admit`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from hub.events.envelope import Sealed
from hub.log._protocol import Appended, Place, Recorded
from hub.log.headers import sealed
from hub.portions import portions
from hub.store.database import Connection, array

CHANNEL = "hub_log"
EVERYTHING = ""  # what is told where the list of types would be too long for NOTIFY
_TOLD = 7_000  # bytes; PostgreSQL takes 8,000
_WRITTEN = 2 * 1024 * 1024  # bytes that are written at once; an event is never cut
_KNOWN = "SELECT g.id::text, g.topic, g.part, g.position, g.digest FROM event_id g"
_ONE, _MANY = f"{_KNOWN} WHERE id = %s", f"{_KNOWN} JOIN unnest(%s::uuid[]) AS n(id) USING (id)"

Lane = tuple[str, int]
Known = dict[str, tuple[Place, bytes | None]]


class Admitted(NamedTuple):
    """What a batch of the log brought: events that are new, and such as say something else under a known id."""

    fresh: list[Recorded]
    conflicts: list[Recorded]


def ask(connection: Connection, ids: Sequence[str]) -> Any:
    """Which of these are known? The answer is read by `known`, so that both can be part of a pipeline."""
    return connection.execute(_ONE, ids) if len(ids) == 1 else connection.execute(_MANY, [array(ids)])


def known(answer: Any) -> Known:
    return {row[0]: (Place(*row[1:4]), row[4] and bytes(row[4])) for row in answer.fetchall()}


def seen(event: Sealed, there: Known) -> Appended | None:
    """What is said to an event that is known already; None to a new one."""
    if event.id not in there:
        return None
    where, digest = there[event.id]
    same = digest is None or event.digest is None or digest == event.digest
    return Appended(where, "duplicate" if same else "conflict")


def foreseen(tx: Connection, events: Sequence[Sealed]) -> list[Appended | None]:
    """What will be said to these events, as far as it is known now; None to those that seem new."""
    there = known(ask(tx, [event.id for event in events]))
    answers: list[Appended | None] = []
    first: dict[str, bytes | None] = {}
    for event in events:
        answer = seen(event, there)
        if answer is None and event.id in first:
            same = None in (first[event.id], event.digest) or first[event.id] == event.digest
            answer = Appended(None, "duplicate" if same else "conflict")
        first.setdefault(event.id, event.digest)
        answers.append(answer)
    return answers


def admit(tx: Connection, batch: Sequence[Recorded]) -> Admitted:
    """Write down what is new of a batch that another log holds, under the places that it has there. The caller holds the
    checkpoints of these partitions."""
    events = [sealed(recorded) for recorded in batch]
    there = known(ask(tx, [event.id for event in events]))
    admitted, answers, fresh = Admitted([], []), [], []
    for recorded, event in zip(batch, events, strict=True):
        answer = seen(event, there)
        if answer is None:
            there[event.id] = recorded.place, event.digest
            admitted.fresh.append(recorded)
            fresh.append((recorded.place, event))
        elif answer.verdict == "conflict":
            admitted.conflicts.append(recorded)
        answers.append(answer or Appended(recorded.place, "new"))
    ends: dict[Lane, int] = {}
    for recorded in batch:
        ends[recorded.place[:2]] = recorded.place.position + 1
    write(tx, fresh, ends, counted(events, answers))
    return admitted


def counted(events: Sequence[Sealed], answers: Sequence[Appended]) -> list[dict[str, Any]]:
    """What came from outside is counted here, in the transaction that writes it down."""
    found: Counter[tuple[str, str, str]] = Counter()
    for event, answer in zip(events, answers, strict=True):
        if event.direct and answer.verdict != "conflict":
            found[*event.direct, answer.verdict] += 1
    sources = sorted({key[:2] for key in found})
    return [
        {"source": s, "channel": c, "received": found[s, c, "new"], "duplicates": found[s, c, "duplicate"]}
        for s, c in sources
    ]


_WRITE = f"""
WITH fresh AS MATERIALIZED (
  SELECT * FROM json_to_recordset(%(events)s) AS r(topic text, part int, position bigint, id uuid, type text, stream text,
    time timestamptz, recorded timestamptz, replaces uuid, direct text, value text, digest bytea)
), archived AS (
  INSERT INTO event SELECT topic, part, position, id, type, stream, time, recorded, replaces, direct, value FROM fresh
), gate AS (
  INSERT INTO event_id SELECT id, topic, part, position, digest FROM fresh ORDER BY id
), moved AS (
  UPDATE log_head h SET next = greatest(h.next, n.next) FROM json_to_recordset(%(heads)s) AS n(topic text, part int, next bigint)
  WHERE h.topic = n.topic AND h.part = n.part
), counted AS (
  INSERT INTO received SELECT * FROM json_to_recordset(%(received)s) AS r(source text, channel text, received bigint,
    duplicates bigint)
  ON CONFLICT (source, channel) DO UPDATE SET received = received.received + excluded.received,
    duplicates = received.duplicates + excluded.duplicates
)
SELECT pg_notify('{CHANNEL}', %(told)s)
"""


def write(
    connection: Connection, fresh: Sequence[tuple[Place, Sealed]], ends: Mapping[Lane, int],
    received: Sequence[dict[str, Any]],
) -> None:  # fmt: skip
    """Write events, gate and the ledger's left side; the log ends behind `ends` then. Types are told to who listens."""
    if any(event.replaces for _, event in fresh):
        connection.execute("UPDATE epoch SET replaced = true WHERE NOT replaced")
    heads = [{"topic": topic, "part": part, "next": end} for (topic, part), end in sorted(ends.items())]
    parts = portions(fresh, lambda one: len(one[1].value), _WRITTEN)
    for part in parts if fresh else [[]]:  # where nothing is fresh the log's ends and the ledger are written all the same
        _write(connection, part, heads, received)
        heads, received = [], []


def _write(
    connection: Connection, fresh: Sequence[tuple[Place, Sealed]], heads: Sequence[dict[str, Any]],
    received: Sequence[dict[str, Any]],
) -> None:  # fmt: skip
    """One statement, so that a single event costs one round trip."""
    rows = [
        {
            "topic": where[0], "part": where[1], "position": where[2], "id": event.id, "type": event.type,
            "stream": event.stream, "time": event.time, "recorded": event.recorded, "replaces": event.replaces,
            "direct": event.direct and event.direct[1], "value": event.value.decode(),
            "digest": event.digest and f"\\x{event.digest.hex()}",
        }
        for where, event in fresh
    ]  # fmt: skip
    documents = {"events": rows, "heads": heads, "received": received}
    written = {name: orjson.dumps(document).decode() for name, document in documents.items()}
    told = " ".join(sorted({event.type for _, event in fresh}))
    connection.execute(_WRITE, written | {"told": told if len(told) < _TOLD else EVERYTHING})
