"""The command line as scripts rely on it: exit codes, and the contract's shapes with every field there."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from click.testing import CliRunner, Result

from hub.channels import cloudevents
from hub.cli import main
from hub.consumers.record import Outgoing
from hub.events.draft import Draft
from hub.events.identifiers import Identifier
from hub.events.prepare import prepare
from hub.store import figures, mailboxes
from hub.transport.trouble import Trouble
from hub.wiring import Hub
from tests.consumers.test_project import poison
from tests.journeys.story import EMAIL, NOW, PHONE, ago, come, letter, mail, shown
from tests.kill.running import HUB

Run = Callable[..., Result]
NOBODY, REZA = "nobody@example.com", {"kind": "email", "value": "reza@example.com"}

# -- the contract's shapes ---------------------------------------------------------------------------------------------

CUSTOMER = {"id", "name", "identifiers", "links", "contacts", "first_contact", "last_contact", "open_tickets", "orders",
            "order_count"}  # fmt: skip
IDENTIFIER, LINK = {"kind", "value", "party"}, {"id", "a", "b", "evidence", "by", "time"}
ITEM = {"id", "type", "time", "recorded", "channel", "direction", "party", "title", "text", "ticket", "orders", "attachments"}
TICKET = {
    "id", "number", "state", "waiting_for", "until", "subject", "customer", "owner", "priority", "department", "opened",
    "changed", "contacts", "orders", "history", "revision",
}  # fmt: skip
ORDER = {"number", "stage", "customer", "total", "currency", "lines", "tracking", "carrier", "history", "changed"}
ORDER_STEP = {"stage", "time", "source", "amount", "currency", "document", "tracking", "carrier"}
ENVELOPE = {
    "id", "type", "version", "time", "recorded", "source", "stream", "revision", "subject", "cause", "correlation",
    "replaces", "data", "personal",
}  # fmt: skip
MAIL_DATA = {"channel", "message_id", "in_reply_to", "references", "attachments", "automatic", "orders", "raw"}
MAIL_PERSONAL = {"from", "to", "cc", "subject", "text", "html", "attachments"}
SOURCE = {"source", "channel", "received", "understood", "ignored", "rejected", "waiting", "duplicates"}
REJECTED = {"id", "source", "channel", "received", "why", "at", "size"}
PROJECTION = {"name", "rows", "missing", "extra", "different"}
DEAD = {"id", "step", "position", "stream", "reason", "time"}
COUNTS = {"received", "understood", "ignored", "rejected", "duplicates"}


@pytest.fixture
def where_the_log_is(in_postgres: Any) -> Any:
    return in_postgres


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a command is, for this test alone: other tests of this process read its log."""
    before = structlog.get_config()
    only = structlog.make_filtering_bound_logger(logging.WARNING)
    monkeypatch.setattr("hub.logs.configure", lambda to: structlog.configure(wrapper_class=only))
    yield
    structlog.configure(**before)


