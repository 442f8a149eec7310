"""Links that let somebody in once: `enter` signs in, `invite` and `reset` let him choose a password first.

Of a link's token only the SHA-256 is kept. Making one takes away those of the same purpose that were made before.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from hub.store.accounts import Account, by_id
from hub.store.database import Connection, Database
from hub.store.tokens import hashed

Purpose = Literal["enter", "invite", "reset"]
VALID: dict[Purpose, timedelta] = {
    "enter": timedelta(minutes=15), "invite": timedelta(days=7), "reset": timedelta(days=1),
}  # fmt: skip


def make(database: Database, account: str, purpose: Purpose, now: datetime) -> str:
    """The path of a new link."""
    token = secrets.token_urlsafe(32)
    with database.transaction() as tx:
        tx.execute(
            "DELETE FROM sign_in WHERE expires <= %s OR (account = %s AND purpose = %s)", [now, UUID(account), purpose]
        )
        tx.execute(
            "INSERT INTO sign_in (hash, account, purpose, expires) VALUES (%s, %s, %s, %s)",
            [hashed(token), UUID(account), purpose, now + VALID[purpose]],
        )
    return f"/sign-in/{token}" if purpose == "enter" else f"/invite/{token}"


def whose(database: Database, token: str, now: datetime, enter: bool = False) -> Account | None:
    """Whose link this is, without using it; None where it is used, expired or nobody's."""
    rows = database.rows(
        "SELECT s.account::text FROM sign_in s JOIN account a ON a.id = s.account"
        " WHERE s.hash = %s AND s.expires > %s AND (s.purpose = 'enter') = %s AND a.active",
        [hashed(token), now, enter],
    )
    return by_id(database, rows[0][0]) if rows else None


def use(tx: Connection, token: str, now: datetime, enter: bool = False) -> str | None:
    """The account that it lets in, this once; None where it is used, expired or nobody's. Two at once: one gets it."""
    row = tx.execute(
        "DELETE FROM sign_in s USING account a WHERE a.id = s.account AND a.active"
        " AND s.hash = %s AND s.expires > %s AND (s.purpose = 'enter') = %s RETURNING s.account::text",
        [hashed(token), now, enter],
    ).fetchone()
    return row[0] if row else None
