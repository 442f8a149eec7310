"""Who looked at whom: one row for each thing that was shown to somebody. Never a personal value, only ids."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal
from uuid import UUID

from hub.events.text import storable
from hub.store import customers, reads
from hub.store.database import Connection, Database
from hub.store.keys import Keys

What = Literal["customer", "ticket", "order", "search", "file", "events", "rejected"]
EVERYTHING = "*"  # `which` where a list was shown whole, NOTHING where nobody was found
NOTHING = "-"


def looked(database: Database, who: str, what: What, which: str | Collection[str]) -> None:
    """`who` (a login, or an API key's name) was shown these; one insert for all of them. Raises psycopg.Error."""
    ids = [which] if isinstance(which, str) else list(dict.fromkeys(which)) or [NOTHING]
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO look (who, what, which) SELECT %s, %s, w FROM unnest(%s::text[]) WITH ORDINALITY u(w, n) ORDER BY n",
            [storable(who), what, [storable(id) for id in ids]],
        )


def page(
    tx: Connection,
    who: str | None = None,
    which: Sequence[str] | None = None,
    limit: int = 50,
    before: str | None = None,
) -> dict[str, Any]:
    """Items {"time", "who", "what", "which"}, newest first, with `next`. `which`: only of these ids. Raises WrongCursor."""
    (last,) = reads.read_cursor(before, int) if before else (None,)
    asked = [("who = %s", who), ("which IN (SELECT unnest(%s::text[]))", which), ("id < %s", last)]
    said = [(where, value) for where, value in asked if value is not None]
    rows = tx.execute(
        "SELECT id, time, who, what, which FROM look"
        f" WHERE {' AND '.join(['true', *(where for where, _ in said)])} ORDER BY id DESC LIMIT %s",
        [*(value for _, value in said), limit + 1],
    ).fetchall()
    items = [dict(zip(("time", "who", "what", "which"), row[1:], strict=True)) for row in rows[:limit]]
    return {"items": items, "next": reads.cursor(rows[limit - 1][0]) if len(rows) > limit else None}


def people(tx: Connection) -> list[str]:
    """Everybody who could have looked: accounts and keys, and those who are no more but did look."""
    rows = tx.execute(
        "WITH RECURSIVE seen AS ((SELECT who FROM look ORDER BY who LIMIT 1) UNION ALL"
        " SELECT (SELECT who FROM look WHERE who > seen.who ORDER BY who LIMIT 1) FROM seen WHERE seen.who IS NOT NULL)"
        " SELECT who FROM seen WHERE who IS NOT NULL UNION SELECT login FROM account UNION SELECT name FROM api_key"
        " ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def about(tx: Connection, keys: Keys, region: str, text: str) -> list[str]:
    """All ids under which this customer is looked at: his parties, tickets and orders. Also a ticket's number."""
    parties = [party for found in customers.who(tx, keys, region, text) for party in found]
    ticket = reads.ticket(tx, text)
    tickets = tx.execute(
        "SELECT ticket::text FROM tickets JOIN unnest(%s::uuid[]) AS n(party) USING (party)", [parties]
    ).fetchall()
    orders = tx.execute(
        "SELECT o.number FROM orders o JOIN owners w USING (stream) JOIN unnest(%s::uuid[]) AS n(party)"
        " ON w.party = n.party WHERE o.number IS NOT NULL",
        [parties],
    ).fetchall()
    return sorted({*parties, *(row[0] for row in [*tickets, *orders]), *([ticket["id"]] if ticket else [])})


def named(tx: Connection, ids: Collection[str]) -> dict[str, str]:
    """How people call these, where they have a name: a customer's, a ticket's number."""
    own = sorted({id for id in ids if _is_id(id)})
    numbers = tx.execute(
        "SELECT ticket::text, number FROM tickets JOIN unnest(%s::uuid[]) AS n(ticket) USING (ticket)", [own]
    ).fetchall()
    found = {ticket: f"#{number}" for ticket, number in numbers if number}
    people = customers.each_shown_with(tx, customers.known(tx, [id for id in own if id not in found]))
    names = zip(people, customers.names(tx, list(people.values())), strict=True)
    return found | {party: name for party, name in names if name}


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
