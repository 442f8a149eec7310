"""The people who work here: their accounts, and signing in with a password.

After five wrong passwords an account is locked for a minute, then twice as long each time, an hour at most. A try is
counted before its password is looked at, so that many at once are no way around it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from hub.events.text import digits, storable
from hub.store.access import PEOPLE, ROLES
from hub.store.database import Connection, Database
from hub.store.passwords import LONGEST, SHORTEST, Passwords

TRIES = 5
FIRST_LOCK, LONGEST_LOCK = 60, 3600  # seconds
LANGUAGES, THEMES = ("en", "fa"), ("system", "light", "dark")
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
COLUMNS = "id::text, login, name, role, active, rings, language, theme, password IS NOT NULL, locked, created"


class NotPossible(Exception):
    """`why` is a word of the pages' lists (`accounts.WHY`), `field` what it is about."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


@dataclass(frozen=True, slots=True)
class Account:
    """`has_password`: it was chosen; until then only a link lets him in. `rings`: extensions and queues, none: all.
    `language`: null until he chose one.
    """

    id: str
    login: str
    name: str
    role: str
    active: bool
    rings: tuple[str, ...]
    language: str | None
    theme: str
    has_password: bool
    locked: datetime | None
    created: datetime

    def may(self, permission: str) -> bool:
        return permission in ROLES.get(self.role, frozenset())


def everybody(database: Database) -> list[Account]:
    """All accounts, those that work first."""
    return [account_of(row) for row in database.rows(f"SELECT {COLUMNS} FROM account ORDER BY NOT active, login")]


def find(database: Database, login: str) -> Account | None:
    rows = database.rows(f"SELECT {COLUMNS} FROM account WHERE login = %s", [_lower(login)])
    return account_of(rows[0]) if rows else None


def by_id(database: Database, id: str) -> Account | None:
    rows = database.rows(f"SELECT {COLUMNS} FROM account WHERE id = %s", [UUID(id)])
    return account_of(rows[0]) if rows else None


def add(database: Database, login: str, name: str, role: str, rings: Sequence[str] = ()) -> Account:
    """A new account without a password. Raises NotPossible."""
    login, name = _lower(login), _named(name)
    if not _LOGIN.fullmatch(login):
        raise NotPossible("login", "login")
    if role not in PEOPLE:
        raise NotPossible("role", "role")
    with database.transaction() as tx:
        row = tx.execute(
            "INSERT INTO account (id, login, name, role, rings) VALUES (%s, %s, %s, %s, %s)"
            f" ON CONFLICT (login) DO NOTHING RETURNING {COLUMNS}",
            [uuid4(), login, name, role, list(rings)],
        ).fetchone()
    if row is None:
        raise NotPossible("login", "taken")
    return account_of(row)


def ensure(database: Database, login: str, name: str, role: str, rings: Sequence[str] = ()) -> Account:
    """This account, made where it is missing; one that is there stays as it is."""
    try:
        return add(database, login, name, role, rings)
    except NotPossible as error:
        found = find(database, login) if error.why == "taken" else None
        if found is None:
            raise
        return found


def administrator(database: Database) -> Account:
    """Whom the link of `hub up` lets in: the oldest administrator who works here, made where there is none."""
    rows = database.rows(
        f"SELECT {COLUMNS} FROM account WHERE role = 'admin' AND active ORDER BY login <> 'admin', created, id LIMIT 1"
    )
    if rows:
        return account_of(rows[0])
    taken = find(database, "admin")
    return ensure(database, "administrator" if taken else "admin", "Administrator", "admin")


def change(database: Database, id: str, name: str, role: str, rings: Sequence[str]) -> None:
    """Raises NotPossible, also where nobody would be left to administer the hub."""
    name = _named(name)
    if role not in PEOPLE:
        raise NotPossible("role", "role")
    with database.transaction() as tx:
        if role != "admin":
            _another_administrator(tx, id, "role")
        tx.execute(
            "UPDATE account SET name = %s, role = %s, rings = %s WHERE id = %s", [name, role, list(rings), UUID(id)]
        )


def prefer(database: Database, id: str, language: str, theme: str) -> None:
    """How the pages look to him. Raises NotPossible."""
    if language not in LANGUAGES:
        raise NotPossible("language", "language")
    if theme not in THEMES:
        raise NotPossible("theme", "theme")
    with database.transaction() as tx:
        tx.execute("UPDATE account SET language = %s, theme = %s WHERE id = %s", [language, theme, UUID(id)])


