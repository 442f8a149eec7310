"""Call detail records in the dialects that Asterisk and FreePBX write."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels._shape import Ignored, Outcome, Payload, Rejected, Understood
from hub.channels.cdr import BASE, CUSTOM, SEQUENCED, channel, parse, split
from hub.events.draft import Draft
from hub.events.kinds.calls import CallEnded

NOW = datetime(2026, 2, 1, tzinfo=UTC)
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
MASTER = (*BASE, "uniqueid", "userfield")
INCOMING = dict(
    accountcode="", src="09123456789", dst="5000", dcontext="from-trunk", clid='"Sara Ahmadi" <09123456789>',
    channel="PJSIP/trunk-0000000a", dstchannel="SIP/201-0000000b", lastapp="Queue", lastdata="support,t,,,60",
    start="2026-01-05 10:00:00", answer="2026-01-05 10:00:20", end="2026-01-05 10:02:00", duration="120", billsec="100",
    disposition="ANSWERED", amaflags="DOCUMENTATION", uniqueid="1767607200.10", userfield="",
)  # fmt: skip
OUTGOING = INCOMING | dict(
    src="201", dst="09123456789", clid='"Agent" <201>', channel="SIP/201-0000000c", dstchannel="PJSIP/trunk-0000000d",
    lastapp="Dial", lastdata="PJSIP/09123456789@trunk", uniqueid="1767607200.12", dcontext="from-internal",
)  # fmt: skip


def line(cells: dict[str, str], columns: tuple[str, ...] = MASTER) -> str:
    return ",".join('"' + cells.get(name, "").replace('"', '""') + '"' for name in columns)


def said(row: str, header: str = "", **meta: str) -> Outcome:
    body = f"{header}\n{row}" if header else row
    return parse(Payload(body.encode(), "pbx", NOW, {"line": "7"} | meta))


def call(outcome: Outcome) -> Draft:
    assert isinstance(outcome, Understood), outcome
    (draft,) = outcome.drafts
    CallEnded.model_validate(draft.fields)
    return draft


@pytest.mark.parametrize(
    "changed",
    [
        {"channel": "SIP/100234-0000001a", "dst": "201"},
        {"channel": "SIP/100234-0000001a", "dcontext": "ext-did-0001"},
        {"src": "1557", "clid": '"1557" <1557>', "dst": "s", "dcontext": "from-pstn"},
        {"channel": "SIP/100234-0000001a", "dst": "201", "dcontext": "office-pstn"},
        {"src": "214943", "channel": "SIP/211553-0000001a", "dst": "211553", "dcontext": "office"},
        {"channel": "SIP/100234-0000001a", "dst": "201", "dcontext": "office"},
    ],
)
def test_a_call_from_a_trunk_comes_in_though_trunk_or_caller_look_like_an_extension(changed: dict[str, str]) -> None:
    fields = call(said(line(INCOMING | changed))).fields
    assert (fields["direction"], fields["party"][0]["value"]) == ("in", changed.get("src", "09123456789"))


@pytest.mark.parametrize("context", ["to-pstn", "macro-dialout-trunk", "outgoing-trunk", "office"])
def test_a_context_that_leads_to_a_trunk_is_none_from_it(context: str) -> None:
    assert call(said(line(OUTGOING | {"dcontext": context}))).fields["direction"] == "out"


def test_an_extension_that_shows_the_switchboards_number_to_another_is_still_inside() -> None:
    assert said(line(OUTGOING | {"src": "02188776655", "dst": "202"})) == Ignored("internal call")


@pytest.mark.parametrize(("dst", "inside"), [("6789", True), ("09123456789", False)])
def test_a_telephone_that_shows_its_name_calls_from_inside(dst: str, inside: bool) -> None:
    row = INCOMING | {"src": "mina", "clid": '"" <mina>', "channel": "PJSIP/mina-00000002", "dcontext": "default", "dst": dst}
    outcome = said(line(row | {"lastapp": "Dial"}))
    assert outcome == Ignored("internal call") if inside else call(outcome).fields["agent"] == "mina"


def test_a_name_in_the_dial_plan_is_no_number_called() -> None:
    assert call(said(line(INCOMING | {"dst": "queue1"}))).fields["desk"] is None


def test_an_agent_of_any_name_calls_out() -> None:
    fields = call(said(line(OUTGOING | {"src": "02188776655", "channel": "PJSIP/sara.ahmadi-0000000c"}))).fields
    assert (fields["direction"], fields["agent"]) == ("out", "sara.ahmadi")


@pytest.mark.parametrize(
    ("channel", "agent"),
    [("PJSIP/sara-0000000c", "201"), ("PJSIP/202-0000000c", "202"), ("DAHDI/4-1", "201"), ("PJSIP/201-0000000c", "201")],
)
def test_who_called_is_the_extension_that_the_telephone_has_else_the_one_it_shows(channel: str, agent: str) -> None:
    assert call(said(line(OUTGOING | {"channel": channel}))).fields["agent"] == agent


def test_whoever_took_a_call_outside_the_house_is_no_agent_and_a_call_to_no_number_has_no_desk() -> None:
    fields = call(said(line(INCOMING | {"dstchannel": "PJSIP/trunk-0000000b", "dst": ""}))).fields
    assert (fields["cause"], fields["agent"], fields["desk"]) == ("answered", None, None)


def test_a_call_that_came_in_and_goes_on_within_is_still_the_customers() -> None:
    for within in ({"dst": "201"}, {"channel": "Local/0935@from-internal-00000001;2", "dst": "09351112222"}):
        assert call(said(line(INCOMING | {"dcontext": "from-internal"} | within))).fields["direction"] == "in"


def test_an_answered_call_tells_who_whom_and_how_long() -> None:
    ended = call(said(line(INCOMING)))
    assert (ended.type, ended.source, ended.time) == ("call.ended", "asterisk", START + timedelta(seconds=120))
    assert ended.fields == {
        "call": "1767607200.10", "direction": "in", "party": [{"kind": "phone", "value": "09123456789"}],
        "desk": "5000", "agent": "201", "queue": "support", "caller_name": "Sara Ahmadi", "started": START,
        "answered": START + timedelta(seconds=20), "ended": START + timedelta(seconds=120), "cause": "answered",
        "reason": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "answered", "ended"),
    [
        ({"answer": "2026-01-05 10:00:30"}, 30, 120),
        ({"answer": "2026-01-05 10:00:00"}, 0, 120),
        ({"answer": "2026-01-05 10:02:00"}, 120, 120),
        ({"answer": "2026-01-05 10:02:01"}, 20, 120),
        ({"answer": "2026-01-05 09:59:59"}, 20, 120),
        ({"answer": "0000-00-00 00:00:00"}, 20, 120),
        ({"answer": "1767607230.5"}, 30.5, 120),
        ({"answer": "", "billsec": ""}, 120, 120),
        ({"answer": "", "billsec": "500"}, 0, 120),
        ({"answer": "", "end": "", "duration": "110"}, 10, 110),
        ({"answer": "", "end": "2026-01-05 10:00:00", "billsec": ""}, 0, 0),
        ({"answer": "", "end": "", "duration": "", "billsec": ""}, 0, 0),
    ],
)
def test_what_a_row_says_of_times_counts_and_the_rest_is_reckoned(
    changed: dict[str, str], answered: float, ended: float
) -> None:
    fields = call(said(line(INCOMING | changed))).fields
    assert fields["started"] == START
    assert [(fields[name] - START).total_seconds() for name in ("answered", "ended")] == [answered, ended]


@pytest.mark.parametrize("technology", ["DAHDI", "Zap"])
def test_a_line_that_is_numbered_is_no_agent(technology: str) -> None:
    assert call(said(line(INCOMING | {"dstchannel": f"{technology}/201-1"}))).fields["agent"] is None


@pytest.mark.parametrize("name", ["Anonymous", "unknown", "09123456789", "۰۹۱۲۳۴۵۶۷۸۹", ""])
def test_a_name_that_says_nothing_is_none(name: str) -> None:
    assert not call(said(line(INCOMING | {"clid": f'"{name}" <09123456789>'}))).fields["caller_name"]


@pytest.mark.parametrize(("data", "queue"), [("sales|t", "sales"), (" sales ,t", "sales"), (",t", "queue"), ("", "queue")])
def test_a_queue_has_its_name_or_is_one_all_the_same(data: str, queue: str) -> None:
    assert call(said(line(INCOMING | {"lastdata": data}))).fields["queue"] == queue


def test_a_call_to_the_outside_names_its_agent_and_whom_he_called() -> None:
    fields = call(said(line(OUTGOING))).fields
    assert (fields["direction"], fields["agent"], fields["desk"]) == ("out", "201", None)
    assert fields["party"] == [{"kind": "phone", "value": "09123456789"}]
    assert fields["caller_name"] is None


@pytest.mark.parametrize(
    ("dst", "data", "called"),
    [
        ("909123456789", "PJSIP/09123456789@trunk,300,Tt", "09123456789"),
        ("0030123456", "SIP/trunk/030123456", "030123456"),
        ("004930123456", "PJSIP/4930123456@trunk", "004930123456"),
        ("09123456789", "PJSIP/9123456789@trunk", "09123456789"),
        ("909123456789", "PJSIP/trunk", "909123456789"),
    ],
)
def test_whom_an_agent_called_is_without_the_prefix_of_an_outside_line(dst: str, data: str, called: str) -> None:
    fields = call(said(line(OUTGOING | {"dst": dst, "lastdata": data}))).fields
    assert fields["party"] == [{"kind": "phone", "value": called}]


def test_an_agent_who_shows_the_switchboards_number_still_calls_out() -> None:
    fields = call(said(line(OUTGOING | {"src": "02188776655"}))).fields
    assert (fields["direction"], fields["agent"]) == ("out", "201")


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"lastapp": "Dial", "disposition": "NO ANSWER"}, "no_answer"),
        ({"lastapp": "Dial", "disposition": "BUSY"}, "busy"),
        ({"lastapp": "Dial", "disposition": "CONGESTION"}, "failed"),
        ({"lastapp": "Dial", "disposition": "8"}, "answered"),
        ({"disposition": "NO ANSWER"}, "abandoned"),
        ({"dstchannel": ""}, "abandoned"),
        ({"dstchannel": "", "dst": "s", "lastapp": "BackGround"}, "abandoned"),
        ({"dstchannel": "", "dst": "s", "lastapp": "Playback"}, "abandoned"),
        ({"dstchannel": "", "lastapp": "VoiceMail"}, "no_answer"),
    ],
)
def test_why_a_call_ended(changed: dict[str, str], cause: str) -> None:
    fields = call(said(line(INCOMING | changed))).fields
    assert fields["cause"] == cause
    assert (fields["answered"] is None) == (fields["agent"] is None) == (cause != "answered")


@pytest.mark.parametrize("application", ["ConfBridge", "ReceiveFAX", ""])
def test_a_call_to_where_somebody_may_be_was_answered(application: str) -> None:
    assert call(said(line(INCOMING | {"dstchannel": "", "lastapp": application}))).fields["cause"] == "answered"


@pytest.mark.parametrize(
    "number", ["anonymous", "", "unknown", "Restricted", "Anonymous", "s", "sara", "+", "0", "000", "12", "9" * 16]
)
def test_a_number_withheld_or_not_callable_is_no_party(number: str) -> None:
    withheld = INCOMING | {"src": number, "clid": f'"{number}" <{number}>'}
    assert call(said(line(withheld))).fields["party"] == []


def test_a_number_shown_only_beside_the_name_is_read() -> None:
    assert call(said(line(INCOMING | {"src": ""}))).fields["party"] == [{"kind": "phone", "value": "09123456789"}]


def test_a_caller_made_of_blanks_is_read_at_once() -> None:
    started = time.process_time()
    assert call(said(line(INCOMING | {"clid": "a" + " " * 20_000 + '"b'}))).fields["caller_name"] is None
    assert time.process_time() - started < 5


@pytest.mark.parametrize("dst", ["202", "*97", "s", ""])
def test_calls_inside_the_house_are_ignored(dst: str) -> None:
    assert said(line(OUTGOING | {"dst": dst, "dstchannel": "SIP/202-0000000f"})) == Ignored("internal call")


def test_who_was_called_did_not_call() -> None:
    far_end = dict(src="09123456789", dst="", dcontext="default", clid="<09123456789>", channel="OOH323/trunk-1946",
                   dstchannel="Local/09123456789@default-05;1", lastapp="AppDial", lastdata="(Outgoing Line)")  # fmt: skip
    assert said(line(INCOMING | far_end)) == Ignored("the far end of a call of which another row tells")
    assert call(said(line(INCOMING | far_end | {"dst": "5000"}))).fields["desk"] == "5000"


def test_two_legs_of_a_call_are_two_events_of_one_call() -> None:
    legs = [call(said(line(INCOMING | {"dstchannel": f"SIP/{n}-0000000b"}))) for n in (201, 202)]
    assert legs[0].fields["call"] == legs[1].fields["call"]
    assert legs[0].key != legs[1].key


@pytest.mark.parametrize(
    "changed",
    [
        {"uniqueid": "1767607200.11"}, {"sequence": "5"}, {"src": "09123456780"}, {"dst": "5001"},
        {"channel": "PJSIP/trunk-0000000f"}, {"lastapp": "Dial"}, {"disposition": "BUSY"}, {"billsec": "99"},
        {"start": "2026-01-05 10:00:01"},
    ],
    ids=lambda changed: next(iter(changed)),
)  # fmt: skip
def test_legs_that_differ_in_anything_are_two_events(changed: dict[str, str]) -> None:
    leg = INCOMING | {"linkedid": "1767607199.1", "sequence": "4"}
    keys = {call(said(line(one, (*MASTER, *SEQUENCED)))).key for one in (leg, leg | changed)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    "columns",
    [BASE, (*BASE, "uniqueid"), MASTER, (*BASE, *SEQUENCED), (*BASE, "uniqueid", *SEQUENCED), (*MASTER, *SEQUENCED)],
    ids=len,
)
def test_cdr_conf_may_leave_columns_out_or_add_some(columns: tuple[str, ...]) -> None:
    fields = call(said(line(INCOMING | {"linkedid": "1767607199.1", "sequence": "4"}, columns))).fields
    expected = "1767607199.1" if "linkedid" in columns else "1767607200.10" if "uniqueid" in columns else None
    assert fields["call"] == (expected or "PJSIP/trunk-0000000a@2026-01-05 10:00:00")


def test_the_columns_of_cdr_custom_are_told_from_as_many_others() -> None:
    row = line(INCOMING | {"sequence": "4"}, CUSTOM)
    assert call(said(row)).fields == call(said(line(INCOMING))).fields


ODBC = (
    "calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration", "billsec",
    "disposition", "amaflags", "accountcode", "uniqueid", "userfield",
)  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_header_names_the_columns_in_any_order(delimiter: str, turned: bool) -> None:
    columns = tuple(reversed(ODBC)) if turned else ODBC
    row = line(INCOMING | {"calldate": "2026-01-05 10:00:00"}, columns).replace('","', f'"{delimiter}"')
    assert call(said(row, delimiter.join(columns).upper())).fields == call(said(line(INCOMING))).fields


def test_freepbx_tells_the_number_called_and_the_callers_name() -> None:
    columns = (*ODBC, "did", "cnam")
    row = line(INCOMING | {"calldate": "2026-01-05T10:00:00Z", "did": "02188776655", "cnam": "Sara"}, columns)
    fields = call(said(row, ",".join(columns))).fields
    assert (fields["desk"], fields["caller_name"]) == ("02188776655", "Sara")


@pytest.mark.parametrize("nothing", ["NULL", r"\N"])
def test_what_a_database_writes_for_nothing_is_nothing(nothing: str) -> None:
    columns = (*MASTER, "did", "cnam")
    missed = INCOMING | {"disposition": "NO ANSWER", "answer": "", "dstchannel": "", "userfield": "", "did": "", "cnam": ""}
    written = {name: value or nothing for name, value in missed.items()}
    empty, null = (call(said(line(row, columns), ",".join(columns))).fields for row in (missed, written))
    assert null == empty


LIST = "calldate;clid;src;dst;dcontext;duration;billsec;disposition"


@pytest.mark.parametrize(("clid", "name"), [('"Sara" <02188776655>', "Sara"), ('"Ahmadi; Sara" <02188776655>', "Ahmadi; Sara")])
def test_a_caller_whom_a_report_did_not_quote_is_read(clid: str, name: str) -> None:
    fields = call(said(f"2026-01-05 10:00:00;{clid};02188776655;s;from-trunk;12;0;NO ANSWER", LIST)).fields
    assert (fields["caller_name"], fields["party"][0]["value"]) == (name, "02188776655")


def test_a_caller_whose_quote_is_never_closed_costs_his_row() -> None:
    outcome = said('2026-01-05 10:00:00;"Sara <02188776655>;02188776655;s;from-trunk;12;0;NO ANSWER', LIST)
    assert isinstance(outcome, Rejected)
    assert "quote" in outcome.why


def test_without_ids_and_channels_two_callers_of_one_second_are_two_calls() -> None:
    rows = (f"2026-01-05 10:00:00;;0218877665{n};600;from-trunk;12;0;NO ANSWER" for n in (5, 6))
    assert len({call(said(row, LIST)).fields["call"] for row in rows}) == 2


def test_times_are_utc_unless_the_source_names_its_zone() -> None:
    assert call(said(line(INCOMING), timezone="Asia/Tehran")).fields["started"] == START - timedelta(hours=3.5)
    assert isinstance(said(line(INCOMING), timezone="../etc"), Rejected)


def test_a_clock_that_runs_back_during_a_call_does_not_break_it() -> None:
    fields = call(said(line(INCOMING | {"end": "2026-01-05 09:02:00", "answer": "2026-01-05 09:00:20"}))).fields
    assert fields["ended"] - fields["started"] == timedelta(seconds=120)
    assert fields["answered"] == START + timedelta(seconds=20)


def test_persian_digits_are_digits() -> None:
    fields = call(said(line(INCOMING | {"src": "۰۹۱۲۳۴۵۶۷۸۹"}))).fields
    assert fields["party"][0]["value"] == "09123456789"


@pytest.mark.parametrize(
    ("changed", "at", "why"),
    [
        ({"start": "yesterday"}, "line 7, column start", "is not a time"),
        ({"start": ""}, "line 7, column start", "is missing"),
        ({"end": "soon"}, "line 7, column end", "is not a time"),
        ({"answer": "soon"}, "line 7, column answer", "is not a time"),
        ({"duration": "long"}, "line 7, column duration", "is not a number of seconds"),
        ({"billsec": "-1"}, "line 7, column billsec", "is not a number of seconds"),
        ({"disposition": "MAYBE"}, "line 7, column disposition", "is no disposition"),
        ({"disposition": ""}, "line 7, column disposition", "is missing"),
        ({"userfield": "a\x00"}, "line 7, column userfield", "holds control characters"),
    ],
)
def test_a_broken_row_is_rejected_with_its_line_and_column(changed: dict[str, str], at: str, why: str) -> None:
    outcome = said(line(INCOMING | changed))
    assert isinstance(outcome, Rejected)
    assert outcome.at == at
    assert why in outcome.why


@pytest.mark.parametrize("row", ["", "a,b,c", line(INCOMING)[:-40], line(INCOMING) + ',"a","b","c","d"', '"open'])
def test_a_row_of_another_width_is_rejected(row: str) -> None:
    outcome = said(row)
    assert isinstance(outcome, Rejected)
    assert outcome.at == "line 7"


def test_a_file_without_header_keeps_its_first_row_and_the_bytes_of_all(tmp_path: Path) -> None:
    rows = [line(INCOMING), "broken", line(OUTGOING)]
    (tmp_path / "Master.csv").write_text("\n".join(rows) + "\n")
    pieces = list(split(tmp_path / "Master.csv"))
    assert [piece.body for piece in pieces] == [row.encode() for row in rows]
    assert [piece.meta for piece in pieces] == [{"line": "1"}, {"line": "2"}, {"line": "3"}]


def test_a_file_with_header_gives_it_to_every_row(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text("\ufeff" + ",".join(MASTER) + "\r\n" + line(INCOMING) + "\r\n")
    (piece,) = split(tmp_path / "cdr.csv")
    assert piece.meta == {"line": "2"}
    assert call(parse(Payload(piece.body or b"", "pbx", NOW, piece.meta)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (("src,dst,clid\n" + "1,2,3\n" * 5).encode(), "no column disposition, calldate"),
        ("\ufeffsrc,dst".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_rejected_payload(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "cdr.csv"
    path.write_bytes(content)
    (piece,) = split(path)
    outcome = parse(Payload(path.read_bytes(), "pbx", NOW, piece.meta))
    assert isinstance(outcome, Rejected)
    assert outcome.at == "line 1"
    assert why in outcome.why


def test_the_channel_is_called_cdr() -> None:
    assert (channel.name, channel.suffixes) == ("cdr", (".csv",))


@given(st.binary())
def test_any_bytes_have_an_outcome(body: bytes) -> None:
    assert isinstance(parse(Payload(body, "pbx", NOW)), Understood | Ignored | Rejected)


@given(st.dictionaries(st.sampled_from(MASTER), st.text() | st.sampled_from(["s", "1e9", "0", "999999999.5", "()"])))
def test_any_cell_has_an_outcome(changed: dict[str, str]) -> None:
    storable = {name: text.encode("utf-8", "ignore").decode() for name, text in changed.items()}
    row = line(INCOMING | storable)
    first, again = said(row), said(row)
    assert first == again
    assert isinstance(first, Understood | Ignored | Rejected)
