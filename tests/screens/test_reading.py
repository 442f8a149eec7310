from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from hub.channels import email
from hub.consumers.ingest import pieces, write_down
from hub.screens import shapes

from .conftest import Api, Event

NOW = datetime.now(UTC)
LAST_WEEK = NOW - timedelta(days=7)
PHONE, ADDRESS = {"kind": "phone", "value": "0912 123 4567"}, {"kind": "email", "value": "maryam@example.org"}
SPELLINGS = ("09121234567", "+98 912 123 4567", "00989121234567", "۰۹۱۲۱۲۳۴۵۶۷", "+۹۸۹۱۲۱۲۳۴۵۶۷")
MAIL = f"""\
From: Maryam Rad <maryam@example.org>
To: shop@example.com
Date: {LAST_WEEK:%a, %d %b %Y %H:%M:%S +0000}
Message-ID: <last-week@example.org>
Subject: My web order

Hello, when will order #1042 come?
"""


@pytest.fixture
def called(api: Api, event: Callable[..., Event], tmp_path: Path) -> Api:
    """Last week a mail about a web order; the order, by phone and e-mail address; now a call."""
    (tmp_path / "mail.eml").write_text(MAIL)
    write_down(api.hub.recorder, email.channel, pieces(email.channel, [tmp_path]), lambda: LAST_WEEK, history=False)
    line = {"sku": "S1", "title": "Lamp", "quantity": 1, "price": "12.5"}
    placed = (LAST_WEEK - timedelta(days=1)).isoformat()
    api.send(
        event("o1", "order.placed", time=placed, order="1042", party=[PHONE, ADDRESS], total="12.5", currency="EUR",
              lines=[line]),
        event("o2", "order.shipped", time=LAST_WEEK.isoformat(), order="1042", tracking="AB123"),
        event("c1", "call.ringing", call="c1", party=PHONE, desk="100", time=NOW.isoformat()),
    )  # fmt: skip
    return api


def look_up(api: Api, **asked: str) -> dict[str, Any]:
    answer = api.roles["machine"].get("/v1/lookup", params=asked)
    assert answer.status_code == 200, answer.text
    shapes.LookUp.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


def test_whoever_calls_about_last_weeks_mail_is_known_in_one_request(called: Api) -> None:
    for spelling in SPELLINGS:
        found = look_up(called, phone=spelling)
        assert found["match"] == "one", spelling
        customer = found["customers"][0]
        assert customer["name"] == "Maryam Rad"
        assert {(one["kind"], one["value"]) for one in customer["identifiers"]} == {
            ("phone", "+989121234567"), ("email", "maryam@example.org"),
        }  # fmt: skip
        assert [(one["number"], one["stage"]) for one in customer["orders"]] == [("1042", "shipped")]
        assert "My web order" in [item["title"] for item in found["recent"]]
        assert (found["likely"]["kind"], found["likely"]["id"]) == ("order", "1042")
        assert "names it" in found["likely"]["why"]


def test_a_plus_that_the_query_took_for_a_blank_is_still_a_plus(called: Api) -> None:
    assert called.client.get("/v1/lookup?phone=+989121234567").json()["match"] == "one"


def test_a_withheld_number_is_nobody_and_no_error(api: Api) -> None:
    """A telephone system asks with what it has; only who asks for nothing at all is told."""
    for withheld in ("", " ", "anonymous"):
        answer = api.roles["machine"].get("/v1/lookup", params={"phone": withheld})
        assert (answer.status_code, answer.json()["match"]) == (200, "none")
    assert api.client.get("/v1/lookup").status_code == 422


def test_he_is_found_by_e_mail_address_order_and_account_too(called: Api) -> None:
    by_phone = look_up(called, phone=SPELLINGS[0])["customers"][0]["id"]
    assert look_up(called, email="MARYAM@example.org")["customers"][0]["id"] == by_phone
    assert look_up(called, order="#۱۰۴۲")["customers"][0]["id"] == by_phone
    assert look_up(called, account="nobody")["match"] == "none"