def deactivate(database: Database, id: str) -> None:
    """He is signed out everywhere at once, and no link of his works any more. Raises NotPossible."""
    with database.transaction() as tx:
        _another_administrator(tx, id, "active")
        tx.execute("UPDATE account SET active = false WHERE id = %s", [UUID(id)])
        _shut_out(tx, id)


def activate(database: Database, id: str) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE account SET active = true, failed = 0, locked = NULL WHERE id = %s", [UUID(id)])


def reset(database: Database, id: str) -> None:
    """The password counts no more and whoever is signed in with it is out: it was forgotten, or somebody else knows it."""
    with database.transaction() as tx:
        tx.execute("UPDATE account SET password = NULL, failed = 0, locked = NULL WHERE id = %s", [UUID(id)])
        _shut_out(tx, id)


def choose_password(tx: Connection, id: str, kept: str) -> None:
    """Keep this hash; whoever is signed in with the old password is out."""
    tx.execute("UPDATE account SET password = %s, failed = 0, locked = NULL WHERE id = %s", [kept, UUID(id)])
    _shut_out(tx, id)


def password_wanted(account: Account, password: str, again: str) -> None:
    """Raises NotPossible for a password that should not be taken."""
    if len(password) < SHORTEST:
        raise NotPossible("password", "short")
    if len(password) > LONGEST:
        raise NotPossible("password", "long")
    if password.strip().lower() in (account.login, account.name.lower()) or len(set(password)) < 4:
        raise NotPossible("password", "easy")
    if password != again:
        raise NotPossible("again", "differs")


def sign_in(database: Database, passwords: Passwords, login: str, password: str, now: datetime) -> Account | None:
    """Who this is; None for a wrong password, an unknown login and a locked account alike, after about the same time."""
    tried = _try(database, login, now)
    fits = passwords.check(tried[1] if tried else None, password)
    if tried is None or not fits.good:
        return None
    with database.transaction() as tx:
        row = tx.execute(
            "UPDATE account SET failed = 0, locked = NULL, password = coalesce(%s, password)"
            f" WHERE id = %s AND active AND password = %s RETURNING {COLUMNS}",
            [fits.anew, tried[0], tried[1]],
        ).fetchone()
    return account_of(row) if row else None


def proves(database: Database, passwords: Passwords, account: Account, password: str, now: datetime) -> bool:
    """Whether somebody who is signed in knows his password; tries are counted as at the door."""
    return sign_in(database, passwords, account.login, password, now) is not None


def _try(database: Database, login: str, now: datetime) -> tuple[UUID, str | None] | None:
    """Count a try at an account that is not locked; its id and hash."""
    with database.transaction() as tx:
        row = tx.execute(
            "UPDATE account SET failed = least(failed + 1, 100), locked = CASE WHEN failed + 1 >= %(tries)s THEN"
            " %(now)s + make_interval(secs => least(%(first)s * 2 ^ least(failed + 1 - %(tries)s, 20), %(most)s)) END"
            " WHERE login = %(login)s AND active AND (locked IS NULL OR locked <= %(now)s) RETURNING id, password",
            {"tries": TRIES, "now": now, "first": FIRST_LOCK, "most": LONGEST_LOCK, "login": _lower(login)},
        ).fetchone()
    return (row[0], row[1]) if row else None


def _shut_out(tx: Connection, id: str) -> None:
    tx.execute("DELETE FROM session WHERE account = %s", [UUID(id)])
    tx.execute("DELETE FROM sign_in WHERE account = %s", [UUID(id)])


def _another_administrator(tx: Connection, id: str, field: str) -> None:
    """Locks all administrators, so that two of them cannot remove each other at once."""
    working = tx.execute("SELECT id FROM account WHERE role = 'admin' AND active ORDER BY id FOR UPDATE").fetchall()
    if [(UUID(id),)] == working:
        raise NotPossible(field, "last")


def account_of(row: Sequence[object]) -> Account:
    """From a row of COLUMNS."""
    id, login, name, role, active, rings, *rest = row
    return Account(id, login, name, role, active, tuple(rings), *rest)  # type: ignore[arg-type]


def _lower(login: str) -> str:
    return digits(storable(login)).strip().lower()


def _named(name: str) -> str:
    name = " ".join(storable(name).split())
    if not name or len(name) > 100:
        raise NotPossible("name", "name")
    return name
