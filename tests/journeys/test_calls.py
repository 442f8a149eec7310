"""What is told of a call: which way it went, whether somebody took it, at whom it stands; whatever of it was reported."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import orjson
import pytest

from hub.consumers.decode import shown_events
from hub.consumers.forget import forget
from hub.consumers.rebuild import rebuild, verify
from hub.events.draft import Draft
from hub.events.envelope import Event, Sealed
from hub.events.ids import named
from hub.events.prepare import prepare
from hub.projections.calls import Call, apply
from hub.store import customers, milestones, reads
from hub.store.ringing import ringing
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, customer, mail, of, shown, timeline
from tests.laws.worlds import HERE

ACCOUNT = {"kind": "account", "value": "A7"}
CDR = (
    '"","09121234567","200","from-trunk","""Sara"" <09121234567>","PJSIP/trunk-1","PJSIP/205-2","Dial","PJSIP/205,20",'
    '"{start}","{answer}","{end}",20,15,"ANSWERED","DOCUMENTATION","1764.10","","","1764.10","1"'
)


def told(step: str, minute: int, **fields: Any) -> Event:
    draft = Draft(f"call.{step}", NOW + timedelta(minutes=minute), "/pbx", f"{step}{minute}", {"call": "c1", **fields})
    return prepare(draft, HERE, NOW)


def leg(answered: int, ended: int) -> Event:
    at = (NOW + timedelta(minutes=answered)).isoformat()
    return told("ended", ended, answered=at, ended=(NOW + timedelta(minutes=ended)).isoformat(), cause="answered")


def in_any_order(*events: Event) -> Call:
    rows = []
    for order in permutations(events):
        row: Call | None = None
        for event in order:
            row = apply(row, event)
        rows.append(row)
    assert all(row == rows[0] for row in rows)
    assert rows[0] is not None
    return rows[0]


def written_before(hub: Hub, type: str, key: str, data: dict[str, Any], **more: Any) -> None:
    """An envelope as a hub wrote it that knew version 1 of calls."""
    id, stream = named("old", key), f"call:{data['call']}"
    document = {"id": id, "type": type, "version": 1, "time": NOW.isoformat(), "recorded": NOW.isoformat(), "source": "/pbx",
                "stream": stream, "data": data} | more  # fmt: skip
    hub.recorder.log.append([Sealed(id, type, stream, NOW, NOW, orjson.dumps(document))])
    shown(hub)


# -- which way ---------------------------------------------------------------------------------------------------------


def test_a_call_goes_the_way_that_somebody_said_though_later_steps_say_none() -> None:
    ringing = told("ringing", 0, direction="out")
    assert "direction" not in told("answered", 1).data
    assert in_any_order(ringing, told("answered", 1), told("ended", 2)).direction == "out"


def test_a_call_of_which_nobody_says_the_direction_came_in() -> None:
    assert in_any_order(told("ringing", 0), told("ended", 2)).direction == "in"


def test_a_call_whose_end_alone_says_that_it_went_out_went_out() -> None:
    assert in_any_order(told("ringing", 0), told("ended", 2, direction="out")).direction == "out"


def test_an_outbound_call_does_not_pop_up_once_somebody_answers(hub: Hub) -> None:
    come(hub, "call.ringing", "r", ago(seconds=20), call="c1", direction="out", party=PHONE, agent="205")
    come(hub, "call.answered", "a", ago(seconds=5), call="c1", party=PHONE, agent="205")
    with hub.database.transaction() as tx:
        assert ringing(tx, NOW) == []
    assert timeline(hub, "09121234567")[0]["direction"] == "out"


def test_the_in_that_version_1_wrote_where_nobody_said_it_turns_no_call_that_went_out(hub: Hub) -> None:
    written_before(hub, "call.ringing", "r", {"call": "c1", "direction": "out"})
    written_before(hub, "call.answered", "a", {"call": "c1", "direction": "in"})
    written_before(hub, "call.ended", "e", {"call": "c1", "direction": "in"})
    assert hub.database.rows("SELECT direction FROM calls") == [("out",)]


