"""Hostile requests to a hub that is up: never a 5xx, always an answer that says what and where and repeats no personal
value; what was refused is kept and counted; the next good event passes and is shown."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from hub.screens.heads import HEAD
from tests.hostile import rig

ONE = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
SECRET = "very-secret-Sara-0912"  # stands in every place of a personal value: no answer may say it
PARTY = {"kind": "email", "value": "sara@example.com"}


def event(**data: Any) -> dict[str, Any]:
    whole = {"channel": "chat", "message": "m", "thread": "t", "text": "hello", "party": PARTY} | data
    return {"specversion": "1.0", "id": uuid4().hex, "source": "hostile", "type": "message.received", "data": whole}


def call(**data: Any) -> dict[str, Any]:
    return event() | {"type": "call.ended", "data": {"call": "c", "party": PARTY, "desk": "1001"} | data}


def order(**data: Any) -> dict[str, Any]:
    return event() | {"type": "order.placed", "data": {"order": "88001", "party": PARTY, "reason": SECRET} | data}


def dumped(document: Any) -> bytes:
    """JSON that may hold what UTF-8 cannot: lone surrogates go as escapes."""
    return json.dumps(document, ensure_ascii=True).encode()


def post(running: rig.Up, body: bytes, headers: dict[str, str] = ONE) -> httpx.Response:
    answer = running.client.post("/v1/events", content=body, headers=headers)
    assert_proper(answer)
    return answer


def assert_proper(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail", "errors"}
    if answer.request.method == "POST" or answer.status_code >= 400:
        assert SECRET not in answer.text


@pytest.fixture(scope="module", autouse=True)
def afterwards(running: rig.Up) -> Iterator[None]:
    """Whatever came in this module: the ledger is balanced, a good event passes and is shown, all is folded."""
    yield
    good = event(text="after all that", party={"kind": "email", "value": "after@example.com"})
    assert post(running, dumped(good)).json()["accepted"] == 1
    assert shown(running, "after@example.com")[0]["text"] == "after all that"
    assert running.ledger()
    running.sound()


def shown(running: rig.Up, email: str, number: int = 1) -> list[dict[str, Any]]:
    """The last contacts of this address, once there are so many."""
    end = time.monotonic() + 60
    while True:
        answer = running.client.get("/v1/lookup", params={"email": email})
        assert_proper(answer)
        recent: list[dict[str, Any]] = answer.json()["recent"]
        if len(recent) >= number or time.monotonic() > end:
            return recent
        time.sleep(0.05)


# -- bodies of which nothing can be read -------------------------------------------------------------------------------

DEEP = b"[" * 100_000 + b"]" * 100_000
UNREADABLE = {
    "nothing": b"",
    "blanks": b" \r\n\t",
    "a nul": b"\x00",
    "cut short": dumped(event(text=SECRET))[:-10],
    "cut within a letter": '{"specversion":"1.0","id":"س'.encode()[:-1],
    "two documents": dumped(event()) * 2,
    "NaN": dumped(event())[:-1] + b', "x": NaN}',
    "Infinity": dumped(event())[:-1] + b', "x": -Infinity}',
    "a number of a million digits": b"1" * 1_000_000 + b"e",
    "utf-16": dumped(event(text=SECRET)).decode().encode("utf-16"),
    "latin-1": json.dumps(event(text="Grüße " + SECRET), ensure_ascii=False).encode("latin-1"),
    "surrogates in utf-8": dumped(event(text="X")).replace(b"X", b"\xed\xa0\x80"),
    "xml": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaa'>]><x>&a;</x>",
    "gzip": b"\x1f\x8b\x08\x00\x00",
    "a single quote": b"'",
    "open for ever": b"[" * 100_000,
    "objects open for ever": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_400_with_the_place(running: rig.Up, name: str) -> None:
    for headers in (ONE, BATCH):
        answer = post(running, UNREADABLE[name], headers)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error["why"]
        assert error["at"]


# -- events that say something that cannot be --------------------------------------------------------------------------


def changed(**attributes: Any) -> dict[str, Any]:
    return {name: value for name, value in (event(text=SECRET) | attributes).items() if value is not ...}


REFUSED = {
    "no id": (changed(id=...), "$.id"),
    "an empty id": (changed(id=" "), "$.id"),
    "an id that is a number": (changed(id=5), "$.id"),
    "an id with a nul": (changed(id="a\x00b"), "$.id"),
    "an id with a lone surrogate": (changed(id="a\ud800b"), "$.id"),
    "an id of 10,000 letters": (changed(id="a" * 10_000), "$.id"),
    "a source with a nul": (changed(source="\x00"), "$.source"),
    "a version of CloudEvents that is not": (changed(specversion="0.3"), "$.specversion"),
    "a type that is unknown": (changed(type="cat.fed"), "$.type"),
    "a type that is a list": (changed(type=["message.received"]), "$.type"),
    "a type with a nul": (changed(type="message.received\x00"), "$.type"),
    "a time without offset": (changed(time="2026-11-01T10:00:00"), "$.time"),
    "a time that is a number": (changed(time=1e308), "$.time"),
    "a day that is none": (changed(time="2026-02-30T10:00:00Z"), "$.time"),
    "a time of 2099": (changed(time="2099-01-01T00:00:00Z"), "$.time"),
    "no data": (changed(data=...), "$.data"),
    "data that is text": (changed(data=SECRET), "$.data"),
    "data that is a list": (changed(data=[SECRET]), "$.data"),
    "a party that is text": (event(party=SECRET), "$.data.party[0]"),
    "a party of no kind": (event(party={"value": SECRET}), "$.data.party[0].kind"),
    "a kind that is SQL": (event(party={"kind": "'; DROP TABLE event; --", "value": SECRET}), "$.data.party[0].kind"),
    "a value that is an object": (event(party={"kind": "email", "value": {"a": SECRET}}), "$.data.party[0].value"),
    "an address that is none": (event(party={"kind": "email", "value": SECRET}), "$.data.party[0]"),
    "a phone that is none": (event(party={"kind": "phone", "value": "abc"}), "$.data.party[0]"),
    "a phone of a thousand digits": (event(party={"kind": "phone", "value": "9" * 1_000}), "$.data.party[0]"),
    "a text that is a list": (event(text=[SECRET]), "$.data.text"),
    "attachments that are no list of files": (event(attachments=[SECRET]), "$.data.attachments[0]"),
    "an attachment that is no base64": (
        event(attachments=[{"name": SECRET, "base64": "?"}]),
        "$.data.attachments[0].base64",
    ),
    "a call that started at no place": (call(started="2026-11-01T10:00:00"), "$.data.started"),
    "a call answered before all calendars": (call(answered="0001-01-01T00:00:00+14:00"), "$.data.answered"),
    "a call that ended after them": (call(ended="9999-12-31T23:59:59-14:00"), "$.data.ended"),
    "a call of a time in milliseconds": (call(started=1e12), "$.data.started"),
    "an amount of a million decimals": (order(total="1e-999999"), "$.data.total"),
    "a price that is none": (order(lines=[{"price": "NaN"}]), "$.data.lines[0].price"),
    "a quantity without end": (order(lines=[{"quantity": "Infinity"}]), "$.data.lines[0].quantity"),
    "a file larger than any": (event(attachments=[{"size": "9" * 30}]), "$.data.attachments[0].size"),
    "a bounce of no mail": (event(automatic="bounce", bounce={"original": [SECRET]}), "$.data.bounce"),
    "a message without its id": (event(message=None), "$.data.message"),
    "a message whose id is empty": (event(message=""), "$.data.message"),
    "a message of nobody": (event(party=[]), "$.data.party"),
    "a message of an empty party": (event(party=""), "$.data.party"),
    "no object": (5, "$"),
    "null": (None, "$"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_with_its_place_alone_and_in_a_batch(running: rig.Up, name: str) -> None:
    document, at = REFUSED[name]
    good = event()
    for body, headers, index in ((dumped(document), ONE, 0), (dumped([good, document, event()]), BATCH, 1)):
        answer = post(running, body, headers)
        assert answer.status_code == 202
        (refused,) = answer.json()["rejected"]
        assert (refused["index"], refused["at"]) == (index, at)
        assert refused["why"]


@pytest.mark.parametrize("kind", ["ticket.opened", "ticket.closed", "inbound.payload_received", "party.forgotten"])
def test_a_type_that_the_hub_decides_is_403_alone_and_an_item_in_a_batch(running: rig.Up, kind: str) -> None:
    alone = post(running, dumped(changed(type=kind)))
    assert (alone.status_code, alone.json()["errors"][0]["at"]) == (403, "$.type")
    batch = post(running, dumped([changed(type=kind), event()]), BATCH)
    assert (batch.status_code, batch.json()["accepted"], batch.json()["rejected"][0]["index"]) == (202, 1, 0)


def test_deep_json_is_refused_as_deep_wherever_it_stands(running: rig.Up) -> None:
    whole = dumped(event(text="X", fields="DEEP"))
    for body in (DEEP, whole.replace(b'"DEEP"', DEEP), b"[" + whole.replace(b'"DEEP"', DEEP) + b"]"):
        for headers in (ONE, BATCH):  # nobody reads it: the parser of JSON says where it gave up
            answer = post(running, body, headers)
            assert answer.status_code == 400
            assert answer.json()["errors"][0]["at"].startswith("character ")
    for depth in (101, 250, 254, 255, 256, 500, 1_000):
        answer = post(running, whole.replace(b'"DEEP"', b"[" * depth + b"]" * depth))
        assert answer.status_code == 202
        (refused,) = answer.json()["rejected"]
        assert (refused["at"], "deeper" in refused["why"]) == ("$", True)
    assert post(running, whole.replace(b'"DEEP"', b"[" * 95 + b"]" * 95)).json()["accepted"] == 1


# -- strange, but good -------------------------------------------------------------------------------------------------

ODD_TEXTS = [
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\u202e\u200f",
    "\ufffe\uffff",
    "x" * 1_000_000,
    "😀" * 100,
    "</script>",
    "'; --",
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text[:12]))
def test_any_text_is_taken_in_every_field_or_refused_with_its_place(running: rig.Up, text: str) -> None:
    """A nul and a lone surrogate become U+FFFD where text is free, and are refused where it is a name."""
    documents = [
        event(text=text),
        event(subject=text),
        event(thread=text, message=text),
        event(channel=text),
        event(party={"kind": "account", "value": text}),
        event(party={"kind": "email", "value": f"{text}@example.com"}),
        event(other={text: text}),
        event(attachments=[{"name": text, "type": text, "base64": ""}]),
        changed(
            type="order.placed", data={"order": text, "party": PARTY, "currency": text, "lines": [{"title": text}]}
        ),
        changed(type="order.shipped", data={"order": "77001", "tracking": text, "carrier": text}),
        changed(type="visit.recorded", data={"visit": text, "place": text, "party": PARTY, "reason": text}),
        changed(type="party.described", data={"party": PARTY, "name": text, text or "x": text}),
        changed(type="call.ended", data={"call": text, "direction": "in", "desk": text, "party": PARTY, "cause": text}),
        changed(type="page.viewed", data={"party": PARTY, "url": text, "title": text, "fields": {text: text}}),
        changed(
            type="contact.recorded",
            data={"contact": text, "channel": "letter", "direction": "in", "party": PARTY, "code": text},
        ),
    ]
    for document in documents:
        answer = post(running, dumped(document))
        assert answer.status_code in (202, 400)
        if answer.status_code == 202:
            assert all(one["why"] and one["at"] for one in answer.json()["rejected"])
            assert answer.json()["accepted"] + len(answer.json()["rejected"]) == 1


def test_an_event_of_1970_is_taken_and_is_the_oldest(running: rig.Up) -> None:
    who = {"kind": "email", "value": "old@example.com"}
    events = [changed(time=f"{year}-01-01T00:00:00Z", data=event(party=who, thread="old")["data"]) for year in (1970, 2026)]
    assert post(running, dumped(events), BATCH).json()["accepted"] == 2
    found = [item for item in shown(running, "old@example.com", 2) if item["type"] == "message.received"]  # a ticket besides
    assert [item["time"][:4] for item in found] == ["2026", "1970"]


def test_a_field_of_a_megabyte_is_accepted_and_shown(running: rig.Up) -> None:
    who = {"kind": "email", "value": "long@example.com"}
    assert post(running, dumped(event(text="long " * 200_000, party=who))).json()["accepted"] == 1
    assert shown(running, "long@example.com")[0]["text"].startswith("long long")


def test_what_is_no_address_for_its_length_is_taken_as_it_stands_in_a_header(running: rig.Up) -> None:
    long = {"name": SECRET, "address": "a" * 3_000 + "@example.com"}
    heads = {"from": long, "to": [long], "cc": [long], "reply_to": long}
    said = event(**heads, party={"kind": "email", "value": "l@example.com"})
    assert post(running, dumped(said)).json()["accepted"] == 1
    assert shown(running, "l@example.com")


@pytest.mark.parametrize(
    "number", [b"1e400", b"-1e-400", b"9" * 400, b"9223372036854775808", b"1" + b"0" * 30, b"0.1e1000000"]
)
def test_huge_numbers_are_taken_or_refused(running: rig.Up, number: bytes) -> None:
    for field in ("other", "text", "thread", "message"):
        assert post(running, dumped(event(**{field: "HUGE"})).replace(b'"HUGE"', number)).status_code in (202, 400)
    order = changed(
        type="order.placed",
        data={
            "order": "H",
            "party": PARTY,
            "total": "HUGE",
            "currency": "EUR",
            "lines": [{"sku": "a", "quantity": "HUGE", "price": "HUGE"}],
        },
    )
    assert post(running, dumped(order).replace(b'"HUGE"', number)).status_code in (202, 400)


def test_of_duplicate_keys_one_holds_and_nothing_breaks(running: rig.Up) -> None:
    body = dumped(event()).replace(b'"data": {', b'"data": {"text": "first", "text": "second", ')
    answer = post(running, body)
    assert answer.json()["accepted"] == 1


def test_a_batch_of_good_and_bad_is_taken_as_far_as_it_is_good(running: rig.Up) -> None:
    batch = [event(), {}, event(party=SECRET), [], event(), "text", changed(type="ticket.closed")]
    answer = post(running, dumped(batch), BATCH).json()
    assert (answer["accepted"], [one["index"] for one in answer["rejected"]]) == (2, [1, 2, 3, 5, 6])
    before = running.ledger()
    assert post(running, dumped([event(), {}, changed(type="cat.fed")]), BATCH).json()["accepted"] == 1
    after = running.ledger()
    assert after["hostile"]["received"] - before["hostile"]["received"] == 2
    assert after["hostile"]["rejected"] - before["hostile"]["rejected"] == 1
    assert (after["http"]["received"], after["http"]["duplicates"]) != (
        before["http"]["received"],
        before["http"]["duplicates"],
    )


def test_another_content_under_a_known_id_is_rejected_as_conflicting_and_counted(running: rig.Up) -> None:
    first = changed(source="conflicts")
    other = first | {"data": first["data"] | {"text": "other"}}
    assert post(running, dumped(first)).json()["accepted"] == 1
    assert post(running, dumped(first)).json()["duplicates"] == 1
    assert "conflicting" in post(running, dumped(other)).json()["rejected"][0]["why"]
    counted = running.ledger()["conflicts"]
    assert (counted["received"], counted["understood"], counted["rejected"], counted["duplicates"]) == (2, 1, 1, 1)


def test_33_mb_are_413(running: rig.Up) -> None:
    body = dumped(event(text="x" * (33 * rig.MEGABYTE)))
    assert post(running, body).status_code == 413
    assert_proper(running.client.post("/v1/in/shopify", content=body))

    def pieces() -> Iterator[bytes]:
        yield from (body[n : n + rig.MEGABYTE] for n in range(0, len(body), rig.MEGABYTE))

    with suppress(httpx.WriteError):  # without a length the answer comes while the body is on its way
        assert running.client.post("/v1/events", content=pieces(), headers=ONE).status_code == 413


@pytest.mark.parametrize(
    "said",
    [
        "text/plain",
        "application/xml",
        "",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/cloudevents+avro",
        "application/x-www-form-urlencoded",
        "\u00e9",
    ],
)
def test_a_content_type_that_lies_breaks_nothing(running: rig.Up, said: str) -> None:
    headers = {"content-type": said.encode("latin-1")}
    for body in (dumped(event(text=SECRET)), dumped([event()]), b"", b"\xff", b"a=b"):
        answer = running.client.post("/v1/events", content=body, headers=headers)  # type: ignore[arg-type]
        assert_proper(answer)
        assert answer.status_code in (202, 400, 415)


@pytest.mark.parametrize(
    "value", [b"%", b"%zz", b"%00", b"%ff%fe", b"%ED%A0%80", b"\xff\xfe", b"%E2%82%AC", b'"quoted"', b"a" * 5_000]
)
def test_headers_with_bad_percent_encoding_are_answered(running: rig.Up, value: bytes) -> None:
    good = {
        b"ce-specversion": b"1.0",
        b"ce-id": uuid4().hex.encode(),
        b"ce-source": b"hostile",
        b"ce-type": b"message.received",
        b"content-type": b"application/json",
    }
    for name in (
        b"ce-id",
        b"ce-source",
        b"ce-type",
        b"ce-time",
        b"ce-specversion",
        b"ce-other",
        b"ce-data",
        b"ce-subject",
    ):
        answer = running.client.post(
            "/v1/events", content=dumped(event()["data"]), headers=list((good | {name: value}).items())
        )
        assert_proper(answer)
        assert answer.status_code in (202, 400, 403, 431)


GARBAGE = [
    "%",
    "%00",
    "%ff",
    "%ED%A0%80",
    "%u0041",
    "%F0%28%8C%28",
    "q%00q",
    "%0d%0a",
    "%27%3B--",
    "%25%25",
    "." * 2_000,
    "%D8%B3%20%D8%A7",
    "%2B",
    "%2B%2B98",
    "0" * 500,
    "@",
    "@@",
    "a@",
    "+",
    "phone:",
    "email:%00",
    "party:x",
    "order:%23",
    "%23",
]


@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: value[:20])
def test_garbage_in_a_query_is_nobody_or_says_where(running: rig.Up, value: str) -> None:
    for name in ("phone", "email", "order", "account"):
        answer = running.client.get(f"/v1/lookup?{name}={value}")
        assert_proper(answer)
        assert answer.status_code in (200, 422)
        if answer.status_code == 200:
            assert answer.json() == {"match": "none", "customers": [], "recent": [], "likely": None}
    ways = [
        f"/v1/customers?q={value}",
        f"/v1/customers/{value}",
        f"/v1/customers/{value}/timeline",
        f"/v1/tickets/{value}",
        f"/v1/orders/{value}",
        f"/v1/tickets?state={value}",
        f"/v1/tickets?before={value}",
        f"/v1/tickets?owner={value}",
        f"/v1/events?after={value}",
        f"/v1/events?type={value}",
        f"/v1/events?from={value}",
        f"/v1/events?limit={value}",
    ]
    for way in ways:
        assert_proper(running.client.get(way))


def test_garbage_in_commands_and_links_is_answered(running: rig.Up) -> None:
    bodies: list[Any] = [
        None,
        5,
        [],
        {},
        {"a": PARTY},
        {"a": PARTY, "b": PARTY, "evidence": "x"},
        {"a": "\ud800", "b": "\x00"},
        {"id": "x", "expects": -1, "command": {"note": {"text": "\ud800"}}},
        {"a": PARTY, "b": {"kind": "email", "value": SECRET}},
    ]
    ways = ["/v1/links", f"/v1/tickets/{uuid4()}/commands", "/v1/tickets/x/commands", "/v1/tickets/%00/commands"]
    for way in ways:
        for body in [*map(dumped, bodies), b"", b"\xff", b"{", DEEP, dumped({"a": "x" * 100_000})]:
            answer = running.client.post(way, content=body, headers={"content-type": "application/json"})
            assert_proper(answer)
            assert answer.status_code in (400, 404, 409, 413, 422)
        assert_proper(running.client.delete(f"/v1/links/{quote(SECRET)}"))


_PIECES = b"POST /sign-in HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n"
# What a request brings besides its body, without an end; before it what makes it so.
ENDLESS = {
    "an address": (b"GET /", b"a" * 4096),
    "a header": (b"GET /healthz HTTP/1.1\r\nHost: hub\r\nX-Long: ", b"a" * 4096),
    "headers": (b"GET /healthz HTTP/1.1\r\nHost: hub\r\n", b"X-Short: a\r\n" * 400),
    "what is said of a piece of a body": (_PIECES + b"1;", b"a" * 4096),
    "headers below a body": (_PIECES + b"1\r\na\r\n0\r\n", b"X-Short: a\r\n" * 400),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_whoever_sends_no_end_of_what_is_no_body_is_cut_off_before_it_fills_the_memory(running: rig.Up, name: str) -> None:
    begins, goes_on = ENDLESS[name]
    sent = 0
    with wire(running) as sending, suppress(ConnectionError):
        sending.sendall(begins)
        while sent < 64 * rig.MEGABYTE:
            sending.sendall(goes_on)
            sent += len(goes_on)
    assert sent < 64 * rig.MEGABYTE
    assert running.client.get("/healthz").status_code == 200


def test_headers_that_are_too_long_are_431(running: rig.Up) -> None:
    with wire(running) as sending:
        sending.sendall(b"GET /healthz HTTP/1.1\r\nHost: hub\r\nX-Long: " + b"a" * HEAD)
        answer = b"".join(iter(lambda: sending.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 431
    assert running.client.get("/healthz", headers={"X-Long": "a" * (HEAD - 1_000)}).status_code == 200


def wire(running: rig.Up) -> socket.socket:
    url = running.client.base_url
    return socket.create_connection((url.host, url.port or 80), timeout=60)


def test_what_came_left_the_processes_small(running: rig.Up, capsys: pytest.CaptureFixture[str]) -> None:
    """After all of the above and bodies of 30 MB; idle is what they had after their first event."""
    many = [event(text="x" * 100_000, party={"kind": "email", "value": f"m{n}@example.com"}) for n in range(300)]
    assert post(running, dumped(many), BATCH).json()["accepted"] == 300
    assert shown(running, "m299@example.com")
    peaks = running.peaks()
    with capsys.disabled():
        print(
            "\n"
            + ", ".join(
                f"{name}: {peak // rig.MEGABYTE} MB, idle {running.idle[name] // rig.MEGABYTE} MB"
                for name, peak in peaks.items()
            )
        )
    assert all(peak - running.idle[name] < rig.ROOM for name, peak in peaks.items())
