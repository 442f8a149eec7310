"""Law 7: received = understood + ignored + rejected + waiting, for each source; a lost outcome is noticed."""

from __future__ import annotations

import pytest

from hub.consumers.record import payload_of_bytes
from hub.store import ledger
from hub.wiring import Hub
from tests.journeys.story import EMAIL, NOW, ago, come, letter, mail, shown


def balance(hub: Hub) -> dict[str, object]:
    with hub.database.transaction() as tx:
        return ledger.balance(tx)


def a_day(hub: Hub) -> None:
    mail(hub, letter("Sara <sara@example.com>", "One", "text", ago(days=1)))
    mail(hub, b"\x00 no mail")
    mail(hub, letter("Sara <sara@example.com>", "One", "text", ago(days=1)), source="imap")
    come(hub, "visit.recorded", "v", ago(hours=1), visit="v", party=EMAIL)
    waiting = payload_of_bytes(hub.recorder, "email", "files", letter("a@b.example", "Two", "x", NOW, 2), {}, NOW)
    hub.recorder.record(lambda _: [waiting])
    hub.recorder.record(lambda _: [waiting])


def test_everything_received_has_one_outcome_or_waits(hub: Hub) -> None:
    """What waits in Kafka counts as received once it is taken from there, together with what becomes of it."""
    a_day(hub)
    rows = {(r["source"], r["channel"]): r for r in balance(hub)["sources"]}  # type: ignore[attr-defined]
    counts = ("received", "understood", "ignored", "rejected", "waiting", "duplicates")
    assert {key: tuple(row[n] for n in counts) for key, row in rows.items()} == {
        ("files", "email"): (3, 1, 0, 1, 1, 1) if hub.recorder.log.in_store else (2, 1, 0, 1, 0, 0),
        ("imap", "email"): (1, 0, 1, 0, 0, 0),
        ("/test", "events"): (1, 1, 0, 0, 0, 0),
    }
    assert balance(hub)["balanced"]
    shown(hub)
    (files,) = (r for r in balance(hub)["sources"] if r["source"] == "files")  # type: ignore[attr-defined]
    assert tuple(files[n] for n in counts) == (3, 2, 0, 1, 0, 1)
    assert balance(hub)["balanced"]


@pytest.mark.parametrize("kind", ["understood", "ignored", "rejected"])
def test_deleting_one_outcome_unbalances_the_ledger(hub: Hub, kind: str) -> None:
    a_day(hub)
    with hub.database.transaction() as tx:
        tx.execute("DELETE FROM outcome WHERE payload = (SELECT payload FROM outcome WHERE kind = %s LIMIT 1)", [kind])
    assert not balance(hub)["balanced"]


def test_deleting_an_event_that_was_its_own_raw_form_unbalances_the_ledger(hub: Hub) -> None:
    a_day(hub)
    with hub.database.transaction() as tx:
        tx.execute("DELETE FROM event WHERE type = 'visit.recorded'")
    assert not balance(hub)["balanced"]
