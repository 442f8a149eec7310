"""Homes of others, each as live.js keeps one: a stream, and each part fetched anew when the stream names it, at most once
within its gap. A process of its own, so that the crowd takes no time of whoever measures.

    python -m bench.crowd URL     sessions and extensions on its input as JSON, `[["token", "9001"], …]`; ends with it
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CALM = (0.75, 1.25)  # a long gap is on no two screens the same


@dataclass
class Heard:
    """What the crowd heard and did: messages, of each path the seconds that its fetches took, and how many were refused."""

    messages: int = 0
    refused: int = 0
    took: dict[str, list[float]] = field(default_factory=dict)

    def told(self, seconds: float) -> dict[str, object]:
        """Requests a second, and of each path how many and the 95th percentile in ms."""
        paths = {path: [len(all), round(1000 * sorted(all)[len(all) * 95 // 100])] for path, all in self.took.items()}
        rate = sum(map(len, self.took.values())) / seconds
        return {"messages": self.messages, "refused": self.refused, "requests_per_second": round(rate), "paths": paths}


@dataclass
class Part:
    """One `data-live` of the page: on a connection of its own, as a browser opens several."""

    path: str
    topic: str
    gap: float
    busy: bool = False
    again: bool = False
    last: float = 0.0
    wires: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None


class Screen:
    def __init__(self, url: str, session: str, extension: str, heard: Heard) -> None:
        self._address, self._heard = urlsplit(url), heard
        self._head = f"Host: {self._address.netloc}\r\nCookie: hub_session={session}\r\nHX-Request: true\r\n\r\n"
        self._ring = f"ring:{extension}"
        self._parts = [
            Part("/pop", self._ring, 0), Part("/home/ringing", self._ring, 0), Part("/home/tickets", "desk", 5.0),
            Part("/home/ledger", "today", 5.0), Part("/home/today", "today", 2.0),
        ]  # fmt: skip
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        reader, _ = wires = await self._opened()
        await self._asks(wires, f"/v1/stream?topics=desk,{self._ring},today")
        while line := await reader.readline():
            if line.startswith(b"data: "):
                self._heard.messages += 1
                topic = json.loads(line[6:])["topic"]
                for part in self._parts:
                    if part.topic == topic:
                        self._begin(part)
        raise ConnectionError("a stream ended")

    def _begin(self, part: Part) -> None:
        task = asyncio.create_task(self._renew(part))
        self._tasks.add(task)
        task.add_done_callback(_done)
        task.add_done_callback(self._tasks.discard)

    async def _renew(self, part: Part) -> None:
        if part.busy:
            part.again = True
            return
        part.busy = True
        if part.last:
            await asyncio.sleep(max(0.0, part.last + part.gap * random.uniform(*CALM) - time.monotonic()))
        part.again, part.last = False, time.monotonic()
        await self._fetch(part)
        part.busy = False
        if part.again:
            await self._renew(part)

    async def _fetch(self, part: Part) -> None:
        begun = time.monotonic()
        try:
            await self._taken(part)
        except (ConnectionError, asyncio.IncompleteReadError):  # it stood idle for so long that the hub let go of it
            part.wires = None
            await self._taken(part)
        self._heard.took.setdefault(part.path, []).append(time.monotonic() - begun)

    async def _taken(self, part: Part) -> None:
        part.wires = part.wires or await self._opened()
        length = await self._asks(part.wires, part.path)
        await part.wires[0].readexactly(length)

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._address.hostname, self._address.port)

    async def _asks(self, wires: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str) -> int:
        """How many bytes follow."""
        reader, writer = wires
        writer.write(f"GET {path} HTTP/1.1\r\n{self._head}".encode())
        status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        self._heard.refused += " 200" not in status
        return next((int(one.partition(":")[2]) for one in fields if one.startswith("content-length:")), 0)


def _done(task: asyncio.Task[None]) -> None:
    """What went wrong with one screen ends the crowd: it is said, and the measuring fails."""
    if not task.cancelled() and (error := task.exception()):
        raise SystemExit(repr(error))


async def crowd(url: str, who: list[tuple[str, str]]) -> Heard:
    heard = Heard()
    screens = [asyncio.create_task(Screen(url, session, place, heard).listen()) for session, place in who]
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    done, _ = await asyncio.wait([*screens, over], return_when=asyncio.FIRST_COMPLETED)
    for one in done & set(screens):
        one.result()
    return heard


def main(url: str) -> None:
    who = json.loads(sys.stdin.readline())
    begun = time.monotonic()
    heard = asyncio.run(crowd(url, who))
    print(json.dumps(heard.told(time.monotonic() - begun)))


if __name__ == "__main__":
    main(*sys.argv[1:])
