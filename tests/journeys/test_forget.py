"""Forgetting: nothing says any more who it was; what was counted stays."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hub.consumers import forget as forgetting
from hub.consumers.forget import finish, forget
from hub.consumers.ingest import Counts, outcomes, pieces, write_down
from hub.consumers.rebuild import rebuild, verify
from hub.consumers.runner import clock
from hub.consumers.understand import channels, raw_of
from hub.events.identifiers import Identifier, normalise
from hub.events.mentions import holds, pattern
from hub.store import ledger
from hub.store.projected import projections
from hub.wiring import Hub, open_hub
from tests.journeys.places import everywhere
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, customer, letter, mail, of, shown, timeline
from tests.kill.running import until

# Long enough to stand in no cipher text by chance.
SECRETS = [
    "sara@example.com", "sarvenaz", "9121234567", "elm street", "broken kettle", "private.pdf", "خیابان نارون", "kunde-4477",
]  # fmt: skip
ASKED = ["sara@example.com", "0912 123 4567", "Kunde-4477", "Sarvenaz", "elm street", "نارون"]
SPELT = [
    "0912 123 4567", "+989121234567", "+98 (0) 912-123-4567", "00989121234567", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "٠٩١٢١٢٣٤٥٦٧", "9121234567",
    "Sara@Example.COM", "\u202asara\u200e@example.com\u202c", "\u20660912\u200e 123 4567\u2069",
]  # fmt: skip
OTHERS = ["0912 123 4568", "19121234567", "91212345670", "sara@example.org"]
OF_REZA = "sarvenaz and me"  # what others wrote is theirs


def a_life(hub: Hub) -> None:
    sender = "Sarvenaz <sara@example.com>"
    mail(hub, letter(sender, "My broken kettle", "I live in Elm Street. Order #1047", ago(days=6)))
    mail(hub, letter(sender, "My broken kettle", "with a large text " + "Elm Street " * 9000, ago(days=5), 2))
    mail(
        hub,
        letter("Reza <reza@example.com>", "Sarvenaz and me", "Hello", ago(days=5), 3).replace(
            b"To:", b"Cc: sara@example.com\r\nTo:"
        ),
    )
    mail(hub, with_a_file(sender))
    come(hub, "order.placed", "o", ago(days=7), order="1047",
         party=[EMAIL, PHONE, {"kind": "account", "value": "Kunde-4477"}], total="12.5", currency="EUR")  # fmt: skip
    come(hub, "order.shipped", "s", ago(days=2), order="1047", note="leave it at Elm Street")
    come(hub, "call.ended", "c", ago(days=1), call="c1", party=PHONE, reason="broken kettle", caller_name="Sarvenaz")
    come(hub, "party.described", "p", ago(days=1), party=EMAIL, name="Sarvenaz", address="Elm Street")
    come(hub, "visit.recorded", "v", ago(days=1), visit="v", party=PHONE, note="خیابان نارون", outcome="follow_up")
    come(hub, "message.received", "w", ago(hours=2), channel="chat", message="w", party=PHONE, text="Elm Street",
         attachments=[{"name": "private.pdf", "type": "application/pdf"}])  # fmt: skip
    mail(hub, unreadable("sara@example.com"))


def with_a_file(sender: str) -> bytes:
    whole = EmailMessage()
    for name, value in (("From", sender), ("To", "info@shop.example"), ("Subject", "The bill"), ("Message-ID", "<f@x.example>"),
                        ("Date", format_datetime(ago(days=4)))):  # fmt: skip
        whole[name] = value
    whole.set_content("See the file.")
    whole.add_attachment(b"Sarvenaz, Elm Street", maintype="application", subtype="pdf", filename="private.pdf")
    return whole.as_bytes()


def unreadable(text: str) -> bytes:
    """What nobody can parse, so that nobody can say whose it is."""
    return b"\x00\x01 " + text.encode() + b" and no header"


def left(hub: Hub) -> dict[str, list[str]]:
    """The secrets that each place still tells."""
    said = everywhere(hub, ASKED)
    return {
        place: found
        for place, text in said.items()
        if (found := [secret for secret in SECRETS if secret in text.replace(OF_REZA, "")])
    }


def test_no_personal_value_of_a_forgotten_person_is_left(hub: Hub) -> None:
    a_life(hub)
    before = customer(hub, "sara@example.com")
    told = left(hub)
    assert set(told) == {"dump", "hub events", "API", "pages"}  # blobs are never readable
    assert {secret for secrets in told.values() for secret in secrets} == set(SECRETS)
    assert set(told["API"]) == set(SECRETS)
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)
    assert left(hub) == {}
    after = customer(hub, before["id"])
    assert {n: after[n] for n in ("contacts", "first_contact", "last_contact")} == {
        n: before[n] for n in ("contacts", "first_contact", "last_contact")
    }
    assert [(o["number"], o["total"], o["stage"]) for o in after["orders"]] == [("1047", "12.50", "shipped")]
    assert of(hub, "sara@example.com") == []
    assert verify(hub.recorder)["clean"]
    rebuild(hub.recorder, list(projections()))
    assert left(hub) == {}
    with hub.database.transaction() as tx:
        assert ledger.balance(tx)["balanced"]


@pytest.mark.parametrize("text", SPELT)
def test_an_identifier_is_found_however_it_is_spelt(text: str) -> None:
    known = [normalise(one["kind"], one["value"], "IR") for one in (EMAIL, PHONE)]
    wanted = pattern(one for one in known if one)
    assert wanted
    assert holds(unreadable(text), wanted)
    assert holds(f'{{"x": "{ascii(text)[1:-1]}"}}'.encode(), wanted)
    assert holds(b"x" * (1 << 20) + unreadable(text), wanted)


@pytest.mark.parametrize("before", [(1 << 20) - 40, (1 << 20) + 5000, 3 << 20])
def test_an_identifier_is_found_wherever_it_stands_in_what_is_long(before: int) -> None:
    wanted = pattern([Identifier("email", "sara@example.com")])
    assert wanted
    for where in range(before, before + 40, 3):
        assert holds(b"x " * (where // 2) + b"sara@example.com" + b" x" * 10_000, wanted)
    assert not holds(b"x " * before, wanted)


@pytest.mark.parametrize("kind", ["account", "badge", "cookie"])
def test_an_identifier_too_short_to_be_told_from_other_words_is_not_looked_for(kind: str) -> None:
    assert pattern([Identifier(kind, "A-17")]) is None
    wanted = pattern([Identifier(kind, "A-17"), Identifier(kind, "AB-17")])
    assert wanted
    assert [holds(body, wanted) for body in (b"of ab-17.", "of AB-۱۷.".encode(), b"of A-17.")] == [True, True, False]


@pytest.mark.parametrize(
    ("number", "written"), [("+80012345678", b"00800 1234 5678"), ("+79121234567", b"8 (912) 123-45-67")]
)
def test_a_number_is_found_as_its_country_writes_it_or_where_it_has_none(number: str, written: bytes) -> None:
    wanted = pattern([Identifier("phone", number)])
    assert wanted
    assert holds(b"call " + written + b" now", wanted)


def test_what_was_rejected_goes_however_it_spells_who_is_forgotten_and_no_more(hub: Hub) -> None:
    come(hub, "visit.recorded", "v", ago(days=1), visit="v", party=[EMAIL, PHONE])
    hers, others = ([mail(hub, unreadable(text)) for text in spelt] for spelt in (SPELT, OTHERS))
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    with hub.database.transaction() as tx:
        assert [id for id in hers if raw_of(hub.recorder, tx, id) is not None] == []
        assert [id for id in others if raw_of(hub.recorder, tx, id) is None] == []


def test_what_is_rejected_while_somebody_is_being_forgotten_goes_too(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    come(hub, "visit.recorded", "v", ago(days=1), visit="v", party=EMAIL)
    came: list[str] = []
    look = forgetting._mentioning

    def and_more_came(*about: Any) -> Any:
        found = look(*about)
        if not came:
            came.extend(mail(hub, unreadable(text)) for text in ("sara@example.com", "sara@example.org"))
        return found

    monkeypatch.setattr(forgetting, "_mentioning", and_more_came)
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    with hub.database.transaction() as tx:
        assert [raw_of(hub.recorder, tx, id) is None for id in came] == [True, False]


def test_of_who_is_forgotten_no_blob_is_left_and_of_others_every_one(hub: Hub) -> None:
    mail(hub, letter("Reza <reza@example.com>", "Hello", "It is me " * 10_000, ago(days=5), 4))
    of_reza = list(hub.recorder.blobs.listed())
    a_life(hub)
    mail(hub, unreadable("sara@example.com") + b" " * 90_000)
    assert len(list(hub.recorder.blobs.listed())) >= len(of_reza) + 3  # a large mail, a file, what nobody can read
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    assert list(hub.recorder.blobs.listed()) == of_reza != []


def test_who_was_forgotten_may_be_forgotten_once_more(hub: Hub) -> None:
    come(hub, "visit.recorded", "v", ago(days=1), visit="v", party=[EMAIL, PHONE], note="Elm Street")
    (parties,) = of(hub, "sara@example.com")
    for _ in range(2):
        assert forget(hub.recorder, parties, NOW)["parties"] == 2
        shown(hub)
        assert (customer(hub, parties[0])["identifiers"][0]["value"], of(hub, "sara@example.com")) == (None, [])
    assert verify(hub.recorder)["clean"]


def test_others_keep_what_is_theirs(hub: Hub) -> None:
    a_life(hub)
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)
    reza = customer(hub, "reza@example.com")
    assert (reza["name"], reza["contacts"]) == ("Reza", 1)


def test_whoever_wrote_for_somebody_else_is_forgotten_there_too(hub: Hub) -> None:
    come(hub, "message.received", "m", ago(days=1), message="m", channel="email", thread="m", text="Where is it?",
         party={"kind": "email", "value": "reza@example.com"}, **{"from": {"name": "Sarvenaz", "address": "sara@example.com"}},
         reply_to={"name": "Reza", "address": "reza@example.com"})  # fmt: skip
    come(hub, "visit.recorded", "v", ago(hours=1), visit="v", party=EMAIL)
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)
    assert left(hub) == {}
    assert [item["text"] for item in timeline(hub, "reza@example.com")] == ["Where is it?"]
    assert verify(hub.recorder)["clean"]


def test_a_new_contact_of_the_same_address_starts_a_new_person(hub: Hub) -> None:
    a_life(hub)
    old = customer(hub, "sara@example.com")["id"]
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)
    mail(hub, letter("Sarvenaz <sara@example.com>", "Hello again", "It is me", NOW, 9))
    new = customer(hub, "sara@example.com")
    assert new["id"] != old
    assert (new["contacts"], new["orders"], new["name"]) == (1, [], "Sarvenaz")
    assert verify(hub.recorder)["clean"]


def test_what_comes_again_of_somebody_who_was_forgotten_is_a_duplicate_and_costs_nothing_beside_it(
    hub: Hub, tmp_path: Path
) -> None:
    """A folder that is taken in again, and a step of an order of which nobody is named, as whoever sent it may send it twice."""
    (tmp_path / "1.eml").write_bytes(letter("Sara <sara@example.com>", "My broken kettle", "I live in Elm Street", ago(days=6)))
    assert taken_in(hub, tmp_path).shown() == {"received": 1, "understood": 1, "ignored": 0, "rejected": 0, "duplicates": 0}
    come(hub, "order.placed", "o", ago(days=7), order="1047", party=EMAIL)
    step = come(hub, "order.shipped", "s", ago(days=2), order="1047", note="leave it at Elm Street")
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)

    (tmp_path / "2.eml").write_bytes(letter("Reza <reza@example.com>", "Hello", "It is me", ago(days=5), 2))
    assert taken_in(hub, tmp_path).shown() == {"received": 1, "understood": 1, "ignored": 0, "rejected": 0, "duplicates": 1}
    assert come(hub, "order.shipped", "s", ago(days=2), order="1047", note="leave it at Elm Street") == step
    assert of(hub, "reza@example.com")
    assert "elm street" not in str(everywhere(hub, []))
    assert verify(hub.recorder)["clean"]


def taken_in(hub: Hub, folder: Path) -> Counts:
    counts = write_down(hub.recorder, channels()["email"], pieces(channels()["email"], [folder]), clock, history=False)
    shown(hub)
    return outcomes(hub.recorder, counts)


def test_another_process_learns_at_once_that_somebody_was_forgotten(hub: Hub) -> None:
    from hub.wiring import open_hub

    other = open_hub(hub.settings, hub.database.dsn)
    come(other, "message.received", "1", ago(days=1), message="1", party=EMAIL, text="one")
    old = customer(other, "sara@example.com")["id"]
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    come(other, "message.received", "2", ago(hours=1), message="2", party=EMAIL, text="two")
    new = customer(other, "sara@example.com")
    other.close()
    assert new["id"] != old
    assert new["contacts"] == 1


def test_whoever_waited_to_write_while_somebody_was_forgotten_knows_it(hub: Hub) -> None:
    """He has the key at hand, and came before the forgetting had begun."""
    come(hub, "visit.recorded", "v1", ago(days=1), visit="v1", party=EMAIL, note="Elm Street")
    (parties,) = of(hub, "sara@example.com")
    beside = open_hub(hub.settings, hub.database.dsn)
    forgetting = Thread(target=forget, args=(beside.recorder, parties, NOW))
    writing = Thread(target=lambda: come(hub, "visit.recorded", "v2", NOW, visit="v2", party=EMAIL, note="hello"))
    with hub.database.transaction() as tx:
        hub.recorder.enter(tx)
        forgetting.start()
        until(lambda: waiting(beside) == 1, 20, "the forgetting waits for whoever writes")
        writing.start()
        until(lambda: waiting(beside) == 2, 20, "the next one waits for the forgetting")
    forgetting.join()
    writing.join()
    beside.close()
    shown(hub)
    (now,) = of(hub, "sara@example.com")
    assert now != parties
    assert [item["text"] for item in timeline(hub, now[0])] == ["hello"]
    assert verify(hub.recorder)["clean"]


def waiting(hub: Hub) -> int:
    return len(hub.database.rows("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))


def test_a_forgetting_that_was_killed_is_known_to_who_goes_on_writing(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    come(hub, "visit.recorded", "v1", ago(days=1), visit="v1", party=EMAIL, note="Elm Street")
    (parties,) = of(hub, "sara@example.com")
    beside = open_hub(hub.settings, hub.database.dsn)
    destroy = beside.keys.destroy

    def and_die(*about: Any) -> None:
        destroy(*about)
        raise KeyboardInterrupt

    monkeypatch.setattr(beside.keys, "destroy", and_die)
    with pytest.raises(KeyboardInterrupt):
        forget(beside.recorder, parties, NOW)
    beside.close()
    come(hub, "visit.recorded", "v2", NOW, visit="v2", party=EMAIL, note="hello")
    assert hub.keys.party_id(Identifier("email", "sara@example.com")) not in parties
    assert finish(hub.recorder, NOW) == len(parties)
    shown(hub)
    (now,) = of(hub, "sara@example.com")
    assert [item["text"] for item in timeline(hub, now[0])] == ["hello"]
    assert verify(hub.recorder)["clean"]


def test_what_nobody_can_read_any_more_hinders_no_forgetting(hub: Hub) -> None:
    a_life(hub)
    mail(hub, unreadable("sara@example.com") + b" " * 90_000)
    [(blob,)] = hub.database.rows(
        "SELECT value::json -> 'data' ->> 'blob' FROM event WHERE id IN (SELECT payload FROM outcome WHERE kind = 'rejected')"
        " AND value LIKE '%%\"blob\"%%'"
    )
    hub.recorder.blobs.delete(blob)
    (parties,) = of(hub, "sara@example.com")
    assert forget(hub.recorder, parties, NOW)["payloads"] >= 5
    shown(hub)
    assert left(hub) == {}


def test_a_forgetting_that_was_killed_is_finished_later(hub: Hub) -> None:
    a_life(hub)
    parties = of(hub, "sara@example.com")[0]
    hub.keys.destroy(parties, parties)  # killed here: the keys are gone, the log does not say so yet
    assert finish(hub.recorder, NOW) == len(parties)
    shown(hub)
    assert customer(hub, parties[0])["name"] is None
    assert list(hub.recorder.blobs.listed()) == []
    assert finish(hub.recorder, NOW) == 0
    assert verify(hub.recorder)["clean"]
