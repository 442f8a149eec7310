from __future__ import annotations

import hmac
import socket
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from hub.screens.api import events
from hub.screens.app import create_app
from hub.store import ledger
from hub.wiring import Hub
from tests.kill.running import until

from .conftest import SHOPIFY_SECRET, Api, Event, served

STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
MARYAM = {"kind": "phone", "value": "0912 123 4567"}


def balance(hub: Hub) -> dict[str, dict[str, Any]]:
    with hub.database.transaction() as tx:
        found = ledger.balance(tx)
    assert found["balanced"]
    return {one["source"]: one for one in found["sources"]}


def rejected(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.transaction() as tx:
        return ledger.rejected(tx)


def test_a_structured_event_is_accepted_and_says_where_it_lies(api: Api, event: Callable[..., Event]) -> None:
    answer = api.client.post("/v1/events", json=event("1", text="hello", party=MARYAM), headers=STRUCTURED)
    assert answer.status_code == 202
    taken = answer.json()
    assert (taken["accepted"], taken["duplicates"], taken["rejected"]) == (1, 0, [])
    assert taken["events"][0]["position"].startswith("touchpoints/")


def test_the_same_event_again_is_a_duplicate_however_it_is_sent(api: Api, event: Callable[..., Event]) -> None:
    first = event("1", text="hello", party=MARYAM)
    api.send(first)
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "shop", "ce-type": "message.received",
               "content-type": "application/json"}  # fmt: skip
    binary = api.client.post("/v1/events", json=first["data"], headers=headers).json()
    assert (binary["accepted"], binary["duplicates"]) == (0, 1)
    batch = api.client.post("/v1/events", json=[first, first, event("2", text="x", party=MARYAM)], headers=BATCH).json()
    assert (batch["accepted"], batch["duplicates"]) == (1, 2)
    assert len(batch["events"]) == 3
    api.fold()
    counted = balance(api.hub)["shop"]
    assert (counted["received"], counted["understood"], counted["duplicates"]) == (2, 2, 3)


def test_another_event_under_the_same_id_is_kept_and_rejected(api: Api, event: Callable[..., Event]) -> None:
    api.send(event("1", text="hello", party=MARYAM))
    for _ in range(2):
        answer = api.client.post("/v1/events", json=event("1", text="other", party=MARYAM), headers=STRUCTURED)
        assert answer.status_code == 202
        assert answer.json() == {"accepted": 0, "duplicates": 0, "events": [], "rejected": [
            {"index": 0, "why": "conflicting: another event came under this source and id", "at": "$.id"},
        ]}  # fmt: skip
    api.fold()
    counted = balance(api.hub)["shop"]
    assert (counted["received"], counted["understood"], counted["rejected"], counted["duplicates"]) == (2, 1, 1, 1)
    assert [one["why"][:11] for one in rejected(api.hub)] == ["conflicting"]


def test_a_batch_is_taken_as_far_as_it_is_good_and_the_rest_is_counted(api: Api, event: Callable[..., Event]) -> None:
    items = [
        event("1", text="good", party=MARYAM), event("2", "visit.recorded", party=MARYAM), {"specversion": "1.0"}, 5,
        event("3", party={"kind": "email", "value": "no address"}), event("4", text="good", party=MARYAM),
        event("5", "ticket.closed", ticket="0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"),
    ]  # fmt: skip
    answer = api.client.post("/v1/events", json=items, headers=BATCH)
    assert answer.status_code == 202
    taken = answer.json()
    assert taken["accepted"] == 2
    assert [(one["index"], one["at"]) for one in taken["rejected"]] == [
        (1, "$.data.visit"), (2, "$.id"), (3, "$"), (4, "$.data.party[0]"), (6, "$.type"),
    ]  # fmt: skip
    api.fold()
    counted = balance(api.hub)
    assert (counted["shop"]["received"], counted["shop"]["understood"], counted["shop"]["rejected"]) == (5, 2, 3)
    assert counted["http"]["rejected"] == 2
    assert {(one["why"], one["at"]) for one in rejected(api.hub)} == {
        (one["why"], one["at"]) for one in taken["rejected"]
    }