@pytest.mark.parametrize("mark", ["\u200e{}", "\u200f{}\u200f", "\u202a{}\u202c", "\u202e{}", "\u2066{}\u2069"])
def test_marks_of_direction_that_were_copied_along_change_nothing(called: Api, mark: str) -> None:
    asked = {"phone": SPELLINGS[0], "email": "maryam@example.org", "order": "#1042"}
    for kind, value in asked.items():
        assert look_up(called, **{kind: mark.format(value)})["match"] == "one", kind
        assert called.client.get("/v1/customers", params={"q": mark.format(value)}).json()["items"], kind
    assert called.client.get("/v1/customers", params={"q": mark.format("email:maryam@example.org")}).json()["items"]
    answer = called.client.get(f"/v1/orders/{quote(mark.format('1042'))}")
    assert (answer.status_code, answer.json()["number"]) == (200, "1042")


@pytest.mark.parametrize("typed", ["jean-pierre o'brien", "jean-p", "o'brien", "maryam@exa", "maryam@example.org", "ab-12/3"])
def test_whoever_types_finds_the_same_people_with_every_letter(called: Api, event: Callable[..., Event], typed: str) -> None:
    called.send(event("d1", "party.described", party=ADDRESS, name="Jean-Pierre O'Brien"),
                event("s1", "order.shipped", order="1042", tracking="AB-12/3"))  # fmt: skip
    for n in range(1, len(typed) + 1):
        found = called.client.get("/v1/customers", params={"q": typed[:n]}).json()["items"]
        assert [one["name"] for one in found] == ["Jean-Pierre O'Brien"], typed[:n]


def test_a_business_is_called_by_its_company_until_somebodys_name_is_known(api: Api, event: Callable[..., Event]) -> None:
    api.send(event("d1", "party.described", party=ADDRESS, company="Radan Trading", group="wholesale"))
    assert look_up(api, email="maryam@example.org")["customers"][0]["name"] == "Radan Trading"
    assert api.client.get("/v1/customers", params={"q": "wholesale"}).json()["items"][0]["name"] == "Radan Trading"
    api.send(event("d2", "party.described", party=ADDRESS, name="Maryam Rad"))
    assert look_up(api, email="maryam@example.org")["customers"][0]["name"] == "Maryam Rad"


def test_an_unknown_number_is_none_and_still_shows_its_earlier_calls(api: Api, event: Callable[..., Event]) -> None:
    assert look_up(api, phone="0935 000 0000") == {"match": "none", "customers": [], "recent": [], "likely": None}
    api.send(event("c1", "call.ended", call="c1", party={"kind": "phone", "value": "09350000000"}, cause="no_answer"))
    again = look_up(api, phone="+989350000000")
    assert again["match"] == "none"
    assert [item["type"] for item in again["recent"]] == ["call.ended"]


@pytest.mark.usefixtures("worker")
def test_an_unknown_caller_named_afterwards_brings_his_calls_and_a_cut_takes_them_away(
    api: Api, event: Callable[..., Event]
) -> None:
    account = {"kind": "account", "value": "maryam"}
    api.send(
        event("c1", "call.ended", call="c1", party=PHONE, cause="answered"),
        event("d1", "party.described", party=account, name="Maryam Rad"),
        event("m1", party=account, text="hello", thread="t"),
    )
    before = look_up(api, account="maryam"), look_up(api, phone=SPELLINGS[0])
    id = before[0]["customers"][0]["id"]
    made = api.client.post("/v1/links", json={"a": PHONE, "b": account, "evidence": "he said so"})
    assert made.status_code == 201
    linked = look_up(api, phone=SPELLINGS[0])
    assert linked["customers"][0]["name"] == "Maryam Rad"
    assert {item["type"] for item in linked["recent"]} == {"call.ended", "message.received"}
    assert [one["id"] for one in linked["customers"][0]["links"]] == [made.json()["id"]]
    timeline = api.client.get(f"/v1/customers/{id}/timeline").json()["items"]
    assert {item["type"] for item in timeline} == {"call.ended", "message.received"}
    assert api.client.delete(f"/v1/links/{made.json()['id']}").status_code == 204
    assert api.client.delete(f"/v1/links/{made.json()['id']}").status_code == 204
    assert (look_up(api, account="maryam"), look_up(api, phone=SPELLINGS[0])) == before


