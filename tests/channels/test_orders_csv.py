"""Orders in files: rows that stand and fall alone, in any spelling that spreadsheets write."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.channels import _csv
from hub.channels._shape import Ignored, Outcome, Payload, Piece, Rejected, Understood
from hub.channels._values import money
from hub.channels.orders import channel, parse, split
from hub.events.draft import Draft
from hub.events.kinds.orders import KINDS, OF_MONEY, REMARKS, STAGES

HEADER = "order,stage,time,email,phone,account,total,currency,tracking"
GOOD = "1001,placed,2026-01-05T10:00:00+03:30,sara@example.com,0912 345 6789,A7,12.50,eur,"
NOW = datetime(2026, 2, 1, tzinfo=UTC)
MODELS = {kind.type: kind for kind in KINDS}


def payload(piece: Piece) -> Payload:
    body = piece.path.read_bytes() if piece.path else piece.body
    assert body is not None
    return Payload(body, "file", NOW, piece.meta)


def outcomes(path: Path, content: str | bytes) -> list[Outcome]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [parse(payload(piece)) for piece in split(path)]


def of_row(row: str, header: str = HEADER) -> Outcome:
    return parse(Payload(f"{header}\n{row}".encode(), "file", NOW, {"line": "7", "format": "csv"}))


def draft(outcome: Outcome) -> Draft:
    assert isinstance(outcome, Understood), outcome
    (found,) = outcome.drafts
    MODELS[found.type].model_validate(found.fields)
    return found


def test_a_step_of_1970_is_as_old_as_it_says_and_one_of_2099_is_refused_as_at_the_other_doors() -> None:
    old = draft(of_row(GOOD.replace("2026-01-05", "1970-01-01")))
    assert old.time == datetime(1970, 1, 1, 6, 30, tzinfo=UTC)
    assert draft(of_row(GOOD.replace("2026-01-05", "2026-02-02").replace("+03:30", "+10:00"))).time > NOW
    for ahead in ("2026-02-02", "2099-01-05"):
        refused = of_row(GOOD.replace("2026-01-05", ahead).replace("+03:30", "-10:00"))
        assert isinstance(refused, Rejected)
        assert "in the future" in refused.why
        assert refused.at == "line 7, column time"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


def test_a_row_is_one_step_of_one_order() -> None:
    placed = draft(of_row(GOOD))
    assert (placed.type, placed.source) == ("order.placed", "orders-csv")
    assert placed.time == datetime(2026, 1, 5, 6, 30, tzinfo=UTC)
    assert placed.fields == {
        "order": "1001", "total": "12.50", "currency": "EUR", "tracking": None,
        "party": [
            {"kind": "email", "value": "sara@example.com"},
            {"kind": "phone", "value": "0912 345 6789"},
            {"kind": "account", "value": "A7"},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("stage", sorted(kind.type.partition(".")[2] for kind in KINDS))
def test_every_stage_can_be_told(stage: str) -> None:
    told = draft(of_row(f"1001,{stage.title()},2026-01-05,,,,12.5,EUR,T1"))
    assert told.type == f"order.{stage}"
    moved, comes_to = ("12.50" if stage in some else None for some in (OF_MONEY, {*STAGES, *REMARKS} - {"refunded"}))
    assert [told.fields.get(name) for name in ("amount", "total", "tracking")] == [moved, comes_to, "T1"]


def test_what_is_as_long_as_it_may_be_is_taken() -> None:
    email = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 58}.ir"
    told = draft(of_row(f"{'1' * 100},placed,2026-01-05,{email},110,,,,")).fields
    assert (len(email), told["order"]) == (254, "1" * 100)
    assert [party["value"] for party in told["party"]] == [email, "110"]


def test_a_time_without_offset_is_utc() -> None:
    assert draft(of_row("1,paid,2026-01-05 10:00,,,,,,")).time == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_persian_and_arabic_digits_are_read() -> None:
    told = draft(of_row("#۱۰۰۱,paid,۲۰۲۶-۰۱-۰۵T10:00:00Z,,۰۹۱۲۳۴۵۶۷۸۹,,۱۲٫۵۰,IRR,"))
    assert (told.fields["order"], told.fields["amount"]) == ("1001", "12.50")
    assert told.fields["party"] == [{"kind": "phone", "value": "09123456789"}]


@pytest.mark.parametrize("mark", ["\u200e{}", "\u200f{}", "\u202a{}\u202c", "\u2066{}\u2069", "\u061c{}"])
def test_marks_of_direction_that_were_copied_along_are_no_part_of_a_cell(mark: str) -> None:
    assert draft(of_row(",".join(mark.format(cell) for cell in GOOD.split(",")))).fields == draft(of_row(GOOD)).fields


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12.50", "12.50"), ("12,50", "12.50"), ("12", "12.00"), ("1,250", "1250.00"), ("1,250.5", "1250.50"),
        ("1.250,00", "1250.00"), ("1.250.000", "1250000.00"), ("1 250,5", None), ("1٬250٬000", "1250000.00"),
        ("1 250.00", "1250.00"), ("0.125", "0.125"), ("٣٫٥", "3.50"),
        ("12345,50", "12345.50"), (" 12.50 ", "12.50"), ("9" * 15, "9" * 15 + ".00"),
        ("", None), ("-5", None), ("1e5", None), ("NaN", None), ("1.2.3", None), ("12.", None), ("1,2,3", None),
        ("12,3456", None), ("9" * 16, None),
    ],
)  # fmt: skip
def test_an_amount_has_one_meaning_or_none(written: str, meant: str | None) -> None:
    if meant is None:
        with pytest.raises(ValueError, match="not an amount"):
            money(written)
    else:
        assert money(written) == meant


@pytest.mark.parametrize(
    ("row", "at", "why"),
    [
        (",placed,2026-01-05,,,,,,", "line 7, column order", "is missing"),
        ("#,placed,2026-01-05,,,,,,", "line 7, column order", "is not an order's number"),
        ("1,,2026-01-05,,,,,,", "line 7, column stage", "is missing"),
        ("1,sold,2026-01-05,,,,,,", "line 7, column stage", "is none of"),
        ("1,placed,,,,,,,", "line 7, column time", "is missing"),
        ("1,placed,05/01/2026,,,,,,", "line 7, column time", "is not a time"),
        ("1,placed,0001-01-01T00:00:00+14:00,,,,,,", "line 7, column time", "is not a time"),
        ("1,placed,1404-10-15,,,,,,", "line 7, column time", "Gregorian"),
        ("1,placed,2026-01-05,sara.example.com,,,,,", "line 7, column email", "is not an e-mail address"),
        ("1,placed,2026-01-05,,call me,,,,", "line 7, column phone", "is not a phone number"),
        ("1,placed,2026-01-05,,12,,,,", "line 7, column phone", "is not a phone number"),
        ("1,placed,2026-01-05,,1-2,,,,", "line 7, column phone", "is not a phone number"),
        (f"1,placed,2026-01-05,,{'1' * 41},,,,", "line 7, column phone", "is not a phone number"),
        (f"1,placed,2026-01-05,{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 60}.ir,,,,,", "line 7, column email", "is not an"),
        (f"{'1' * 101},placed,2026-01-05,,,,,,", "line 7, column order", "is not an order's number"),
        ("1,placed,2026-01-05,,,,lots,,", "line 7, column total", "is not an amount"),
        ("1,placed,2026-01-05,,,,1,euro,", "line 7, column currency", "is not a currency"),
        ("1,placed,2026-01-05,,,\x00,,,", "line 7, column account", "holds control characters"),
        ("1,placed", "line 7", "has 2 cells, the header 9"),
        (GOOD + ",more", "line 7", "has 10 cells, the header 9"),
        ('1,placed,2026-01-05,"open,,,,,', "line 7", "cannot be cut"),
        ('1,placed,2026-01-05,"a"b,,,,,', "line 7", "cannot be cut"),
    ],
)
def test_a_broken_row_is_rejected_with_its_line_and_column(row: str, at: str, why: str) -> None:
    outcome = of_row(row)
    assert isinstance(outcome, Rejected)
    assert outcome.at == at
    assert why in outcome.why
    assert not any(value in outcome.why for value in ("sold", "lots", "euro", "call me", "sara"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spreadsheets_may_write_it_their_way(file: Path, delimiter: str, bom: bytes, end: str) -> None:
    header = ("Total", "Order", "shop's own", "TIME", "Stage")
    row = ('"12,50"', "1001", '"two\nlines"', "2026-01-05", "paid")
    text = "".join(delimiter.join(cells) + end for cells in (header, row))
    (outcome,) = outcomes(file, bom + text.encode())
    told = draft(outcome)
    assert (told.fields["order"], told.fields["amount"]) == ("1001", "12.50")


def test_the_same_row_in_another_file_is_the_same_event(file: Path) -> None:
    row = "PLACED;2026-01-05T06:30:00Z;#1001;sara@example.com;0912 345 6789;A7;12,5;EUR;"
    (other,) = outcomes(file, f"stage;time;order;email;phone;account;total;currency;tracking\n{row}\n")
    assert draft(other).key == draft(of_row(GOOD)).key
    assert draft(of_row(GOOD.replace("12.50", "12.60"))).key != draft(other).key


def test_broken_rows_do_not_keep_the_others_out(file: Path) -> None:
    rows = [GOOD, "", "x", GOOD, '9,placed,2026-01-05,"never closed,,,,,', GOOD, '"1002",paid,2026-01-05,"",,,,,', GOOD]
    found = outcomes(file, "\n".join([HEADER, *rows]))
    assert [type(outcome) for outcome in found] == [
        Understood, Rejected, Understood, Rejected, Understood, Understood, Understood,
    ]  # fmt: skip
    assert [outcome.at for outcome in found if isinstance(outcome, Rejected)] == ["line 4", "line 6"]


def test_a_line_that_names_the_separator_to_a_spreadsheet_is_no_header(file: Path) -> None:
    (read,) = outcomes(file, "\ufeffsep=;\r\norder;stage;time\r\n1001;placed;2026-01-05\r\n")
    assert draft(read).fields["order"] == "1001"


def test_lines_that_end_with_carriage_returns_alone_are_named_as_the_fault(file: Path) -> None:
    (read,) = outcomes(file, "order,stage,time\r1001,placed,2026-01-05\r")
    assert isinstance(read, Rejected)
    assert "carriage returns" in read.why


def test_what_a_database_writes_for_nothing_is_no_address(file: Path) -> None:
    (read,) = outcomes(file, f"{HEADER}\n1001,placed,2026-01-05,NULL,\\N,NULL,NULL,NULL,\\N\n")
    assert (draft(read).fields["party"], draft(read).fields["total"]) == ([], None)


def test_a_quote_open_to_the_end_of_the_file_costs_its_own_line(file: Path) -> None:
    found = outcomes(file, "\n".join([HEADER, '1,paid,2026-01-05,"open,,,,,', *[GOOD] * 3000]))
    assert isinstance(found[0], Rejected)
    assert len(found) == 3001
    assert all(isinstance(outcome, Understood) for outcome in found[1:])


def test_a_row_too_long_is_rejected_alone_and_held_short(file: Path) -> None:
    file.write_bytes(f"{HEADER}\n{GOOD}\n{'x' * 3_000_000}\n{GOOD}".encode())
    pieces = list(split(file))
    assert [piece.meta["line"] for piece in pieces] == ["2", "3", "4"]
    assert len(pieces[1].body or b"") <= _csv.ROW_LIMIT + len(HEADER) + 1
    assert parse(payload(pieces[1])) == Rejected(f"is longer than {_csv.ROW_LIMIT} bytes", "line 3")


def test_a_piece_is_the_header_and_the_bytes_of_its_row(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbf\r\norder,stage,time,note\r\n1,paid,2026-01-05,"a\r\nb"\r\n\r\n2,paid,2026-01-05,c')
    assert [(piece.body, piece.meta["line"]) for piece in split(file)] == [
        (b'order,stage,time,note\n1,paid,2026-01-05,"a\r\nb"', "3"),
        (b"order,stage,time,note\n2,paid,2026-01-05,c", "6"),
    ]


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER.encode(), b"\xef\xbb\xbf" + HEADER.encode() + b"\r\n"])
def test_a_file_without_rows_has_no_pieces(file: Path, content: bytes) -> None:
    assert outcomes(file, content) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"number,stage,time\n{GOOD}".encode(), "no column order"),
        (f"{HEADER},total\n{GOOD},1".encode(), "names column total twice"),
        (f"{HEADER}\n{GOOD}".encode("utf-16"), "UTF-16"),
        (b'"order,stage,time\n1,2,3', "cannot be cut"),
        (b"\x00\x01\x02", "no column order"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_rejected_payload(file: Path, content: bytes, why: str) -> None:
    (outcome,) = outcomes(file, content)
    assert isinstance(outcome, Rejected)
    assert outcome.at == "line 1"
    assert why in outcome.why


def test_other_charsets_are_named_where_they_stand(file: Path) -> None:
    text = f"{HEADER},نام\n{GOOD},سارا\n1001,paid,2026-01-05,,,سارا,,,,\n"
    found = outcomes(file, text.encode("cp1256", "replace"))
    assert isinstance(found[0], Understood), "a column that nobody reads may say what it likes"
    assert found[1] == Rejected("is not UTF-8; save the file as UTF-8", "line 3, column account")


def test_a_hundred_thousand_rows_stream_even_after_a_quote_that_is_never_closed(file: Path) -> None:
    with file.open("w") as out:
        out.write(f'{HEADER}\n0,paid,2026-01-05,"open,,,,,\n')
        out.writelines(f"{n},paid,2026-01-05T10:00:00Z,,,,{n % 97}.00,EUR,\n" for n in range(1, 100_000))
    tracemalloc.start()
    assert sum(1 for _ in split(file)) == 100_000
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_shopify_documents_and_lines_go_to_shopify(tmp_path: Path) -> None:
    customer = {"id": 7, "first_name": "Sara", "updated_at": "2026-01-05T10:00:00Z"}
    (tmp_path / "a.json").write_text(json.dumps({"customer": customer}))
    (tmp_path / "c.json").write_text(2 * (json.dumps({"customer": customer}) + "\n"))
    (tmp_path / "b.ndjson").write_text(json.dumps({"customer": customer}) + "\n\n{\n" + json.dumps({"gift_card": {}}))
    (piece,) = split(tmp_path / "a.json")
    assert piece.path == tmp_path / "a.json"
    found = [parse(payload(piece)), *(parse(payload(piece)) for piece in split(tmp_path / "b.ndjson"))]
    assert [type(outcome) for outcome in found] == [Understood, Understood, Rejected, Ignored]
    assert isinstance(found[2], Rejected)
    assert (found[2].at or "").startswith("line 3, byte ")
    assert [piece.meta["line"] for piece in split(tmp_path / "c.json")] == ["1", "2"]


def test_a_line_that_is_longer_than_any_document_is_rejected_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.channels.orders.DOCUMENT_LIMIT", 200)
    gift, long = json.dumps({"gift_card": {}}), json.dumps({"gift_card": {"note": "x" * 400}})
    (tmp_path / "a.NDJSON").write_text(f"  {gift}\n{long}\n{gift}\n")
    cut = list(split(tmp_path / "a.NDJSON"))
    found = [parse(payload(piece)) for piece in cut]
    assert [(one.why, one.at) for one in found if isinstance(one, Rejected)] == [("is longer than 200 bytes", "line 2")]
    assert [cut[n].body for n in (0, -1)] == [gift.encode()] * 2
    assert all(isinstance(found[n], Ignored) for n in (0, -1))


def test_the_channel_looks_at_csv_and_json() -> None:
    assert (channel.name, channel.suffixes) == ("orders", (".csv", ".json", ".ndjson"))


@given(st.binary(), st.sampled_from(["", HEADER + "\n"]))
def test_any_bytes_have_an_outcome(body: bytes, header: str) -> None:
    assert isinstance(parse(Payload(header.encode() + body, "file", NOW, {"line": "2"})), Understood | Rejected)


ROWS = st.lists(st.text(alphabet='a"",;\n\r\t\x00ی1', max_size=30), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.binary(max_size=20))
def test_no_broken_row_without_quotes_takes_a_good_one_with_it(file: Path, broken: list[str], odd: bytes) -> None:
    head = f"{HEADER}\n" + "".join(row.replace('"', "") + "\n" for row in broken)
    found = outcomes(file, head.encode() + odd.replace(b'"', b"") + b"\n" + GOOD.encode())
    assert isinstance(found[-1], Understood)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary())
def test_any_file_can_be_cut(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    for outcome in _pieces(file):
        assert isinstance(outcome, Understood | Ignored | Rejected)


def _pieces(file: Path) -> Iterator[Outcome]:
    yield from (parse(payload(piece)) for piece in split(file))
    yield from (parse(payload(piece)) for piece in _csv.rows(file))
    yield from (parse(payload(piece)) for piece in _csv.rows(file, headed=False))
