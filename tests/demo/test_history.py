"""The demo's month: what its files say, read by the adapters that `hub ingest` uses."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import hub.demo
from hub.channels._shape import Channel, Payload, Understood
from hub.channels.cdr import channel as cdr
from hub.channels.email import channel as mail
from hub.channels.orders import channel as orders
from hub.demo import FolderInUse, History, write_history
from hub.demo.clock import DAYS
from hub.demo.history import cast
from hub.events.draft import Draft
from hub.events.ids import party_id
from hub.events.prepare import Installation, fingerprint, prepare

NOW = datetime(2026, 3, 14, 15, 30, tzinfo=UTC)
SECRET = b"for this test alone"
LATIN_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
HERE = Installation(SECRET, lambda identifier: party_id(SECRET, identifier))


@dataclass(frozen=True)
class Month:
    folder: Path
    history: History
    mails: list[Draft]
    calls: list[Draft]
    orders: list[Draft]
    events: list[dict[str, Any]]

    @property
    def drafts(self) -> list[Draft]:
        return [*self.mails, *self.calls, *self.orders, *map(_draft, self.events)]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    folder = tmp_path_factory.mktemp("demo") / "month"
    history = write_history(folder, NOW)
    return Month(
        folder,
        history,
        list(_read(mail, folder / "email")),
        list(_read(cdr, folder / "calls")),
        list(_read(orders, folder / "orders")),
        [
            json.loads(line)
            for path in sorted((folder / "events").glob("*.ndjson"))
            for line in path.open(encoding="utf-8")
        ],
    )


def _read(channel: Channel, folder: Path) -> Iterator[Draft]:
    """What the channel understands; nothing may be refused."""
    assert channel.split
    for path in sorted(folder.iterdir()):
        assert path.suffix in channel.suffixes
        for piece in channel.split(path):
            body = piece.body if piece.body is not None else path.read_bytes()
            outcome = channel.parse(Payload(body, channel.name, NOW, piece.meta))
            assert isinstance(outcome, Understood), f"{path.name}: {outcome}"
            yield from outcome.drafts


def _draft(event: dict[str, Any]) -> Draft:
    return Draft(event["type"], datetime.fromisoformat(event["time"]), event["source"], event["id"], event["data"])


def _digest(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_moment_and_seed_give_the_same_bytes(month: Month, tmp_path: Path) -> None:
    write_history(tmp_path / "again", NOW)
    assert _digest(tmp_path / "again") == _digest(month.folder)


def test_another_seed_gives_another_month(month: Month, tmp_path: Path) -> None:
    write_history(tmp_path / "other", NOW, seed=8)
    assert _digest(tmp_path / "other") != _digest(month.folder)


def test_a_folder_with_files_in_it_is_refused(month: Month) -> None:
    with pytest.raises(FolderInUse):
        write_history(month.folder, NOW)


def test_the_month_has_the_size_of_a_real_shops(month: Month) -> None:
    assert 180 <= month.history.customers <= 220
    assert 2800 <= month.history.contacts <= 3400
    assert 850 <= len(month.mails) <= 950
    assert 850 <= month.history.counts["calls"] <= 950
    assert 340 <= month.history.counts["orders"] <= 420
    assert month.history.counts["tickets"] >= 150


def test_every_event_is_valid_and_no_id_stands_for_two_things(month: Month) -> None:
    prepared = [prepare(draft, HERE, draft.time, history=True) for draft in month.drafts]
    first = {event.id: fingerprint(event, SECRET) for event in reversed(prepared)}
    assert all(first[event.id] == fingerprint(event, SECRET) for event in prepared)
    assert len(prepared) - len(first) < 40  # a shop document repeats who the customer is


def test_nothing_lies_in_the_future_or_before_the_month(month: Month) -> None:
    for draft in month.drafts:
        assert NOW - timedelta(days=DAYS + 1) <= draft.time <= NOW, draft.type


@pytest.mark.parametrize("hour", [0, 5, 12, 20, 23])
def test_it_can_be_told_at_any_hour(hour: int, tmp_path: Path) -> None:
    now = datetime(2026, 12, 31, hour, 59, 59, tzinfo=UTC)
    assert write_history(tmp_path / "month", now).contacts > 2800


def test_the_caller_of_r39_can_be_answered_at_once(month: Month) -> None:
    """Last week's mail names order 1047, which is shipped; she looked at the returns page and called before."""
    week = [d for d in month.mails if d.fields["party"] == [{"kind": "email", "value": "sara.karimi@example.com"}]]
    assert any("1047" in d.fields["subject"] and timedelta(5) < NOW - d.time < timedelta(8) for d in week)
    stages = [d.type for d in sorted(month.orders, key=lambda d: d.time) if d.fields.get("order") == "1047"]
    assert stages[-1] == "order.shipped"
    hers = [
        e
        for e in month.events
        if "sara" in json.dumps(e) or "+989121234567" in json.dumps(e) or "BH-10047" in json.dumps(e)
    ]
    assert {"page.viewed", "call.ended", "order.placed", "message.sent", "ticket.opened"} <= {e["type"] for e in hers}
    assert any(e["data"].get("url", "").endswith("/returns") for e in hers)
    assert [e["data"]["number"] for e in hers if e["type"] == "ticket.opened"] == [318]


