from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.consumers import health
from hub.consumers.rebuild import verify
from hub.store import archive, ledger

from .browsing import browser_of, colleague
from .conftest import Api, Event

NASTY = (
    "\x00", "\ud7ff", "' OR 1=1 --", "%", "\\", "۱۲۳", "a" * 1900, "party:", "phone:", "order:\x00", "\u202e", "::",
)  # fmt: skip
AS_DESCRIBED = [status_code_conformance, content_type_conformance, response_schema_conformance]
BROKEN = ("%ff%fe", "%c0%80", "%00", "%ed%a0%80")


@pytest.fixture(autouse=True)
def afterwards(api: Api) -> Iterator[None]:
    """Whatever came: all of it is folded, nothing set aside, the ledger balanced, what is shown is what the log says."""
    yield
    api.fold()
    assert [lane for lane in health.lanes(api.hub.recorder) if lane["events"]] == []
    with api.hub.database.transaction() as tx:
        assert archive.dead(tx) == []
        assert ledger.balance(tx)["balanced"]
    assert verify(api.hub.recorder)["clean"]


def ids(api: Api, event: Callable[..., Event]) -> dict[str, str]:
    """What there is of each thing that a path may name, by the path's beginning: a customer with an order, a ticket, a
    link."""
    sara, phone = {"kind": "email", "value": "sara@example.com"}, {"kind": "phone", "value": "0912 123 4567"}
    api.send(
        event("1", message="1", party=sara, text="Where is order #1047?"),
        event("2", "order.placed", order="1047", party=sara),
    )
    link = api.client.post("/v1/links", json={"a": sara, "b": phone, "evidence": "she said so"}).json()["id"]
    api.fold()
    found = api.client.get("/v1/lookup", params={"email": sara["value"]}).json()["customers"][0]
    ticket = found["open_tickets"][0]["id"]
    return {"customers": found["id"], "tickets": ticket, "orders": "1047", "links": link, "schemas": "order.placed/1"}


def test_what_follows_the_openapi_document_is_answered_as_the_document_says(api: Api, event: Callable[..., Event]) -> None:
    known = ids(api, event)
    document = api.anybody.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    seen = 0
    good: set[str] = set()
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]
        if operation.path == "/v1/stream":
            continue  # its good answers never end

        @given(case=operation.as_strategy(), there=st.booleans())
        @settings(
            max_examples=15, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def no_failure(case: Any, there: bool) -> None:
            nonlocal seen
            if there and case.path_parameters and (id := known.get(case.path.split("/")[2])):
                case.path_parameters = dict.fromkeys(case.path_parameters, id)
            answer = case.call(base_url=str(api.client.base_url), session=None, headers=dict(api.client.headers))
            seen += 1
            if answer.status_code < 300:
                good.add(f"{case.method} {case.path}")
            assert answer.status_code < 500, (case, answer.text)
            case.validate_response(answer, checks=AS_DESCRIBED)

        no_failure()
    assert seen > 100
    assert {path.split("/")[2] for path in good if "{" in path} >= {"customers", "tickets", "orders"}, good


def test_no_text_in_a_query_or_a_path_makes_the_hub_fail(api: Api) -> None:
    queries = ("lookup?phone=", "lookup?email=", "lookup?order=", "lookup?account=", "customers?q=", "tickets?owner=",
               "tickets?before=", "events?type=", "events?who=", "events?after=", "events?from=", "stream?topics=",
               "customers/", "tickets/", "orders/", "schemas/")  # fmt: skip
    escaped = ["".join(f"%{byte:02x}" for byte in text.encode()) for text in NASTY]
    for query in queries:
        for value in (*escaped, *BROKEN):
            answer = api.client.get(f"/v1/{query}{value}")
            assert answer.status_code < 500, (query, value, answer.text)


def test_no_text_in_the_address_of_a_page_makes_the_hub_fail(api: Api) -> None:
    escaped = ["".join(f"%{byte:02x}" for byte in text.encode()) for text in NASTY]
    addresses = ("/orders/", "/tickets/", "/customers/", "/search?q=", "/settings/looks?who=", "/settings/looks?about=",
                 "/tickets?whose=", "/rejected?before=", "/contacts/new?known=")  # fmt: skip
    with browser_of(api, colleague(api, "root", "admin")) as browser:
        for address in addresses:
            for value in (*escaped, *BROKEN):
                answer = browser.get(address + value)
                assert answer.status_code < 500, (address, value, answer.text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12,
))  # fmt: skip
def test_any_json_as_data_of_any_event_is_taken_or_refused(api: Api, data: Any) -> None:
    kinds = ("message.received", "call.ended", "visit.recorded", "contact.recorded", "order.placed", "party.linked")
    parties = [{"kind": "email", "value": "a@example.org"}]
    base = {"party": parties, "call": "1", "visit": "1", "contact": "1", "order": "1", "message": "1"}
    batch = [
        {"specversion": "1.0", "id": f"{n}", "source": "x", "type": kind, "data": data if n % 2 else base | {"x": data}}
        for n, kind in enumerate(kinds * 2)
    ]  # fmt: skip
    answer = api.client.post("/v1/events", content=json.dumps(batch).encode())
    assert answer.status_code in (202, 400), answer.text
