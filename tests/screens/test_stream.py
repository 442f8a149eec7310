from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from starlette.types import Message

from hub.screens import access
from hub.screens.api import stream
from hub.store import accounts, changes, sessions

from .browsing import Browser, browser_of, colleague
from .conftest import Api, Event

PHONE = {"kind": "phone", "value": "09121234567"}
OTHER = {"kind": "phone", "value": "09350000000"}


class Listening:
    """What a connection brings, a block at a time."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self.last = ""

    def block(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self._lines:
            if not line:
                break
            name, _, value = line.partition(": ")
            found[name] = value
        self.last = found.get("id", self.last)
        return found

    def rest(self) -> set[str]:
        """All lines until the other side ends it."""
        return set(self._lines)

    def topics(self, count: int) -> set[str]:
        found = [self.block() for _ in range(count)]
        return {orjson.loads(block["data"])["topic"] for block in found}


@contextmanager
def listening(
    api: Api, topics: str, last: str | None = None, client: httpx.Client | None = None
) -> Iterator[Listening]:  # fmt: skip
    headers = {"last-event-id": last} if last is not None else {}
    with (client or api.client).stream("GET", "/v1/stream", params={"topics": topics}, headers=headers, timeout=10) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        reader = Listening(answer)
        assert "retry" in reader.block()
        yield reader


def customer_of(api: Api, phone: str) -> str:
    found = api.client.get("/v1/lookup", params={"phone": phone}).json()
    id: str = found["recent"][0]["party"]
    return id


@pytest.fixture
def known(api: Api, event: Callable[..., Event]) -> dict[str, Any]:
    api.send(
        event("1", text="hello", thread="a", party=PHONE),
        event("c0", "call.ended", call="c0", party=OTHER, cause="no_answer"),
    )
    ticket = api.client.get("/v1/tickets").json()["items"][0]["id"]
    return {
        "ticket": f"ticket:{ticket}", "customer": f"customer:{customer_of(api, PHONE['value'])}",
        "other": f"customer:{customer_of(api, OTHER['value'])}",
    }  # fmt: skip


@pytest.mark.usefixtures("worker")
def test_who_listens_is_told_what_changed_and_nothing_else(
    api: Api, known: dict[str, str], event: Callable[..., Event]
) -> None:
    topics = ",".join(known.values())
    with listening(api, topics) as reader:
        api.client.post("/v1/events", json=event("2", text="again", thread="a", party=PHONE))
        told = reader.topics(1)
        while told != {known["customer"], known["ticket"]}:
            told |= reader.topics(1)
        api.client.post("/v1/events", json=event("c1", "call.ringing", call="c1", party=OTHER))
        assert reader.topics(1) == {known["other"]}


@pytest.mark.usefixtures("worker")
def test_the_desk_hears_of_ringing_telephones_and_tickets_not_of_orders(
    api: Api, known: dict[str, str], event: Callable[..., Event]
) -> None:
    with listening(api, "desk") as reader:
        api.client.post("/v1/events", json=event("o1", "order.placed", order="1042", party=PHONE))
        api.client.post("/v1/events", json=event("c1", "call.ringing", call="c1", party=OTHER))
        assert reader.topics(1) == {"desk"}
        ticket = known["ticket"].removeprefix("ticket:")
        api.client.post(f"/v1/tickets/{ticket}/commands", json={"id": str(uuid4()), "command": {"assign": {"to": "s"}}})
        assert reader.topics(1) == {"desk"}


def test_who_comes_back_is_told_once_of_each_topic_that_changed_meanwhile(
    api: Api, known: dict[str, str], event: Callable[..., Event]
) -> None:
    topics = ",".join([*known.values(), "desk"])
    with listening(api, topics) as reader:
        last = reader.last
    assert last
    api.send(
        event("2", text="again", thread="a", party=PHONE), event("3", text="and again", thread="a", party=PHONE),
        event("o1", "order.placed", order="1042", party=PHONE),
    )  # fmt: skip
    with listening(api, topics, last) as reader:
        assert reader.topics(3) == {known["customer"], known["ticket"], "desk"}
        newest = reader.last
        assert newest != last
        api.send(event("c1", "call.ringing", call="c1", party=OTHER))
        assert reader.topics(2) == {known["other"], "desk"}
    with listening(api, topics, newest) as reader:
        assert reader.topics(2) == {known["other"], "desk"}


def test_who_is_cut_off_between_two_topics_misses_none(
    api: Api, known: dict[str, str], event: Callable[..., Event]
) -> None:
    topics = f"{known['customer']},{known['ticket']}"
    with listening(api, topics) as reader:
        last = reader.last
    api.send(event("2", text="again", thread="a", party=PHONE))
    with listening(api, topics, last) as reader:
        assert len(reader.topics(1)) == 1
        assert reader.last == last
    with listening(api, topics, reader.last) as reader:
        assert reader.topics(2) == {known["customer"], known["ticket"]}


def test_only_its_head_is_not_to_be_had(api: Api) -> None:
    assert api.client.head("/v1/stream?topics=desk").status_code == 405
    assert not api.app.state.streams


def test_a_moment_that_this_hub_never_had_means_everything_may_have_changed(api: Api, known: dict[str, str]) -> None:
    with listening(api, "desk") as reader:
        width = len(reader.last.split("."))
    for last in ("nonsense", "", "1.2.3", ".".join(["999"] * width)):
        with listening(api, f"{known['ticket']},desk", last) as reader:
            assert reader.topics(2) == {known["ticket"], "desk"}


@pytest.mark.usefixtures("worker")
def test_a_link_is_a_change_of_both_customers(api: Api, known: dict[str, str]) -> None:
    with listening(api, f"{known['customer']},{known['other']}") as reader:
        made = api.client.post("/v1/links", json={"a": PHONE, "b": OTHER, "evidence": "same voice"}).json()["id"]
        assert reader.topics(2) == {known["customer"], known["other"]}
        api.client.delete(f"/v1/links/{made}")
        assert reader.topics(2) == {known["customer"], known["other"]}


def test_a_ring_is_told_at_once_and_what_can_wait_is_told_once_in_a_while(
    api: Api, event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CALM", 600.0)
    with listening(api, "today,ring") as reader:
        api.send(event("1", party=PHONE, text="one", message="1", thread="1", channel="chat"))
        assert reader.topics(1) == {"today"}
        api.send(event("2", party=PHONE, text="two", message="2", thread="1", channel="chat"))
        time.sleep(0.3)  # long enough for it to be told, were it not held back
        api.send(event("3", "call.ringing", call="c1", party=OTHER))
        assert [reader.topics(1), reader.topics(1)] == [{"ring"}, {"today"}]


def test_a_heartbeat_comes_where_nothing_happens(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    with listening(api, "desk") as reader:
        assert reader.block() == {"": "nothing new"}


def test_only_topics_that_exist_can_be_asked_for(api: Api) -> None:
    for topics in ("weather", "ticket:1", "customer:", ",", ",".join(f"ticket:{uuid4()}" for _ in range(101))):
        assert api.client.get("/v1/stream", params={"topics": topics}).status_code == 422


def test_a_moment_is_read_as_it_was_written(api: Api) -> None:
    with api.hub.database.transaction() as tx:
        now = changes.vector(tx)
    assert changes.read(changes.written(now)) == now
    assert changes.read("1.2") is None


def test_who_hangs_up_before_he_was_told_anything_is_kept_no_longer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(api.app.state.changes, "listen", lambda listener: (7, ()))
    monkeypatch.setattr(api.app.state.changes, "leave", left.append)
    scope = {
        "type": "http", "method": "GET", "path": "/v1/stream", "query_string": b"topics=desk",
        "headers": [(b"authorization", api.client.headers["authorization"].encode())],
    }  # fmt: skip

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def full(message: Message) -> None:
        await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as apart:  # a browser of other tests may have a loop in this thread
        apart.submit(asyncio.run, api.app(scope, gone, full)).result()
    assert left == [7]
    assert not api.app.state.streams


# -- an end to it --------------------------------------------------------------------------------------------------------


@pytest.fixture
def mina(api: Api) -> Iterator[Browser]:
    with browser_of(api, colleague(api, "mina")) as browser:
        yield browser


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat every twentieth of a second, and each time it is asked whether the connection may go on."""
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    monkeypatch.setattr(access, "SURE", 0.0)


