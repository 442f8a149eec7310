"""Live updates as server-sent events: which of the topics asked for changed; what it is now is asked for as ever.

Source: HTML Living Standard, 9.2. An event's id is the moment (a vector, see `hub.store.changes`) after which nothing
of this connection is missing, so a reader that comes back with it is told once of each topic that changed since.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from hub.screens.access import needs
from hub.screens.asked import Hub, Text, TheHub, id_of, reading
from hub.screens.problems import Problem
from hub.store import changes as moments
from hub.store import customers as who
from hub.store.changes import Changed, Changes, Vector
from hub.store.database import Connection, Unavailable

router = APIRouter(tags=["stream"])
HEARTBEAT = 15.0  # seconds between comments where nothing happens
SLOW = 30.0  # seconds in which a reader must take what he is sent
_MOST = 100  # topics of one connection
_EXAMPLE = {"schema": {"type": "string"}, "example": 'id: 0.0.3\ndata: {"topic":"desk"}\n\n'}


class EventStream(StreamingResponse):
    """A reader that takes nothing any more is dropped; he comes back with the last id that he saw."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        async def patiently(message: Message) -> None:
            async with asyncio.timeout(SLOW):
                await send(message)

        try:
            await super().stream_response(patiently)
        except TimeoutError:
            return


class Reader:
    """One connection: what it asked for, and what of it changed since it was last told."""

    def __init__(self, hub: Hub, topics: Collection[str]) -> None:
        self._hub, self._topics = hub, topics
        self._loop = asyncio.get_running_loop()
        self._members: dict[str, frozenset[str]] = {}
        self._changed: set[str] = set()
        self._woken = asyncio.Event()
        self.moment: Vector = ()

    def gather(self) -> None:
        """Who the customers asked for are now."""
        with reading(self._hub) as tx:
            for topic in self._topics:
                kind, _, id = topic.partition(":")
                if kind == "customer":
                    self._members[topic] = _members(tx, id)

    def hear(self, changed: Changed, before: Vector, now: Vector) -> None:
        """Called beside the event loop."""
        touched = self._touched(changed)
        self._loop.call_soon_threadsafe(self.note, touched, now)
        if any(topic.startswith("customer:") for topic in touched):
            with suppress(Unavailable):  # those of a moment ago will do until the next change
                self.gather()

    def missed(self, since: Vector | None) -> set[str]:
        """Which topics changed between the moment that was brought and now."""
        if since is None:
            return set(self._topics)
        with reading(self._hub) as tx:
            return self._touched(moments.between(tx, since, self.moment))

    def note(self, touched: set[str], now: Vector) -> None:
        self._changed |= touched
        self.moment = now
        if self._changed:
            self._woken.set()

    async def told(self) -> list[str] | None:
        """The topics that changed, sorted; None where nothing did for a while."""
        try:
            async with asyncio.timeout(HEARTBEAT):
                await self._woken.wait()
        except TimeoutError:
            return None
        changed, self._changed = sorted(self._changed), set()
        self._woken.clear()
        return changed

    def _touched(self, changed: Changed) -> set[str]:
        return {topic for topic in self._topics if changed and self._is_touched(topic, changed)}

    def _is_touched(self, topic: str, changed: Changed) -> bool:
        if changed.everything:
            return True
        if topic == "desk":
            return changed.desk()
        if topic.startswith("ticket:"):
            return topic in changed.streams
        return not changed.parties.isdisjoint(self._members[topic])


def _members(tx: Connection, party: str) -> frozenset[str]:
    try:
        return frozenset(who.component(tx, party))
    except who.TooLarge:
        return frozenset({party})


@router.get(
    "/v1/stream", response_class=EventStream, summary="Hear of changes (server-sent events)",
    responses={200: {"content": {"text/event-stream": _EXAMPLE}, "description": "until the reader leaves"}},
    **needs("read"),
)  # fmt: skip
async def stream(
    request: Request,
    hub: TheHub,
    topics: Annotated[Text, Query(min_length=1, max_length=8_000, examples=["desk"])],
    last_event_id: Annotated[Text | None, Header(max_length=2_000)] = None,
) -> EventStream:
    """`topics`: `customer:ID`, `ticket:ID` and `desk` (any ticket, any call), separated by commas."""
    reader = Reader(hub, _read(topics))
    changes: Changes = request.app.state.changes
    await run_in_threadpool(reader.gather)
    number, reader.moment = await run_in_threadpool(changes.listen, reader.hear)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(_sent(reader, changes, number, last_event_id), headers=headers)


def _read(topics: str) -> list[str]:
    asked = list(dict.fromkeys(filter(None, (topic.strip() for topic in topics.split(",")))))
    if not asked or len(asked) > _MOST:
        raise Problem(422, "Ask for some topics.", [("?topics", f"from one to {_MOST}")])
    return [_topic(topic) for topic in asked]


def _topic(topic: str) -> str:
    kind, _, id = topic.partition(":")
    known = id_of(id) if kind in ("customer", "ticket") else None
    if topic != "desk" and not known:
        raise Problem(422, "No such topic.", [("?topics", "topics are customer:ID, ticket:ID and desk")])
    return f"{kind}:{known}" if known else topic


async def _sent(reader: Reader, changes: Changes, number: int, last: str | None) -> AsyncIterator[bytes]:
    try:
        told = reader.moment if last is None else moments.read(last)
        yield _block(told, None)
        if last is not None:
            reader.note(await run_in_threadpool(reader.missed, told), reader.moment)
        while True:
            topics = await reader.told()
            if topics is None:
                yield b": nothing new\n\n"
                continue
            now = reader.moment
            for topic in topics:  # only the last takes the reader on: who is cut off before is told all again
                yield _block(now if topic == topics[-1] else told, topic)
            told = now
    finally:
        changes.leave(number)


def _block(moment: Vector | None, topic: str | None) -> bytes:
    """One event; without a topic only the id from which to go on."""
    id = f"id: {moments.written(moment)}\n" if moment else ""
    rest = f"data: {orjson.dumps({'topic': topic}).decode()}" if topic else "retry: 1000"
    return f"{id}{rest}\n\n".encode()
