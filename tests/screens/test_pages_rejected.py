"""What nobody understood, on its page: the place that was wrong, the bytes as they came, another try."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest

from hub.channels._shape import Rejected
from hub.consumers import understand
from hub.consumers.record import payload_of_bytes
from hub.consumers.runner import clock
from hub.screens.wrong_place import AROUND, Line, shown

from .browsing import Browser, browser_of, colleague, text_of
from .conftest import Api

ROW = b"order,stage,time,total\n1047,placed,2026-01-02,twelve\n"


@pytest.fixture
def nora(api: Api) -> Iterator[Browser]:
    with browser_of(api, colleague(api, "nora", "supervisor")) as browser:
        yield browser


def take(api: Api, body: bytes, channel: str, **meta: str) -> str:
    """Bytes as they come; the payload's id."""
    recorder = api.hub.recorder
    outgoing = payload_of_bytes(recorder, channel, "a folder", body, meta, clock())
    recorder.record(lambda _: [outgoing])
    api.fold()
    return outgoing.event.id


def test_the_list_says_what_came_when_from_where_and_why_it_is_not_understood(api: Api, nora: Browser) -> None:
    id = take(api, ROW, "orders", format="csv", line="7")
    page = nora.get("/rejected")
    for words in ("Orders", "a folder", "line 7, column total", f"{len(ROW)} bytes"):
        assert words in text_of(page)
    assert f'href="/rejected/{id}"' in page.text


def test_a_persian_page_says_in_persian_what_is_wrong_and_where(api: Api, nora: Browser) -> None:
    nora.send_form("/settings/me", language="fa", theme="light")
    mail = take(api, b"just some words", "email")
    take(api, ROW, "orders", format="csv", line="7")
    rows = re.sub(r"<bdi.*?</bdi>| title=\"[^\"]*\"", "", nora.get("/rejected").text)
    page = nora.get(f"/rejected/{mail}").text
    assert "ایمیل نیست: جایی که باید آغاز شود سرآیندی نیست" in rows
    assert "سطر ۷، ستون" in rows
    assert not re.search(r"not a mail|is not an amount|\b(email|orders|line|column)\b", re.sub(r"<[^>]*>", "", rows))
    assert re.search(r'class="wrong-why">ایمیل نیست.*?بایت ۰', page, re.DOTALL)
    assert re.search(r'class="hint technical">[^<]*<bdi dir="ltr" lang="en">not a mail', page)


def test_a_program_that_reads_a_page_away_from_it_is_told_why_in_the_readers_words(api: Api, nora: Browser) -> None:
    nora.send_form("/settings/me", language="fa", theme="light")
    wrong = nora.send_form("/settings/me", language="xx", theme="light")
    assert wrong.status_code == 422
    assert "چنین زبان یا پوسته‌ای نیست." in wrong.text
    assert "There is no such" not in wrong.text
    gone = nora.get("/rejected/00000000-0000-0000-0000-000000000000", headers={"hx-request": "true"})
    assert gone.status_code == 404
    assert not re.search("[A-Za-z]", unquote(gone.headers["x-why"]))


def test_the_newest_is_one_step_away(api: Api, nora: Browser) -> None:
    assert nora.get("/rejected/newest").headers["location"] == "/rejected"
    take(api, b"some words", "email")
    last = take(api, b"some other words", "email")
    assert nora.get("/rejected/newest").headers["location"] == f"/rejected/{last}"


def test_the_list_has_pages(api: Api, nora: Browser) -> None:
    for n in range(43):
        take(api, f"no mail {n:02}".encode(), "email")
    first = nora.get("/rejected")
    further = re.search(r'href="(/rejected\?before=[^"]*)"', first.text)
    assert further
    found = [re.findall(r'id="rejected-([0-9a-f-]+)"', page.text) for page in (first, nora.get(unescape(further[1])))]
    assert [len(ids) for ids in found] == [40, 3]
    assert not set(found[0]) & set(found[1])


def test_the_field_of_a_row_the_byte_of_a_mail_and_the_path_of_json_are_marked(api: Api, nora: Browser) -> None:
    row = nora.get(f"/rejected/{take(api, ROW, 'orders', format='csv', line='7')}").text
    assert re.search(r'<tr class="wrong"><th scope="row">total.*?<mark>twelve</mark>', row, re.DOTALL)
    mail = nora.get(f"/rejected/{take(api, b'just some words', 'email')}").text
    assert re.search(r'<tr class="wrong"><th scope="row">000000.*?<mark>6a</mark>', mail, re.DOTALL)
    told = {"specversion": "1.0", "id": "1", "source": "s", "type": "order.placed", "data": {}}
    refused = api.client.post("/v1/events", json=told, headers={"content-type": "application/cloudevents+json"}).json()
    api.fold()
    assert refused["rejected"], refused
    id = api_rejected(api)[0]
    event = nora.get(f"/rejected/{id}").text
    assert re.search(r'<tr class="wrong"><th scope="row">.*?<mark>.*?data', event, re.DOTALL)


