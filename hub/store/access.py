"""Who may do what: the one table of roles, for people and for API keys; and the keys themselves.

Of a key only its SHA-256 is kept, for it is random and long.
"""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from typing import NamedTuple

from hub.events.text import storable
from hub.store.database import Database
from hub.store.tokens import hashed

# `reject`: see what nobody understood, as it came, and try it again; `ring`: make a test call; `manage`: the settings.
ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset({"read", "lookup", "export", "send", "command", "link", "ring", "reject", "manage"}),
    "supervisor": frozenset({"read", "lookup", "command", "link", "send", "ring", "reject"}),
    "agent": frozenset({"read", "lookup", "command", "link", "send", "ring"}),
    "analyst": frozenset({"read", "lookup", "export"}),
    "machine": frozenset({"send", "lookup"}),
}
PERMISSIONS = ROLES["admin"]
PEOPLE = tuple(role for role, permitted in ROLES.items() if "read" in permitted)  # a page is for reading
_FRESH = 5.0  # seconds for which an answer is remembered; a key that was deleted works so long
_REMEMBERED = 10_000  # so that guessing keys does not fill the memory


class NameTaken(Exception):
    """There is a key of this name already; its text cannot be shown again."""


class NoSuchRole(Exception):
    """Roles are admin, supervisor, agent, analyst and machine."""


class Key(NamedTuple):
    """What is known of a key; its text is not."""

    name: str
    role: str
    created: datetime


class Caller(NamedTuple):
    """Who asks and what he is: the name of a key, or the login of somebody who is signed in."""

    name: str
    role: str

    def may(self, permission: str) -> bool:
        return permission in ROLES.get(self.role, frozenset())


def create(database: Database, name: str, role: str) -> str:
    """A new key; its text is shown this once. Raises NameTaken and NoSuchRole."""
    if role not in ROLES:
        raise NoSuchRole(f"{NoSuchRole.__doc__} Not {role!r}.")
    key = f"hub_{secrets.token_urlsafe(24)}"
    with database.transaction() as tx:
        made = tx.execute(
            "INSERT INTO api_key (name, role, hash) VALUES (%s, %s, %s) ON CONFLICT (name) DO NOTHING RETURNING name",
            [storable(name), role, hashed(key)],
        ).fetchone()
    if made is None:
        raise NameTaken(NameTaken.__doc__)
    return key


def listed(database: Database) -> list[Key]:
    """All keys, by name."""
    return [Key(*row) for row in database.rows("SELECT name, role, created FROM api_key ORDER BY name")]


def delete(database: Database, name: str) -> bool:
    """Whether there was such a key; whoever uses it is refused within seconds."""
    with database.transaction() as tx:
        gone = tx.execute("DELETE FROM api_key WHERE name = %s RETURNING name", [storable(name)]).fetchone()
    return gone is not None


class Access:
    """Finds callers by their keys; what was found is remembered for a few seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: dict[bytes, tuple[float, Caller | None]] = {}

    def remembered(self, key: str) -> tuple[bool, Caller | None]:
        """Whether the answer is fresh, and the answer; never waits."""
        until, caller = self._found.get(hashed(key), (0.0, None))
        return until > time.monotonic(), caller

    def forget(self) -> None:
        """Ask again of every key: one was deleted here."""
        self._found = {}

    def find(self, key: str) -> Caller | None:
        """Whose key this is; None for nobody's."""
        fresh, caller = self.remembered(key)
        if not fresh:
            rows = self._database.rows("SELECT name, role FROM api_key WHERE hash = %s", [hashed(key)])
            caller = Caller(*rows[0]) if rows else None
            if len(self._found) >= _REMEMBERED:
                self._found = {}
            self._found[hashed(key)] = (time.monotonic() + _FRESH, caller)
        return caller