# -- taken or not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "taken", "seconds"),
    [
        ([told("ringing", 0)], False, None),
        ([told("ringing", 0), told("answered", 1)], True, None),
        ([told("answered", 1), told("ended", 4)], True, 180),
        ([told("ended", 4, cause="answered")], True, None),
        ([told("ended", 4, answered=(NOW + timedelta(minutes=1)).isoformat())], True, 180),
        ([told("ended", 4, answered=(NOW + timedelta(minutes=7)).isoformat(), cause="answered")], True, None),
        ([told("ended", 4, answered=(NOW + timedelta(minutes=1)).isoformat(), cause="abandoned")], False, None),
        ([told("ended", 4, cause="no_answer")], False, None),
        ([told("ended", 4)], False, None),
        ([told("ended", 3, cause="no_answer"), told("ended", 4, cause="answered")], True, None),
        ([told("answered", 1), told("ringing", 11), told("answered", 12), told("ended", 14)], True, 780),
        ([leg(1, 11), leg(11, 14)], True, 780),
    ],
)
def test_whether_somebody_took_it_is_told_by_its_steps_and_their_cause(
    events: list[Event], taken: bool, seconds: float | None
) -> None:
    row = in_any_order(*events)
    assert (row.taken, row.seconds) == (taken, seconds)


@pytest.mark.parametrize(("minutes", "rang"), [(210, 0), (4, 0), (-4, 0), (-10, -10)])
def test_a_call_rings_when_it_is_told_though_the_clock_of_its_exchange_runs_ahead(minutes: int, rang: int) -> None:
    """In another zone it rang for hours; what is told minutes later came late."""
    assert in_any_order(told("ringing", minutes)).rang == NOW + timedelta(minutes=rang)


def test_an_item_says_whether_a_call_was_answered(hub: Hub) -> None:
    come(hub, "call.ended", "e", ago(minutes=1), call="c1", party=PHONE, cause="answered", agent="205")
    come(hub, "call.ended", "v", ago(minutes=2), call="c2", party=PHONE, cause="busy")
    come(hub, "visit.recorded", "w", ago(minutes=3), visit="v", party=PHONE)
    assert [item["answered"] for item in timeline(hub, "09121234567")] == [True, False, None]


# -- at whom -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def switchboard(hub: Hub) -> Hub:
    """A number that six addresses share, so that it ties nobody together."""
    for n in range(6):
        somebody = {"kind": "email", "value": f"{n}@x.example"}
        come(hub, "visit.recorded", f"v{n}", ago(days=9), visit=f"v{n}", party=[PHONE, somebody])
    return hub


@pytest.mark.parametrize(("party", "who"), [(ACCOUNT, "account:A7"), (EMAIL, "email:sara@example.com")])
def test_a_call_from_a_switchboard_stands_at_whoever_was_named_with_it(
    switchboard: Hub, party: dict[str, str], who: str
) -> None:
    come(switchboard, "call.ended", "e", ago(minutes=1), call="c1", party=[PHONE, party], cause="answered", reason="a lamp")
    come(switchboard, "call.ended", "f", ago(minutes=2), call="c2", party=[PHONE], cause="answered", reason="a shoe")
    (found,) = of(switchboard, who)
    assert len(found) == 1
    with switchboard.database.transaction() as tx:
        known = reads.lookup(tx, [found], NOW)
        assert milestones.channels(tx, found) == ["phone"]
    assert known["match"] == "one"
    assert [(item["text"], item["party"]) for item in known["recent"]] == [("a lamp", found[0])]
    assert known["customers"][0]["contacts"] == 1
    assert [item["text"] for item in timeline(switchboard, "phone:09121234567")][:2] == ["a lamp", "a shoe"]


def test_a_call_stands_once_at_a_customer_who_has_all_of_its_parties(hub: Hub) -> None:
    for n in range(5):
        come(hub, "call.ended", f"e{n}", ago(minutes=n), call=f"c{n}", party=[PHONE, ACCOUNT, EMAIL], reason=f"{n}")
    (parties,) = of(hub, "A7")
    with hub.database.transaction() as tx:
        first = reads.timeline(tx, parties, 3)
        second = reads.timeline(tx, parties, 3, first["next"])
        phone = next(one["party"] for one in customers.identifiers(tx, parties) if one["kind"] == "phone")
    assert [item["text"] for page in (first, second) for item in page["items"]] == ["0", "1", "2", "3", "4"]
    assert {item["party"] for item in first["items"]} == {phone}
    assert second["next"] is None
    assert customer(hub, "A7")["contacts"] == 5