@pytest.mark.usefixtures("worker")
def test_a_link_that_was_only_seen_can_be_cut_by_its_id(called: Api) -> None:
    link = look_up(called, phone=SPELLINGS[0])["customers"][0]["links"][0]
    assert link["by"] is None
    assert called.client.delete(f"/v1/links/{link['id']}").status_code == 204
    apart = look_up(called, phone=SPELLINGS[0])["customers"][0]
    assert [one["kind"] for one in apart["identifiers"]] == ["phone"]


def test_what_cannot_be_linked_is_refused_with_its_place(api: Api) -> None:
    same = api.client.post("/v1/links", json={"a": PHONE, "b": {"kind": "phone", "value": "+989121234567"}})
    assert (same.status_code, same.json()["errors"][0]["why"]) == (422, "a and b are two parties, not one")
    wrong = api.client.post("/v1/links", json={"a": PHONE, "b": {"kind": "email", "value": "nobody"}})
    assert (wrong.status_code, wrong.json()["errors"][0]["at"]) == (422, "$.b")
    withheld = api.client.post("/v1/links", json={"a": PHONE, "b": {"kind": "phone", "value": "anonymous"}})
    assert (withheld.status_code, withheld.json()["errors"]) == (422, [{"at": "$.b", "why": "names nobody"}])
    for id in ("nothing", "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"):
        assert api.client.delete(f"/v1/links/{id}").status_code == 404


def test_a_customer_is_found_by_any_members_id_and_by_words(called: Api) -> None:
    customer = look_up(called, phone=SPELLINGS[0])["customers"][0]
    for party in customer["identifiers"]:
        answer = called.client.get(f"/v1/customers/{party['party']}")
        shapes.Customer.model_validate_json(answer.content)
        assert answer.json()["id"] == customer["id"]
    for words in ("maryam rad", "۰۹۱۲۱۲۳۴۵۶۷", "Maryam@Example.org", "1042", "web order", "+98 912 123 4567"):
        found = called.client.get("/v1/customers", params={"q": words}).json()
        assert [one["id"] for one in found["items"]] == [customer["id"]], words
    assert called.client.get("/v1/customers", params={"q": "nobody of this name"}).json()["items"] == []