def api_rejected(api: Api) -> list[str]:
    rows = api.hub.database.rows("SELECT payload::text FROM outcome WHERE kind = 'rejected' ORDER BY time DESC")
    return [row[0] for row in rows]


def test_the_bytes_come_as_a_file_that_no_browser_shows(api: Api, nora: Browser) -> None:
    body = b"<script>alert(1)</script>\x00\xff"
    answer = nora.get(f"/rejected/{take(api, body, 'email')}/raw")
    assert answer.content == body
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_what_came_is_shown_as_text_never_as_markup(api: Api, nora: Browser) -> None:
    page = nora.get(f"/rejected/{take(api, b'<script>alert(1)</script>', 'orders', format='csv')}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_trying_again_says_what_came_of_it(api: Api, nora: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    right = understand.channels()
    wrong = {**right, "orders": replace(right["orders"], parse=lambda _: Rejected("cannot read this", "byte 3"))}
    with monkeypatch.context() as broken:
        broken.setattr(understand, "channels", lambda: wrong)
        id = take(api, ROW.replace(b"twelve", b"12"), "orders", format="csv", line="7")
        still = nora.get(nora.send_form(f"/rejected/{id}/retry").headers["location"])
        assert "rejected still" in text_of(still)
    now = nora.get(nora.send_form(f"/rejected/{id}/retry").headers["location"])
    assert "one event came of it" in text_of(now)
    assert "/retry" not in now.text
    api.fold()
    assert api.client.get("/v1/orders/1047").json()["stage"] == "placed"


def test_who_may_not_see_it_sees_nothing_of_it(api: Api, nora: Browser) -> None:
    id = take(api, ROW, "orders", format="csv")
    with browser_of(api, colleague(api, "reza")) as reza:
        for path in ("/rejected", f"/rejected/{id}", f"/rejected/{id}/raw"):
            answer = reza.get(path)
            assert (answer.status_code, "twelve" in answer.text) == (403, False)
        assert reza.send_form(f"/rejected/{id}/retry").status_code == 403
    assert nora.get("/rejected/0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10").status_code == 404
    assert nora.get("/rejected/none").status_code == 404


# -- the place itself --------------------------------------------------------------------------------------------------


def wrong(body: bytes, at: str | None) -> tuple[str, Line]:
    place = shown(body, at)
    [line] = [line for line in place.lines if line.wrong]
    return place.kind, line


def test_a_byte_is_marked_within_its_row() -> None:
    kind, line = wrong(bytes(range(256)), "byte 35")
    assert (kind, line.number, line.before, line.marked) == ("bytes", "000020", "20 21 22", "23")
    assert len(shown(bytes(4096), "byte 2048").lines) == 2 * AROUND + 1


def test_the_end_of_a_payload_is_a_place_too() -> None:
    assert wrong(b"", "byte 0")[1].marked == "··"
    assert wrong(b"x" * 16, "byte 16")[1].number == "000010"
    assert wrong(b"x", "byte 999999")[1].marked == "··"


def test_a_character_is_marked_within_its_line() -> None:
    kind, line = wrong('{"a": "سلام",\n "b": }'.encode(), "character 20")
    assert (kind, line.number, line.before, line.marked) == ("text", "2", ' "b": ', "}")


def test_a_line_of_a_file_is_marked_where_it_stands() -> None:
    assert wrong(b"one\ntwo\nthree", "line 2") == ("text", Line("2", "", "two", "", True))


def test_a_row_stands_alone_below_its_header_whatever_its_line_was() -> None:
    assert wrong(b"a;b\n1;2", "line 900")[1].marked == "1;2"
    assert wrong(b"a;b\n1;", "line 900, column b")[1] == Line("b", "", "…", "", True)


@pytest.mark.parametrize(
    ("at", "marked"),
    [("$.data.lines[1].price", '        "price": -1'), ("$.data.lines[7]", '    "lines": ['), ("$.nothing", "{"), ("$", "{")],
)
def test_a_path_is_marked_or_what_should_hold_it(at: str, marked: str) -> None:
    body = b'{"id":"1","data":{"lines":[{"price":1},{"price":-1}]}}'
    assert wrong(body, at)[1].marked == marked


@pytest.mark.parametrize("at", [None, "somewhere", "byte x", "line 3, column nothing", "$.a.b[0]", "character 7", "byte 5"])
@pytest.mark.parametrize("body", [b"", b"\x00\x01\x02", b"[" * 100_000, b'"' * 9, b"\xff\xfe", b"a,b\n1", b"x" * 100_000])
def test_there_is_always_something_to_show(body: bytes, at: str | None) -> None:
    place: Any = shown(body, at)
    assert 0 < len(place.lines) <= 200
    assert all(len(line.before + line.marked + line.after) <= 2_000 for line in place.lines)


def test_of_a_long_and_deep_payload_only_what_stands_around_the_place_is_laid_out() -> None:
    body = b"[" * 900 + b",".join([b"1"] * 100_000) + b"]" * 900
    tracemalloc.start()
    (first, *after) = shown(body, "$").lines
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first == Line("1", "", "[", wrong=True)
    assert len(after) == AROUND
    assert peak < 20 * len(body)
