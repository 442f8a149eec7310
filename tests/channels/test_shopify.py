"""Shopify's fixtures, webhooks of newer API versions, and whatever else may arrive."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels._shape import Ignored, Outcome, Payload, Rejected, Understood
from hub.channels.shopify import channel, parse, verify
from hub.events.catalogue import Kind
from hub.events.draft import Draft
from hub.events.kinds.orders import KINDS as ORDER_KINDS
from hub.events.kinds.parties import PartyDescribed, PartyLinked

FIXTURES = Path(__file__).parents[3] / "shared" / "data" / "orders_shopify"
needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="../shared/data/orders_shopify is not here")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDER_MODELS: dict[str, type[Kind]] = {kind.type: kind for kind in ORDER_KINDS}
MODELS = ORDER_MODELS | {PartyDescribed.type: PartyDescribed, PartyLinked.type: PartyLinked}
STORIES = {
    "order": ["order.placed", "order.noted", "party.described"],
    "orders": ["order.placed", "order.paid", "party.described"],
    "refund": ["order.refunded"],
    "fulfillment": ["order.shipped"],
    "fulfillment_event": ["order.noted"],
    "customer": ["party.described"],
    "customers_search": ["party.described"],
    "customer_saved_search_customers": ["party.described"],
    "tender_transactions": ["order.paid"] * 3,
}


def said(body: bytes | Any, **meta: str) -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(Payload(raw, "shop", NOW, {f"x-shopify-{name}": value for name, value in meta.items()}))


def drafts(body: bytes | Any, **meta: str) -> tuple[Draft, ...]:
    outcome = said(body, **meta)
    assert isinstance(outcome, Understood), outcome
    for draft in outcome.drafts:
        MODELS[draft.type].model_validate(draft.fields)
        assert draft.time.tzinfo
    return outcome.drafts


def one(kind: str, found: tuple[Draft, ...]) -> Draft:
    (draft,) = [draft for draft in found if draft.type == kind]
    return draft


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def an_order(**changed: Any) -> dict[str, Any]:
    return {
        "id": 5, "admin_graphql_api_id": "gid://shopify/Order/5", "name": "#2001", "order_number": 2001,
        "created_at": "2026-01-05T10:00:00+03:30", "updated_at": "2026-01-06T10:00:00+03:30",
        "processed_at": "2026-01-05T10:01:00+03:30", "currency": "EUR", "total_price": "20.00",
        "email": "sara@example.com", "phone": None, "financial_status": "pending", "fulfillment_status": None,
        "cancelled_at": None,
        "line_items": [{"sku": "A", "title": "Cup", "quantity": 2, "price": "10.00"}],
        "fulfillments": [], "refunds": [],
        "customer": {"id": 7, "first_name": "Sara", "last_name": "Ahmadi", "email": "sara@example.com", "phone": None},
    } | changed  # fmt: skip


def a_parcel(**changed: Any) -> dict[str, Any]:
    return {
        "id": 9, "order_id": 5, "name": "#2001.1", "status": "success", "created_at": "2026-01-06T08:00:00Z",
        "updated_at": "2026-01-08T09:00:00Z", "tracking_number": "T1", "tracking_numbers": ["T1"],
        "tracking_company": "Post", "shipment_status": None,
    } | changed  # fmt: skip


def a_refund(*transactions: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"id": 4, "order_id": 5, "created_at": "2026-01-09T10:00:00Z", "note": None, "refund_line_items": [],
            "transactions": list(transactions)} | changed  # fmt: skip


def given_back(amount: str, **changed: Any) -> dict[str, Any]:
    return {"kind": "refund", "status": "success", "amount": amount, "currency": "EUR"} | changed


def a_capture(**changed: Any) -> dict[str, Any]:
    return {"id": 1, "order_id": 5, "kind": "capture", "status": "success", "gateway": "x", "amount": "20.00",
            "currency": "EUR", "created_at": "2026-01-05T10:00:00Z"} | changed  # fmt: skip


@needs_fixtures
@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")) or [FIXTURES], ids=lambda path: path.stem)
def test_every_fixture_is_understood_or_ignored_for_a_reason(path: Path) -> None:
    if path.stem in STORIES:
        assert [draft.type for draft in drafts(path.read_bytes())] == STORIES[path.stem]
    else:
        outcome = said(path.read_bytes())
        assert isinstance(outcome, Ignored)
        assert outcome.reason
        assert not outcome.reason.startswith("no rule"), outcome


@needs_fixtures
def test_an_order_is_placed_with_its_lines_its_total_and_who_placed_it() -> None:
    placed = drafts(fixture("orders"))[0]
    assert placed.fields["order"] == "1001"
    assert placed.fields["order_ref"] == "shopify:450789469"
    assert (placed.fields["total"], placed.fields["currency"]) == ("598.94", "USD")
    assert placed.time == datetime(2008, 1, 10, 16, tzinfo=UTC)
    assert placed.fields["party"] == [
        {"kind": "email", "value": "bob.norman@hostmail.com"},
        {"kind": "phone", "value": "+557734881234"},
        {"kind": "phone", "value": "+16136120707"},
        {"kind": "phone", "value": "+15556251199"},
        {"kind": "account", "value": "shopify:207119551"},
    ]
    assert drafts(fixture("order"))[0].fields["lines"][0] == {
        "sku": "IPOD2008GREEN", "title": "IPod Nano - 8gb", "quantity": 1, "price": "199.00",
    }  # fmt: skip


@needs_fixtures
def test_a_refund_knows_its_order_by_id_and_tells_the_money_given_back() -> None:
    (refund,) = drafts(fixture("refund"))
    assert (refund.fields["order"], refund.fields["order_ref"]) == (None, "shopify:450789469")
    assert (refund.fields["amount"], refund.fields["currency"]) == ("209.00", "USD")
    assert refund.fields["note"] == "it broke during shipping"


@needs_fixtures
def test_a_customer_is_described_under_all_he_is_known_by() -> None:
    (described,) = drafts(fixture("customer"))
    assert described.fields["name"] == "Bob Norman"
    assert [party["kind"] for party in described.fields["party"]] == ["email", "phone", "account"]
    assert described.fields["addresses"][0]["city"] == "Louisville"


@needs_fixtures
@pytest.mark.parametrize("name", ["order", "refund", "fulfillment", "customer"])
def test_a_webhook_says_what_the_file_of_the_same_resource_says(name: str) -> None:
    bare = json.loads(fixture(name))[name]
    assert drafts(bare, topic=f"{name}s/create") == drafts(fixture(name))


@needs_fixtures
@pytest.mark.parametrize("name", ["order", "refund", "fulfillment", "customer", "fulfillment_event"])
def test_a_bare_resource_is_known_by_its_shape(name: str) -> None:
    assert drafts(json.loads(fixture(name))[name]) == drafts(fixture(name))


def test_the_same_fact_in_another_webhook_has_the_same_key_and_other_content_another() -> None:
    first = one("order.placed", drafts(an_order(), topic="orders/create"))
    later = an_order(updated_at="2026-01-07T10:00:00+03:30", financial_status="paid", note="please ring")
    again = one("order.placed", drafts(later, topic="orders/paid"))
    edited = one("order.placed", drafts(an_order(total_price="25.00"), topic="orders/updated"))
    assert first.key == again.key != edited.key
    assert first.fields["as_of"] < again.fields["as_of"]


def test_the_offset_in_which_a_time_is_written_changes_nothing() -> None:
    assert drafts(an_order(created_at="2026-01-05T06:30:00Z"))[0] == drafts(an_order())[0]


def test_a_parcel_inside_its_order_and_alone_is_one_fact() -> None:
    alone = drafts(a_parcel(shipment_status="delivered"), topic="fulfillments/update")
    inside = drafts(an_order(fulfillments=[a_parcel(shipment_status="delivered")]))
    assert [d.type for d in alone] == ["order.shipped", "order.delivered"]
    assert all(draft in inside for draft in alone)
    assert alone[0].fields["order"] == "2001"
    assert (alone[0].fields["tracking"], alone[0].fields["carrier"]) == ("T1", "Post")


@pytest.mark.parametrize(
    ("told", "tracking", "carrier"),
    [
        ({"tracking_numbers": ["T1", "T2"]}, "T1, T2", "Post"),
        ({"tracking_numbers": None}, "T1", "Post"),
        ({"tracking_numbers": [], "tracking_number": None, "tracking_company": None,
          "tracking_info": {"number": "T3", "company": "DHL"}}, "T3", "DHL"),
    ],
)  # fmt: skip
def test_a_parcel_has_its_number_and_carrier_wherever_they_stand(told: dict[str, Any], tracking: str, carrier: str) -> None:
    (shipped,) = drafts(a_parcel(**told))
    assert (shipped.fields["tracking"], shipped.fields["carrier"]) == (tracking, carrier)


def test_a_step_of_the_carrier_that_is_no_delivery_is_a_remark() -> None:
    event = {"id": 3, "fulfillment_id": 9, "order_id": 5, "status": "out_for_delivery", "message": "today",
             "happened_at": "2026-01-08T09:00:00Z"}  # fmt: skip
    (noted,) = drafts({"fulfillment_event": event})
    assert (noted.type, noted.fields["note"]) == ("order.noted", "parcel: out for delivery: today")


def test_a_delivery_told_by_the_carrier_is_the_delivery_told_by_the_parcel() -> None:
    event = {"id": 3, "fulfillment_id": 9, "order_id": 5, "status": "delivered", "happened_at": "2026-01-08T09:00:00Z"}
    told = one("order.delivered", drafts({"fulfillment_event": event}))
    assert told.key == one("order.delivered", drafts(a_parcel(shipment_status="delivered"))).key


@pytest.mark.parametrize("status", ["cancelled", "error", "failure", "open"])
def test_a_parcel_that_was_not_sent_is_only_a_remark(status: str) -> None:
    assert [draft.type for draft in drafts(a_parcel(status=status))] == ["order.noted"]


def test_the_way_of_an_order_comes_from_its_statuses() -> None:
    refund = a_refund(given_back("5.00"))
    found = drafts(
        an_order(
            financial_status="partially_refunded", fulfillment_status="fulfilled", fulfillments=[a_parcel()],
            refunds=[refund], cancelled_at="2026-01-09T11:00:00Z", cancel_reason="customer",
        )
    )  # fmt: skip
    assert [draft.type.partition(".")[2] for draft in found] == [
        "placed", "paid", "shipped", "refunded", "cancelled", "described",
    ]  # fmt: skip
    assert {d.fields["order_ref"] for d in found if d.type != "party.described"} == {"shopify:5"}
    assert one("order.refunded", found).key == drafts({"refund": refund})[0].key
    assert one("order.cancelled", found).fields["note"] == "customer"


def test_an_order_told_as_fulfilled_without_its_parcels_was_shipped() -> None:
    assert one("order.shipped", drafts(an_order(fulfillment_status="fulfilled", fulfillments=None)))


def test_an_order_told_as_refunded_was_refunded_once_whether_its_refunds_are_told_or_not() -> None:
    whole = one("order.refunded", drafts(an_order(financial_status="refunded", refunds=None)))
    assert (whole.time, whole.fields.get("amount")) == (datetime(2026, 1, 6, 6, 30, tzinfo=UTC), None)
    told = an_order(financial_status="refunded", refunds=[a_refund(given_back("20.00"))])
    assert one("order.refunded", drafts(told)).fields["amount"] == "20.00"
    remarks = an_order(financial_status="refunded", refunds=[a_refund()])
    assert [draft.type for draft in drafts(remarks)][2:4] == ["order.noted", "order.refunded"]


def test_only_money_that_went_back_or_is_on_its_way_is_refunded() -> None:
    money = [
        given_back("5.00"), given_back("3.00", status="pending"),
        given_back("7.00", status="failure"), given_back("9.00", kind="sale"),
    ]  # fmt: skip
    (refunded,) = drafts({"refund": a_refund(*money)})
    assert (refunded.fields["amount"], refunded.fields["currency"]) == ("8.00", "EUR")


def test_a_refund_within_an_order_is_in_the_orders_currency_where_it_names_none() -> None:
    order = an_order(refunds=[a_refund(given_back("5.00", currency=None))])
    assert one("order.refunded", drafts(order)).fields["currency"] == "EUR"


def test_a_refund_that_is_only_calculated_is_none() -> None:
    outcome = said({"refund": a_refund(given_back("5.00"), id=None, created_at=None)})
    assert isinstance(outcome, Ignored)
    assert "calculated" in outcome.reason
    assert [d.type for d in drafts(an_order(refunds=[a_refund(id=None, created_at=None)]))] == [
        "order.placed", "party.described",
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["id", "created_at"])
def test_a_refund_that_lacks_its_id_or_its_time_is_rejected(missing: str) -> None:
    assert isinstance(said({"refund": a_refund(given_back("5.00"), **{missing: None})}), Rejected)


def test_a_refund_without_transactions_is_worth_its_items() -> None:
    items = [{"subtotal": 199.0, "total_tax": 3.9800000000000004}, {"subtotal": "1.00", "total_tax": None}]
    assert drafts({"refund": a_refund(refund_line_items=items, transactions=None)})[0].fields["amount"] == "203.98"


@pytest.mark.parametrize("items", [[], [{"subtotal": 50.0, "total_tax": 0.0}]])
def test_items_taken_back_without_money_are_no_refund(items: list[dict[str, float]]) -> None:
    (noted,) = drafts({"refund": a_refund(refund_line_items=items)})
    assert (noted.type, noted.fields["note"]) == ("order.noted", "items were taken back without a refund")
    (said_why,) = drafts({"refund": a_refund(refund_line_items=items, note="sold out")})
    assert (said_why.type, said_why.fields["note"]) == ("order.noted", "sold out")


def test_an_order_that_is_paid_later_was_paid_then() -> None:
    order = an_order(financial_status="paid")
    assert one("order.paid", drafts(order, topic="orders/paid")).time == datetime(2026, 1, 6, 6, 30, tzinfo=UTC)
    assert one("order.paid", drafts(order, topic="orders/create")).time == datetime(2026, 1, 5, 6, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "topic", ["orders/risk_assessment_changed", "orders/shopify_protect_eligibility_changed", "customers/purchasing_summary"]
)
def test_a_notice_that_holds_no_order_or_customer_is_ignored(topic: str) -> None:
    outcome = said({"order_id": 5, "customer_id": 7, "risk_level": "low"}, topic=topic)
    assert isinstance(outcome, Ignored)
    assert topic in outcome.reason


def test_an_order_without_an_id_is_rejected_still() -> None:
    assert isinstance(said({"name": "#1"}, topic="orders/create"), Rejected)


def test_customers_that_were_merged_in_the_shop_are_linked() -> None:
    merge = {f"admin_graphql_api_customer_{which}_id": f"gid://shopify/Customer/{n}" for which, n in
             (("kept", 1), ("deleted", 2))}  # fmt: skip
    (linked,) = drafts(merge | {"status": "completed"}, topic="customers/merge")
    assert [linked.fields[side]["value"] for side in ("a", "b")] == ["shopify:1", "shopify:2"]
    assert isinstance(said(merge | {"status": "failed"}, topic="customers/merge"), Ignored)
    assert isinstance(said({"status": "completed"}, topic="customers/merge"), Ignored)


@pytest.mark.parametrize("kind", ["capture", "sale"])
def test_money_taken_is_a_payment(kind: str) -> None:
    (paid,) = drafts(a_capture(kind=kind), topic="order_transactions/create")
    assert (paid.type, paid.fields["amount"], paid.fields["currency"], paid.fields["order_ref"]) == (
        "order.paid", "20.00", "EUR", "shopify:5",
    )  # fmt: skip
    assert paid.time == datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"kind": "authorization"}, "takes no money"),
        ({"kind": "refund"}, "takes no money"),
        ({"status": "failure"}, "did not succeed"),
        ({"status": "pending"}, "did not succeed"),
        ({"order_id": None}, "of no order"),
    ],
)
def test_a_transaction_that_brings_an_order_no_money_is_ignored(changed: dict[str, Any], reason: str) -> None:
    outcome = said(a_capture(**changed), topic="order_transactions/create")
    assert isinstance(outcome, Ignored)
    assert reason in outcome.reason


def test_a_tender_is_a_payment_unless_it_gives_money_back() -> None:
    tender = {"id": 6, "order_id": 5, "amount": "20.00", "currency": "EUR", "processed_at": "2026-01-05T10:00:00Z",
              "payment_method": "cash", "remote_reference": None}  # fmt: skip
    (paid,) = drafts({"tender_transactions": [tender]})
    assert (paid.type, paid.fields["amount"], paid.fields["currency"]) == ("order.paid", "20.00", "EUR")
    for back in ("-20.00", -20.0):
        outcome = said({"tender_transactions": [tender | {"amount": back}]})
        assert isinstance(outcome, Ignored)
        assert "told by the refund" in outcome.reason


def test_a_total_is_also_found_where_newer_versions_keep_it() -> None:
    whole = {"shop_money": {"amount": "20.50", "currency_code": "EUR"}, "presentment_money": {"amount": "9.00"}}
    assert drafts(an_order(total_price=None, total_price_set=whole))[0].fields["total"] == "20.50"


def test_a_list_beside_its_count_is_that_list() -> None:
    page = {"orders": [an_order(id=1), an_order(id=2)], "count": 2, "next_page_info": None}
    assert drafts(page) == drafts({"orders": page["orders"]})


def test_a_customer_of_whom_no_time_is_told_is_described_when_he_came() -> None:
    (described,) = drafts({"id": 7, "email": "sara@example.com", "created_at": None, "updated_at": None, "state": "disabled",
                           "verified_email": True})  # fmt: skip
    assert (described.type, described.time) == ("party.described", NOW)


def test_who_ordered_is_known_by_every_address_and_phone_but_those_of_the_delivery() -> None:
    customer = {"id": 7, "email": "c@example.com", "phone": "+989120000001", "default_address": {"phone": "+989120000002"}}
    order = an_order(
        email=None, contact_email=None, phone="+989120000003", customer=customer,
        billing_address={"phone": "021 8888 0004", "country_code": "IR"}, shipping_address={"phone": "+989120000005"},
    )  # fmt: skip
    assert [(party["kind"], party["value"]) for party in drafts(order)[0].fields["party"]] == [
        ("email", "c@example.com"), ("phone", "+989120000003"), ("phone", "+989120000001"), ("phone", "+982188880004"),
        ("phone", "+989120000002"), ("account", "shopify:7"),
    ]  # fmt: skip
    asked = [drafts(order | more)[0].fields["party"][0]["value"] for more in
             ({"contact_email": "b@example.com"}, {"contact_email": "b@example.com", "email": "a@example.com"})]  # fmt: skip
    assert asked == ["b@example.com", "a@example.com"]


def test_an_order_of_nobody_is_still_an_order() -> None:
    (placed,) = drafts(an_order(customer=None, email="", phone="-", billing_address={"phone": "ring twice"}))
    assert placed.fields["party"] == []


@pytest.mark.parametrize(
    ("name", "number"), [("#1001", "1001"), ("EN1001", "EN1001"), ("#۱۰۰۱", "1001"), (None, "2001")]
)
def test_the_number_is_what_the_customer_was_told(name: str | None, number: str) -> None:
    assert drafts(an_order(name=name))[0].fields["order"] == number


@pytest.mark.parametrize(
    ("body", "topic", "reason"),
    [
        ({"id": 1}, "orders/delete", "deleted order"),
        ({"customer": {"id": 1}}, "customers/redact", "hub forget"),
        ({"id": 1, "name": "Dawn"}, "themes/update", "theme"),
        ({"id": 1}, "app/uninstalled", "no rule for app"),
        ({"order_edit": {"id": 1}}, "orders/edited", "no rule for order_edit"),
        ({"bulk_operations": []}, "", "an empty list"),
        ({"locations": [{"id": 1}]}, "", "no rule for locations"),
        ({"admin_graphql_api_id": "gid://shopify/InventoryItem/1"}, "", "no rule for inventory_item"),
        ({}, "", "no rule for a document of this shape"),
        ([], "", "an empty list"),
    ],
)
def test_what_is_of_no_interest_is_ignored_with_its_reason(body: Any, topic: str, reason: str) -> None:
    outcome = said(body, topic=topic)
    assert isinstance(outcome, Ignored)
    assert reason in outcome.reason


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b"", "byte 0"),
        ('{"سفارش": x}'.encode(), "byte 15"),
        (b'\xef\xbb\xbf{"order" 1}', "byte 12"),
        (b'{"order": "\xff"}', "byte 11"),
        (b"[" * 100_000, "byte 1025"),
        (b'{"a":' * 100_000, "byte 5121"),
        (b"7", "$"),
        ({"orders": [an_order(id="x")]}, "$.orders[0].id"),
        ({"orders": [an_order(), an_order(created_at="yesterday")]}, "$.orders[1].created_at"),
        ({"order": an_order(total_price="lots")}, "$.order.total_price"),
        ({"order": an_order(line_items=[{"price": [1]}])}, "$.order.line_items[0].price"),
        ({"order": an_order(line_items=[{"quantity": -1}])}, "$.order.line_items[0].quantity"),
        ({"order": an_order(line_items={"a": 1})}, "$.order.line_items"),
        ({"order": an_order(customer="Bob")}, "$.order.customer"),
        ({"refund": {"id": 1, "created_at": "2026-01-01"}}, "$.refund.order_id"),
        ({"orders": ["x"]}, "$.orders[0]"),
    ],
)
def test_what_is_wrong_is_named_by_its_place_and_never_by_its_value(body: Any, at: str) -> None:
    outcome = said(body)
    assert isinstance(outcome, Rejected)
    assert outcome.at == at
    assert not any(value in outcome.why for value in ("lots", "yesterday", "Bob"))


def test_only_the_holder_of_the_secret_can_sign_a_webhook() -> None:
    body = b'{"id": 1}'
    signature = base64.b64encode(hmac.new(b"secret", body, hashlib.sha256).digest()).decode()
    assert verify("secret", body, signature)
    assert not verify("secret", body + b" ", signature)
    assert not verify("other", body, signature)
    assert not verify("secret", body, "نه")
    assert not verify("", body, base64.b64encode(hmac.new(b"", body, hashlib.sha256).digest()).decode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(st.binary())
def test_any_bytes_have_an_outcome(body: bytes) -> None:
    assert isinstance(said(body), Understood | Ignored | Rejected)


@given(st.sampled_from(sorted(an_order() | a_parcel())), JSON, st.sampled_from(["order", "fulfillment", "refund"]))
def test_any_value_in_any_field_has_an_outcome(field: str, value: Any, kind: str) -> None:
    whole = an_order() | (a_parcel() if kind != "order" else {}) | {field: value}
    body = json.dumps({kind: whole}).encode()
    outcome = said(body)
    assert isinstance(outcome, Understood | Ignored | Rejected)
    assert outcome == said(body)


def test_the_channel_is_called_shopify() -> None:
    assert channel.name == "shopify"
    assert channel.split is None
