"""Passwords are kept as argon2id (RFC 9106, the profile for little memory: 64 MiB, three passes)."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cached_property
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 200


class Fits(NamedTuple):
    """Whether a password is the one; `anew`: its hash as it should be kept from now on, if the kept one is outdated."""

    good: bool
    anew: str | None = None


class Passwords:
    """Makes and checks hashes. Each takes 50 ms and 64 MiB, so whoever calls sees to it that not many run at once."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    def hashed(self, password: str) -> str:
        return self._hasher.hash(_typed(password))

    def check(self, kept: str | None, password: str) -> Fits:
        """Takes the same time where there is nothing to compare with."""
        try:
            self._hasher.verify(kept or self._nobodys, _typed(password))
        except (VerificationError, InvalidHashError):
            return Fits(False)
        if kept is None:
            return Fits(False)
        return Fits(True, self.hashed(password) if self._hasher.check_needs_rehash(kept) else None)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())


def _typed(password: str) -> str:
    """The same whichever keyboard it is typed on: NFKC, as NIST SP 800-63B 5.1.1.2 says."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()