def sign_out(api: Api, mina: Browser) -> None:
    with Browser(mina.origin) as same:
        same.come_back_with(mina.token or "")
        assert same.send_form("/sign-out").status_code == 303


def shut_out(api: Api, mina: Browser) -> None:
    [account] = [one for one in accounts.everybody(api.hub.database) if one.login == "mina"]
    accounts.deactivate(api.hub.database, account.id)


def run_out(api: Api, mina: Browser) -> None:
    with api.hub.database.transaction() as tx:
        tx.execute("UPDATE session SET seen = seen - %s", [sessions.IDLE])


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("end", [sign_out, shut_out, run_out])
def test_a_stream_ends_with_its_session(api: Api, mina: Browser, end: Callable[[Api, Browser], None]) -> None:
    with listening(api, "desk", client=mina) as reader:
        assert reader.block() == {"": "nothing new"}
        end(api, mina)
        assert reader.rest() <= {": nothing new", ""}
    assert mina.get("/v1/stream?topics=desk").status_code == 401


@pytest.mark.usefixtures("often")
def test_a_stream_ends_when_its_key_is_deleted(api: Api) -> None:
    with listening(api, "desk", client=api.roles["agent"]) as reader, browser_of(api, colleague(api, "boss", "admin")) as boss:
        assert boss.send_form("/settings/keys/delete", name="a agent").status_code == 303
        assert reader.rest() <= {": nothing new", ""}