UNREADABLE = [
    (rb'{"text": "1e999", "n": 1e999}', "a number is too large"), (b'{"n": NaN}', "not JSON in UTF-8"),
    (b'{"n": ' + b"9" * 5_000 + b"}", "a number is too large"), (b'"\xff"', "not JSON in UTF-8"),
    (b"[" * 1_100 + b"]" * 1_100, "nested deeper than 1024 levels"), (b'{"cut": "in the mid', "not JSON in UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "why"), UNREADABLE)
def test_an_item_that_cannot_be_read_costs_no_other_one(
    api: Api, event: Callable[..., Event], bad: bytes, why: str
) -> None:
    first, last = (orjson.dumps(event(n, text="good, \"[quoted]\"", party=MARYAM)) for n in "12")
    cut = bad.startswith(b'{"cut"')
    body = b"[" + first + b", " + (last + b", " + bad if cut else bad + b" ,\n" + last + b"]")
    taken = api.client.post("/v1/events", content=body, headers=BATCH)
    assert taken.status_code == 202, taken.text
    assert taken.json()["accepted"] == 2
    (refused,) = taken.json()["rejected"]
    assert (refused["index"], refused["why"]) == (2 if cut else 1, why)
    api.fold()
    (kept,) = rejected(api.hub)
    events = api.client.get("/v1/events", params={"type": "message.received"}).json()["items"]
    assert [one["personal"]["text"] for one in events] == ['good, "[quoted]"'] * 2
    assert kept["why"] == why


def test_a_line_of_an_order_has_all_its_fields_and_whole_pieces(api: Api, event: Callable[..., Event]) -> None:
    lines = [{"sku": "a"}, {"title": "tea", "quantity": "3", "price": 12.5}, {"quantity": 0.5}, {}]
    api.send(event("1", "order.placed", order="1047", party=MARYAM, lines=lines))
    found = api.client.get("/v1/orders/1047")
    nothing = {"sku": None, "title": None, "quantity": None, "price": None}
    assert found.json()["lines"] == [
        nothing | {"sku": "a"}, nothing | {"title": "tea", "quantity": 3, "price": "12.50"}, nothing | {"quantity": 0.5}, nothing,
    ]  # fmt: skip
    assert '"quantity":3,' in found.text


@pytest.mark.parametrize("quantity", [1e15, 1e20, -1e20, 1e308, 5e-324])
def test_no_number_of_pieces_takes_a_customer_from_the_screens(
    api: Api, event: Callable[..., Event], quantity: float
) -> None:
    api.send(event("1", "order.placed", order="1047", party=MARYAM, lines=[{"sku": "a", "quantity": quantity}]))
    looked_up = api.client.get("/v1/lookup", params={"phone": MARYAM["value"]})
    assert looked_up.status_code == 200, looked_up.text
    for order in (looked_up.json()["customers"][0]["orders"][0], api.client.get("/v1/orders/1047").json()):
        assert order["lines"][0]["quantity"] == quantity


def test_events_of_whom_several_may_be_meant_are_nobodys(api: Api, event: Callable[..., Event]) -> None:
    api.send(
        event("1", "order.placed", order="60001", party=MARYAM),
        event("2", "visit.recorded", visit="2", party={"kind": "account", "value": "60001"}),
    )
    refused = api.client.get("/v1/events", params={"who": "60001"})
    assert (refused.status_code, refused.json()["errors"][0]["at"]) == (422, "?who")
    found = api.client.get("/v1/events", params={"who": "account:60001"}).json()["items"]
    assert [one["type"] for one in found] == ["visit.recorded"]


def test_lengths_are_told_in_characters(api: Api) -> None:
    for path, why in (("/v1/customers?q=" + "x" * 5_000, "at most"), ("/v1/stream?topics=", "must not be empty")):
        answer = api.client.get(path)
        assert (answer.status_code, answer.json()["errors"][0]["why"][: len(why)]) == (422, why)


def test_whoever_sends_too_much_reads_that_it_was(api: Api) -> None:
    """With a client that reads no answer before it has sent all."""
    body = b" " * (33 * 1024 * 1024)
    for beginning in (body, iter([body])):
        request = urllib.request.Request(f"{api.client.base_url}/v1/events", beginning, dict(api.client.headers) | BATCH)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        assert refused.value.code == 413
        assert b"32 MB" in refused.value.read()


def test_a_request_brings_so_many_events_however_short_they_are(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """200,000 of `{}` are 600 KB, and took a gigabyte while they were written down as refused."""
    monkeypatch.setattr(events, "MOST", 3)
    for item in (b"{}", b"NaN"):
        for more, status in (([], 202), ([b"{}"], 413)):
            answer = api.client.post("/v1/events", content=b"[" + b",".join([item, b"{}", b"{}", *more]) + b"]", headers=BATCH)
            assert answer.status_code == status
    assert answer.json()["detail"] == "A request may bring 3 events; send less at a time."


def test_half_of_an_emoji_is_shown_as_what_cannot_be_shown(api: Api, event: Callable[..., Event]) -> None:
    whole, half, escaped = (
        orjson.dumps(event(f"{n}", text="X", party=MARYAM)).replace(b"X", text)
        for n, text in enumerate((rb"\ud83d\ude00", rb"cut \ud83d", rb"a \\ud83d path"))
    )
    body = b"[" + b",".join((whole, half, escaped)) + b"]"
    for content, headers in ((body, BATCH), (half, STRUCTURED)):
        answer = api.client.post("/v1/events", content=content, headers=headers)
        assert (answer.status_code, answer.json()["rejected"]) == (202, [])
    assert answer.json()["duplicates"] == 1
    api.fold()
    said = [one["personal"]["text"] for one in api.client.get("/v1/events", params={"type": "message.received"}).json()["items"]]
    assert sorted(said) == sorted(["\U0001f600", "cut \ufffd", "a \\ud83d path"])


@pytest.mark.parametrize("kind", ["email", "account", "badge"])
def test_nobody_is_no_party_but_a_number_may_be_withheld(api: Api, event: Callable[..., Event], kind: str) -> None:
    withheld = event("2", text="x", party=[{"kind": "phone", "value": ""}])
    batch = [event("1", text="x", party={"kind": kind, "value": " "}), withheld]
    taken = api.client.post("/v1/events", json=batch, headers=BATCH).json()
    assert (taken["accepted"], [one["at"] for one in taken["rejected"]]) == (1, ["$.data.party.value"])


def test_a_type_that_the_hub_decides_is_forbidden_alone_and_kept(api: Api, event: Callable[..., Event]) -> None:
    for kind in ("ticket.closed", "inbound.payload_received", "party.forgotten"):
        answer = api.client.post("/v1/events", json=event(kind, kind, source="intruder"), headers=STRUCTURED)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["at"] == "$.type"
    api.fold()
    assert balance(api.hub)["intruder"]["rejected"] == 3


def test_a_body_of_which_nothing_can_be_read_is_400_and_kept_all_the_same(api: Api) -> None:
    bodies = (b"", b"not json", b"\xff\xfe\x00", b"<event/>")
    for body in bodies:
        answer = api.client.post("/v1/events", content=body, headers=STRUCTURED)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
    api.fold()
    assert balance(api.hub)["http"]["rejected"] == 4
    assert sorted(one["size"] for one in rejected(api.hub)) == sorted(map(len, bodies))


def test_what_is_no_utf_8_says_at_which_byte(api: Api, event: Callable[..., Event]) -> None:
    said = orjson.dumps(event("1", text="X", party=MARYAM))
    for body in (said.replace(b'"X"', "سلام \"é".encode("cp1256", "replace")), said.replace(b"X", "é".encode("latin-1"))):
        answer = api.client.post("/v1/events", content=body, headers=STRUCTURED)
        assert (answer.status_code, answer.json()["errors"]) == (400, [
            {"at": f"byte {next(n for n, byte in enumerate(body) if byte > 127)}", "why": "not JSON in UTF-8"},
        ])  # fmt: skip


@pytest.mark.parametrize(("data", "at", "why"), [
    ({"party": "09121234567"}, "$.data.party[0]", "must be an object"),
    ({"party": {"kind": "E mail", "value": "x"}}, "$.data.party[0].kind",
     "a kind is a lower-case word such as email, phone, account"),
    ({"message": ""}, "$.data.message", "missing"),
    ({"message": "x" * 999}, "$.data.message", "longer than 998 characters"),
    ({"type": "order.placed", "order": "注" * 900}, "$.data.order", "longer than 2,000 bytes"),
    ({"from": "Sara"}, "$.data.from", "must be an object"),
    ({"text": True}, "$.data.text", "must be text"),
    ({"type": "call.ringing", "call": "1", "agent": {"kind": "extension"}}, "$.data.agent", "must be text"),
    ({"references": 5}, "$.data.references", "must be a list"),
    ({"automatic": "yes"}, "$.data.automatic", "must be 'no', 'reply', 'bounce' or 'list'"),
])  # fmt: skip
def test_what_is_wrong_is_said_in_words_for_whoever_sent_it(
    api: Api, event: Callable[..., Event], data: dict[str, Any], at: str, why: str
) -> None:
    answer = api.client.post("/v1/events", json=event("1", **{"party": MARYAM} | data), headers=STRUCTURED)
    assert answer.json()["rejected"] == [{"index": 0, "why": why, "at": at}]
    api.fold()
    assert [one["why"] for one in rejected(api.hub)] == [why]


def test_a_number_is_taken_where_text_is_meant(api: Api, event: Callable[..., Event]) -> None:
    order = {"order": 1042, "party": MARYAM, "lines": [{"sku": 12, "title": 7, "quantity": 1}], "tracking": 990}
    bodies = [event("1", party=MARYAM, agent=205, text=5), event("2", party=MARYAM) | {"type": "order.placed", "data": order}]
    answer = api.client.post("/v1/events", json=bodies, headers=BATCH).json()
    assert (answer["accepted"], answer["rejected"]) == (2, [])
    said, placed = (one["data"] for one in api.client.get("/v1/events").json()["items"])
    if "agent" not in said:
        said, placed = placed, said
    assert (said["agent"], placed["lines"][0]["sku"], placed["tracking"]) == ("205", "12", "990")


def test_binary_mode_is_taken_with_encoded_headers(api: Api) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "%E2%82%AC", "ce-source": "kiosk", "ce-type": "visit.recorded",
               "ce-time": "2026-01-31T10:00:00+03:30", "content-type": "application/json"}  # fmt: skip
    answer = api.client.post("/v1/events", json={"visit": "v", "party": MARYAM}, headers=headers)
    assert answer.json()["accepted"] == 1
    api.fold()
    seen = api.client.get("/v1/events?type=visit.recorded").json()["items"][0]
    assert (seen["source"], seen["time"]) == ("kiosk", "2026-01-31T06:30:00+00:00")
    without_id = {name: value for name, value in headers.items() if name != "ce-id"}
    refused = api.client.post("/v1/events", json={"visit": "v", "party": MARYAM}, headers=without_id).json()
    assert refused["rejected"][0]["at"] == "$.id"


def test_a_body_above_32_mb_is_refused(api: Api) -> None:
    answer = api.client.post("/v1/events", content=b"[" + b" " * (32 * 1024 * 1024) + b"]", headers=BATCH)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_files_are_kept_under_the_key_of_whom_the_event_concerns(api: Api, event: Callable[..., Event]) -> None:
    files = [{"name": "bill.pdf", "type": "application/pdf", "base64": b64encode(b"%PDF" * 10).decode()}]
    api.send(event("1", text="see there", party=MARYAM, attachments=files))
    seen = api.client.get("/v1/events?type=message.received").json()["items"][0]
    kept = seen["data"]["attachments"][0]
    key = api.hub.keys.find([seen["subject"]])[seen["subject"]]
    assert key is not None
    assert b"".join(api.hub.recorder.blobs.get(kept["blob"], key)) == b"%PDF" * 10
    assert seen["personal"]["attachments"] == ["bill.pdf"]
    assert "bill.pdf" not in orjson.dumps(seen["data"]).decode()


def test_what_many_send_at_once_is_all_there_once(api: Api, event: Callable[..., Event]) -> None:
    answers: list[int] = []

    def send(client: httpx.Client, start: int) -> None:
        for n in range(start, start + 20):
            document = event(str(n), text=f"message {n}", party=MARYAM)
            answers.append(client.post("/v1/events", json=document, headers=STRUCTURED).json()["accepted"])

    threads = [threading.Thread(target=send, args=(api.client, start)) for start in (0, 20, 40, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answers) == 70
    api.fold()
    assert balance(api.hub)["shop"]["duplicates"] == 10


def test_the_door_says_503_while_the_database_is_away(api: Api, event: Callable[..., Event]) -> None:
    api.client.get("/v1/tickets")
    api.hub.database.pool.timeout = 0.2
    held = [api.hub.database.pool.getconn() for _ in range(api.hub.database.pool.max_size)]
    answer = api.client.post("/v1/events", json=event("1", text="x", party=MARYAM), headers=STRUCTURED)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert api.client.get("/v1/tickets").status_code == 503
    assert api.anybody.get("/healthz").status_code == 200
    assert api.anybody.get("/readyz").status_code == 503
    for connection in held:
        api.hub.database.pool.putconn(connection)
    assert api.send(event("1", text="x", party=MARYAM))["accepted"] == 1


def test_a_shopify_webhook_is_kept_as_it_came_and_understood_later(api: Api) -> None:
    order = {"id": 450789469, "name": "#1042", "email": "bob@example.com", "created_at": "2026-01-31T10:00:00+03:30",
             "total_price": "12.50", "currency": "EUR", "financial_status": "paid", "line_items": []}  # fmt: skip
    body = orjson.dumps(order)
    headers = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "w1"} | signature(body)
    answer = api.anybody.post("/v1/in/shopify", content=body, headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert api.anybody.post("/v1/in/shopify", content=body, headers=headers).json()["duplicates"] == 1
    api.fold()
    assert api.client.get("/v1/orders/%231042").json()["total"] == "12.50"
    assert balance(api.hub)["shopify"]["understood"] == 1


def test_an_unsigned_webhook_is_refused(api: Api) -> None:
    for headers in ({}, {"x-shopify-hmac-sha256": "AAAA"}, signature(b"another body")):
        answer = api.anybody.post("/v1/in/shopify", content=b"{}", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    api.fold()
    assert "shopify" not in balance(api.hub)


def test_who_hangs_up_while_he_sends_is_no_failure_of_the_hub(api: Api) -> None:
    told = "".join(f"{name}: {value}\r\n" for name, value in {**api.client.headers, **signature(b""), **BATCH}.items())
    with capture_logs() as logged:
        for path in ("/v1/events", "/v1/in/shopify"):
            with socket.create_connection((api.client.base_url.host, api.client.base_url.port or 0), timeout=10) as sender:
                sender.sendall(f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 9\r\n{told}\r\n[".encode())
                time.sleep(0.2)
        # of the events that come no line is written; they were cut off before
        until(lambda: [one["status"] for one in logged if one["event"] == "request answered"] == [400], 30, "the last is over")
        assert api.client.post("/v1/events", content=b"[]", headers=BATCH).status_code == 202
    assert [one["event"] for one in logged if one["log_level"] == "error"] == []


def test_nothing_is_read_of_whoever_cannot_be_the_shop(api: Api) -> None:
    """Else it could hold a place of those few that bring much."""
    signed = signature(b"")
    closed = create_app(replace(api.hub, settings=replace(api.hub.settings, shopify_secret=None)))
    with served(closed) as address:
        for url, headers, said in ((address, signed, "is not set"), (str(api.client.base_url), {}, "X-Shopify-Hmac-Sha256")):
            with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0), timeout=10) as sender:
                told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                sender.sendall(f"POST /v1/in/shopify HTTP/1.1\r\nHost: hub\r\nContent-Length: 9\r\n{told}\r\n".encode())
                answer = ""
                while said not in answer and (more := sender.recv(65_536)):  # the body may come by itself
                    answer += more.decode()
                assert answer.startswith("HTTP/1.1 401")
                assert said in answer


def test_what_the_openapi_document_shows_is_taken_as_it_stands(api: Api) -> None:
    paths = api.anybody.get("/openapi.json").json()["paths"]
    assert "401" in paths["/v1/in/shopify"]["post"]["responses"]
    door = paths["/v1/events"]["post"]
    shown = {kind: one["example"] for kind, one in door["requestBody"]["content"].items()}
    one = shown["application/cloudevents+json"]
    binary = {name: one[name.removeprefix("ce-")] for name in (parameter["name"] for parameter in door["parameters"])}
    for (kind, example), verdict in zip(shown.items(), ("accepted", "duplicates", "duplicates"), strict=True):
        headers = {"content-type": kind} | (binary if kind == "application/json" else {})
        answer = api.client.post("/v1/events", json=example, headers=headers)
        assert (answer.status_code, answer.json()[verdict]) == (202, 1), answer.text


def signature(body: bytes) -> dict[str, str]:
    signed = hmac.digest(SHOPIFY_SECRET.encode(), body, "sha256")
    return {"x-shopify-hmac-sha256": b64encode(signed).decode()}
