"""Small things that whoever scripts against the hub relies on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from hub.consumers import decide
from hub.consumers.decode import shown_events
from hub.consumers.record import payload_of_bytes
from hub.store import reads
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, customer, letter, mail, shown, timeline

ORDER = {
    "id": 820982911946154508, "name": "#1199", "email": "sara@example.com", "created_at": "2026-10-01T10:00:00Z",
    "total_price": "398.00", "currency": "EUR", "financial_status": "paid", "processed_at": "2026-10-01T10:00:00Z",
}  # fmt: skip
PARCEL = {
    "id": 1, "order_id": 820982911946154508, "status": "success", "created_at": "2026-10-03T10:00:00Z",
    "tracking_number": "1Z2345", "tracking_company": "UPS",
}  # fmt: skip


def webhook(hub: Hub, topic: str, body: dict[str, Any]) -> list[str]:
    meta = {"x-shopify-topic": topic}
    sent = payload_of_bytes(hub.recorder, "shopify", "shopify", orjson.dumps(body), meta, NOW)
    answers = hub.recorder.record(lambda _: [sent])
    shown(hub)
    return [answer.verdict for answer in answers]


def test_a_parcel_that_knows_only_the_shops_id_shows_with_its_order(hub: Hub) -> None:
    webhook(hub, "fulfillments/create", PARCEL)
    webhook(hub, "orders/create", ORDER)
    (order,) = customer(hub, "sara@example.com")["orders"]
    assert (order["number"], order["stage"], order["tracking"]) == ("1199", "shipped", "1Z2345")
    assert timeline(hub, "sara@example.com")[0]["title"] == "order shipped"


def test_steps_of_one_instant_are_told_in_the_order_of_their_progress(hub: Hub) -> None:
    webhook(hub, "orders/create", ORDER)
    (order,) = customer(hub, "sara@example.com")["orders"]
    assert [step["stage"] for step in order["history"]] == ["placed", "paid"]


def test_the_same_bytes_under_another_topic_are_another_payload(hub: Hub) -> None:
    assert webhook(hub, "orders/create", ORDER) == ["new"]
    assert webhook(hub, "orders/paid", ORDER) == ["new"]
    assert webhook(hub, "orders/paid", ORDER) == ["duplicate"]


def test_an_order_of_which_only_a_remark_came_has_a_stage(hub: Hub) -> None:
    come(hub, "order.noted", "n", ago(days=1), order="7001", party=EMAIL, note="gift")
    with hub.database.transaction() as tx:
        order = reads.order(tx, "7001")
    assert order is not None
    assert order["stage"] == "placed"


def test_lists_that_hold_nothing_are_empty_lists(hub: Hub) -> None:
    mail(hub, letter("Sara <sara@example.com>", "Hello", "text", ago(days=1)))
    with hub.database.transaction() as tx:
        (event,) = shown_events(hub.keys, reads.events(tx, kind="message.received"))
    assert (event["personal"]["attachments"], event["personal"]["cc"]) == ([], [])
    assert (event["data"]["attachments"], event["data"]["references"], event["data"]["orders"]) == ([], [], [])
    assert event["personal"]["html"] is None


def test_an_order_number_in_a_form_is_found(hub: Hub) -> None:
    come(hub, "order.placed", "o", ago(days=2), order="7001", party=EMAIL)
    come(hub, "form.submitted", "f", ago(days=1), party=EMAIL, title="Contact", fields={"msg": "help", "order": "7001"})
    assert timeline(hub, "sara@example.com")[0]["orders"] == ["7001"]


def test_what_was_noted_of_a_visit_or_a_contact_stands_below_its_text(hub: Hub) -> None:
    come(hub, "visit.recorded", "v1", ago(hours=9), visit="v1", party=EMAIL, reason="repair", note="lamp", place="Tehran",
         outcome="repaired")  # fmt: skip
    come(hub, "visit.recorded", "v2", ago(hours=8), visit="v2", party=EMAIL, place="Isfahan", outcome="ticket")
    come(hub, "contact.recorded", "c1", ago(hours=7), contact="c1", channel="campaign", party=EMAIL, subject="Yes",
         text="Send me tea", campaign="tea-week", code="TEA15")  # fmt: skip
    come(hub, "contact.recorded", "c2", ago(hours=6), contact="c2", channel="campaign", party=EMAIL, campaign="tea-week",
         code="TEA15", outcome="bought")  # fmt: skip
    come(hub, "contact.recorded", "c3", ago(hours=5), contact="c3", channel="campaign", party=EMAIL, campaign="tea-week")
    assert [(item["title"], item["text"]) for item in timeline(hub, "sara@example.com")] == [
        ("tea-week", None), ("tea-week", "TEA15 · bought"), ("Yes", "Send me tea\ntea-week · TEA15"), (None, "Isfahan"),
        ("repair", "lamp\nTehran · repaired"),
    ]  # fmt: skip


def test_a_call_is_attached_by_the_id_that_the_timeline_shows(hub: Hub) -> None:
    mail(hub, letter("Sara <sara@example.com>", "Hello", "text", ago(days=1)))
    come(hub, "call.ended", "c", ago(hours=1), call="c1", party=[PHONE, EMAIL], cause="answered")
    call = timeline(hub, "sara@example.com")[0]
    (ticket,) = customer(hub, "sara@example.com")["open_tickets"]
    wish = {"attach": {"event": call["id"]}}
    answer = decide.command(hub.recorder, ticket["id"], str(uuid4()), wish, None, "Mina", datetime.now(UTC))
    shown(hub)
    assert answer.status == 200, answer.why
    assert timeline(hub, "sara@example.com")[0]["ticket"] == ticket["id"]


def test_a_kind_may_be_written_in_capitals(hub: Hub) -> None:
    come(hub, "visit.recorded", "v", ago(hours=1), visit="v", party={"kind": "Email", "value": "Sara@Example.com"})
    assert customer(hub, "EMAIL:sara@example.com")["contacts"] == 1
