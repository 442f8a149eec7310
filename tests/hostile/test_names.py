"""Whoever writes his number, his address or a word in another way is the same person and is found."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.events.identifiers import NotAnIdentifier, may_be_dialled, normalise
from hub.events.text import digits, fold
from hub.store import customers, reads
from hub.wiring import Hub
from tests.journeys.story import NOW, ago, come, customer, of

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "persian" / "persian_tools_vectors.json"
persian = pytest.mark.skipif(not VECTORS.is_file(), reason="the Persian vectors, ../shared/data/persian, are absent")
EASTERN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def spellings(local: str) -> list[str]:
    """A mobile number of Iran as people write it; `local` are its ten digits."""
    written = [
        f"0{local}",
        f"+98{local}",
        f"0098{local}",
        f"98{local}",
        f"+98 {local[:3]} {local[3:6]} {local[6:]}",
        f"0{local[:3]}-{local[3:6]}-{local[6:]}",
        f"(0{local[:3]}) {local[3:]}",
        f"tel:+98{local}",
        f" 0{local}\u200e",
    ]
    return [*written, *(one.translate(EASTERN) for one in written), *(one.translate(ARABIC) for one in written)]


def vectors(part: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(VECTORS.read_text()) if part in one["src"].lower() or part in one["fn"].lower()]


@persian
def test_the_phones_of_the_persian_vectors_are_one_party_in_every_spelling(hub: Hub) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for one in vectors("phone"):
        for number in re.findall(r"[+0-9]{10,14}", digits(one["args"])):
            if match := re.fullmatch(r"(?:\+?98|0098|0)?(9\d{9})", number):
                found[match[1]].add(number)
    assert len(found) >= 3
    for local, as_given in found.items():
        known = {
            hub.keys.party_id(who) for way in [*spellings(local), *as_given] if (who := normalise("phone", way, "IR"))
        }
        assert len(known) == 1, local
        assert normalise("phone", f"0{local}", "IR") == ("phone", f"+98{local}")


@persian
def test_half_spaces_of_the_persian_vectors_are_found_as_blanks() -> None:
    asked = [one for one in vectors("halfspace") if "ZWNJ" in one["expected"] and "تر" not in one["expected"]]
    assert asked
    for one in asked:
        expected = one["expected"].strip("`").replace("${ZWNJ}", "\u200c")
        assert fold(one["args"].strip('"')) == fold(expected)


def test_a_caller_is_found_in_every_spelling_of_his_number(hub: Hub) -> None:
    come(hub, "visit.recorded", "v", ago(hours=1), visit="v", party={"kind": "phone", "value": "0912 123 4567"})
    (expected,) = of(hub, "+989121234567")
    for way in spellings("9121234567"):
        assert of(hub, way) == [expected], way


@persian
def test_the_digits_of_the_persian_vectors_are_latin_ones() -> None:
    asked = [
        one for one in vectors("digits") if one["fn"] in ("digitsFaToEn", "digitsArToEn") and one["op"] == "toEqual"
    ]
    assert asked
    for one in asked:
        given, expected = one["args"].strip("\"'`"), one["expected"].strip("\"'`")
        assert digits(given) == digits(expected)  # theirs leave the other alphabet's digits as they are


WAYS = ["كتاب هاي", "کتاب‌های", "کتاب های", "کتاب\u200cهاي", "كِتاب هاي", "كتـاب هاي"]


@pytest.mark.parametrize("asked", WAYS)
@pytest.mark.parametrize("written", ["کتاب‌های", "كتاب هاي"])
def test_words_are_found_however_ye_ke_and_the_half_space_are_written(hub: Hub, written: str, asked: str) -> None:
    come(
        hub,
        "contact.recorded",
        "c",
        ago(hours=1),
        contact="c",
        channel="letter",
        direction="in",
        party={"kind": "account", "value": "A1"},
        text=f"درباره {written} شما",
    )
    with hub.database.transaction() as tx:
        (parties,) = reads.search(tx, fold(asked))
        assert parties == customers.who(tx, hub.keys, "IR", "account:A1")[0]


def test_the_search_over_http_finds_the_half_space(running: Any) -> None:
    document = {
        "specversion": "1.0",
        "id": "fa-1",
        "source": "names",
        "type": "contact.recorded",
        "data": {
            "contact": "fa",
            "channel": "letter",
            "direction": "in",
            "party": {"kind": "account", "value": "FA1"},
            "text": "درباره کتاب‌های ویژه",
        },
    }
    assert running.client.post("/v1/events", json=document).json()["accepted"] == 1
    found: list[Any] = []
    end = datetime.now(UTC).timestamp() + 20
    while not found and datetime.now(UTC).timestamp() < end:
        found = running.client.get("/v1/customers", params={"q": "كتاب هاي ويژه"}).json()["items"]
    assert [one["value"] for one in found[0]["identifiers"]] == ["FA1"]


@pytest.mark.parametrize(
    ("kind", "ways"),
    [
        (
            "email",
            [
                "Sara@Example.COM",
                "sara@example.com",
                "mailto:SARA@example.com",
                "<sara@example.com>",
                " sara@example.com ",
            ],
        ),
        ("email", ["sara+shop@example.com", "Sara+Shop@Example.com"]),
        ("email", ["سارا@مثال.example", "سارا@مثال.EXAMPLE"]),
        ("email", ["user@bücher.example", "user@BÜCHER.example", "user@bu\u0308cher.example"]),
        ("account", ["A-17", " A-17 ", "A-۱۷"]),
    ],
)
def test_spellings_of_an_identifier_are_one(kind: str, ways: list[str]) -> None:
    assert len({normalise(kind, way, "IR") for way in ways}) == 1


@pytest.mark.parametrize("mark", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
@pytest.mark.parametrize(("kind", "value"), [("email", "sara@example.com"), ("phone", "+989121234567"), ("account", "A-17")])
def test_marks_of_direction_are_no_part_of_an_identifier(kind: str, value: str, mark: str) -> None:
    for way in (f"{mark}{value}", f"{value}{mark}", f"{value[:3]}{mark}{value[3:]}", f" {mark} {value} {mark} "):
        assert normalise(kind, way, "IR") == (kind, value), ascii(way)


@pytest.mark.parametrize("kind", ["phone", "email", "account"])
@pytest.mark.parametrize(
    "value",
    ["", " ", "anonymous", "Anonymous", "unknown", "\u200eunknown", "restricted", "private", " PRIVATE ", "withheld",
     "unavailable", "asterisk", "s"],
)  # fmt: skip
def test_a_value_that_is_withheld_names_nobody(kind: str, value: str) -> None:
    assert normalise(kind, value, "IR") is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("21", ("extension", "21")), ("۲۱۴", ("extension", "214")), ("123456", ("extension", "123456")),
        ("1234567", ("phone", "+981234567")), ("989121234567", ("phone", "+989121234567")),
        ("4915112345678", ("phone", "+4915112345678")), ("1", None), ("+12", None),
        ("091212345678", None), ("9" * 16, None), ("021-88881234 x12 or 13", None),
    ],
)  # fmt: skip
def test_a_short_number_is_an_extension_and_one_that_cannot_be_called_is_nobodys(
    value: str, found: tuple[str, str] | None
) -> None:
    """With one digit too many it is not somebody's in another country."""
    if found:
        assert normalise("phone", value, "IR") == found
    else:
        with pytest.raises(NotAnIdentifier, match="not a phone number"):
            normalise("phone", value, "IR")


