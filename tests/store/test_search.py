"""Who is found by which words: what is typed is cut as what is kept, whatever stands between letters and digits."""

from __future__ import annotations

import pytest

from hub.consumers.forget import forget
from hub.events.text import terms
from hub.store import options, order_contacts, reads
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, of, shown

NAMES = [
    "Jean-Pierre O'Brien", "Jean-Pierre O’Brien", "Müller-Lüdenscheidt", "D.J. Smith/Jones & Co.", "T-shirt", "کتاب‌های ویژه",
    "«سارا» احمدی‌نژاد", "under_score", "C3PO", "1e5x", "www.example.com/a-b?c=d",
]  # fmt: skip


def found(hub: Hub, typed: str) -> list[list[str]]:
    with hub.database.reading() as tx:
        return reads.search(tx, typed)


def beginnings(whole: str) -> list[str]:
    """What one has typed, letter by letter, since there was one."""
    return [typed for n in range(1, len(whole) + 1) if terms(typed := whole[:n])]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_while_one_types_it(hub: Hub, name: str) -> None:
    come(hub, "party.described", "n", ago(days=1), party=EMAIL, name=name)
    assert [typed for typed in beginnings(name) if found(hub, typed) != of(hub, EMAIL["value"])] == []


@pytest.mark.parametrize(
    "typed", ["sara@example.com", "+989121234567", "989121234567", "RR-123-456-IR", "INV-7788", "SHOP/1047-B"]
)
def test_numbers_and_addresses_are_found_while_one_types_them(hub: Hub, typed: str) -> None:
    come(hub, "order.shipped", "s", ago(days=2), order="SHOP/1047-B", party=[EMAIL, PHONE], tracking="RR-123-456-IR")
    come(hub, "order.invoiced", "i", ago(days=1), order="SHOP/1047-B", document="INV-7788")
    assert [part for part in beginnings(typed) if found(hub, part) != of(hub, EMAIL["value"])] == []


def test_every_word_is_wanted_and_only_the_last_may_be_unfinished(hub: Hub) -> None:
    come(hub, "party.described", "n", ago(days=1), party=EMAIL, name="Jean-Pierre O'Brien")
    assert [typed for typed in ("jean-paul", "jea-pierre", "jeanpierre", "pierre obrien", "-", "") if found(hub, typed)] == []


def test_who_wrote_very_much_is_still_found_by_his_address(hub: Hub) -> None:
    said = {"channel": "chat", "message": "m", "thread": "t", "party": EMAIL, "text": "so many words " * 2_000}
    come(hub, "message.received", "m", ago(days=1), **said)
    assert found(hub, "sara@exam") == of(hub, EMAIL["value"])


@pytest.mark.parametrize("typed", ["copper kettle", "elm street", "25"])
def test_what_was_filled_into_a_form_is_found(hub: Hub, typed: str) -> None:
    fields = {"wish": "a copper kettle", "to": [{"street": "Elm Street", "floor": 25}], "again": True, "nothing": None}
    come(hub, "form.submitted", "f", ago(days=1), party=EMAIL, title="Order a catalogue", fields=fields)
    assert found(hub, typed) == of(hub, EMAIL["value"])
    assert found(hub, "true") == found(hub, "none") == []


@pytest.mark.parametrize("typed", ["nowruz-26", "tea15", "thank you"])
def test_who_answered_a_campaign_is_found_by_it_and_its_code(hub: Hub, typed: str) -> None:
    said = {"text": "Thank you", "campaign": "Nowruz-26", "code": "TEA15"}
    come(hub, "contact.recorded", "c", ago(days=1), contact="c", party=EMAIL, **said)
    assert found(hub, typed) == of(hub, EMAIL["value"])


def test_an_address_is_found_however_it_was_told(hub: Hub) -> None:
    come(hub, "party.described", "a", ago(days=1), party=EMAIL, addresses=[{"street": "Elm Street 5", "city": "Isfahan"}])
    assert found(hub, "isfahan elm") == of(hub, EMAIL["value"])


def test_nobody_is_found_by_what_was_forgotten(hub: Hub) -> None:
    come(hub, "form.submitted", "f", ago(days=1), party=EMAIL, fields={"wish": "a copper kettle"})
    come(hub, "contact.recorded", "c", ago(days=1), contact="c", party=EMAIL, campaign="Nowruz", code="TEA15")
    (parties,) = of(hub, EMAIL["value"])
    assert found(hub, "kettle") == found(hub, "tea15") == [parties]
    forget(hub.recorder, parties, NOW)
    shown(hub)
    assert found(hub, "kettle") == found(hub, "tea15") == []


def test_the_contacts_of_an_order_are_found_whatever_stands_in_its_number(hub: Hub) -> None:
    with hub.database.transaction() as tx:
        options.write(tx, "order_pattern", r"AB-\d+/\d", "admin")
    come(hub, "order.placed", "o", ago(days=2), order="AB-1001/2", party=EMAIL)
    said = {"channel": "chat", "message": "m", "thread": "t", "party": EMAIL, "text": "where is ab-1001? I mean AB-1001/2!"}
    message = come(hub, "message.received", "m", ago(days=1), **said)
    with hub.database.reading() as tx:
        assert [item["id"] for item in order_contacts.about(tx, "AB-1001/2")] == [message]


@pytest.mark.parametrize("latest", [1, 100])
def test_of_a_word_that_very_many_wrote_those_who_wrote_last_are_found(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, latest: int
) -> None:  # fmt: skip
    """They are looked for among the last rows; where too few of these have it, among all."""
    people = [{"kind": "email", "value": f"customer{n}@example.com"} for n in range(6)]
    for n in range(24):
        said = {"channel": "chat", "message": f"m{n}", "thread": f"t{n}", "party": people[n % 6], "text": "A kettle"}
        come(hub, "message.received", f"m{n}", ago(days=n + 1), **said)
    everybody = [of(hub, one["value"])[0] for one in people]
    assert found(hub, "kettle") == everybody
    monkeypatch.setattr(reads, "FEW", 1)
    monkeypatch.setattr(reads, "COMMON", 20)
    monkeypatch.setattr(reads, "LATEST", latest)
    assert found(hub, "kettle") == everybody
    monkeypatch.setattr(reads, "LATEST", 100)
    monkeypatch.setattr(reads, "_ALL_FOUND", "SELECT 'nobody asks this'")
    with hub.database.reading() as tx:
        assert reads.search(tx, "kettle", 3) == everybody[:3]
