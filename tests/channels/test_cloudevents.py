from __future__ import annotations

import re
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from hub.channels import cloudevents
from hub.channels._shape import Outcome, Payload, Rejected, Understood
from hub.events.draft import Draft

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUITE = Path(__file__).parents[3] / "shared/data/peer_suites/cloudevents"
peer_suite = pytest.mark.skipif(not SUITE.is_dir(), reason="../shared/data/peer_suites is not on this machine")


def parsed(body: bytes | dict[str, Any], **meta: str) -> Outcome:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return cloudevents.parse(Payload(raw, "http", NOW, meta))


def event(**changes: Any) -> dict[str, Any]:
    data = {"visit": "v1", "party": {"kind": "email", "value": "a@example.org"}}
    whole: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "shop", "type": "visit.recorded"}
    whole |= {"time": "2026-03-01T09:00:00Z", "data": data} | changes
    return {name: value for name, value in whole.items() if value is not ...}


def draft(document: dict[str, Any], **meta: str) -> Draft:
    outcome = parsed(document, **meta)
    assert isinstance(outcome, Understood), outcome
    return outcome.drafts[0]


def test_an_event_becomes_a_draft_under_its_own_source_and_id() -> None:
    found = draft(event())
    assert (found.type, found.source, found.key) == ("visit.recorded", "shop", "1")
    assert found.time == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert found.fields["visit"] == "v1"


def test_an_event_without_time_happened_when_it_came() -> None:
    assert draft(event(time=...)).time == NOW
    assert draft(event(time=None)).time == NOW


def test_data_may_be_json_in_base64() -> None:
    coded = b64encode(orjson.dumps({"visit": "v2"})).decode()
    assert draft(event(data=..., data_base64=coded)).fields == {"visit": "v2"}


