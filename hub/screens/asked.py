"""What requests bring: the hub that they are about, text that the database can hold, pages, bodies of bounded size."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from hub import memory
from hub.consumers.door import Door
from hub.consumers.record import Recorder
from hub.events.text import storable
from hub.log._protocol import Place
from hub.screens.problems import Problem
from hub.settings import Settings
from hub.store.changes import last, shown
from hub.store.database import Connection, Database
from hub.store.keys import Keys

BODY = 32 * 1024 * 1024  # bytes of a request
SMALL = 1024 * 1024  # bytes; requests up to there come in beside one another
LARGE = 2  # requests with more that come in at once
_STALLED = 30.0  # seconds without a byte after which one of these has to begin again
_DROPPED, _PAUSE = 4 * BODY, 1.0  # bytes of what is too large, and seconds for more of it, until it is answered
SHOWN_WITHIN = 2.0  # seconds for which a command waits until its effects are shown
_LOOK = 0.01
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_OFFSET = re.compile(r" (\d\d:?\d\d)$", re.ASCII)


class Hub(Protocol):
    """What the screens need of an opened hub."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def recorder(self) -> Recorder: ...


async def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


async def door_of(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


async def _as_of_now(request: Request) -> None:
    """`at` and `knew` are reserved: an answer that passed over them would be a wrong one."""
    for name in ("at", "knew"):
        if name in request.query_params:
            raise Problem(422, "The state of another time cannot be asked for yet.", [(f"?{name}", "reserved")])


TheHub = Annotated[Hub, Depends(hub_of)]
TheDoor = Annotated[Door, Depends(door_of)]
NOW_ONLY = Depends(_as_of_now)


def _bounded(limit: int) -> int:
    return min(limit, 1_000)


def _spelt_out(moment: object) -> object:
    """A date alone is its first instant in UTC; a blank was a + before the query was decoded. A number is no time: nobody says
    whether it counts seconds."""
    if not isinstance(moment, str):
        return moment
    text = f"{moment}T00:00:00Z" if _DATE.fullmatch(moment) else _OFFSET.sub(r"+\1", moment)
    try:
        read = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise ValueError("is neither a date nor a time with its offset (ISO 8601), such as 2026-01-31T10:00:00+03:30")
    return read


Text = Annotated[str, AfterValidator(storable)]
NOT_ASKED = BeforeValidator(lambda value: value or None)  # `?state=` is a form's field that nobody filled in
MaybeText = Annotated[Text | None, Query(max_length=2_000)]
Limit = Annotated[
    int,
    Query(ge=1, le=1_000_000, description="how many; at most 1,000 are given, with `next`"),
    AfterValidator(_bounded),
]
Before = Annotated[Text | None, Query(max_length=500, description="`next` of the page before")]
MaybeTime = Annotated[AwareDatetime | None, Query(), BeforeValidator(_spelt_out)]


def reading(hub: Hub) -> AbstractContextManager[Connection]:
    """A transaction for what is asked of single customers, tickets and orders."""
    return hub.database.reading()


def id_of(text: str) -> str | None:
    """The id in its normal spelling, None where it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def spoken(number: str | None) -> str | None:
    """A phone number whose + the query's encoding took for a blank."""
    return f"+{number[1:]}" if number and number.startswith(" ") and number[1:2].isdigit() else number


@asynccontextmanager
async def body_of(request: Request, proven: bool = True) -> AsyncIterator[bytes]:
    """The raw body, for as long as this lasts. Raises Problem: 413 before a body that is too large is all in memory, 408.

    Few large ones come in at a time, of the others only the beginning. Whoever stops sending makes room for the next.
    `proven`: it is known who sends it; whoever proves that by his body alone may send slowly for ever, and waits for his like.
    """
    announced = request.headers.get("content-length", "")
    stream = request.stream()
    if announced.isdigit() and int(announced) > BODY:
        if "expect" not in request.headers:  # who asks first sends nothing
            await _drop(stream)
        raise _too_large()
    async with AsyncExitStack() as room:
        pieces: list[bytes] = []
        size, large = 0, False
        while (piece := await _next(stream, _STALLED if large else None)) is not None:
            size += len(piece)
            if size > BODY:
                pieces.clear()
                await _drop(stream)
                raise _too_large()
            if size > SMALL and not large:
                await room.enter_async_context(request.app.state.large if proven else request.app.state.unproven)
                large = True
            pieces.append(piece)
        body = b"".join(pieces)
        pieces.clear()
        yield body


def turn_of(request: Request, body: bytes) -> AbstractAsyncContextManager[None]:
    """A large body takes some ten times its size while it is understood and written down: one at a time."""
    return _alone(request.app.state.turn) if len(body) > SMALL else nullcontext()


@asynccontextmanager
async def _alone(turn: asyncio.Lock) -> AsyncIterator[None]:
    async with turn:
        try:
            yield
        finally:
            memory.give_back()


async def _next(stream: AsyncIterator[bytes], seconds: float | None) -> bytes | None:
    """What comes next; None at the end."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(stream, None)
    except TimeoutError:
        detail = f"Nothing more of the body came for {seconds:.0f} seconds; send it again."
        raise Problem(408, detail, headers={"Connection": "close"}) from None


async def _drop(stream: AsyncIterator[bytes]) -> None:
    """What still comes is thrown away, for a while: who is cut off while he sends never reads the answer."""
    dropped = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_STALLED):
            while dropped < _DROPPED and (piece := await _soon(stream)) is not None:
                dropped += len(piece)


async def _soon(stream: AsyncIterator[bytes]) -> bytes | None:
    async with asyncio.timeout(_PAUSE):
        return await anext(stream, None)


def _too_large() -> Problem:
    detail = f"A request may bring {BODY // 1024**2} MB; send less at a time."
    return Problem(413, detail, headers={"Connection": "close"})


def wait_until_shown(hub: Hub, places: Sequence[Place], seconds: float = SHOWN_WITHIN) -> bool:
    """Whether what lies there is on the screens now; waits for it that long at most."""
    end = time.monotonic() + seconds
    while True:
        with reading(hub) as tx:
            if shown(tx, places):
                return True
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK)


def wait_for_ticket(hub: Hub, ticket: str, places: Sequence[Place] = ()) -> bool:
    """The same for what was done to a ticket; without places for all that was."""
    if not places:
        with reading(hub) as tx:
            places = last(tx, f"ticket:{ticket}")
    return wait_until_shown(hub, places)
