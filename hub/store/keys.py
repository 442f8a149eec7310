"""The keys of parties and payloads, in a database of their own: without it log, archive and blobs are unreadable."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.events.identifiers import Identifier
from hub.events.ids import party_id
from hub.store.database import Database, array, ensure_database, prepare_keys

_CACHED = 200_000
_FIND = "SELECT k.name, k.secret FROM key k JOIN unnest(%s::text[]) AS n(name) ON n.name = k.name"
_UNKNOWN: Any = object()  # null is a key that was destroyed


class Destroyed(Exception):
    """A key that sealing needs was destroyed: somebody was forgotten meanwhile."""


class Keys:
    """Creates, finds and destroys keys. A new key is committed before anything is sealed with it.

    Keys are cached; `reload` when somebody was forgotten (the table `epoch` tells).
    """

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        ensure_database(dsn)
        prepare_keys(dsn)
        self._database = Database(dsn, size=4)
        self._cache: OrderedDict[str, bytes | None] = OrderedDict()
        self.secret = self._own_secret()
        self._forgotten: frozenset[str] = frozenset()
        self.reload()

    def reload(self) -> None:
        """Drop what is cached: somebody was forgotten."""
        self._cache = OrderedDict()
        self._forgotten = frozenset(str(row[0]) for row in self._database.rows("SELECT party FROM forgotten"))

    def forgotten(self) -> frozenset[str]:
        """The parties that were forgotten."""
        return self._forgotten

    def party_id(self, who: Identifier) -> str:
        """Whose id this identifier has now: the first generation that was not forgotten."""
        generation = 0
        while (party := party_id(self.secret, who, generation)) in self._forgotten:
            generation += 1
        return party

    def find(self, names: Collection[str]) -> Mapping[str, bytes | None]:
        """The keys of these names, null where one was destroyed or never made."""
        cache = self._cache
        held = {name: cache.get(name, _UNKNOWN) for name in names}
        missing = [name for name, secret in held.items() if secret is _UNKNOWN]
        if missing:
            found = dict(self._database.rows(_FIND, [array(missing)]))
            for name in missing:
                held[name] = self._remember(cache, name, found.get(name))
        return held

    def ensure(self, names: Collection[str]) -> dict[str, bytes]:
        """The keys of these names, made where they are missing. Raises Destroyed where one was destroyed."""
        cache = self._cache
        held = {name: secret for name in names if (secret := cache.get(name)) is not None}
        if unknown := sorted(set(names) - held.keys()):
            for name, found in self._found_or_made(unknown):
                if (secret := self._remember(cache, name, found)) is None:
                    raise Destroyed(Destroyed.__doc__)
                held[name] = secret
        return held

    def _found_or_made(self, names: Sequence[str]) -> list[tuple[str, bytes | None]]:
        """In a large house most of what is not remembered is there all the same."""
        found: list[tuple[str, bytes | None]] = self._database.rows(_FIND, [array(names)])
        if new := sorted(set(names) - {name for name, _ in found}):
            with self._database.transaction() as connection:
                connection.execute(
                    "INSERT INTO key SELECT * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT DO NOTHING",
                    [array(new), [secrets.token_bytes(32) for _ in new]],
                )
                found += connection.execute(_FIND, [array(new)]).fetchall()
        return found

    def destroy(self, names: Collection[str], parties: Collection[str]) -> None:
        """Destroy these keys for ever and retire these parties. Keys not made yet are destroyed in advance."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO key SELECT n, NULL FROM unnest(%s::text[]) n ON CONFLICT (name) DO UPDATE SET secret = NULL",
                [sorted(names)],
            )
            connection.execute(
                "INSERT INTO forgotten SELECT p FROM unnest(%s::uuid[]) p ON CONFLICT DO NOTHING",
                [[UUID(party) for party in parties]],
            )
        self.reload()

    def close(self) -> None:
        self._database.close()

    def _own_secret(self) -> bytes:
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO installation VALUES (1, %s) ON CONFLICT DO NOTHING", [secrets.token_bytes(32)]
            )
            row = connection.execute("SELECT secret FROM installation").fetchone()
        assert row is not None
        return bytes(row[0])

    def _remember(self, cache: OrderedDict[str, bytes | None], name: str, secret: bytes | None) -> bytes | None:
        """The key; what was remembered longest goes for it, which may be another that is being asked for just now."""
        cache[name] = secret = secret if secret is None else bytes(secret)
        if len(cache) > _CACHED:
            cache.popitem(last=False)
        return secret