def test_a_number_that_was_named_second_called_before_too(hub: Hub) -> None:
    come(hub, "call.ended", "e", ago(days=1), call="c1", party=[ACCOUNT, PHONE], cause="answered")
    come(hub, "call.ended", "f", ago(days=2), call="c2", party=PHONE, cause="no_answer")
    come(hub, "call.ringing", "r", ago(seconds=5), call="c3", party=PHONE)
    with hub.database.transaction() as tx:
        (call,) = ringing(tx, NOW)
    assert call.earlier is not None
    assert (call.earlier.count, call.earlier.answered) == (2, 1)


def test_a_call_stands_at_all_whom_its_steps_name() -> None:
    rang, taken = told("ringing", 0, party=PHONE), told("answered", 1, party=[EMAIL, ACCOUNT])
    row = in_any_order(rang, taken, told("ended", 2))
    assert row.party == taken.party
    assert set(row.others) == {rang.party, taken.named[1].id}


# -- what it led to ----------------------------------------------------------------------------------------------------


def outcomes(hub: Hub) -> list[tuple[Any, Any]]:
    with hub.database.transaction() as tx:
        found = list(shown_events(hub.keys, reads.events(tx, kind="call.ended", limit=10)))
    return sorted(((one["data"].get("outcome"), one["personal"]["outcome"]) for one in found), key=str)


def test_free_words_of_an_outcome_are_gone_with_whom_they_are_about(hub: Hub) -> None:
    come(hub, "call.ended", "e", ago(minutes=2), call="c1", party=PHONE, outcome="wants a divorce lawyer")
    come(hub, "call.ended", "f", ago(minutes=1), call="c2", party=PHONE, outcome=" Callback ")
    assert outcomes(hub) == [("callback", " Callback "), (None, "wants a divorce lawyer")]
    assert hub.database.rows("SELECT count(*) FROM tickets") == [(1,)]
    (parties,) = of(hub, "09121234567")
    forget(hub.recorder, parties, NOW)
    shown(hub)
    assert outcomes(hub) == [("callback", None), (None, None)]
    assert hub.database.rows("SELECT outcome FROM calls ORDER BY time") == [(None,), ("callback",)]


def test_of_the_outcomes_that_version_1_wrote_in_the_open_only_known_words_stay_in_the_open(hub: Hub) -> None:
    written_before(hub, "call.ended", "e", {"call": "c1", "direction": "in", "outcome": "wants a divorce lawyer"})
    written_before(hub, "call.ended", "f", {"call": "c2", "direction": "in", "outcome": "callback"})
    assert outcomes(hub) == [("callback", "callback"), (None, "wants a divorce lawyer")]
    rebuild(hub.recorder, ["calls"])
    assert hub.database.rows("SELECT outcome FROM calls ORDER BY outcome") == [("callback",), ("wants a divorce lawyer",)]
    assert verify(hub.recorder)["clean"]


# -- told twice --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "rows"), [("asterisk", 1), ("urn:pbx", 2)])
def test_a_live_call_and_its_record_are_one_where_source_and_call_are_those_of_the_record(
    hub: Hub, source: str, rows: int
) -> None:
    start, answer, end = (f"{ago(seconds=s):%Y-%m-%d %H:%M:%S}" for s in (60, 55, 40))
    event = {
        "specversion": "1.0", "id": "live", "source": source, "type": "call.ended", "time": ago(seconds=40).isoformat(),
        "data": {"call": "1764.10", "party": PHONE, "cause": "answered", "agent": "205"},
    }  # fmt: skip
    mail(hub, orjson.dumps(event), "events", source)
    mail(hub, CDR.format(start=start, answer=answer, end=end).encode(), "cdr")
    assert [item["seconds"] for item in timeline(hub, "09121234567") if item["seconds"]] == [15]
    assert len(timeline(hub, "09121234567")) == rows