@pytest.fixture
def run(hub: Hub, tmp_path: Path, quiet: None) -> Run:
    """A command on the hub of this test."""
    env = {"HUB_HOME": str(tmp_path), "HUB_DATABASE_URL": hub.database.dsn, "HUB_BLOBS": hub.settings.blobs_url}

    def ran(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, words, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, result.output
        return result

    return ran


@pytest.fixture
def told(hub: Hub) -> Hub:
    """A customer with a mail, a ticket, an order and a call; another one; and what nobody understood."""
    mail(hub, letter("Sara <sara@example.com>", "Late", "Where is order #1047?", ago(days=6)))
    come(hub, "order.placed", "o", ago(days=7), order="1047", party=[EMAIL, PHONE], total="12.5", currency="EUR")
    come(hub, "call.ended", "c", ago(days=1), call="c1", party=PHONE, cause="answered")
    come(hub, "visit.recorded", "r", ago(days=1), visit="r", party=REZA)
    mail(hub, b"\x00 no mail")
    return hub


def asked(run: Run, *words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


def all_have(fields: set[str], documents: list[dict[str, Any]]) -> None:
    assert documents
    for document in documents:
        assert fields <= set(document), fields - set(document)


def test_every_shape_has_all_its_fields(run: Run, told: Hub) -> None:
    customer = asked(run, "customer", "sara@example.com")
    all_have(CUSTOMER, [customer])
    all_have(IDENTIFIER, customer["identifiers"])
    all_have(LINK, customer["links"])
    all_have(TICKET, customer["open_tickets"])
    all_have(ORDER, customer["orders"])
    page = asked(run, "timeline", "sara@example.com")
    all_have(ITEM, page["items"])
    assert page["next"] is None
    tickets = asked(run, "ticket", "list")["items"]
    all_have(TICKET, [*tickets, asked(run, "ticket", "show", str(tickets[0]["number"]))])
    all_have({"type", "time", "by", "text"}, tickets[0]["history"])
    order = asked(run, "order", "1047")
    all_have(ORDER, [order])
    all_have(ORDER_STEP, order["history"])
    assert (order["total"], order["currency"], order["tracking"]) == ("12.50", "EUR", None)


def test_what_a_step_of_an_order_said_is_told(run: Run, hub: Hub) -> None:
    come(hub, "order.placed", "o1", ago(days=4), order="1047", party=EMAIL, total="100", currency="EUR")
    come(hub, "order.invoiced", "o2", ago(days=3), order="1047", document="R-17", amount="100")
    come(hub, "order.paid", "o3", ago(days=2), order="1047", amount="10")
    come(hub, "order.shipped", "o4", ago(days=1), order="1047", carrier="DHL", tracking="T1", amount="100")
    come(hub, "order.shipped", "o5", ago(hours=1), order="1047", carrier="UPS", tracking="T2")
    shown(hub)
    lines = run("order", "1047").stdout.splitlines()
    assert lines[1].endswith("; tracking UPS T2")
    assert [" ".join(line.split()[2:]) for line in lines[-4:]] == [
        "invoiced /test R-17, 100.00 EUR", "paid /test 10.00 EUR", "shipped /test DHL T1", "shipped /test UPS T2",
    ]  # fmt: skip


def test_a_message_without_words_is_told_by_its_files(run: Run, hub: Hub) -> None:
    photo = [{"name": "photo.jpg", "type": "image/jpeg", "size": 2000}]
    come(hub, "message.received", "m", ago(days=1), message="m", channel="telegram", party=EMAIL, attachments=photo)
    shown(hub)
    assert "telegram  ->  photo.jpg" in run("timeline", EMAIL["value"]).stdout


def test_what_a_customer_writes_commands_the_terminal_nothing(run: Run, hub: Hub) -> None:
    """"ESC ] 52" fills the clipboard of some terminals, a carriage return writes over what stands there."""
    hostile = "\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b31m\u202e\rnobody"
    come(hub, "message.received", "m", ago(days=1), message="m", channel="chat", party=EMAIL, subject=hostile, text=hostile)
    come(hub, "order.placed", "o", ago(days=1), order="1047", party=EMAIL, tracking=hostile, lines=[{"title": hostile}])
    come(hub, "party.described", "p", ago(days=1), party=EMAIL, name=hostile)
    shown(hub)
    for words in (("timeline", "sara@example.com"), ("customer", "sara@example.com"), ("order", "1047"), ("ticket", "list")):
        said = run(*words).stdout
        assert "]52;c;" in said, words
        assert not set(said) & set("\x1b\x07\x9b\u202e\r"), words


def test_what_is_said_of_the_hub_itself_has_all_its_fields(run: Run, told: Hub) -> None:
    ledger, rejected = asked(run, "ledger"), asked(run, "rejected", "list")["items"]
    all_have(SOURCE, ledger["sources"])
    assert ledger["balanced"] is True
    all_have(REJECTED, [*rejected, asked(run, "rejected", "show", rejected[0]["id"])])
    verified = asked(run, "verify")
    all_have(PROJECTION, verified["projections"])
    assert verified["clean"] is True
    status = asked(run, "status")
    assert {"ready", "lanes", "processes", "database", "log"} <= set(status)
    all_have({"name", "events", "seconds"}, status["lanes"])
    assert [lane["events"] for lane in status["lanes"]] == [0] * len(status["lanes"])


def test_events_are_envelopes_in_the_order_of_the_log(run: Run, told: Hub) -> None:
    lines = [json.loads(line) for line in run("events").stdout.splitlines()]
    all_have(ENVELOPE, lines)
    assert json.loads(run("events", "--format", "json").stdout)["items"] == lines
    (message,) = [json.loads(line) for line in run("events", "--type", "message.received").stdout.splitlines()]
    all_have(MAIL_DATA, [message["data"]])
    all_have(MAIL_PERSONAL, [message["personal"]])
    assert message["personal"]["from"] == {"name": "Sara", "address": "sara@example.com"}
    of_reza = run("events", "--who", "reza@example.com").stdout.splitlines()
    assert [json.loads(line)["type"] for line in of_reza] == ["visit.recorded"]


# -- exit codes --------------------------------------------------------------------------------------------------------

NOT_THERE = [
    ("customer", NOBODY), ("timeline", NOBODY), ("ticket", "show", "99"), ("ticket", "show", str(uuid4())), ("order", "99999"),
    ("events", "--who", NOBODY), ("forget", NOBODY), ("rejected", "show", str(uuid4())), ("rejected", "retry", str(uuid4())),
    ("rejected", "show", "--raw", str(uuid4())), ("dead-letters", "show", str(uuid4())), ("refold", "order:99999"),
]  # fmt: skip
WRONG = [
    (), ("no-such-command",), ("customer",), ("ticket", "list", "--state", "asleep"), ("timeline", "a@b.c", "--limit", "0"),
    ("ingest", "pigeons", "x"), ("ingest", "email", "/no/such/folder"), ("events", "--from", "yesterday"), ("rebuild",),
    ("rebuild", "no_such_projection"), ("rejected", "show", "5"), ("dead-letters", "retry", "x"),
    ("events", "--type", "mail"), ("link", "a@b.example", "b@c.example"),
    ("link", "email:a@b.example", "email:A@b.example", "--why", "x"),
    ("keys", "create", "k", "--role", "king"), ("keys", "create", " "), ("keys", "create", "k" * 201),
    ("rejected", "list", "--limit", "-1"), ("rejected", "list", "--limit", "9" * 23),
]  # fmt: skip


def test_what_is_not_there_is_1_and_says_so(run: Run, hub: Hub) -> None:
    for words in NOT_THERE:
        result = run(*words, code=1)
        assert result.stderr.startswith("Error: "), words
        assert result.stdout == "", words


@pytest.mark.parametrize("word", ["customer", "timeline", "order", "forget", "refold"])
def test_what_is_no_text_is_wrong_use(hub: Hub, tmp_path: Path, word: str) -> None:
    env = {"HUB_HOME": str(tmp_path), "HUB_DATABASE_URL": hub.database.dsn, "HUB_BLOBS": hub.settings.blobs_url}
    ran = subprocess.run([*HUB, word, b"a\xffb"], env=os.environ | env, capture_output=True)
    assert (ran.returncode, b"no text in UTF-8" in ran.stderr) == (2, True), ran.stderr


def test_a_database_that_is_not_there_is_3_whoever_asks(tmp_path: Path) -> None:
    env = {"HUB_HOME": str(tmp_path), "HUB_DATABASE_URL": "postgresql://x:y@127.0.0.1:1/z"}
    for words in (["up", "--port", "0"], ["status"]):
        ran = subprocess.run([*HUB, *words], env=os.environ | env, capture_output=True, text=True)
        assert ran.returncode == 3, ran.stderr
        assert ran.stderr.startswith("Error: The hub or its database cannot be reached: "), ran.stderr


def test_where_a_newer_hub_has_taken_over_it_is_3(run: Run, hub: Hub) -> None:
    hub.database.rows("UPDATE alembic_version SET version_num = '9999' RETURNING 1")
    for words in (["status"], ["order", "1047"]):
        assert run(*words, code=3).stderr.startswith("Error: A newer hub has taken over this database.")


def test_a_restore_that_reaches_no_blob_store_is_3(postgres_url: str, tmp_path: Path, quiet: None) -> None:
    (tmp_path / "file").touch()
    env = {"HUB_HOME": str(tmp_path), "HUB_DATABASE_URL": postgres_url, "HUB_BLOBS": str(tmp_path / "file" / "blobs")}
    result = CliRunner().invoke(main, ["restore", str(tmp_path)], env=env)
    assert (result.exit_code, "Not a directory" in result.stderr) == (3, True), result.output


def test_a_file_that_one_channel_cannot_read_is_taken_by_the_one_that_can(run: Run, hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "orders.json"
    order = {"id": 1, "name": "#1047", "order_number": 1047, "created_at": "2026-01-01T10:00:00Z", "line_items": []}
    file.write_text(json.dumps(order))
    assert asked(run, "ingest", "events", str(file))["rejected"] == 1
    counts = asked(run, "ingest", "orders", str(file))
    assert counts["understood"] == 1, asked(run, "rejected", "list")
    assert asked(run, "ingest", "orders", str(file))["duplicates"] == 1
    assert asked(run, "order", "1047")["stage"] == "placed"


def test_where_a_folder_holds_nothing_that_is_read_its_reader_is_told_what_would_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "letter.txt").write_text("Subject: none of the names that are looked at\n\n")
    answer = run("ingest", "email", str(tmp_path / "mail"))
    assert answer.stdout == "received=0 understood=0 ignored=0 rejected=0 duplicates=0\n"
    assert "*.eml, *.mbox" in answer.stderr


def test_a_file_of_one_event_that_is_too_large_is_kept_and_not_read(run: Run, hub: Hub, tmp_path: Path) -> None:
    data = {"visit": "v", "party": EMAIL, "note": "x" * cloudevents.channel.limit}
    event = {"specversion": "1.0", "id": "1", "source": "/test", "type": "visit.recorded", "data": data}
    (tmp_path / "large.json").write_text(json.dumps(event))
    for counted in ({"received": 1, "rejected": 1}, {"duplicates": 1}):
        told = asked(run, "ingest", "events", str(tmp_path / "large.json"))
        assert {name: n for name, n in told.items() if n} == counted
    (item,) = asked(run, "rejected", "list")["items"]
    assert "too large" in item["why"]


def test_more_is_told_beside_the_rows(run: Run, told: Hub) -> None:
    first = run("timeline", "sara@example.com", "--limit", "1")
    (cursor,) = re.findall(r"--before (\S+)", first.stderr)
    rest = run("timeline", "sara@example.com", "--before", cursor)
    assert rest.stderr == ""
    assert first.stdout + rest.stdout == run("timeline", "sara@example.com").stdout


def test_a_line_tells_of_a_call_what_became_of_it_and_of_an_order_which(run: Run, hub: Hub) -> None:
    about: dict[str, Any] = {"party": PHONE, "agent": "205"}
    come(hub, "order.placed", "o", ago(hours=7), order="1047", party=PHONE)
    come(hub, "order.shipped", "s", ago(hours=6), order="1047", note="by sea")
    answered = {"cause": "answered", "answered": ago(hours=5, seconds=272)}
    come(hub, "call.ended", "a", ago(hours=5), call="a", reason="lamp", **about, **answered)
    come(hub, "call.ended", "b", ago(hours=4), call="b", cause="answered", **about)
    come(hub, "call.ended", "c", ago(hours=3), call="c", cause="busy", direction="out", party=PHONE)
    come(hub, "call.ringing", "d", ago(hours=2), call="d", caller_name="Sara", **about)
    come(hub, "call.answered", "e", ago(hours=1), call="e", **about)
    lines = [line[18:] for line in run("timeline", "09121234567").stdout.splitlines()]
    assert lines == [
        "phone  ->  answered, not ended yet, 205",
        "phone  ->  rang, 205: Sara",
        "phone  <-  not answered",
        "phone  ->  answered, 205",
        "phone  ->  answered, 4 min 32 s, 205: lamp",
        "order  --  order 1047 shipped by sea",
        "order  --  order 1047 placed",
    ]


def test_the_same_mailbox_is_added_once(run: Run, hub: Hub) -> None:
    words = ["mailboxes", "add", "shop@example.com", "--imap", "imap://u:p@127.0.0.1:1/INBOX"]
    run(*words)
    assert "already" in run(*words, code=1).stderr


def test_wrong_use_is_2(run: Run, hub: Hub) -> None:
    for words in WRONG:
        run(*words, code=2)


def test_several_are_1_with_the_candidates(run: Run, hub: Hub) -> None:
    come(hub, "visit.recorded", "v", ago(days=1), visit="v", party={"kind": "account", "value": "4477881"})
    come(hub, "order.placed", "o", ago(days=1), order="4477881", party=EMAIL)
    for command in ("customer", "timeline"):
        plain = run(command, "4477881", code=1)
        assert len(plain.stdout.splitlines()) == 2
        assert "2 customers" in plain.stderr
        candidates = asked(run, command, "4477881", code=1)["candidates"]
        all_have(CUSTOMER, candidates)
        assert len(candidates) == 2
    assert asked(run, "customer", "account:4477881")["contacts"] == 1


def test_a_customer_that_is_too_large_is_1_in_words_and_his_order_is_shown_all_the_same(run: Run, hub: Hub) -> None:
    crowd = [{"kind": "account", "value": f"crowd-{n}"} for n in range(1_100)]
    pairs = [Draft("visit.recorded", NOW, "/t", str(n), {"visit": str(n), "party": crowd[n : n + 2]}) for n in range(1_099)]
    hub.recorder.record(lambda here: [Outgoing(prepare(draft, here, NOW)) for draft in pairs])
    come(hub, "order.placed", "o", ago(days=1), order="1047", party=crowd[5])
    for words in (("customer", "crowd-5"), ("timeline", "crowd-5")):
        assert "1,000" in run(*words, code=1).stderr
    assert asked(run, "order", "1047")["customer"] == hub.keys.party_id(Identifier("account", "crowd-5"))


def test_an_event_of_a_crowd_is_no_dead_letter(run: Run, hub: Hub) -> None:
    crowd = [{"kind": "account", "value": f"crowd-{n}"} for n in range(150)]
    come(hub, "visit.recorded", "v", ago(days=1), visit="v", party=crowd)
    assert asked(run, "dead-letters", "list")["items"] == []
    assert asked(run, "customer", "crowd-149")["contacts"] == 1


def test_a_mailbox_that_cannot_be_fetched_is_told(run: Run, told: Hub) -> None:
    mailboxes.give(told.database, ["imaps://shop:hush@mail.example.com"])
    (box,) = mailboxes.listed(told.database, ["imaps://shop:hush@mail.example.com"])
    assert box.imap
    mailboxes.checked(told.database, box.id, Trouble("password", box.imap, "NO"))
    assert "mailbox shop@mail.example.com: mail.example.com does not accept" in run("doctor", code=1).stdout
    with told.database.transaction() as tx:
        assert figures.Figures().counted(tx).mailboxes == [({}, 1)]
    mailboxes.checked(told.database, box.id, None)
    assert "mailbox" not in run("doctor").stdout


def test_answers_of_this_week_that_did_not_go_out_are_told_and_no_fault_of_the_hub(run: Run, told: Hub) -> None:
    for state, ago_ in (("failed", "6 days"), ("uncertain", "1 hour"), ("sent", "1 hour"), ("failed", "8 days")):
        told.database.rows(
            "INSERT INTO delivery (id, ticket, stream, channel, message_id, state, due, changed) VALUES"
            " (%s, %s, 'ticket:1', 'email', %s, %s, now(), now() - %s::interval) RETURNING 1",
            [uuid4(), uuid4(), str(uuid4()), state, ago_],
        )
    said = run("doctor").stdout
    assert "2 answers of this week failed, or may not have gone out" in said
    assert said.startswith("All is well.")


def test_a_path_that_cannot_be_written_is_named(run: Run, told: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"{tmp_path}/file/copy" in run("backup", str(tmp_path / "file" / "copy"), code=3).stderr


@pytest.mark.parametrize("kind", ["understood", "rejected"])
def test_one_outcome_that_is_lost_is_noticed(run: Run, told: Hub, kind: str) -> None:
    run("ledger")
    run("doctor")
    told.database.rows(
        "DELETE FROM outcome WHERE payload = (SELECT payload FROM outcome WHERE kind = %s LIMIT 1) RETURNING 1", [kind]
    )
    assert "NOT BALANCED" in run("ledger", code=1).stdout
    assert asked(run, "ledger", code=1)["balanced"] is False
    assert "ledger" in run("doctor", code=1).stdout


def test_a_row_that_is_wrong_is_noticed(run: Run, told: Hub) -> None:
    told.database.rows("UPDATE orders SET total = '9.00' RETURNING 1")
    assert "NOT CLEAN" in run("verify", code=1).stdout
    (wrong,) = [one for one in asked(run, "verify", code=1)["projections"] if one["different"]]
    assert (wrong["name"], wrong["different"]) == ("orders", 1)
    assert run("refold", "order:1047").stdout.startswith("events=1 ")
    run("verify")


# -- what changes something --------------------------------------------------------------------------------------------


def test_link_and_cut_say_what_changed_and_show_it(run: Run, told: Hub) -> None:
    pair = ("sara@example.com", "reza@example.com")
    linked = json.loads(run("link", *pair, "--why", "they said so").stdout)
    assert {"id", "a", "b", "verdict"} == set(linked)
    assert linked["verdict"] == "linked"
    together = asked(run, "customer", pair[1])
    assert pair[0] in {one["value"] for one in together["identifiers"]}
    assert "they said so" in {one["evidence"] for one in together["links"]}
    assert json.loads(run("cut", *pair, "--why", "a mistake").stdout)["verdict"] == "cut"
    assert [one["value"] for one in asked(run, "customer", pair[1])["identifiers"]] == [pair[1]]


def test_forget_says_what_went(run: Run, told: Hub) -> None:
    assert run("forget", "sara@example.com").stdout.startswith("parties=2 ")
    run("customer", "sara@example.com", code=1)


def test_dead_letters_are_listed_shown_and_tried_again(run: Run, told: Hub) -> None:
    assert asked(run, "dead-letters", "list") == {"items": [], "next": None}
    poison(told, 1)
    shown(told)
    (one,) = asked(run, "dead-letters", "list")["items"]
    all_have(DEAD, [one])
    assert one["id"] in run("dead-letters", "list").stdout
    assert "event" in asked(run, "dead-letters", "show", one["id"])
    assert "dead letter" in run("doctor", code=1).stdout
    assert "dead=1" in run("dead-letters", "retry", one["id"]).stdout


def test_what_was_rejected_is_shown_as_it_came_and_tried_again(run: Run, told: Hub) -> None:
    (one,) = asked(run, "rejected", "list")["items"]
    assert run("rejected", "show", one["id"], "--raw").stdout_bytes == b"\x00 no mail"
    assert one["why"] in run("rejected", "show", one["id"]).stdout
    assert asked(run, "rejected", "retry", one["id"]) == {"retried": 1, "understood": 0, "ignored": 0, "rejected": 1}


def test_what_was_ignored_is_listed_with_why_and_can_be_read_again(run: Run, hub: Hub, tmp_path: Path) -> None:
    for name, passed_on in (("first", b""), ("second", b"Received: by mail.example\r\n")):
        (tmp_path / f"{name}.eml").write_bytes(passed_on + letter(EMAIL["value"], "Lamp", "Where is it?", ago(days=1)))
    assert asked(run, "ingest", "email", str(tmp_path))["ignored"] == 1
    (one,) = asked(run, "rejected", "list", "--ignored")["items"]
    all_have(REJECTED, [one])
    assert one["why"].startswith("same email as ")
    assert asked(run, "rejected", "list")["items"] == []
    assert one["why"] in run("rejected", "show", one["id"]).stdout
    assert asked(run, "rejected", "retry", one["id"])["ignored"] == 1


def test_what_is_named_twice_is_done_once(run: Run, told: Hub) -> None:
    (item,) = asked(run, "rejected", "list")["items"]
    assert run("rejected", "retry", item["id"], item["id"].upper()).stdout.startswith("retried=1 ")
    assert run("rebuild", "timeline", "timeline").stdout.startswith("events=")
    assert asked(run, "verify")["clean"]


def test_a_key_is_one_line_and_its_name_is_taken_then(run: Run, hub: Hub) -> None:
    (key,) = run("keys", "create", "till", "--role", "machine").stdout.splitlines()
    assert key
    assert "this name" in run("keys", "create", "till", code=1).stderr


def test_history_may_bring_tickets_and_nothing_else_may(run: Run, hub: Hub, tmp_path: Path) -> None:
    ticket, then = str(uuid4()), datetime(2026, 3, 1, 10, tzinfo=UTC)
    event = {"specversion": "1.0", "id": "1", "source": "old", "type": "ticket.opened", "time": then.isoformat()}
    (tmp_path / "old.ndjson").write_text(json.dumps(event | {"data": {"ticket": ticket, "number": 118, "party": EMAIL}}))
    refused = asked(run, "ingest", "events", str(tmp_path / "old.ndjson"))
    assert refused == {"received": 1, "understood": 0, "ignored": 0, "rejected": 1, "duplicates": 0}
    taken = run("ingest", "events", str(tmp_path / "old.ndjson"), "--history").stdout
    assert taken.split() == ["received=1", "understood=1", "ignored=0", "rejected=0", "duplicates=0"]
    shown_one = asked(run, "ticket", "show", "118")
    assert (shown_one["id"], datetime.fromisoformat(shown_one["opened"])) == (ticket, then)
    assert set(refused) == COUNTS


def test_a_ticket_shows_what_was_promised_and_what_was_written(run: Run, hub: Hub) -> None:
    ticket = str(uuid4())
    steps: dict[str, dict[str, object]] = {
        "opened": {"party": EMAIL, "number": 118, "department": "Returns"}, "noted": {"text": "She\ncalled."},
        "waiting": {"for": "us", "until": "2099-01-02T10:00:00Z"},
    }  # fmt: skip
    drafts = [Draft(f"ticket.{kind}", NOW, "old", kind, {"ticket": ticket} | said) for kind, said in steps.items()]
    hub.recorder.record(lambda here: [Outgoing(prepare(draft, here, NOW, history=True)) for draft in drafts])
    shown(hub)
    one = asked(run, "ticket", "show", "118")
    assert (one["until"], [step["text"] for step in one["history"]].count("She\ncalled.")) == ("2099-01-02T10:00:00+00:00", 1)
    page = run("ticket", "show", "118").stdout
    for words in ("waiting for us until 2099-01-0", "department Returns", "She called."):
        assert words in page


def test_what_comes_in_while_a_lane_stands_is_kept_and_said_to_be_not_shown(hub: Hub, run: Run, tmp_path: Path) -> None:
    poison(hub, 1, version=99)
    (tmp_path / "1.eml").write_bytes(letter("Sara <sara@example.com>", "Late", "Where is it?", NOW))
    answer = run("ingest", "email", str(tmp_path / "1.eml"), code=1)
    assert "kept, and not shown yet" in answer.output
    assert "version 99" in answer.output
    assert asked(run, "ledger", code=0)["sources"][0]["received"] == 1


# -- for analysts ------------------------------------------------------------------------------------------------------


def test_what_was_exported_is_asked_in_three_forms(run: Run, told: Hub, tmp_path: Path) -> None:
    assert f"folder={tmp_path / 'export'}" in run("export").stdout
    query = "SELECT type, count(*) AS n, [true] AS l FROM events WHERE type LIKE 'order.%' GROUP BY type -- to the end"
    assert run("sql", query, "--format", "csv").stdout == "type,n,l\norder.placed,1,[true]\n"
    assert run("sql", query, "--format", "json").stdout == '{"type":"order.placed","n":1,"l":[true]}\n'
    assert "│ order.placed │" in run("sql", query).stdout
    assert "personal" in run("sql", "DESCRIBE events").stdout
    several = "CREATE VIEW mine AS SELECT 7 AS n; SELECT n FROM mine; SELECT n + 1 AS m FROM mine"
    assert run("sql", several, "--format", "csv").stdout == "n\n7\nm\n8\n"
    pivot = "PIVOT events ON type USING count(*) GROUP BY source"
    assert "order.placed" in run("sql", pivot, "--format", "csv").stdout.splitlines()[0]
    assert "order.placed" in run("sql", pivot).stdout
    assert "Scan" in run("sql", "EXPLAIN SELECT 1").stdout
    assert run("sql", "SET threads = 1", "--format", "csv").stdout == run("sql", "").stdout == ""


def test_another_folder_is_written_to_and_asked(run: Run, told: Hub, tmp_path: Path) -> None:
    run("export", str(tmp_path / "elsewhere"), "--personal")
    asked = "SELECT personal->>'text' AS text FROM events WHERE type = 'message.received'"
    assert run("sql", asked, "--in", str(tmp_path / "elsewhere"), "--format", "csv").stdout == "text\nWhere is order #1047?\n"
    again = run("export", str(tmp_path / "elsewhere"), "--anew", "--personal")
    assert "Everything was written again: it was asked for" in again.stderr
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/dear.txt").write_text("mine")
    assert "nothing is written into it" in run("export", str(tmp_path / "letters"), code=1).output


def test_a_question_that_duckdb_does_not_understand_is_wrong_use(run: Run, told: Hub) -> None:
    assert "`hub export` makes one" in run("sql", "SELECT 1", code=1).output
    run("export")
    assert "too long" in run("sql", "SELECT 1", "--in", "x" * 300, code=3).output
    assert "syntax error" in run("sql", "SELEC 1", code=2).output
    assert "nowhere" in run("sql", "FROM nowhere", "--format", "csv", code=2).output
    assert "Could not convert" in run("sql", "SELECT type::INT FROM events", "--format", "json", code=2).output


def test_what_a_customer_wrote_commands_no_terminal_in_an_answer_either(run: Run, hub: Hub) -> None:
    text = "\x1b[2Jbold\u202e"
    come(hub, "message.received", "m", ago(hours=1), message="m", channel="chat", party=EMAIL, text=text)
    run("export", "--personal")
    asked = "SELECT personal->>'text' AS text FROM events WHERE type = 'message.received'"
    drawn = run("sql", asked).stdout
    assert "bold" in drawn
    assert not {"\x1b", "\u202e"} & set(drawn)
    assert json.loads(run("sql", asked, "--format", "json").stdout) == {"text": text}


def test_at_a_terminal_statements_are_typed_one_after_another(run: Run, told: Hub, tmp_path: Path) -> None:
    run("export")
    ours, theirs = os.openpty()
    env = os.environ | {"HUB_HOME": str(tmp_path)}
    with subprocess.Popen([*HUB, "sql", "--format", "csv"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=env, text=True) as asking:  # fmt: skip
        os.write(ours, b"SELECT 40\n + 2 AS answer;\nSELEC;\nSELECT 'on' AS goes;\n\x04")
        said, _ = asking.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert asking.returncode == 0
    assert re.search(r"answer\n42\n.*syntax error.*goes\non\n", said, re.DOTALL), said
