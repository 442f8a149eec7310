"""Live updates as server-sent events: which of the topics asked for changed; what it is now is asked for as ever.

Source: HTML Living Standard, 9.2. An event's id is the moment (a vector, see `hub.store.changes`) after which nothing
of this connection is missing, so a reader that comes back with it is told once of each topic that changed since.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from typing import Annotated
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from hub.screens.access import Permit, needs
from hub.screens.asked import Hub, Text, TheHub, id_of, reading
from hub.screens.problems import Problem
from hub.store import changes as moments
from hub.store import customers as who
from hub.store.changes import Changed, Changes, Vector
from hub.store.database import Unavailable

router = APIRouter(tags=["stream"])
HEARTBEAT = 15.0  # seconds between comments where nothing happens
CALM = 0.5  # seconds between two messages about what can wait that long: everything but a ring
SLOW = 30.0  # seconds in which a reader must take what he is sent
_MOST = 100  # topics of one connection
_EXAMPLE = {"schema": {"type": "string"}, "example": 'id: 0.0.3\ndata: {"topic":"desk"}\n\n'}


class EventStream(StreamingResponse):
    """A reader that takes nothing any more is dropped; he comes back with the last id that he saw.

    `leave` is called at the end, also of one who hung up before anything was sent to him."""

    media_type = "text/event-stream"

    def __init__(self, blocks: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(blocks, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()

    async def stream_response(self, send: Send) -> None:
        async def patiently(message: Message) -> None:
            async with asyncio.timeout(SLOW):
                await send(message)

        try:
            await super().stream_response(patiently)
        except TimeoutError:
            return


class Bell:
    """Wakes the event loop once for all connections that a change concerns, not once for each of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[Reader, set[str], Vector]] = deque()
        self._rung = False

    def ring(self, reader: Reader, touched: set[str], now: Vector) -> None:
        """Called beside the event loop, by one thread."""
        self._waiting.append((reader, touched, now))
        if not self._rung:
            self._rung = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._rung = False
        while self._waiting:
            reader, touched, now = self._waiting.popleft()
            reader.note(touched, now)


class Reader:
    """One connection: what it asked for, and what of it changed since it was last told."""

    def __init__(self, hub: Hub, topics: Collection[str], bell: Bell) -> None:
        self._hub, self._topics, self._bell = hub, topics, bell
        self._loop = asyncio.get_running_loop()
        self._members: dict[str, frozenset[str]] = {}
        self._changed: set[str] = set()
        self._woken, self._rung = asyncio.Event(), asyncio.Event()
        self._calm_until = 0.0  # by the loop's clock
        self.moment: Vector = ()

    def gather(self) -> None:
        """Who the customers asked for are now."""
        with reading(self._hub) as tx:
            for topic in self._topics:
                kind, _, id = topic.partition(":")
                if kind == "customer":
                    self._members[topic] = frozenset(who.shown_with(tx, id))

    def hear(self, changed: Changed, before: Vector, now: Vector) -> None:
        """Called beside the event loop."""
        touched = self._touched(changed)
        self._bell.ring(self, touched, now)
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
        if any(_rings(topic) for topic in touched):
            self._rung.set()

    async def told(self) -> list[str] | None:
        """The topics that changed, sorted; None where nothing did for a while. A ring is told at once; of the rest, where
        much happens, a reader hears a few times a second, and so do a hundred."""
        try:
            async with asyncio.timeout(HEARTBEAT):
                await self._woken.wait()
        except TimeoutError:
            return None
        await self._calm()
        changed, self._changed = sorted(self._changed), set()
        self._woken.clear()
        self._rung.clear()
        self._calm_until = self._loop.time() + CALM
        return changed

    async def _calm(self) -> None:
        """Until the last message is CALM seconds ago, or a telephone rings."""
        if self._loop.time() < self._calm_until:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._calm_until):
                    await self._rung.wait()

    def _touched(self, changed: Changed) -> set[str]:
        return {topic for topic in self._topics if changed and self._is_touched(topic, changed)}

    def _is_touched(self, topic: str, changed: Changed) -> bool:
        if changed.everything:
            return True
        if topic == "desk":
            return changed.desk()
        if topic == "today":
            return changed.today()
        if _rings(topic):
            return changed.rang(unquote(topic.partition(":")[2]))
        if topic.startswith("ticket:"):
            return topic in changed.streams
        return not changed.parties.isdisjoint(self._members[topic])


def _rings(topic: str) -> bool:
    return topic.partition(":")[0] == "ring"


@router.get(
    "/v1/stream", status_code=200, response_class=EventStream, summary="Hear of changes (server-sent events)",
    responses={200: {"content": {"text/event-stream": _EXAMPLE}, "description": "until the reader leaves or may not read"}},
    **needs("read"),
)  # fmt: skip
async def stream(
    request: Request,
    hub: TheHub,
    topics: Annotated[Text, Query(min_length=1, max_length=8_000, examples=["desk"])],
    last_event_id: Annotated[Text | None, Header(max_length=2_000)] = None,
) -> EventStream:
    """`topics`, 100 at most, separated by commas: `customer:ID`, `ticket:ID`, `desk` (any ticket, any call), `today` (any
    contact), `ring:EXTENSION` or `ring:QUEUE` (percent-encoded; a call begins or ceases to ring there), `ring` (wherever)."""
    state = request.app.state
    state.bell = state.bell or Bell(asyncio.get_running_loop())
    reader = Reader(hub, _read(topics), state.bell)
    changes: Changes = state.changes
    await run_in_threadpool(state.calls.listen)
    await run_in_threadpool(state.shared.listen)
    await run_in_threadpool(reader.gather)
    number, reader.moment = await run_in_threadpool(changes.listen, reader.hear)
    state.streams.add(number)

    def leave() -> None:
        changes.leave(number)
        state.streams.discard(number)

    return EventStream(_sent(reader, Permit(request, "read"), last_event_id), leave)


def _read(topics: str) -> list[str]:
    asked = list(dict.fromkeys(filter(None, (topic.strip() for topic in topics.split(",")))))
    if not asked or len(asked) > _MOST:
        raise Problem(422, "Ask for some topics.", [("?topics", f"from one to {_MOST}")])
    return [_topic(topic) for topic in asked]


def _topic(topic: str) -> str:
    kind, _, id = topic.partition(":")
    if topic in ("desk", "today", "ring") or (kind == "ring" and id):
        return topic
    known = id_of(id) if kind in ("customer", "ticket") else None
    if not known:
        raise Problem(422, "No such topic.", [("?topics", "topics are customer:ID, ticket:ID, desk, today and ring:PLACE")])
    return f"{kind}:{known}"


async def _sent(reader: Reader, permit: Permit, last: str | None) -> AsyncIterator[bytes]:
    told = reader.moment if last is None else moments.read(last)
    yield _block(told, None)
    if last is not None:
        reader.note(await run_in_threadpool(reader.missed, told), reader.moment)
    while True:
        topics = await reader.told()
        if not await permit.holds():
            return
        if topics is None:
            yield b": nothing new\n\n"
            continue
        now = reader.moment
        # only the last takes the reader on: who is cut off before is told all again
        yield b"".join(_block(now if topic == topics[-1] else told, topic) for topic in topics)
        told = now


def _block(moment: Vector | None, topic: str | None) -> bytes:
    """One event; without a topic only the id from which to go on."""
    id = f"id: {moments.written(moment)}\n" if moment else ""
    rest = f"data: {orjson.dumps({'topic': topic}).decode()}" if topic else "retry: 1000"
    return f"{id}{rest}\n\n".encode()
