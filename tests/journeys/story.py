"""Words to tell a story with: mails, calls, orders come in, everything is understood, decided and shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.consumers.record import Outgoing, payload_of_bytes
from hub.consumers.runner import until_quiet
from hub.events.draft import Draft
from hub.events.prepare import prepare
from hub.store import customers, reads
from hub.wiring import Hub

NOW = datetime.now(UTC).replace(microsecond=0)
PHONE = {"kind": "phone", "value": "0912 123 4567"}
EMAIL = {"kind": "email", "value": "sara@example.com"}


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def come(hub: Hub, kind: str, key: str, time: datetime, **fields: Any) -> str:
    """An event from outside, all effects shown; its id."""
    made: list[str] = []

    def build(here: Any) -> list[Outgoing]:
        event = prepare(Draft(kind, time, "/test", key, fields), here, NOW)
        made.append(event.id)
        return [Outgoing(event, ("/test", "events"))]

    hub.recorder.record(build)
    shown(hub)
    return made[0]


def mail(hub: Hub, body: bytes, channel: str = "email", source: str = "files") -> str:
    """A payload comes in, all effects shown; its id."""
    outgoing = payload_of_bytes(hub.recorder, channel, source, body, {}, NOW)
    hub.recorder.record(lambda _: [outgoing])
    shown(hub)
    return outgoing.event.id


def letter(sender: str, subject: str, text: str, time: datetime, number: int = 1) -> bytes:
    return (
        f"From: {sender}\r\nTo: Shop <info@shop.example>\r\nSubject: {subject}\r\nMessage-ID: <m{number}@example.com>\r\n"
        f"Date: {time:%a, %d %b %Y %H:%M:%S} +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


def shown(hub: Hub) -> None:
    until_quiet(hub.recorder, hub.lane)


def of(hub: Hub, who: str) -> list[Sequence[str]]:
    with hub.database.transaction() as tx:
        return list(customers.who(tx, hub.keys, "IR", who))


def customer(hub: Hub, who: str) -> dict[str, Any]:
    (parties,) = of(hub, who)
    with hub.database.transaction() as tx:
        return reads.customer(tx, parties)


def timeline(hub: Hub, who: str) -> list[dict[str, Any]]:
    (parties,) = of(hub, who)
    with hub.database.transaction() as tx:
        return list(reads.timeline(tx, parties, 100)["items"])