def test_attributes_that_the_hub_does_not_know_are_left_alone() -> None:
    assert draft(event(traceparent="00-abc", subject="x", dataschema="urn:x", recorded="2020-01-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"specversion": "0.3"}, "$.specversion"),
        ({"specversion": ...}, "$.specversion"),
        ({"id": ""}, "$.id"),
        ({"id": 5}, "$.id"),
        ({"id": "a\x00b"}, "$.id"),
        ({"id": "x" * 999}, "$.id"),
        ({"source": ...}, "$.source"),
        ({"source": "a\nb"}, "$.source"),
        ({"type": None}, "$.type"),
        ({"type": "visit.dreamt"}, "$.type"),
        ({"type": "ticket.closed"}, "$.type"),
        ({"type": "inbound.payload_received"}, "$.type"),
        ({"time": "2026-03-01T09:00:00"}, "$.time"),
        ({"time": "2026-03-01"}, "$.time"),
        ({"time": "2026-02-30T09:00:00Z"}, "$.time"),
        ({"time": 1_700_000_000}, "$.time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "$.time"),
        ({"time": (NOW + timedelta(days=2)).isoformat()}, "$.time"),
        ({"data": ...}, "$.data"),
        ({"data": "text"}, "$.data"),
        ({"data": ["a"]}, "$.data"),
        ({"data": ..., "data_base64": "no base64!"}, "$.data_base64"),
        ({"data": ..., "data_base64": b64encode(b"<xml/>").decode()}, "$.data_base64"),
        ({"data": {"attachments": [{"base64": "no base64!"}]}}, "$.data.attachments[0].base64"),
        ({"data": {"attachments": [{"base64": 5}]}}, "$.data.attachments[0].base64"),
        ({"data": {"attachments": [{"name": 5}]}}, "$.data.attachments[0].name"),
        ({"data": {"attachments": [{"base64": "YQ=="}, {"name": "b"}]}}, "$.data.attachments[1].base64"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_place(changes: dict[str, Any], at: str) -> None:
    outcome = parsed(event(**changes))
    assert isinstance(outcome, Rejected)
    assert outcome.at == at


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": "\\ud800"}'])
def test_what_is_no_json_is_rejected(body: bytes) -> None:
    assert isinstance(parsed(body), Rejected)


@pytest.mark.parametrize("body", [b"5", b"[]", b'"text"', b"null", b"true"])
def test_json_that_is_no_object_is_no_event(body: bytes) -> None:
    assert parsed(body) == Rejected("an event is a JSON object", "$")


def test_deep_json_is_rejected() -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"a": deep}
    assert parsed(event(data=deep)) == Rejected("nested deeper than 100 levels", "$")


def test_a_ticket_comes_only_with_the_past() -> None:
    document = event(type="ticket.closed", data={"ticket": "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"})
    assert draft(document, history="true").type == "ticket.closed"
    assert cloudevents.forbidden(document)
    assert not cloudevents.forbidden(event())
    assert not cloudevents.forbidden([])
    assert isinstance(parsed(event(type="inbound.payload_received"), history="true"), Rejected)


def test_nobody_says_for_somebody_else_who_is_one_person() -> None:
    pair = {name: {"kind": "email", "value": f"{name}@example.org"} for name in "ab"}
    for kind in ("party.linked", "party.cut"):
        said = event(type=kind, data=pair | {"by": "mina", "evidence": "she said so"})
        assert draft(said).fields == pair | {"evidence": "she said so"}
        assert draft(said, history="true").fields["by"] == "mina"


def test_attachments_become_files_in_their_order() -> None:
    found = draft(event(data={"visit": "v", "attachments": [
        {"name": "a.txt", "type": "text/plain", "base64": "YQ=="}, {"base64": "Yg==", "blob": "of/another"},
    ]}))  # fmt: skip
    assert [(f.name, f.type, f.content) for f in found.files] == [
        ("a.txt", "text/plain", b"a"), (None, "application/octet-stream", b"b"),
    ]  # fmt: skip
    assert "attachments" not in found.fields


def test_attachments_without_bytes_stay_as_they_are_named_but_never_say_where_bytes_lie() -> None:
    found = draft(event(data={"visit": "v", "attachments": [{"name": "a.txt", "blob": "of/another"}]}))
    assert found.files == ()
    assert found.fields["attachments"] == [{"name": "a.txt"}]


def test_a_conflicting_event_stays_rejected() -> None:
    assert parsed(event(), conflict="true") == cloudevents.CONFLICT


def test_the_digest_does_not_see_how_an_event_was_sent() -> None:
    coded = b64encode(orjson.dumps(event()["data"])).decode()
    same = cloudevents.digest_of(event())
    assert cloudevents.digest_of(event(data=..., data_base64=coded, traceparent="00-1")) == same
    assert cloudevents.digest_of(event(data={"visit": "v2"})) != same
    assert cloudevents.digest_of(event(time=...)) != same


def test_history_says_when_it_was_learnt() -> None:
    assert cloudevents.recorded_of({"recorded": "2020-01-01T00:00:00Z"}) == datetime(2020, 1, 1, tzinfo=UTC)
    assert cloudevents.recorded_of({}) is None
    assert cloudevents.recorded_of({"recorded": "yesterday"}) is None


def test_the_letters_of_a_time_may_be_small() -> None:
    """RFC 3339, chapter 5.6."""
    assert draft(event(time="2026-03-01t09:00:00z")).time == draft(event(time="2026-03-01T09:00:00Z")).time


def test_a_leap_second_is_the_second_before_it() -> None:
    assert draft(event(time="2016-12-31T23:59:60Z")).time == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_json_with_an_event_on_each_line_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text('\ufeff{"id": "1"}\n{"id": "2"}\n{"id": \n')
    assert [piece.meta for piece in cloudevents.split(file)] == [{"line": "1"}, {"line": "2"}, {"line": "3"}]
    file.write_text('{\n"id": "1"\n}\n')
    assert len(list(cloudevents.split(file))) == 1


def test_each_line_of_an_ndjson_is_an_event_and_blank_lines_are_none(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(orjson.dumps(event()) + b"\n\n  \nbroken\r\n" + orjson.dumps(event(id="2")))
    pieces = list(cloudevents.split(file))
    assert [piece.meta["line"] for piece in pieces] == ["1", "4", "5"]
    assert pieces[1].body == b"broken"


def test_a_json_file_holds_one_event_or_a_list(tmp_path: Path) -> None:
    one, several = tmp_path / "one.json", tmp_path / "several.json"
    one.write_bytes(orjson.dumps(event(), option=orjson.OPT_INDENT_2))
    several.write_bytes(orjson.dumps([event(id="1"), 5, event(id="2")], option=orjson.OPT_INDENT_2))
    assert [piece.body for piece in cloudevents.split(one)] == [one.read_bytes()]
    bodies = [piece.body or b"" for piece in cloudevents.split(several)]
    assert [orjson.loads(body) for body in bodies] == [event(id="1"), 5, event(id="2")]


def test_an_item_of_a_file_that_cannot_be_read_costs_no_other_one(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_bytes(b'\xef\xbb\xbf [{"a": 1}, {"b": 1e999}, {"c": "]"}]')
    pieces = list(cloudevents.split(file))
    assert [piece.body for piece in pieces] == [b'{"a": 1}', b'{"b": 1e999}', b'{"c": "]"}']
    assert cloudevents.parts(b"[1e999, {}, " + b"[]," * 1_500_000) is None
    file.write_bytes(b"[1e999, NaN")
    assert [piece.body for piece in cloudevents.split(file)] == [b"[1e999, NaN"]


def test_one_deep_item_does_not_cost_its_batch() -> None:
    deep = b'{"a":' * 400 + b'"], [\\" }"' + b"}" * 400
    body = b' [ {"id": "a, ]"}, ' + deep + b' , [1, 2] ] '
    found = cloudevents.items(body, orjson.loads(body))
    assert found == [b'{"id": "a, ]"}', deep, b"[1, 2]"]


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def test_binary_mode_takes_attributes_from_headers_and_the_body_as_data() -> None:
    headers = {"ce-specversion": "1.0", "CE-Id": "a%20%E2%82%AC", "ce-source": '"shop"', "host": "x", "ce-data": "no"}
    found = cloudevents.binary(headers, b'{"visit": "v"}')
    assert found == {"specversion": "1.0", "id": "a €", "source": "shop", "data": {"visit": "v"}}


def test_a_body_that_is_no_json_is_kept_as_base64() -> None:
    assert cloudevents.binary({}, b"\xff")["data_base64"] == "/w=="
    assert "data" not in cloudevents.binary({}, b"")


@peer_suite
def test_the_http_examples_of_the_peer_suite_are_read_with_all_attributes() -> None:
    text = (SUITE / "features_http-protocol-binding.feature").read_text()
    scenarios = re.findall(r'HTTP request\n\s+"""\n(.*?)"""(.*?)And the data.*?"""\n(.*?)"""', text, re.DOTALL)
    assert len(scenarios) == 2
    for request, table, data in scenarios:
        head, _, body = request.partition("\n\n")
        lines = (line.strip().partition(": ") for line in head.splitlines()[1:])
        headers = {name.lower(): value for name, _, value in lines}
        structured = "ce-id" not in headers
        document = orjson.loads(body) if structured else cloudevents.binary(headers, body.encode())
        wanted = dict(re.findall(r"\|\s+(\w+) \| (\S+)\s+\|", table))
        wanted.pop("key", None), wanted.pop("datacontenttype", None)
        assert {name: document.get(name) for name in wanted} == wanted
        assert document["data"] == orjson.loads(data)
        assert parsed(document) == Rejected("no event is called com.example.someevent", "$.type")


@peer_suite
@pytest.mark.parametrize("name", ["yaml_v1.yaml", "yaml_v1.0_v1_minimum.yaml"])
def test_the_conformance_events_fail_at_their_type_alone(name: str) -> None:
    """All of it is read; the hub only does not know events of these names, and takes objects alone as data."""
    events = list(yaml.safe_load_all((SUITE / name).read_text()))
    assert events
    for one in events:
        headers = {f"ce-{key}": str(value) for key, value in one["ContextAttributes"].items() if key != "Extensions"}
        document = cloudevents.binary(headers, one["Data"].encode())
        assert document["id"] == one["ContextAttributes"]["id"]
        assert parsed(document) == Rejected(f"no event is called {document['type']}", "$.type")
        known = parsed(document | {"type": "visit.recorded", "time": None})
        assert isinstance(known, Understood) == isinstance(document.get("data"), dict)


def test_a_batch_with_a_text_that_is_never_closed_is_not_slow() -> None:
    started = time.process_time()
    assert cloudevents.parts(b'["' + b'\\"' * 200_000) is None
    assert time.process_time() - started < 5


def test_a_source_longer_than_an_index_holds_is_refused() -> None:
    assert parsed(event(source="注" * 700)) == Rejected("longer than 2,000 bytes", "$.source")
    assert draft(event(source="s" * 2_000)).source == "s" * 2_000
