from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count

import pytest

from hub.screens import shared
from hub.screens.shared import Shared
from hub.store import changes
from tests.screens.apart import apart

from .browsing import Browser, browser_of, colleague
from .conftest import Api, Event
from .test_stream import listening


@pytest.fixture
def asked(api: Api) -> Shared:
    """Of a hub of which something was heard already, so that it listens."""
    found: Shared = api.app.state.shared
    found.listen()
    return found


def test_what_many_ask_for_at_once_is_made_once(asked: Shared) -> None:
    made = count(1)

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(asked.get("number", lambda: next(made)) for _ in range(50)))

    assert set(apart(all_at_once())) == {1}
    assert next(made) == 2


def test_what_is_made_for_each_alone_takes_few_threads_and_connections_from_who_asks_what_rings(asked: Shared) -> None:
    running, most = set[int](), list[int]()

    def made(n: int) -> int:
        running.add(n)
        most.append(len(running))
        time.sleep(0.002)
        running.discard(n)
        return n

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(asked.own(partial(made, n)) for n in range(50)))

    assert apart(all_at_once()) == list(range(50))
    assert max(most) == shared.FEW


def test_what_cannot_be_made_is_tried_again_by_the_next(asked: Shared) -> None:
    made = count(1)

    def at_last() -> int:
        number = next(made)
        if number == 1:
            raise LookupError("not yet")
        return number

    async def two() -> list[int | BaseException]:
        return await asyncio.gather(*(asked.get("number", at_last) for _ in range(2)), return_exceptions=True)

    first, second = apart(two())
    assert isinstance(first, LookupError)
    assert second == 2


def test_what_no_event_tells_of_is_seen_after_a_while(asked: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "OLDEST", 0.0)
    made = count(1)

    async def twice() -> list[int]:
        return [await asked.get("number", lambda: next(made)) for _ in range(2)]

    assert apart(twice()) == [1, 2]


def test_whoever_is_told_of_a_contact_finds_it_on_his_home_and_so_does_everybody_else(
    api: Api, event: Callable[..., Event]
) -> None:
    browsers = [browser_of(api, colleague(api, f"agent{n}", password=None)) for n in range(8)]

    def home(browser: Browser) -> str:
        return browser.get("/home/today").text + browser.get("/home/tickets").text

    with listening(api, "desk,today") as reader, ThreadPoolExecutor(len(browsers)) as screens:
        for n in range(4):
            party = {"kind": "email", "value": f"{n}@example.com"}
            api.send(event(f"{n}", text=f"Words {n}.", thread=f"t{n}", party=party))
            while reader.last != shown(api):
                reader.block()
            for seen in screens.map(home, browsers):
                assert f"Words {n}." in seen
                assert f"#{1001 + n}" in seen


def shown(api: Api) -> str:
    """The moment that is shown now, as a stream says it."""
    with api.hub.database.transaction() as tx:
        return changes.written(changes.vector(tx))
