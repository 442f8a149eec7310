"""What lets somebody in (a key, a session, a link) is kept as its hash: who reads the database gets in by none of it."""

from __future__ import annotations

import hashlib


def hashed(token: str) -> bytes:
    """SHA-256, unsalted: tokens are long and random, unlike passwords."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
