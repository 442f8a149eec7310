"""Bodies of requests: bounded, and large ones a few at a time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import httpx
import pytest
from fastapi import FastAPI, Request

from hub.screens import asked
from hub.screens.asked import BODY, LARGE, SMALL, body_of
from hub.screens.problems import MEDIA_TYPE, Problem
from tests.screens.apart import apart

from .conftest import Api


def requests(*bodies: AsyncIterator[bytes]) -> list[Request]:
    """Requests to one app that bring these bodies."""
    app = FastAPI()
    app.state.large, app.state.unproven = asyncio.Semaphore(LARGE), asyncio.Semaphore(1)

    def request(body: AsyncIterator[bytes]) -> Request:
        async def receive() -> dict[str, object]:
            piece = await anext(body, None)
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        return Request({"type": "http", "headers": [], "app": app}, receive)

    return [request(body) for body in bodies]


async def pieces(number: int, then: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """So many of half a megabyte; with `then` nothing more comes until it is set."""
    for _ in range(number):
        yield b"x" * (SMALL // 2)
    if then:
        await then.wait()


async def size(request: Request) -> int:
    async with body_of(request) as body:
        return len(body)


async def answer(request: Request) -> int:
    try:
        return await size(request)
    except Problem as problem:
        return problem.status


def test_a_body_is_read_whole_up_to_its_limit() -> None:
    async def story() -> list[int]:
        most = 2 * BODY // SMALL
        return [await answer(request) for request in requests(pieces(0), pieces(1), pieces(most), pieces(most + 1))]

    assert apart(story()) == [0, SMALL // 2, BODY, 413]


def test_large_bodies_wait_for_those_before_them_and_small_ones_do_not() -> None:
    async def story() -> tuple[int, bool, int]:
        rest = asyncio.Event()
        *slow, small, large = requests(*(pieces(4, rest) for _ in range(LARGE)), pieces(1), pieces(4))
        coming = [asyncio.create_task(size(request)) for request in slow]
        passed = await size(small)
        waiting = asyncio.create_task(size(large))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        rest.set()
        await asyncio.gather(*coming)
        return passed, bool(done), await waiting

    assert apart(story()) == (SMALL // 2, False, 2 * SMALL)


def test_who_stops_sending_has_to_begin_again_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "_STALLED", 0.1)

    async def story() -> list[int]:
        never = asyncio.Event()
        *stalled, large = requests(*(pieces(4, never) for _ in range(LARGE)), pieces(4))
        return [*await asyncio.gather(*map(answer, stalled)), await answer(large)]

    assert apart(story()) == [408] * LARGE + [2 * SMALL]


def test_who_sends_slowly_and_never_says_who_he_is_keeps_nobody_waiting_who_did(api: Api) -> None:
    asking = f"POST /v1/in/shopify HTTP/1.1\r\nHost: hub\r\nX-Shopify-Hmac-Sha256: AAAA\r\nContent-Length: {BODY}\r\n\r\n"
    with ExitStack() as slow:
        for _ in range(LARGE):
            wire = slow.enter_context(socket.create_connection((api.anybody.base_url.host, api.anybody.base_url.port or 80)))
            wire.sendall(asking.encode() + b" " * 2 * SMALL)
        answer = api.client.post("/v1/events", content=b" " * 2 * SMALL, timeout=15)
    assert answer.status_code == 400


# -- bodies of requests other than events -------------------------------------------------------------------------------

HERE = {"content-type": "application/json"}
ASKING = ("/v1/links", "/v1/tickets/1001/commands")


def megabytes(number: int) -> Iterator[bytes]:
    yield from (b" " * 1024**2 for _ in range(number))


@pytest.mark.parametrize("path", ASKING)
def test_nothing_is_read_of_whoever_may_not_ask(api: Api, path: str) -> None:
    asked: list[tuple[httpx.Client, int]] = [(api.anybody, 401), (api.roles["machine"], 403)]
    for client, status in asked:
        for content in (b"{", b"\xff", megabytes(5)):
            assert client.post(path, content=content, headers=HERE).status_code == status


@pytest.mark.parametrize("path", ASKING)
def test_what_is_asked_is_no_flood(api: Api, path: str) -> None:
    for content in (megabytes(5), b" " * 5 * 1024**2):
        answer = api.client.post(path, content=content, headers=HERE)
        assert (answer.status_code, answer.headers["content-type"]) == (413, MEDIA_TYPE)
        assert "4 MB" in answer.json()["detail"]


def test_a_form_is_one_however_its_type_is_spelt(api: Api) -> None:
    headers = {"content-type": "Multipart/Form-Data; boundary=x"}
    assert api.anybody.post("/sign-in", content=megabytes(3), headers=headers).status_code == 413


def test_what_cannot_be_read_says_where(api: Api) -> None:
    for content in (b"\xff", b'{"a": ' + b"[" * 100_000, b"{"):
        answer = api.client.post("/v1/links", content=content, headers=HERE)
        assert (answer.status_code, [one["at"] for one in answer.json()["errors"]]) == (400, ["$"])
        assert "JSON" in answer.json()["errors"][0]["why"]


@pytest.mark.parametrize("said", ["application/x-www-form-urlencoded", "text/plain", None])
def test_json_that_is_not_called_so_is_told_what_is_wrong(api: Api, said: str | None) -> None:
    """What curl sends where nobody says it."""
    answer = api.client.post("/v1/links", content=b"{}", headers={"content-type": said} if said else {})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"at": "header content-type", "why": "must be application/json"}]