def test_the_timeline_pages_newest_first_without_gap_or_double(api: Api, event: Callable[..., Event]) -> None:
    times = [(LAST_WEEK + timedelta(hours=n // 2)).isoformat() for n in range(9)]
    api.send(*(event(str(n), party=PHONE, thread="t", text=f"m{n}", time=time) for n, time in enumerate(times)))
    id = look_up(api, phone=SPELLINGS[0])["customers"][0]["id"]
    whole = api.client.get(f"/v1/customers/{id}/timeline").json()
    assert len(whole["items"]) == 9
    assert whole["next"] is None
    read: list[Any] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        answer = api.client.get(f"/v1/customers/{id}/timeline", params=params)
        shapes.Items.model_validate_json(answer.content)
        page = answer.json()
        read += page["items"]
        if page["next"] is None:
            break
        params["before"] = page["next"]
    assert read == whole["items"]
    assert api.client.get(f"/v1/customers/{id}/timeline?before=nonsense").status_code == 422


def test_an_order_is_found_by_its_number_in_any_digits(called: Api) -> None:
    for number in ("1042", "#1042", "۱۰۴۲"):
        answer = called.client.get(f"/v1/orders/{quote(number)}")
        shapes.Order.model_validate_json(answer.content)
        order = answer.json()
        assert (order["stage"], order["total"], order["tracking"]) == ("shipped", "12.50", "AB123")
        assert [step["stage"] for step in order["history"]] == ["placed", "shipped"]
    assert called.client.get("/v1/orders/9999").status_code == 404


def test_events_come_in_the_order_of_the_log_and_go_on_from_a_cursor(called: Api) -> None:
    whole = called.client.get("/v1/events").json()
    shapes.Envelopes.model_validate(whole)
    read: list[Any] = []
    after = None
    while True:
        page = called.client.get("/v1/events", params={"limit": 2} | ({"after": after} if after else {})).json()
        read += page["items"]
        after = page["next"]
        if after is None:
            break
    assert read == whole["items"]
    assert {one["type"] for one in read} >= {"message.received", "order.placed", "order.shipped", "call.ringing"}
    mail = next(one for one in read if one["type"] == "message.received")
    assert mail["personal"]["from"] == {"name": "Maryam Rad", "address": "maryam@example.org"}


def test_events_are_filtered_by_type_person_and_time(called: Api) -> None:
    def types(**params: str) -> list[str]:
        return sorted(one["type"] for one in called.client.get("/v1/events", params=params).json()["items"])

    assert types(type="order.shipped") == ["order.shipped"]
    assert "message.received" in types(who="maryam@example.org")
    assert types(who="nobody@example.org") == []
    assert types(**{"from": (NOW - timedelta(hours=1)).isoformat()}) == ["call.ringing"]
    assert "call.ringing" not in types(to=(NOW - timedelta(hours=1)).isoformat())


def test_an_empty_type_is_no_filter_and_an_empty_name_is_told_so(called: Api) -> None:
    everything = called.client.get("/v1/events").json()
    assert called.client.get("/v1/events", params={"type": ""}).json() == everything
    answer = called.client.get("/v1/events", params={"who": ""})
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"at": "?who", "why": "must not be empty"}])


def test_a_type_that_no_event_has_is_told_so_and_not_that_nothing_happened(called: Api) -> None:
    answer = called.client.get("/v1/events", params={"type": "order.shiped"})
    assert answer.status_code == 422
    assert [one["at"] for one in answer.json()["errors"]] == ["?type"]


@pytest.mark.parametrize("said", ["1577836800", "2026-03-03T10:00:00", "yesterday", "", "2026-13-01"])
def test_what_is_no_time_with_its_offset_is_told_so(api: Api, said: str) -> None:
    for name in ("from", "to"):
        answer = api.client.get("/v1/events", params={name: said})
        assert answer.status_code == 422
        (wrong,) = answer.json()["errors"]
        assert (wrong["at"], wrong["why"][:47]) == (f"?{name}", "is neither a date nor a time with its offset (I")


@pytest.mark.parametrize("said", ["2026-03-03", "2026-03-03T10:00:00Z", "2026-03-03t10:00:00.1234567z", "2026-03-03 10:00 +0330"])
def test_times_are_read_as_they_are_written(api: Api, said: str) -> None:
    assert api.client.get("/v1/events", params={"from": said}).status_code == 200
    assert api.client.get(f"/v1/events?from={said}").status_code == 200  # its + is a blank then


@pytest.mark.parametrize("place", ["touchpoints|0|" + "9" * 30, "touchpoints|0|-1", "x\x00|0|0", f"touchpoints|{2**40}|0"])
def test_a_cursor_of_somebodys_own_is_told_so_where_it_stands(api: Api, place: str) -> None:
    made = urlsafe_b64encode(place.encode()).decode()
    for name in ("after", "before", "cursor"):
        answer = api.client.get("/v1/events", params={name: made})
        assert (answer.status_code, answer.json()["errors"][0]["at"]) == (422, f"?{name}")


