"""Ids are computed, not looked up: the same webhook twice is the same event, and replay agrees.

Source: RFC 9562 (UUIDv5 for names that are no secret); a party's id and whatever could be guessed from a phone number
is an HMAC-SHA256 under the installation's secret (RFC 2104), cut to 16 bytes and written as a UUIDv8.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from uuid import UUID
from zlib import crc32

from hub.events.identifiers import Identifier

NAMESPACE = UUID("6f1c8a52-93c1-5d0e-8c5e-1d2a7b90c4f1")

PARTITIONS = 16
TOPIC_OF_KIND = {
    "payload": "inbound",
    "conversation": "touchpoints", "call": "touchpoints", "visit": "touchpoints", "contact": "touchpoints",
    "party": "touchpoints", "delivery": "touchpoints",
    "ticket": "tickets",
    "order": "orders",
    "link": "identity", "person": "identity",
}  # fmt: skip
TOPICS = {"inbound": PARTITIONS, "touchpoints": PARTITIONS, "tickets": PARTITIONS, "orders": PARTITIONS, "identity": 1}


def named(*parts: str) -> str:
    """A UUID for names that are no secret. The parts are joined so that no two lists of parts give one name."""
    made = hashlib.sha1(NAMESPACE.bytes + "\x1f".join(parts).encode(), usedforsecurity=False)
    return _uuid(made.digest()[:16], 5)  # as uuid5 has it, in a third of the time


def event_id(source: str, key: str) -> str:
    """The hub's id of an outside event: uuid5(source, the sender's id)."""
    return named("event", source, key)


def secret_id(secret: bytes, *parts: str) -> str:
    """A UUID that nobody can compute without the installation's secret."""
    return _uuid(digest(secret, "\x1f".join(parts).encode()), 8)


def _uuid(content: bytes, version: int) -> str:
    """A UUID of 16 bytes (RFC 9562, 4.1 and 4.2): version and variant take the place of six bits."""
    raw = bytearray(content)
    raw[6], raw[8] = raw[6] & 0x0F | version << 4, raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@lru_cache(maxsize=100_000)
def party_id(secret: bytes, identifier: Identifier, generation: int = 0) -> str:
    """A party's id. The generation rises when the person was forgotten."""
    return secret_id(secret, "party", identifier.kind, identifier.value, str(generation))


def digest(secret: bytes, content: bytes) -> bytes:
    """What tells the same event from another under the same id; keyed, so that it betrays no personal value."""
    made = _keyed(secret).copy()
    made.update(content)
    return made.digest()[:16]


@lru_cache(maxsize=8)
def _keyed(secret: bytes) -> hmac.HMAC:
    """To be copied: `hmac.digest` lets go of the GIL for each value, and then waits until another thread lets go of it."""
    return hmac.new(secret, digestmod=hashlib.sha256)


def link_stream(a: str, b: str) -> str:
    """The stream of a pair of parties, whichever way round it is named."""
    return f"link:{named('link', *sorted((a, b)))}"


@lru_cache(maxsize=100_000)
def place(stream_name: str) -> tuple[str, int]:
    """A stream's topic and partition: CRC-32 of its name, as librdkafka's partitioner `consistent` has it."""
    topic = topic_of(stream_name)
    return topic, crc32(stream_name.encode()) % TOPICS[topic]


def stream_of(lane: tuple[str, int]) -> str:
    """Some stream that lies in this partition."""
    kind = next(kind for kind, topic in TOPIC_OF_KIND.items() if topic == lane[0])
    return next(name for name in (f"{kind}:{n}" for n in count()) if place(name) == lane)


def topic_of(stream_name: str) -> str:
    kind = stream_name.partition(":")[0]
    try:
        return TOPIC_OF_KIND[kind]
    except KeyError:
        raise ValueError(f"no topic for streams of kind {kind!r}") from None


def lanes(topics: Sequence[str] = tuple(TOPICS)) -> list[tuple[str, int]]:
    """Every (topic, partition) of these topics."""
    return [(topic, partition) for topic in topics for partition in range(TOPICS[topic])]
