"""Browsers that are signed in. A session ends after 12 hours without a request, after 7 days in any case, by signing out,
and when its account is deactivated or gets another password. Of its token only the SHA-256 is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.store.accounts import COLUMNS, Account, account_of
from hub.store.database import Connection, Database
from hub.store.tokens import hashed

IDLE, LONGEST = timedelta(hours=12), timedelta(days=7)
_RENEWED = timedelta(minutes=5)  # between two writes of `seen`, so that not every request writes


@dataclass(frozen=True, slots=True)
class Session:
    """`id` names it on a page; it says nothing of the token."""

    id: str
    account: str
    created: datetime
    seen: datetime


def begin(tx: Connection, account: str, now: datetime) -> str:
    """Its token. What has run out is cleared away on this occasion."""
    token = secrets.token_urlsafe(32)
    tx.execute("DELETE FROM session WHERE expires <= %s OR seen <= %s", [now, now - IDLE])
    tx.execute(
        "INSERT INTO session (hash, account, created, seen, expires) VALUES (%s, %s, %s, %s, %s)",
        [hashed(token), UUID(account), now, now, now + LONGEST],
    )
    return token


def find(database: Database, token: str, now: datetime, renew: bool = True) -> Account | None:
    """Who is signed in with this token, None for nobody. Without `renew` it does not count as a request."""
    rows = database.rows(
        f"SELECT s.seen, a.* FROM session s CROSS JOIN LATERAL (SELECT {COLUMNS} FROM account WHERE id = s.account AND active) a"
        " WHERE s.hash = %s AND s.expires > %s AND s.seen > %s",
        [hashed(token), now, now - IDLE],
    )
    if not rows:
        return None
    seen, *row = rows[0]
    if renew and now - seen > _RENEWED:
        with database.transaction() as tx:
            tx.execute("UPDATE session SET seen = %s WHERE hash = %s", [now, hashed(token)])
    return account_of(row)


def end(database: Database, token: str) -> None:
    with database.transaction() as tx:
        tx.execute("DELETE FROM session WHERE hash = %s", [hashed(token)])


def end_one(database: Database, account: str, id: str) -> None:
    """One of this account's sessions; nobody else's."""
    with database.transaction() as tx:
        tx.execute("DELETE FROM session WHERE account = %s AND encode(hash, 'hex') = %s", [UUID(account), id])


def end_others(database: Database, account: str, token: str) -> None:
    """All of this account's sessions but the one that asks."""
    with database.transaction() as tx:
        tx.execute("DELETE FROM session WHERE account = %s AND hash <> %s", [UUID(account), hashed(token)])


def listed(database: Database, account: str, now: datetime) -> list[Session]:
    """This account's sessions, the last used first."""
    rows = database.rows(
        "SELECT encode(hash, 'hex'), account::text, created, seen FROM session"
        " WHERE account = %s AND expires > %s AND seen > %s ORDER BY seen DESC, hash",
        [UUID(account), now, now - IDLE],
    )
    return [Session(*row) for row in rows]


def id_of(token: str) -> str:
    """Which of the listed sessions this token's is."""
    return hashed(token).hex()


def csrf(token: str) -> str:
    """What a form of this session brings; nobody makes it who cannot read the session's pages."""
    return hmac.new(token.encode("utf-8", "replace"), b"csrf", hashlib.sha256).hexdigest()
