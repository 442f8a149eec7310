"""All real mails that lie beside the project: every byte kept, every contact shown, no bounce makes work."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.channels._shape import Channel
from hub.consumers import ingest
from hub.consumers.decode import shown_events
from hub.consumers.runner import clock
from hub.consumers.understand import channels, raw_of
from hub.store import ledger, reads
from hub.wiring import Hub
from tests.hostile import mails
from tests.journeys.story import mail, shown

DATA = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = [DATA / "email_mime", DATA / "email_bounce"]
HUMAN = "lhost-sendmail-14.eml"  # a person forwards a bounce
real = pytest.mark.skipif(
    not all(folder.is_dir() for folder in FOLDERS),
    reason="the real mails, ../shared/data/email_mime and email_bounce, are absent",
)


def take_in(hub: Hub, *paths: Path) -> ingest.Counts:
    email: Channel = channels()["email"]
    written = ingest.write_down(hub.recorder, email, ingest.pieces(email, paths), clock, history=False)
    shown(hub)
    return ingest.outcomes(hub.recorder, written)


def balance(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.transaction() as tx:
        found = ledger.balance(tx)
    assert found["balanced"]
    sources: list[dict[str, Any]] = found["sources"]
    return sources


def received(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.transaction() as tx:
        return list(shown_events(hub.keys, reads.events(tx, kind="message.received")))


def raw(hub: Hub, payload: str) -> bytes:
    with hub.database.transaction() as tx:
        found = raw_of(hub.recorder, tx, payload)
        assert found is not None
        return b"".join(found)


def tickets(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.transaction() as tx:
        items: list[dict[str, Any]] = reads.tickets(tx, limit=1_000)["items"]
    return items


@real
def test_all_real_mails_go_in_byte_for_byte_and_the_second_time_only_as_duplicates(hub: Hub) -> None:
    files = {path.read_bytes() for folder in FOLDERS for path in folder.rglob("*.eml")}
    first = take_in(hub, *FOLDERS)
    assert first.received == len(files)
    assert (first.understood + first.ignored, first.rejected) == (first.received, 0)
    assert {raw(hub, payload) for payload in first.payloads} == files
    (row,) = balance(hub)
    assert (row["received"], row["waiting"]) == (len(files), 0)

    again = take_in(hub, *FOLDERS)
    assert again.shown() == {
        "received": 0,
        "understood": 0,
        "ignored": 0,
        "rejected": 0,
        "duplicates": first.received + first.duplicates,
    }
    (row,) = balance(hub)
    assert row["received"] == len(files)
    with hub.database.transaction() as tx:
        assert ledger.rejected(tx) == []


@real
def test_every_bounce_but_the_forwarded_one_is_automatic_and_opens_no_ticket(hub: Hub) -> None:
    folder = DATA / "email_bounce"
    names = {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in folder.glob("*.eml")}
    assert len(names) == 143
    take_in(hub, folder)
    events = received(hub)
    people = {names[event["data"]["raw"]] for event in events if event["data"]["automatic"] == "no"}
    assert people == {HUMAN}
    of_people = {event["id"] for event in events if event["data"]["automatic"] == "no"}
    assert {contact for ticket in tickets(hub) for contact in ticket["contacts"]} <= of_people


def test_different_mails_under_one_message_id_all_stay(hub: Hub) -> None:
    bodies = [mails.plain("same id", f"letter {n}".encode()) for n in range(5)]
    bodies.append(mails.plain("same id", b"letter 0", sender="Reza <reza@example.com>"))
    for body in bodies:
        mail(hub, body)
    events = received(hub)
    assert sorted(event["personal"]["text"].strip() for event in events) == [
        "letter 0",
        *(f"letter {n}" for n in range(5)),
    ]
    assert len({event["data"]["message_id"] for event in events}) == 1
    assert len({event["id"] for event in events}) == 6


@pytest.mark.parametrize(
    "changed",
    [
        lambda body: b"Received: from mx2 by shop; Mon, 16 Nov 2026 10:00:05 +0330\r\n" + body,
        lambda body: b"X-Spam-Score: 0.1\r\nDelivered-To: second@shop.example\r\n" + body,
        lambda body: body.replace(b"\r\n", b"\n"),
        lambda body: body + b"\r\n\r\n",
    ],
)
def test_the_same_mail_by_another_way_is_one_contact(hub: Hub, changed: Callable[[bytes], bytes]) -> None:
    body = mails.plain("one mail", b"where is my parcel?")
    mail(hub, body, source="files")
    mail(hub, changed(body), source="imap")
    (event,) = received(hub)
    rows = {row["source"]: row for row in balance(hub)}
    assert (rows["files"]["understood"], rows["imap"]["ignored"]) == (1, 1)
    reasons = hub.database.rows("SELECT why FROM outcome WHERE kind = 'ignored'")
    assert reasons == [(f"same email as {event['id']}",)]