@pytest.mark.parametrize(
    ("typed", "may"),
    [
        ("0912 123 4567 ext. 3", True), (" TEL:021 8888 1234", True), ("۰۹۱۲", True), ("Shop 24", False), ("#", False),
        ("", False), ("1047 Main Street", False), ("BH-10047", False),
    ],
)  # fmt: skip
def test_a_number_is_told_from_words_with_a_number(typed: str, may: bool) -> None:
    assert may_be_dialled(typed) is may


@pytest.mark.parametrize(("kind", "latin"), [("account", True), ("badge", True), ("extension", True), ("cookie", False)])
def test_what_people_write_has_latin_digits_and_what_machines_write_stays(kind: str, latin: bool) -> None:
    assert normalise(kind, "a-۱۷", "IR") == (kind, "a-17" if latin else "a-۱۷")


@pytest.mark.parametrize(
    ("kind", "value", "why"),
    [
        ("account", "A\ufffd7", "holds what is no character"), ("cookie", "a" * 513, "longer than 512 characters"),
        ("Account", "A7", "a kind is a lower-case word"), ("", "A7", "a kind is a lower-case word"),
    ],
)  # fmt: skip
def test_what_could_be_taken_for_another_is_no_identifier(kind: str, value: str, why: str) -> None:
    with pytest.raises(NotAnIdentifier, match=why):
        normalise(kind, value, "IR")


def test_an_identifier_has_up_to_512_characters() -> None:
    assert normalise("cookie", "a" * 512, "IR") == ("cookie", "a" * 512)


def test_an_address_with_a_tag_is_another_than_that_without() -> None:
    assert normalise("email", "sara+shop@example.com", "IR") != normalise("email", "sara@example.com", "IR")


@pytest.mark.parametrize(
    "way",
    [
        "+98 21 8888 1234 ext. 12",
        "+982188881234;ext=12",
        "021-88881234 x12",
        "02188881234 ext12",
        "021 8888 1234 داخلی ۱۲",
    ],
)
def test_an_extension_does_not_make_another_number(way: str) -> None:
    assert normalise("phone", way, "IR") == ("phone", "+982188881234")


@pytest.mark.parametrize(
    "value",
    ["", "\x00", "\ud800", "a" * 100_000, "9" * 100_000, "@", "a@", "@b", "a@b@c", "+", "++", "\u202e", "%s", "'; --"],
)
@pytest.mark.parametrize("kind", ["email", "phone", "account", "cookie", "extension"])
def test_any_value_is_an_identifier_or_none_and_is_never_repeated(kind: str, value: str) -> None:
    assert len(said := _said(kind, value)) < 100
    assert len(value) < 3 or value not in said


def _said(kind: str, value: str) -> str:
    """Why this is no identifier; nothing where it is one."""
    try:
        normalise(kind, value, "IR")
    except NotAnIdentifier as error:
        return str(error)
    return ""


def test_who_wrote_in_capitals_is_found_in_small_letters(hub: Hub) -> None:
    come(hub, "visit.recorded", "v", NOW, visit="v", party={"kind": "email", "value": "SARA.Ahmadi+Shop@Example.COM"})
    assert customer(hub, "sara.ahmadi+shop@example.com")["identifiers"][0]["value"] == "sara.ahmadi+shop@example.com"
