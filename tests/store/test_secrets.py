"""What is personal is readable with the key database only."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import pytest

from hub.events.draft import File
from hub.events.identifiers import Identifier
from hub.events.seal import unseal
from hub.store import keys
from hub.store.keys import Destroyed
from hub.wiring import Hub
from tests.journeys.story import EMAIL, ago, come, letter, mail


def test_the_log_holds_nothing_personal_in_the_clear(hub: Hub) -> None:
    mail(hub, letter("Sara <sara@example.com>", "Broken kettle", "Elm Street", ago(days=1)))
    come(hub, "visit.recorded", "v", ago(hours=1), visit="v", party=EMAIL, reason="broken kettle")
    held = " ".join(row[0] for row in hub.database.rows("SELECT value FROM event"))
    assert [word for word in ("sara@example.com", "Sara", "kettle", "Elm Street") if word in held] == []


def test_an_address_in_cc_is_under_its_own_partys_key(hub: Hub) -> None:
    body = letter("Sara <sara@example.com>", "Hello", "text", ago(days=1)).replace(b"To:", b"Cc: Reza <reza@example.com>\r\nTo:")
    mail(hub, body)
    reza = hub.keys.party_id(Identifier("email", "reza@example.com"))
    names = [row[0] for row in hub.database.rows("SELECT value FROM event WHERE type = 'message.received'")]
    assert f'"key":"{reza}","at":"cc/0"' in names[0]


def test_who_is_forgotten_takes_nobody_elses_identifier_along(hub: Hub) -> None:
    account = {"kind": "account", "value": "A7"}
    come(hub, "visit.recorded", "v", ago(hours=1), visit="v", party=[EMAIL, account], reason="broken kettle")
    sara = hub.keys.party_id(Identifier("email", "sara@example.com"))
    ((value,),) = hub.database.rows("SELECT value FROM event")
    event = unseal(orjson.loads(value), lambda name: None if name == sara else hub.keys.find([name])[name])
    assert event.personal == {"party": [None, account]}


def test_nobody_elses_account_sees_by_its_digest_that_a_file_came(hub: Hub) -> None:
    hub.recorder.keep_files("a", "a", [File("plan.pdf", "application/pdf", b"known to many")])
    folder = Path(hub.settings.blobs_url)
    assert [path.name for path in folder.glob("a/*")] == [hashlib.sha256(b"known to many").hexdigest()]
    assert folder.stat().st_mode & 0o077 == 0


def test_a_destroyed_key_is_never_made_again(hub: Hub) -> None:
    hub.keys.ensure(["one"])
    hub.keys.destroy(["one", "two"], [])
    assert hub.keys.find(["one", "two"]) == {"one": None, "two": None}
    for name in ("one", "two"):
        with pytest.raises(Destroyed):
            hub.keys.ensure([name])


def test_more_keys_than_are_remembered_are_all_given(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a house of more than 200,000 customers: to remember a new key another one goes, of the same batch perhaps."""
    monkeypatch.setattr(keys, "_CACHED", 3)
    names = [f"{n}" for n in range(10)]
    first = hub.keys.ensure(names[:3])
    made = hub.keys.ensure(names)
    assert sorted(made) == names
    assert made.items() >= first.items()
    assert hub.keys.find(names) == made
    assert hub.keys.find([*names[-3:], *names[:7], "never made"]) == {**made, "never made": None}


def test_ids_of_parties_differ_between_installations(hub: Hub) -> None:
    from hub.events.ids import party_id

    who = Identifier("phone", "+989121234567")
    assert hub.keys.party_id(who) == party_id(hub.keys.secret, who)
    assert hub.keys.party_id(who) != party_id(b"another secret", who)