def test_the_unknown_caller_called_three_times_and_was_never_answered(month: Month) -> None:
    calls = [d for d in month.calls if {"kind": "phone", "value": "09355550101"} in d.fields["party"]]
    assert len(calls) == 3
    assert all(call.fields["answered"] is None for call in calls)
    assert "355550101" not in json.dumps(month.events)


def test_answers_by_mail_lie_in_the_conversation_that_they_answer(month: Month) -> None:
    threads = {draft.fields["thread"] for draft in month.mails}
    answers = [e["data"] for e in month.events if e["type"] == "message.sent" and e["data"]["channel"] == "email"]
    assert answers
    assert all(answer["thread"] in threads for answer in answers)


def test_every_ticket_of_a_mail_names_its_conversation(month: Month) -> None:
    threads = {draft.fields["thread"] for draft in month.mails}
    assert all(e["data"]["thread"] in threads for e in month.events if e["type"] == "ticket.opened")


def test_no_step_of_a_ticket_comes_before_it_is_opened(month: Month) -> None:
    opened = {e["data"]["ticket"]: e["time"] for e in month.events if e["type"] == "ticket.opened"}
    for event in month.events:
        if event["type"].startswith("ticket."):
            before = datetime.fromisoformat(opened[event["data"]["ticket"]])
            assert before <= datetime.fromisoformat(event["time"])


def test_machines_mails_are_recognised_and_peoples_are_not(month: Month) -> None:
    kinds = {kind: [d for d in month.mails if d.fields["automatic"] == kind] for kind in ("bounce", "reply", "list")}
    assert {kind: len(found) for kind, found in kinds.items()} == {"bounce": 24, "reply": 30, "list": 40}


def test_persian_mails_come_in_every_dress_and_are_read_alike(month: Month) -> None:
    raw = b"".join(path.read_bytes() for path in (month.folder / "email").iterdir())
    for dress in (
        b"windows-1256",
        b"utf-8",
        b"quoted-printable",
        b"base64",
        b"8bit",
        b"7bit",
        b"multipart/alternative",
    ):
        assert dress in raw
    texts = [draft.fields["text"] for draft in month.mails]
    assert sum("سفارش" in text for text in texts) > 200
    assert not any("\ufffd" in text or "{" in text for text in texts)


def test_persian_texts_keep_their_half_spaces() -> None:
    """ "می خواهم" with a blank, or without anything, is how a machine writes."""
    for path in Path(hub.demo.__file__).parent.rglob("*.py"):
        assert not re.search(r"\bن?می (?=[آ-ی])", path.read_text(encoding="utf-8")), path.name


def test_attachments_are_real_files(month: Month) -> None:
    files = [file for draft in month.mails if draft.fields["automatic"] == "no" for file in draft.files]
    assert {file.type for file in files} == {"image/png", "application/pdf"}
    assert all(file.content.startswith((b"\x89PNG", b"%PDF")) for file in files)


def test_addresses_are_those_set_aside_for_examples(month: Month) -> None:
    hosts = {draft.fields["from"]["address"].rpartition("@")[2] for draft in month.mails}
    assert all(re.search(r"(^|\.)example\.(com|org|net)$", host) for host in hosts)


def test_the_demo_knows_neither_the_log_nor_the_store() -> None:
    for path in Path(hub.demo.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith(("hub.log", "hub.store", "psycopg")) for name in names), path.name


def test_who_names_an_order_names_his_own(month: Month) -> None:
    whose = {order.number: order.person for order in cast(NOW).orders.values()}
    named = []
    for event in month.events:
        of_them = event["data"].get("party") or []
        them = [of_them] if isinstance(of_them, dict) else of_them
        values = {one["value"] for one in them if one["kind"] != "cookie"}  # which is known by what else it came with
        words = str([event["data"].get(name) for name in ("text", "reason", "title", "url")]).translate(LATIN_DIGITS)
        named += [(number, values) for number in re.findall(r"(?<!-)\b\d{3,4}\b(?!-)", words) if number in whose and values]
    assert len(named) > 100
    foreign = [
        (number, values)
        for number, values in named
        if not values & {*(of := whose[number]).phones, *of.emails, of.account}
    ]
    assert foreign == []