def test_who_was_signed_out_is_told_of_nothing_any_more(
    api: Api, mina: Browser, event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "SURE", 0.0)
    with listening(api, "desk", client=mina) as reader:
        sign_out(api, mina)
        api.send(event("c1", "call.ringing", call="c1", party=OTHER))
        assert reader.rest() == set()


def test_who_was_asked_about_a_moment_ago_is_not_asked_about_again(
    api: Api, mina: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    with listening(api, "desk", client=mina) as reader:
        sign_out(api, mina)
        assert [reader.block() for _ in range(3)] == [{"": "nothing new"}] * 3


@pytest.mark.usefixtures("often")
def test_an_open_stream_keeps_nobody_signed_in(api: Api, mina: Browser) -> None:
    with listening(api, "desk", client=mina) as reader:
        with api.hub.database.transaction() as tx:
            tx.execute("UPDATE session SET seen = seen - interval '1 hour'")
        before = api.hub.database.rows("SELECT seen FROM session")
        assert [reader.block() for _ in range(3)] == [{"": "nothing new"}] * 3
        assert api.hub.database.rows("SELECT seen FROM session") == before


def test_what_a_page_fetches_by_itself_keeps_nobody_signed_in(api: Api, mina: Browser) -> None:
    with api.hub.database.transaction() as tx:
        tx.execute("UPDATE session SET seen = seen - interval '1 hour'")
    before = api.hub.database.rows("SELECT seen FROM session")
    for path in ("/pop", "/home/ledger", "/system"):
        mina.get(path, headers={"X-Live": "true", "HX-Request": "true"})
        assert api.hub.database.rows("SELECT seen FROM session") == before, path
    mina.get("/")
    assert api.hub.database.rows("SELECT seen FROM session") > before