def test_every_shape_has_all_its_fields(called: Api) -> None:
    """A field that does not apply is there and null."""
    customer = look_up(called, phone=SPELLINGS[0])["customers"][0]
    items = called.client.get(f"/v1/customers/{customer['id']}/timeline").json()["items"]
    tickets = called.client.get("/v1/tickets").json()["items"]
    assert tickets
    for made, shape in (
        ([customer], shapes.Customer), (items, shapes.Item), (tickets, shapes.Ticket),
        (customer["orders"], shapes.Order), (customer["links"], shapes.Link),
    ):  # fmt: skip
        for one in made:
            assert set(shape.model_fields) <= set(one), shape.__name__


def test_another_time_cannot_be_asked_for_yet_and_is_not_passed_over(called: Api) -> None:
    for path in ("/v1/lookup?phone=1&at=2026-01-01", "/v1/tickets?knew=2026-01-01", "/v1/events?at=2026-01-01"):
        assert called.client.get(path).status_code == 422


def test_the_schemas_are_for_everybody(api: Api) -> None:
    listed = api.anybody.get("/v1/schemas").json()["items"]
    assert {"order.placed/1", "ticket.opened/1"} <= {one["name"] for one in listed}
    for one in listed:
        assert api.anybody.get(one["url"]).json()["$schema"].startswith("https://json-schema.org/")
    assert api.anybody.get("/v1/schemas/order.placed").json() == api.anybody.get("/v1/schemas/order.placed/1").json()
    assert api.anybody.get("/v1/schemas/order.dreamt").status_code == 404


def test_the_figures_count_what_came(called: Api) -> None:
    called.client.post("/v1/events", content=b"no json")
    called.fold()
    text = called.anybody.get("/metrics").text
    assert 'hub_received_total{channel="events"} 4' in text
    assert 'hub_outcomes_total{channel="events",outcome="rejected"} 1' in text
    assert 'hub_lag_events{step="project"} 0' in text
    assert "shop" not in text


def test_it_is_not_ready_while_a_step_is_far_behind(api: Api, event: Callable[..., Event]) -> None:
    assert api.anybody.get("/readyz").json()["ready"]
    api.client.post("/v1/events", json=event("1", text="x", party=PHONE))
    assert api.anybody.get("/readyz").status_code == 200
    with api.hub.database.transaction() as tx:
        tx.execute(
            "UPDATE event SET value = jsonb_set(value::jsonb, '{recorded}', to_jsonb(now() - interval '5 minutes'))::text"
        )
    answer = api.anybody.get("/readyz")
    assert answer.status_code == 503
    assert {one["at"] for one in answer.json()["errors"]} == {"decide", "project"}
    assert orjson.loads(answer.content)["detail"] == "Not ready."


def test_who_is_found_by_words_is_read_page_by_page(api: Api, event: Callable[..., Event]) -> None:
    api.send(*(
        event(f"v{n}", "visit.recorded", visit=f"v{n}", party={"kind": "email", "value": f"person{n}@example.org"}, reason="lamp")
        for n in range(5)
    ))  # fmt: skip
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"q": "lamp", "limit": "2"} | ({"before": cursor} if cursor else {})
        page = api.client.get("/v1/customers", params=asked).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_who_is_found_by_words_was_heard_of_last_first(api: Api, event: Callable[..., Event]) -> None:
    api.send(*(
        event(f"v{n}-{again}", "visit.recorded", visit=f"v{n}-{again}", reason="lamp", time=f"2026-03-{day:02}T08:00:00Z",
              party=[{"kind": "email", "value": f"person{n}@example.org"}, {"kind": "phone", "value": f"+98912000{n:04}"}])
        for n in range(8) for again, day in enumerate((n + 1, 20 - n))
    ))  # fmt: skip
    found: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"q": "lamp", "limit": "3"} | ({"before": cursor} if cursor else {})
        page = api.client.get("/v1/customers", params=asked).json()
        found += [one["value"] for item in page["items"] for one in item["identifiers"] if one["kind"] == "email"]
        if not (cursor := page["next"]):
            break
    assert found == [f"person{n}@example.org" for n in range(8)]
