"""What is set right after a restore where the log is younger than the backup: what only tables knew is read off the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.store.database import Connection

Ends = Mapping[str, Mapping[str, list[int]]]
# What became of an answer by the last that the log says of it; of anything else nobody knows whether it went out.
_ENDED = {"delivery.sent": "sent", "delivery.failed": "failed", "delivery.undone": "undone"}
_BEYOND = """
event e JOIN unnest(%s::text[], %s::int[], %s::bigint[]) AS v(topic, part, next)
ON e.topic = v.topic AND e.part = v.part AND e.position >= v.next
"""

# As `decisions.keep` does it at once: whoever opens a ticket, takes a contact into one or answers from one joins it to the
# conversation. The ticket that a new one follows was in that conversation before, whatever brought it there; what an import
# says of that may be anything.
_JOIN_HEADS = f"""
WITH said AS (
  SELECT v ->> 'conversation' AS stream,
    ARRAY[CASE WHEN v ->> 'history' IS NULL THEN v ->> 'follows' END, v ->> 'ticket']::uuid[] AS tickets,
    row_number() OVER (ORDER BY e.recorded, (v ->> 'number')::bigint, e.part, e.position) AS n
  FROM {_BEYOND} CROSS JOIN LATERAL (SELECT e.value::json -> 'data') AS d(v)
  WHERE v ->> 'conversation' IS NOT NULL AND (e.type IN ('ticket.opened', 'ticket.contact_attached')
    OR e.type = 'ticket.answered' AND v ->> 'history' IS NULL)
), joined AS (
  SELECT stream, ticket, min(2 * n + nth) AS first FROM said CROSS JOIN LATERAL unnest(tickets) WITH ORDINALITY AS u(ticket, nth)
  WHERE ticket IS NOT NULL GROUP BY 1, 2
)
INSERT INTO stream_head SELECT stream, 0, array_agg(ticket ORDER BY first) FROM joined GROUP BY 1
ON CONFLICT (stream) DO UPDATE SET tickets = stream_head.tickets || ARRAY(
  SELECT ticket FROM unnest(excluded.tickets) WITH ORDINALITY AS u(ticket, nth)
  WHERE ticket <> ALL (stream_head.tickets) ORDER BY nth
)
"""


def beyond(before: Ends) -> tuple[list[str], list[int], list[int]]:
    """The partitions and up to where the backup had folded each, as columns."""
    lanes = [(topic, part, next) for topic, ends in before["project"].items() for part, next in enumerate(ends)]
    return [lane[0] for lane in lanes], [lane[1] for lane in lanes], [lane[2] for lane in lanes]


def deliveries_of_the_log(tx: Connection, before: Ends, reason: str, now: datetime) -> int:
    """Answers that the log has beyond the backup are not sent again: what became of each is what the log says, else it is
    `uncertain`. How many."""
    columns = beyond(before)
    added = tx.execute(
        "INSERT INTO delivery (id, ticket, stream, channel, message_id, state, due, reason, created, changed)"
        " SELECT e.id, (v ->> 'ticket')::uuid, v ->> 'conversation', v ->> 'channel', v ->> 'message_id', 'uncertain',"
        f" e.recorded, %s, e.recorded, %s FROM {_BEYOND} CROSS JOIN LATERAL (SELECT e.value::json -> 'data') AS d(v)"
        " WHERE e.type = 'ticket.answered' AND v ->> 'history' IS NULL AND v ->> 'message_id' IS NOT NULL"
        " AND v ->> 'conversation' IS NOT NULL ON CONFLICT DO NOTHING RETURNING id",
        [reason, now, *columns],
    ).fetchall()
    said = tx.execute(
        f"SELECT DISTINCT ON (e.stream) split_part(e.stream, ':', 2), e.type FROM {_BEYOND}"
        " WHERE e.type LIKE 'delivery.%%' ORDER BY e.stream, e.position DESC",
        [*columns],
    ).fetchall()
    states = [(id, _ENDED.get(kind, "uncertain")) for id, kind in said]
    tx.execute(
        "UPDATE delivery d SET state = n.state, changed = %s, reason = CASE n.state WHEN 'uncertain' THEN %s ELSE d.reason END"
        " FROM unnest(%s::uuid[], %s::text[]) AS n(id, state) WHERE d.id = n.id",
        [now, reason, [id for id, _ in states], [state for _, state in states]],
    )
    tx.execute("UPDATE delivery SET reason = NULL WHERE state IN ('sent', 'undone') AND reason = %s", [reason])
    return len(added)


def heads_of_the_log(tx: Connection, before: Ends) -> None:
    """Tickets that the log has beyond the backup belong to their conversations, in the order in which they joined them: the
    next one of a conversation is the next, and what joined a ticket already sets nothing off again."""
    tx.execute(_JOIN_HEADS, [*beyond(before)])


def number_on(tx: Connection) -> None:
    """The next ticket gets a number above those of all tickets."""
    tx.execute(
        "SELECT setval('ticket_number', greatest((SELECT max(number) FROM tickets), (SELECT last_value FROM ticket_number)))"
        " WHERE EXISTS (SELECT FROM tickets)"
    )


def forgotten_in_the_log(tx: Connection) -> set[str]:
    """The parties of whom the log says that they were forgotten."""
    rows = tx.execute(
        "SELECT DISTINCT value::json #>> '{data,forgotten}' FROM event WHERE topic = 'identity' AND type = 'party.forgotten'"
    ).fetchall()
    return {row[0] for row in rows}
