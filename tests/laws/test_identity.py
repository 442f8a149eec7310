"""Law 5: links in any order give the same customers; cut after link restores exactly what was before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub.consumers import decide
from hub.consumers.project import folded
from hub.consumers.record import Outgoing
from hub.events.draft import Draft
from hub.events.identifiers import Identifier
from hub.events.prepare import prepare
from hub.projections import links
from hub.store import customers, reads
from hub.store.ringing import ringing
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, customer, letter, mail, of, shown, timeline
from tests.laws.test_store import append, dump
from tests.laws.worlds import HERE

# No shrinking: each attempt is a database of its own.
few = settings(
    max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
NAMES = "abcdef"
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] != pair[1])
WORDS = st.lists(st.tuples(PAIRS, st.sampled_from(["seen", "linked", "decided", "cut"])), max_size=12)


def identity(name: str) -> dict[str, str]:
    return {"kind": "email", "value": f"{name}@example.com"}


def say(n: int, word: tuple[Sequence[str], str]) -> Draft:
    """The n-th thing said of a pair; what is said has its time, whenever it arrives."""
    (a, b), how = word
    time = NOW - timedelta(days=2) + timedelta(minutes=n)
    if how == "seen":
        return Draft("order.placed", time, "/t", str(n), {"order": f"{n + 1000}", "party": [identity(a), identity(b)]})
    by = {"by": "Mina"} if how == "decided" else {}
    return Draft(
        "party.cut" if how == "cut" else "party.linked", time, "/t", str(n), {"a": identity(a), "b": identity(b), **by}
    )


def expected(words: list[tuple[tuple[str, str], str]]) -> set[frozenset[str]]:
    """The customers by the rule: the latest word of a person for a pair, else any evidence."""
    decided: dict[frozenset[str], str] = {}
    found: set[frozenset[str]] = set()
    for pair, how in words:
        if how in ("decided", "cut"):
            decided[frozenset(pair)] = how
        else:
            found.add(frozenset(pair))
    edges = {p for p in found if decided.get(p) != "cut"} | {p for p, how in decided.items() if how == "decided"}
    groups = {frozenset([name]) for pair, _ in words for name in pair}
    for edge in edges:
        joined = frozenset().union(*(g for g in groups if g & edge))
        groups = {g for g in groups if not g & edge} | {joined}
    return groups


def found(hub: Hub, words: list[tuple[tuple[str, str], str]]) -> set[frozenset[str]]:
    ids = {hub.keys.party_id(Identifier("email", f"{n}@example.com")): n for pair, _ in words for n in pair}
    with hub.database.transaction() as tx:
        components = {party: customers.component(tx, party) for party in ids}
        assert dict(customers.everybody(tx)) == {party: members[0] for party, members in components.items()}
    return {frozenset(ids[p] for p in members) for members in components.values()}


@pytest.mark.parametrize("words", [*product(["linked", "decided", "cut"], repeat=3)], ids="-".join)
def test_of_a_pair_counts_the_latest_word_of_a_person_else_the_first_evidence(words: Sequence[str]) -> None:
    """Whichever of the two is named first, and in whatever order it comes."""
    said = [prepare(say(n, (("ab", "ba")[n % 2], how)), HERE, NOW) for n, how in enumerate(words)]
    persons = [(how, event) for how, event in zip(words, said, strict=True) if how != "linked"]
    how, counts = persons[-1] if persons else (words[0], said[0])
    for came in permutations(said):
        [row] = folded(links.projection, {}, came).values()
        assert (row.verdict, row.item, row.decided) == ("cut" if how == "cut" else "linked", counts.id, bool(persons))
        assert [row.a, row.b] == sorted(named.id for named in said[0].named)


@few
@given(words=WORDS, data=st.data())
def test_what_is_said_of_pairs_in_any_order_gives_the_same_customers(
    new_hub: Callable[[], Hub], words: list[Any], data: st.DataObject
) -> None:
    hub = new_hub()
    drafts = data.draw(st.permutations([say(n, word) for n, word in enumerate(words)]))
    for draft in drafts:
        append(hub, [draft])
    shown(hub)
    assert found(hub, words) == expected(words)
    hub.close()


def test_naming_an_unknown_caller_brings_his_calls_and_a_cut_takes_them_away(hub: Hub) -> None:
    come(hub, "message.received", "m", ago(days=3), message="m", party=EMAIL, text="hello")
    for n in range(3):
        come(hub, "call.ended", f"c{n}", ago(days=n + 1), call=f"c{n}", party=PHONE, cause="no_answer")
    tables = ("timeline", "calls", "owners", "seen", "tickets", "orders", "conversations", "parties", "search")
    before = ({t: dump(hub)[t] for t in tables}, timeline(hub, "sara@example.com"), customer(hub, "sara@example.com"))
    decide.link(hub.recorder, EMAIL, PHONE, "he said so", "Mina", NOW)
    shown(hub)
    assert len(timeline(hub, "sara@example.com")) == 4
    assert of(hub, "۰۹۱۲۱۲۳۴۵۶۷") == of(hub, "sara@example.com")
    decide.cut(hub.recorder, EMAIL, PHONE, "another Sara", "Mina", NOW + timedelta(seconds=1))
    shown(hub)
    kept = {t: [row for row in dump(hub)[t] if not str(row[0]).startswith("link:")] for t in tables}
    assert (kept, timeline(hub, "sara@example.com"), customer(hub, "sara@example.com")) == before


def test_a_switchboard_number_links_nobody(hub: Hub) -> None:
    for n in range(8):
        come(hub, "order.placed", f"o{n}", ago(days=n), order=f"{2000 + n}", party=[identity(f"p{n}"), PHONE])
    assert len({tuple(of(hub, f"p{n}@example.com")[0]) for n in range(8)}) == 8
    assert of(hub, "p0@example.com")[0] != of(hub, "0912 123 4567")[0]
    with hub.database.transaction() as tx:
        told = reads.lookup(tx, of(hub, "0912 123 4567"), NOW)
    assert (told["match"], len(told["recent"]), told["likely"]) == ("many", 8, None)
    assert [one["orders"][0]["number"] for one in told["customers"]] == [f"{2000 + n}" for n in range(8)]


@pytest.mark.parametrize("number", ["0000", "123456", "۱۲۳۴۵"])
def test_a_telephone_number_that_is_too_short_to_be_one_links_nobody(hub: Hub, number: str) -> None:
    for name in "ab":
        party = [identity(name), {"kind": "phone", "value": number}]
        come(hub, "order.placed", name, ago(days=1), order=f"70{ord(name)}", party=party)
    assert [len(customer(hub, f"{name}@example.com")["orders"]) for name in "ab"] == [1, 1]


def test_an_extension_that_is_named_as_one_links_as_any_other_identifier(hub: Hub) -> None:
    party = [identity("a"), {"kind": "extension", "value": "۲۱۴"}]
    come(hub, "order.placed", "o", ago(days=1), order="7100", party=party)
    assert [one["value"] for one in customer(hub, "a@example.com")["identifiers"]] == ["a@example.com", "214"]


def test_many_customers_are_found_at_once_as_each_alone(hub: Hub) -> None:
    for n in range(6):
        party = [identity(f"p{n}"), *([PHONE] if n < 2 else [])]
        come(hub, "order.placed", f"o{n}", ago(days=n), order=f"{2000 + n}", party=party)
    come(hub, "party.described", "n1", ago(days=3), party=identity("p1"), name="Sara Karimi")
    come(hub, "party.described", "n2", ago(days=2), party=identity("p2"), name="Reza")
    mail(hub, letter("Neda <p3@example.com>", "Hello", "Hi", ago(days=1)))
    come(hub, "call.ringing", "c", NOW, call="c", party={"kind": "phone", "value": "0935 111 2233"}, caller_name="A caller")
    numbers = [Identifier("phone", "+989121234567"), Identifier("phone", "+989351112233")]
    parties = [hub.keys.party_id(one) for one in [*(Identifier("email", f"p{n}@example.com") for n in range(6)), *numbers]]
    with hub.database.reading() as tx:
        found = customers.each_shown_with(tx, parties)
        assert found == {party: customers.shown_with(tx, party) for party in parties}
        assert sorted(map(len, found.values())) == [1] * 5 + [3] * 3
        names = dict(zip(found, customers.names(tx, list(found.values())), strict=True))
        assert [names[party] for party in parties] == [
            "Sara Karimi", "Sara Karimi", "Reza", "Neda", None, None, "Sara Karimi", "A caller"
        ]  # fmt: skip
        assert customers.names(tx, []) == []
        assert customers.each_shown_with(tx, []) == {}
        everybody = dict(customers.everybody(tx))
        assert everybody == {party: customers.shown_with(tx, party)[0] for party in everybody}
        assert set(parties) <= set(everybody)


def test_a_component_of_more_than_a_thousand_stops_and_hides_nobody_else(hub: Hub) -> None:
    drafts = [
        Draft("party.linked", ago(days=1), "/t", f"l{n}", {"a": identity(f"q{n}"), "b": identity(f"q{n + 1}")})
        for n in range(1_001)
    ]
    hub.recorder.record(lambda here: [Outgoing(prepare(d, here, NOW)) for d in drafts])
    for who, party in (("one of many", identity("q5")), ("Sara", EMAIL)):
        come(hub, "message.received", who, ago(hours=1), message=who, channel="chat", thread=who, party=party, text="hello")
        come(hub, "call.ringing", f"{who} calls", NOW, call=who, direction="in", party=party)
    with pytest.raises(customers.TooLarge):
        of(hub, "q5@example.com")
    alone, sara = (hub.keys.party_id(Identifier("email", f"{name}@example.com")) for name in ("q5", "sara"))
    with hub.database.transaction() as tx:
        assert customers.each_shown_with(tx, [alone, sara, alone]) == {alone: [alone], sara: [sara]}
        everybody = dict(customers.everybody(tx))
        assert (everybody[alone], everybody[sara], len(everybody)) == (alone, sara, 1_003)
        assert {one["customer"] for one in reads.tickets(tx)["items"]} == {sara, alone}
        assert {call.party: len(call.lasts) for call in ringing(tx, NOW)} == {sara: 1, alone: 1}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_whoever_was_named_beside_a_shared_identifier_is_one_whichever_was_named_first(hub: Hub, place: int) -> None:
    for n in range(8):
        party = [identity(f"p{n}"), {"kind": "account", "value": f"A{n}"}]
        come(hub, "order.placed", f"o{n}", ago(days=n), order=f"{2000 + n}", party=[*party[:place], PHONE, *party[place:]])
    for n in range(8):
        assert [one["value"] for one in customer(hub, f"p{n}@example.com")["identifiers"]] == [f"A{n}", f"p{n}@example.com"]
    assert len({tuple(of(hub, f"p{n}@example.com")[0]) for n in range(8)}) == 8
    party_ids = [hub.keys.party_id(Identifier("account", f"A{n}")) for n in range(8)]
    with hub.database.transaction() as tx:
        everybody = dict(customers.everybody(tx))
        assert {party: customers.component(tx, party)[0] for party in party_ids} == {one: everybody[one] for one in party_ids}
        assert reads.lookup(tx, of(hub, "0912 123 4567"), NOW)["match"] == "many"
    a, b = (hub.keys.party_id(Identifier(*one)) for one in (("account", "A0"), ("email", "p0@example.com")))
    decide.cut_parties(hub.recorder, a, b, "two people", "Mina", NOW)
    shown(hub)
    assert of(hub, "p0@example.com")[0] != of(hub, "account:A0")[0]


def test_who_is_cut_off_what_names_three_leaves_the_other_two(hub: Hub) -> None:
    party = [identity("a"), PHONE, {"kind": "account", "value": "A7"}]
    come(hub, "order.placed", "o", ago(days=1), order="7100", party=party)
    a, b = (hub.keys.party_id(Identifier(*one)) for one in (("email", "a@example.com"), ("phone", "+989121234567")))
    decide.cut_parties(hub.recorder, a, b, "her sister's", "Mina", NOW)
    shown(hub)
    assert [one["value"] for one in customer(hub, "a@example.com")["identifiers"]] == ["A7", "a@example.com"]
    assert len(of(hub, "0912 123 4567")[0]) == 1
