"""The personal part of an event in boxes, each under the key of whom it concerns, so that forgetting is a lost key.

A box is `{"key": name, "at": path, "box": base64(nonce + AES-256-GCM ciphertext)}`; the event's id and the path are the
associated data (NIST SP 800-38D). The box without a path holds all that is under the subject's key; a value of another
party (an address in somebody's cc) lies in a box of its own and is put back at its path. A box whose key is gone reads
as null at its place.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.events.envelope import Event, Json, Named, dumped, loaded

KeyOf = Callable[[str], bytes | None]
NONCE = 12


@lru_cache(maxsize=8_192)  # OpenSSL keeps 2.5 KB for each; to make one takes 6 µs
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def shut(key: bytes, content: bytes | memoryview, about: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + _cipher(key).encrypt(nonce, content, about.encode())


def unshut(key: bytes, box: bytes, about: str) -> bytes:
    return _cipher(key).decrypt(box[:NONCE], box[NONCE:], about.encode())


def key_names(event: Event) -> set[str]:
    """The keys that sealing this event needs."""
    if not event.personal:
        return set()
    return {key_name(event)} | {party.id for party in _others(event)}


def seal(event: Event, keys: Mapping[str, bytes]) -> bytes:
    """The event as the log holds it. `keys` has every name of `key_names(event)`."""
    if not event.personal:
        return dumped(event, [])
    personal, boxes = event.personal, []
    others = _others(event)
    if others:
        personal = {name: [*value] if isinstance(value, list) else value for name, value in personal.items()}
        for party in others:
            boxes.append(_box(keys, event.id, party.id, party.at, _take(personal, party.at)))
    boxes.insert(0, _box(keys, event.id, key_name(event), "", personal))
    return dumped(event, boxes)


def unseal(document: Mapping[str, Any], key_of: KeyOf) -> Event:
    """The event of a decoded log value; what is under a destroyed key is null, the rest is there.

    `open`: personal words that an older version kept beside the boxes. They are read only where the key of whom they concern
    is still there, as if they lay in his box.
    """
    lay_open: Json = document.get("open", {})
    boxes = document.get("boxes", ())
    personal: Json = {} if boxes else dict(lay_open)
    for box in boxes:
        key = key_of(box["key"])
        if key is None:
            continue
        value = orjson.loads(unshut(key, b64decode(box["box"]), f"{document['id']}/{box['at']}"))
        if not box["at"]:
            personal = lay_open | value
        else:
            _put(personal, box["at"], value)
    return loaded(document, personal)


def box_keys(documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """The names of all keys that reading these log values needs."""
    return {box["key"] for document in documents for box in document.get("boxes", ())}


def _box(keys: Mapping[str, bytes], event: str, name: str, at: str, value: Any) -> Json:
    return {"key": name, "at": at, "box": b64encode(shut(keys[name], orjson.dumps(value), f"{event}/{at}")).decode()}


def key_name(event: Event) -> str:
    """The key of its personal part: of whom it concerns, or of the event alone where it names nobody."""
    return event.subject or event.id


def _others(event: Event) -> list[Named]:
    """The parties with a place of their own in `personal` that is not under the subject's key."""
    ids = event.data.get("parties")
    if not ids:
        return []
    mine = key_name(event)
    if ids == [mine]:
        return []
    return [party for party in event.named if party.id != mine and party.at]


def _take(tree: Any, path: str) -> Any:
    """Remove and return the value at a path, "from" or "to/0"; null stays in its place."""
    name, _, n = path.partition("/")
    place, key = (tree[name], int(n)) if n else (tree, name)
    value, place[key] = place[key], None
    return value


def _put(tree: Any, path: str, value: Any) -> None:
    """Put a value back at its path; where all around it is lost it stands alone, after nulls."""
    name, _, n = path.partition("/")
    if not n:
        tree[name] = value
        return
    place = tree[name] if tree.get(name) is not None else tree.setdefault(name, [])
    place.extend([None] * (int(n) + 1 - len(place)))
    place[int(n)] = value
