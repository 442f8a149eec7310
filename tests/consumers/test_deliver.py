"""Answers over a real database and a real mail server: written, sent, taken back, lost and found."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest

from hub.channels._shape import Payload, Understood
from hub.channels.email import channel
from hub.consumers.decide import Answer, command, decide_waiting
from hub.consumers.decode import opened
from hub.consumers.deliver import Reply, Wish, ask, deliver_waiting, hold_back
from hub.consumers.forget import finish, forget
from hub.consumers.rebuild import verify
from hub.consumers.record import Outgoing, payload_of_bytes
from hub.consumers.relay import relay
from hub.consumers.understand import again, understand
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.identifiers import Identifier
from hub.events.prepare import prepare
from hub.log._protocol import Recorded
from hub.store import customers, mailboxes, options, reads
from hub.store.mailboxes import Entered, Way
from hub.transport.servers import Server
from hub.transport.smtp_out import Patience
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.kill.running import until

from .receiving import Receiving, receiving

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)  # a Friday
UNDO = timedelta(seconds=10)
OURS, HERS = "hello@shop.example", "maryam@example.org"
HOURS: dict[str, Any] = {
    "zone": "UTC", "days": {"mon": [["09:00", "17:00"]]}, "reply_en": "We are back on Monday.",
    "reply_fa": "دوشنبه برمی‌گردیم.", "reply_on": True,
}  # fmt: skip


@dataclass
class Desk:
    """A hub whose mailbox sends to `server`, and the time there."""

    hub: Hub
    server: Receiving
    now: datetime = NOW
    patience: Patience = field(default_factory=lambda: Patience(5, 1))

    def come(self, mail: bytes) -> None:
        """A mail comes in, is understood, and sets off what it sets off."""
        recorder = self.hub.recorder
        recorder.record(lambda _: [payload_of_bytes(recorder, "email", "smtp", mail, {}, self.now)])
        self.settle()

    def settle(self) -> None:
        """Where the log is not the database, what was decided goes there and comes back."""
        recorder = self.hub.recorder
        while (
            understand(recorder) + decide_waiting(recorder, now=lambda: self.now) + relay(recorder) + self.hub.lane.run()
        ):
            pass

    def tickets(self) -> list[dict[str, Any]]:
        with self.hub.database.transaction() as tx:
            found: list[dict[str, Any]] = reads.tickets(tx)["items"]
        return found

    @property
    def ticket(self) -> dict[str, Any]:
        [only] = self.tickets()
        return only

    def try_answer(self, text: str = "It is on its way.", ticket: str | None = None, **fields: Any) -> Answer:
        wish = {"answer": {"channel": "email", "text": text} | fields}
        return command(
            self.hub.recorder, ticket or self.ticket["id"], str(uuid4()), wish, None, "sara", self.now
        )  # fmt: skip

    def answer(self, text: str = "It is on its way.", ticket: str | None = None, **fields: Any) -> str:
        """An answer is written; its id."""
        said = self.try_answer(text, ticket, **fields)
        assert said.status == 200, said.why
        self.settle()
        return str(self.hub.database.rows("SELECT id FROM delivery ORDER BY created DESC, id LIMIT 1")[0][0])

    def deliver(self, after: timedelta = UNDO) -> int:
        self.now += after
        done = deliver_waiting(self.hub.recorder, self.way, lambda: self.now, self.patience)
        self.settle()
        return done

    def way(self, address: str | None) -> Way | None:
        return mailboxes.outgoing(self.hub.database, self.hub.keys, address)

    def ask(self, id: str, wish: Wish) -> Reply:
        reply = ask(self.hub.recorder, id, wish, "sara", self.now)
        self.settle()
        return reply

    def row(self, id: str) -> tuple[Any, ...]:
        return self.hub.database.rows("SELECT state, attempts, reason, due FROM delivery WHERE id = %s", [id])[0]

    def state(self, id: str) -> str:
        return str(self.row(id)[0])

    def told(self, id: str) -> list[Event]:
        rows = self.hub.database.rows("SELECT value FROM event WHERE stream = %s ORDER BY position", [f"delivery:{id}"])
        return [opened(self.hub.keys, Recorded(None, row[0].encode())) for row in rows]  # type: ignore[arg-type]

    def kinds(self, id: str) -> list[str]:
        return [event.type.removeprefix("delivery.") for event in self.told(id)]

    def items(self, address: str = HERS) -> list[dict[str, Any]]:
        party = self.hub.keys.party_id(Identifier("email", address))
        with self.hub.database.transaction() as tx:
            found: list[dict[str, Any]] = reads.timeline(tx, customers.component(tx, party))["items"]
        return found

    def sent(self, n: int = -1) -> Any:
        return message_from_bytes(self.server.mails[n], policy=default)


@pytest.fixture
def desk(hub: Hub) -> Iterator[Desk]:
    with receiving(Receiving()) as server:
        desk = Desk(hub, server)
        way_out(desk)
        yield desk


def way_out(desk: Desk, address: str = OURS, name: str = "The shop") -> None:
    smtp = Server("smtp", "127.0.0.1", desk.server.port, "none")
    mailboxes.add(desk.hub.database, desk.hub.keys, Entered(name, address, smtp=smtp, smtp_password=""))


def mail(id: str, text: str = "Where is my order?", sender: str = HERS, **headers: str) -> bytes:
    lines = {"From": f"Maryam <{sender}>", "To": OURS, "Subject": "My order", "Message-ID": f"<{id}@example.org>",
             "Date": "Fri, 01 May 2026 11:00:00 +0000"} | {n.replace("_", "-"): v for n, v in headers.items()}  # fmt: skip
    head = "\r\n".join(f"{name}: {value}" for name, value in lines.items())
    return f"{head}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()


def bounce(original: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example.org\r\nTo: {OURS}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{uuid4()}@mx.example.org>\r\nDate: Fri, 01 May 2026 13:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nSorry.\r\n'
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {HERS}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{original}>\r\nSubject: Re: My order\r\n\r\nHi\r\n--b--\r\n"
    ).encode()


# -- an answer goes out ------------------------------------------------------------------------------------------------


def test_an_answer_is_shown_at_once_and_goes_out_after_ten_seconds(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer("It is on its way.")
    item = next(item for item in desk.items() if item["id"] == id)
    assert (item["direction"], item["text"], item["ticket"]) == ("out", "It is on its way.", desk.ticket["id"])
    assert item["delivery"] == {"id": id, "state": "waiting", "due": NOW + UNDO, "reason": None}
    assert desk.deliver(timedelta(seconds=9)) == 0
    assert desk.server.mails == []
    assert desk.deliver(timedelta(seconds=1)) == 1
    assert desk.state(id) == "sent"
    assert desk.kinds(id) == ["started", "sent"]
    assert desk.deliver(timedelta(days=1)) == 0
    assert len(desk.server.mails) == 1
    assert verify(desk.hub.recorder)["clean"]


def test_the_ticket_is_his_who_answered_and_waits_for_the_customer(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    ticket = desk.ticket
    assert (ticket["state"], ticket["waiting_for"], ticket["owner"]) == ("waiting", "customer", "sara")
    assert ticket["history"][-1] | {"time": None} == {
        "type": "ticket.answered", "time": None, "by": "sara", "id": id, "why": None, "text": None,
    }  # fmt: skip
    assert [one["state"] for one in ticket["deliveries"]] == ["waiting"]
    assert id in ticket["contacts"]


def test_what_goes_out_is_a_mail_that_answers_hers(desk: Desk) -> None:
    desk.come(mail("2", "And the lamp?\n\nOn 2026-04-30 10:00, The shop wrote:\n> Hello", References="<1@example.org>"))
    with desk.hub.database.transaction() as tx:
        options.write(tx, "signature", {"text": "Your shop"}, "admin")
    id = desk.answer("سفارش ۱۰۴۲ فردا می‌رسد.\r\n.\r\nFrom here it is quick.")
    desk.deliver()
    sent = desk.sent()
    assert (sent["From"], sent["To"], sent["Subject"]) == (f"The shop <{OURS}>", HERS, "Re: My order")
    assert (sent["Message-ID"], sent["In-Reply-To"]) == (f"<{id}@shop.example>", "<2@example.org>")
    assert sent["References"].split() == ["<1@example.org>", "<2@example.org>"]
    assert sent["Auto-Submitted"] is None
    assert sent.get_content().replace("\r\n", "\n") == (
        "سفارش ۱۰۴۲ فردا می‌رسد.\n.\nFrom here it is quick.\n\n-- \nYour shop\n\n"
        "On 2026-05-01 14:30, Maryam wrote:\n> And the lamp?\n"
    )
    assert desk.server.envelopes == [(OURS, [HERS])]
    assert all(byte < 128 for byte in desk.server.mails[0])


def test_an_answer_that_names_an_order_belongs_to_it(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer("Order 1042 is on its way.")
    rows = desk.hub.database.rows("SELECT value FROM event WHERE id = %s", [id])
    assert opened(desk.hub.keys, Recorded(None, rows[0][0].encode())).data["orders"] == ["1042"]  # type: ignore[arg-type]


def test_it_comes_from_the_mailbox_that_she_wrote_to(desk: Desk) -> None:
    way_out(desk, "orders@shop.example", "Orders")
    desk.come(mail("1", To="Orders <Orders@shop.example>"))
    desk.answer()
    desk.deliver()
    assert desk.sent()["From"] == "Orders <orders@shop.example>"


# -- what comes back finds its ticket ----------------------------------------------------------------------------------


def reply_to(sent: Any, id: str = "reply", **headers: str) -> bytes:
    names = {"In_Reply_To": sent["Message-ID"], "References": f"{sent['References'] or ''} {sent['Message-ID']}".strip(),
             "Date": "Fri, 01 May 2026 12:30:00 +0000"}  # fmt: skip
    return mail(id, "Thank you.", **{name: value for name, value in (names | headers).items() if value})


@pytest.mark.parametrize("kept", [{}, {"References": ""}, {"In_Reply_To": ""}])
def test_her_reply_joins_the_ticket_whatever_her_program_keeps(desk: Desk, kept: dict[str, str]) -> None:
    desk.come(mail("1"))
    desk.answer()
    desk.deliver()
    desk.come(reply_to(desk.sent(), **kept))
    ticket = desk.ticket
    assert (ticket["state"], len(ticket["contacts"])) == ("open", 3)


ONE_MATTER = {
    "a help desk puts an id of its own before ours": [{}, {"References": "<t7@desk.example> <1@example.org>"}],
    "a program names the mail that it answers alone": [
        {}, {"In_Reply_To": "<1@example.org>"}, {"In_Reply_To": "<2@example.org>"},
    ],
    "it comes the other way round": [
        {"In_Reply_To": "<2@example.org>"}, {"Message_ID": "<2@example.org>", "In_Reply_To": "<0@example.org>"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("mails", ONE_MATTER.values(), ids=ONE_MATTER)
def test_mails_that_answer_each_other_are_one_ticket_whatever_they_name_first(
    desk: Desk, mails: list[dict[str, str]], at_once: bool
) -> None:
    bodies = [mail(str(n), **{"Date": f"Fri, 01 May 2026 11:0{n}:00 +0000"} | headers) for n, headers in enumerate(mails, 1)]
    if at_once:
        recorder = desk.hub.recorder
        recorder.record(lambda _: [payload_of_bytes(recorder, "email", "smtp", body, {}, NOW) for body in bodies])
        desk.settle()
    else:
        for body in bodies:
            desk.come(body)
    assert len(desk.ticket["contacts"]) == len(mails)
    assert verify(desk.hub.recorder)["clean"]


def test_an_answer_to_what_a_colleague_wrote_elsewhere_finds_the_ticket_by_that_alone(desk: Desk) -> None:
    desk.come(mail("1"))
    assert command(desk.hub.recorder, desk.ticket["id"], str(uuid4()), {"resolve": {}}, None, "sara", NOW).status == 200
    desk.settle()
    desk.come(from_us("2", HERS, In_Reply_To="<1@example.org>"))
    desk.come(mail("3", "Thank you, but", In_Reply_To="<2@example.org>"))
    assert (desk.ticket["state"], len(desk.ticket["contacts"])) == ("open", 2)


def test_a_mail_that_goes_on_with_its_own_matter_stays_there_though_it_names_another(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.come(mail("2"))
    desk.come(mail("3", References="<2@example.org> <1@example.org>"))
    assert sorted(len(ticket["contacts"]) for ticket in desk.tickets()) == [1, 2]
    [later] = [ticket for ticket in desk.tickets() if len(ticket["contacts"]) == 2]
    assert later["number"] == 1002


def test_whoever_else_writes_in_the_matter_has_its_ticket_beside_his_mail(desk: Desk) -> None:
    desk.come(mail("1", Cc="bob@example.net"))
    desk.come(mail("2", "I can say more.", "bob@example.net", References="<1@example.org>"))
    assert [item["ticket"] for item in desk.items("bob@example.net")] == [desk.ticket["id"]]


def test_a_call_is_answered_by_mail_and_her_reply_belongs_to_its_ticket(desk: Desk) -> None:
    party = [{"kind": "phone", "value": "+989121234567"}, {"kind": "email", "value": HERS}]
    fields = {"call": "c1", "direction": "in", "party": party, "outcome": "callback", "reason": "Lamp broken"}
    draft = Draft("call.ended", NOW, "test", "c1", fields)
    desk.hub.recorder.record(lambda here: [Outgoing(prepare(draft, here, NOW))])
    desk.settle()
    first = desk.answer()
    desk.deliver()
    assert (desk.sent()["To"], desk.sent()["Subject"], desk.sent()["In-Reply-To"]) == (HERS, "Re: Lamp broken", None)
    desk.answer("One more thing.")
    desk.deliver()
    assert desk.sent()["In-Reply-To"] == f"<{first}@shop.example>"
    desk.come(reply_to(desk.sent()))
    assert desk.ticket["state"] == "open"
    assert {item["ticket"] for item in desk.items()} == {desk.ticket["id"]}


def test_a_reply_after_a_month_opens_a_new_ticket_that_follows_the_old_one(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.answer()
    desk.deliver()
    first = desk.ticket["id"]
    assert command(desk.hub.recorder, first, str(uuid4()), {"resolve": {}}, None, "sara", desk.now).status == 200
    desk.now += timedelta(days=31)
    desk.come(reply_to(desk.sent(), References="", Date=format_datetime(desk.now)))
    rows = desk.hub.database.rows("SELECT follows FROM tickets WHERE follows IS NOT NULL")
    assert rows == [(first,)]


# -- our own mail comes in too -----------------------------------------------------------------------------------------


def ledger_of(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.hub.database.rows("SELECT kind, why FROM outcome ORDER BY 1, 2")


def from_us(id: str, to: str, **headers: str) -> bytes:
    return mail(id, "It is on its way.", OURS, **({"From": f"The shop <{OURS}>", "To": to} | headers))


def test_a_copy_of_our_answer_changes_nothing_and_says_why(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.answer()
    desk.deliver()
    before = desk.items()
    desk.come(desk.server.mails[-1])
    assert (desk.ticket["state"], desk.ticket["waiting_for"]) == ("waiting", "customer")
    assert desk.items() == before
    assert ledger_of(desk) == [("ignored", "an answer that this hub sent"), ("understood", None)]
    assert verify(desk.hub.recorder)["clean"]


def test_a_copy_of_our_answer_that_was_taken_for_a_customers_mail_goes_when_it_is_read_again(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.answer()
    desk.deliver()
    desk.hub.database.rows("UPDATE delivery SET message_id = 'x' || message_id RETURNING 1")
    desk.hub.database.rows("UPDATE mailbox SET address = 'other@shop.example' RETURNING 1")
    desk.come(desk.server.mails[-1])
    assert [item["direction"] for item in desk.items(OURS)] == ["in"]
    desk.hub.database.rows("UPDATE delivery SET message_id = substr(message_id, 2) RETURNING 1")
    payloads = desk.hub.database.rows("SELECT payload::text FROM outcome WHERE kind = 'understood'")
    for _ in range(2):
        again(desk.hub.recorder, [row[0] for row in payloads])
        desk.settle()
        assert desk.items(OURS) == []
        assert [item["direction"] for item in desk.items()] == ["out", "in"]
        assert verify(desk.hub.recorder)["clean"]


def test_a_colleagues_mail_is_shown_as_sent_to_whom_it_went_and_opens_no_ticket(desk: Desk) -> None:
    desk.come(from_us("2", "Carl <carl@ex.com>"))
    assert desk.tickets() == []
    assert [(item["type"], item["direction"], item["title"]) for item in desk.items("carl@ex.com")] == [
        ("message.sent", "out", "My order")
    ]
    with desk.hub.database.transaction() as tx:
        assert customers.who(tx, desk.hub.keys, "IR", "carl@ex.com")
        assert not customers.who(tx, desk.hub.keys, "IR", OURS)


def test_what_was_read_once_is_read_again_the_same(desk: Desk) -> None:
    desk.come(from_us("2", "Carl <carl@ex.com>, dana@ex.com"))
    desk.come(from_us("3", OURS, Reply_To=HERS))
    before = [desk.items(address) for address in ("carl@ex.com", "dana@ex.com", HERS)]
    assert [len(items) for items in before] == [1, 1, 1]
    payloads = desk.hub.database.rows("SELECT payload::text FROM outcome")
    assert again(desk.hub.recorder, [row[0] for row in payloads]) == 2
    desk.settle()
    assert [desk.items(address) for address in ("carl@ex.com", "dana@ex.com", HERS)] == before
    assert desk.hub.database.rows("SELECT FROM event WHERE replaces IS NOT NULL") == []


def test_what_was_sent_stays_so_when_its_mailbox_is_gone(desk: Desk) -> None:
    desk.come(from_us("2", "Carl <carl@ex.com>"))
    before = desk.items("carl@ex.com")
    desk.hub.database.rows("UPDATE mailbox SET address = 'other@shop.example' RETURNING 1")
    again(desk.hub.recorder, [row[0] for row in desk.hub.database.rows("SELECT payload::text FROM outcome")])
    desk.settle()
    assert desk.items("carl@ex.com") == before
    assert desk.hub.database.rows("SELECT FROM event WHERE replaces IS NOT NULL") == []


def test_a_colleagues_mail_in_the_thread_belongs_to_the_ticket_and_does_not_wake_it(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.come(from_us("2", HERS, In_Reply_To="<1@example.org>", References="<1@example.org>"))
    assert (desk.ticket["state"], len(desk.ticket["contacts"])) == ("new", 2)
    desk.answer()
    desk.deliver()
    desk.come(from_us("3", HERS, In_Reply_To="<1@example.org>", References="<1@example.org>"))
    ticket = desk.ticket
    assert (ticket["state"], ticket["waiting_for"], len(ticket["contacts"])) == ("waiting", "customer", 4)
    assert verify(desk.hub.recorder)["clean"]


def test_a_form_that_our_web_site_sends_from_us_to_us_opens_a_ticket_of_its_writer(desk: Desk) -> None:
    desk.come(from_us("2", OURS, Reply_To=f"Maryam <{HERS}>"))
    assert desk.ticket["customer"] == desk.hub.keys.party_id(Identifier("email", HERS))
    desk.answer()
    desk.deliver()
    assert desk.server.envelopes == [(OURS, [HERS])]


def test_the_address_of_the_environment_is_ours_too(hub: Hub) -> None:
    hub.recorder.sends_from = "Office@Shop.example"
    desk = Desk(hub, Receiving())
    desk.come(mail("2", sender="office@shop.example", From="office@shop.example", To="carl@ex.com"))
    assert desk.tickets() == []
    assert [item["direction"] for item in desk.items("carl@ex.com")] == ["out"]


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_without_a_way_out_an_answer_is_refused_and_says_what_to_do(hub: Hub) -> None:
    desk = Desk(hub, Receiving())
    desk.come(mail("1"))
    refused = desk.try_answer()
    assert refused.status == 422
    assert refused.why == (
        "Answers cannot be sent yet: no way out for e-mail is set up. An administrator adds one under Settings, Mailboxes."
    )
    assert hub.database.rows("SELECT FROM delivery") == []


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"channel": "sms"}, "$.command.answer.channel"), ({"text": " "}, "$.command.answer.text"),
        ({"to": "nobody"}, "$.command.answer.to"), ({"to": "a@b.example\r\nBcc: c@d.example"}, "$.command.answer.to"),
        ({"to": OURS}, "$.command.answer.to"), ({"to": str(uuid4())}, "$.command.answer.to"),
        ({"to": {"kind": "phone", "value": "0912"}}, "$.command.answer.to"), ({"to": 7}, "$.command.answer.to"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_arrive_is_refused_where_it_is_wrong(desk: Desk, fields: dict[str, Any], at: str) -> None:
    desk.come(mail("1"))
    refused = desk.try_answer(**({"text": "Hi"} | fields))
    assert (refused.status, refused.at) == (422, at), refused
    assert desk.hub.database.rows("SELECT FROM delivery") == []


def test_to_may_be_an_address_or_a_party(desk: Desk) -> None:
    desk.come(mail("1"))
    party = desk.hub.keys.party_id(Identifier("email", HERS))
    for to in ("Other@Example.org", party, {"kind": "email", "value": "third@example.org"}):
        desk.answer(to=to)
    desk.deliver()
    assert sorted(to for _, [to] in desk.server.envelopes) == [HERS, "other@example.org", "third@example.org"]


def written_event(desk: Desk, name: str, **fields: Any) -> None:
    """An e-mail as a program sends it: the contract's fields, no header."""
    said = {"message": name, "channel": "email", "text": "Where is it?", "party": {"kind": "email", "value": HERS}} | fields
    draft = Draft("message.received", NOW, "test", name, said)
    desk.hub.recorder.record(lambda here: [Outgoing(prepare(draft, here, NOW))])
    desk.settle()


def test_a_message_without_a_header_is_answered_to_its_party(desk: Desk) -> None:
    written_event(desk, "m1", subject="My lamp")
    desk.answer(to=None)
    desk.deliver()
    assert desk.server.envelopes == [(OURS, [HERS])]
    assert desk.sent()["Subject"] == "Re: My lamp"


def test_a_message_that_names_no_address_is_answered_to_the_only_one_of_its_customer(desk: Desk) -> None:
    account = {"kind": "account", "value": "BH-1"}
    written_event(desk, "m1", party=account, thread="t")
    assert desk.try_answer(to=None).why == "There is nobody to answer to: no e-mail address of the customer is known."
    said = {"party": [account, {"kind": "email", "value": HERS}]}
    draft = Draft("party.described", NOW, "test", "d", said | {"name": "Maryam"})
    desk.hub.recorder.record(lambda here: [Outgoing(prepare(draft, here, NOW))])
    desk.settle()
    desk.answer(to=None)
    desk.deliver()
    assert desk.server.envelopes == [(OURS, [HERS])]


@pytest.mark.parametrize("killed", [False, True])
def test_a_person_who_was_forgotten_gets_no_answer_any_more(desk: Desk, killed: bool) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    parties = [desk.hub.keys.party_id(Identifier("email", HERS))]
    if killed:  # once the keys are gone, before anything else of it was done
        desk.hub.keys.destroy(parties, parties)
        assert finish(desk.hub.recorder, desk.now) == 1
    else:
        forget(desk.hub.recorder, parties, desk.now)
    desk.settle()
    assert desk.deliver() == 0
    assert (desk.state(id), desk.server.mails) == ("undone", [])
    assert desk.try_answer().status == 422
    assert verify(desk.hub.recorder)["clean"]


def test_whoever_writes_in_the_thread_of_somebody_who_was_forgotten_can_be_answered(desk: Desk) -> None:
    desk.come(mail("1", Cc="bob@example.net"))
    forget(desk.hub.recorder, [desk.hub.keys.party_id(Identifier("email", HERS))], desk.now)
    desk.come(mail("2", "Me again.", References="<1@example.org>"))
    desk.come(mail("3", "And I.", "bob@example.net", References="<1@example.org>"))
    [hers] = [ticket for ticket in desk.tickets() if len(ticket["contacts"]) == 2]
    desk.answer(ticket=hers["id"], to="bob@example.net")
    assert desk.deliver() == 1
    assert verify(desk.hub.recorder)["clean"]


# -- what mail servers do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_says_later_is_asked_again_with_growing_waits(desk: Desk, step: str) -> None:
    desk.come(mail("1"))
    desk.server.manner, desk.server.step = "451 4.7.1 greylisted", step
    id = desk.answer()
    waits = []
    desk.deliver()
    for _ in range(7):
        state, _, reason, due = desk.row(id)
        assert (state, reason) == ("waiting", "The mail server answered 451: 4.7.1 greylisted")
        waits.append((due - desk.now).total_seconds() / 60)
        assert desk.deliver(timedelta(0)) == 0
        desk.deliver(due - desk.now)
    assert waits == [1, 5, 15, 60, 240, 240, 240]
    desk.server.manner = "take"
    desk.deliver(timedelta(hours=4))
    assert desk.state(id) == "sent"
    assert len(desk.server.mails) == 1


def test_after_two_days_it_is_given_up_and_the_ticket_says_so(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.server.manner = "451 4.7.1 greylisted"
    id = desk.answer()
    desk.deliver()
    desk.deliver(timedelta(days=2))
    assert desk.row(id)[0:3:2] == ("failed", "Given up after two days. The mail server answered 451: 4.7.1 greylisted")
    assert desk.ticket["state"] == "open"
    assert desk.ticket["history"][-1]["why"] == desk.row(id)[2]


def test_what_somebody_wants_sent_again_has_its_two_days_again(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.server.manner = "451 4.7.1 greylisted"
    id = desk.answer()
    desk.deliver()
    desk.deliver(timedelta(days=2))
    assert (desk.state(id), desk.ask(id, "again").status) == ("failed", 200)
    desk.deliver(timedelta(0))
    assert (desk.state(id), desk.row(id)[3] - desk.now) == ("waiting", timedelta(minutes=1))
    desk.server.manner = "take"
    desk.deliver(timedelta(minutes=1))
    assert desk.state(id) == "sent"


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_what_a_server_refuses_has_failed_with_the_servers_words(desk: Desk, step: str) -> None:
    desk.come(mail("1"))
    desk.server.manner, desk.server.step = "550 5.1.1 no such user", step
    id = desk.answer()
    desk.deliver()
    assert desk.row(id)[0:3:2] == ("failed", "The mail server answered 550: 5.1.1 no such user")
    assert desk.told(id)[-1].personal["reason"] == desk.row(id)[2]
    ticket = desk.ticket
    assert (ticket["state"], ticket["owner"], ticket["history"][-1]["type"]) == ("open", "sara", "ticket.reopened")
    assert desk.deliver(timedelta(days=3)) == 0


@pytest.mark.parametrize("manner", ["drop", "hang"])
def test_where_nobody_knows_whether_it_arrived_it_is_uncertain_and_not_sent_again(desk: Desk, manner: str) -> None:
    desk.come(mail("1"))
    desk.server.manner = manner
    id = desk.answer()
    desk.deliver()
    assert desk.state(id) == "uncertain"
    assert desk.ticket["state"] == "open"
    desk.server.manner = "take"
    for _ in range(3):
        assert desk.deliver(timedelta(days=1)) == 0
    assert len(desk.server.mails) == 1


def test_a_server_that_is_away_is_tried_again(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    desk.hub.database.rows("UPDATE mailbox SET smtp = %s RETURNING id", [f"smtp://127.0.0.1:{port}/"])
    desk.deliver()
    assert desk.row(id)[0] == "waiting"
    assert "nothing answers" in desk.row(id)[2]
    desk.hub.database.rows("UPDATE mailbox SET smtp = %s RETURNING id", [f"smtp://127.0.0.1:{desk.server.port}/"])
    desk.deliver(timedelta(minutes=1))
    assert (desk.state(id), len(desk.server.mails)) == ("sent", 1)


def test_without_a_way_out_any_more_it_waits_and_says_so(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    desk.hub.database.rows("UPDATE mailbox SET active = false RETURNING id")
    desk.deliver()
    assert desk.row(id)[0] == "waiting"
    assert "No way out" in desk.row(id)[2]
    desk.hub.database.rows("UPDATE mailbox SET active = true RETURNING id")
    desk.deliver(timedelta(minutes=1))
    assert desk.state(id) == "sent"


def test_what_was_found_on_the_wire_after_a_crash_is_uncertain(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    desk.hub.database.rows("UPDATE delivery SET state = 'sending', attempts = 1 RETURNING id")
    assert desk.deliver() == 1
    assert desk.row(id)[0] == "uncertain"
    assert desk.server.mails == []


def test_what_somebody_is_sending_just_now_is_left_to_him(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.server.manner = "hang"
    id = desk.answer()
    desk.patience = Patience(5, 3)
    sending = threading.Thread(target=desk.deliver)
    sending.start()
    until(lambda: desk.server.mails, 60, "the mail is on the wire")
    assert deliver_waiting(desk.hub.recorder, desk.way, lambda: desk.now) == 0
    assert desk.state(id) == "sending"
    sending.join()
    assert desk.state(id) == "uncertain"


def test_after_a_restore_nothing_older_than_an_hour_goes_out_unasked(desk: Desk) -> None:
    desk.come(mail("1"))
    old = desk.answer("old")
    desk.now += timedelta(minutes=61)
    fresh = desk.answer("fresh")
    assert hold_back(desk.hub.recorder, desk.now) == 1
    desk.deliver()
    assert (desk.state(old), desk.state(fresh), len(desk.server.mails)) == ("uncertain", "sent", 1)


# -- what people ask for -----------------------------------------------------------------------------------------------


def test_an_answer_is_taken_back_in_time_and_its_words_come_back(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer("Oh no.")
    reply = desk.ask(id, "undo")
    assert (reply.status, reply.text, desk.state(id), desk.kinds(id)) == (200, "Oh no.", "undone", ["undone"])
    assert desk.ask(id, "undo").text == "Oh no."
    assert desk.deliver() == 0
    assert (desk.ticket["state"], desk.ticket["history"][-1]["why"]) == ("open", "the answer was taken back")
    assert next(item for item in desk.items() if item["id"] == id)["delivery"]["state"] == "undone"


def test_after_an_answer_went_out_the_next_that_is_taken_back_leaves_it_the_customers_turn(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.answer()
    desk.deliver()
    desk.ask(desk.answer("And one more thing."), "undo")
    assert (desk.ticket["state"], desk.ticket["waiting_for"]) == ("waiting", "customer")
    both = [desk.answer("This."), desk.answer("That.", ticket=desk.ticket["id"])]
    desk.come(mail("2", References="<1@example.org>"))
    assert {desk.ask(id, "undo").status for id in both} == {200}
    assert desk.ticket["state"] == "open"


def test_what_arrived_after_all_leaves_open_what_she_wrote_since(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    desk.hub.database.rows("UPDATE delivery SET state = 'sending', attempts = 1 RETURNING id")
    desk.deliver()
    desk.come(mail("2", "And the lamp?", References="<1@example.org>"))
    assert desk.ask(id, "arrived").status == 200
    assert desk.ticket["state"] == "open"


def test_it_is_too_late_once_it_went_out(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    desk.deliver()
    reply = desk.ask(id, "undo")
    assert (reply.status, reply.why) == (409, "Too late: it has gone out already.")
    assert desk.ask(str(uuid4()), "undo").status == 404


def test_what_is_uncertain_is_sent_again_when_somebody_asks_under_the_same_id(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.server.manner = "drop"
    id = desk.answer()
    desk.deliver()
    desk.server.manner = "take"
    assert desk.ask(id, "again").status == 200
    assert desk.ticket["state"] == "waiting"
    desk.deliver(timedelta(0))
    assert (desk.state(id), desk.kinds(id)) == ("sent", ["started", "uncertain", "repeated", "started", "sent"])
    assert desk.sent(0)["Message-ID"] == desk.sent(1)["Message-ID"]


def test_what_is_uncertain_is_settled_by_who_knows(desk: Desk) -> None:
    desk.come(mail("1"))
    desk.server.manner = "drop"
    id = desk.answer()
    desk.deliver()
    assert desk.ask(id, "arrived").status == 200
    assert desk.state(id) == "sent"
    assert desk.told(id)[-1].data["by"] == "sara"
    assert desk.ticket["state"] == "waiting"
    for wish in ("again", "arrived", "undo"):
        assert desk.ask(id, wish).status == 409


def test_of_undo_and_sending_exactly_one_wins(desk: Desk) -> None:
    desk.come(mail("1"))
    ids = [desk.answer(f"answer {n}") for n in range(20)]
    desk.now += UNDO
    gate = threading.Barrier(6)

    def deliver() -> None:
        gate.wait()
        while deliver_waiting(desk.hub.recorder, desk.way, lambda: desk.now):
            pass

    def undo(mine: list[str]) -> list[tuple[str, int]]:
        gate.wait()
        return [(id, ask(desk.hub.recorder, id, "undo", "sara", desk.now).status) for id in mine]

    with ThreadPoolExecutor(6) as pool:
        delivering = [pool.submit(deliver) for _ in range(2)]
        undoing = [pool.submit(undo, ids[::-1][n::4]) for n in range(4)]
        answers = dict(pair for one in undoing for pair in one.result())
        for one in delivering:
            one.result()
    desk.settle()
    arrived = [message_from_bytes(mail)["Message-ID"].strip("<>").partition("@")[0] for mail in desk.server.mails]
    assert len(arrived) == len(set(arrived))
    assert {id: 409 if id in arrived else 200 for id in ids} == answers
    assert {desk.state(id) for id in arrived} <= {"sent"}
    assert verify(desk.hub.recorder)["clean"]


# -- what comes back ---------------------------------------------------------------------------------------------------


def test_a_bounce_of_ours_says_that_the_answer_failed_and_opens_the_ticket(desk: Desk) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    desk.deliver()
    desk.come(bounce(f"{id}@shop.example", "5.2.2"))
    assert desk.row(id)[0:3:2] == ("failed", "It came back: the mailbox is full (5.2.2).")
    ticket = desk.ticket
    assert (ticket["state"], ticket["owner"]) == ("open", "sara")
    assert ticket["history"][-1]["why"] == "It came back: the mailbox is full (5.2.2)."
    desk.come(bounce(f"{id}@shop.example", "5.2.2"))
    assert desk.kinds(id) == ["started", "sent", "failed"]
    assert verify(desk.hub.recorder)["clean"]


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered"])
def test_a_report_of_a_delay_changes_nothing(desk: Desk, action: str) -> None:
    desk.come(mail("1"))
    id = desk.answer()
    desk.deliver()
    desk.come(bounce(f"{id}@shop.example", "4.4.1", action))
    desk.come(bounce("another@elsewhere.example"))
    assert (desk.state(id), desk.ticket["state"]) == ("sent", "waiting")


# -- by itself ---------------------------------------------------------------------------------------------------------


def nobody_here(desk: Desk) -> None:
    with desk.hub.database.transaction() as tx:
        options.write(tx, "hours", HOURS, "admin")


def test_who_writes_when_nobody_is_here_is_told_so_once_a_day(desk: Desk) -> None:
    nobody_here(desk)
    desk.come(mail("1", "سفارش من کجاست؟"))
    assert desk.deliver(timedelta(0)) == 1
    sent = desk.sent()
    assert (sent["Auto-Submitted"], sent["In-Reply-To"]) == ("auto-replied", "<1@example.org>")
    assert sent.get_content().strip() == "دوشنبه برمی‌گردیم."
    assert desk.server.envelopes == [("<>", [HERS])]  # the null path: what cannot be delivered does not come back
    assert (desk.ticket["state"], desk.ticket["owner"]) == ("new", None)
    desk.now += timedelta(hours=23)
    desk.come(mail("2"))
    assert desk.deliver(timedelta(0)) == 0
    desk.now += timedelta(hours=2)
    desk.come(mail("3"))
    assert desk.deliver(timedelta(0)) == 1
    assert desk.sent().get_content().strip() == "We are back on Monday."


def test_whose_mail_comes_when_somebody_is_here_again_is_not_told_that_nobody_is(desk: Desk) -> None:
    nobody_here(desk)
    desk.now = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)  # a Monday
    desk.come(mail("1", Date="Mon, 04 May 2026 08:30:00 +0000"))
    assert desk.deliver(timedelta(0)) == 0
    assert desk.ticket["state"] == "new"


def test_an_address_to_which_many_want_their_answer_gets_one_a_day(desk: Desk) -> None:
    nobody_here(desk)
    for n in range(3):
        desk.come(mail(str(n), sender=f"robot{n}@example.org", Reply_To=HERS))
    assert desk.deliver(timedelta(0)) == 1
    desk.come(mail("4"))
    assert desk.deliver(timedelta(0)) == 0
    assert desk.server.envelopes == [("<>", [HERS])]


def test_who_writes_without_a_header_is_told_so_too(desk: Desk) -> None:
    nobody_here(desk)
    written_event(desk, "m1")
    assert desk.deliver(timedelta(0)) == 1
    assert desk.server.envelopes == [("<>", [HERS])]


def test_a_bounce_of_what_was_answered_by_itself_troubles_nobody(desk: Desk) -> None:
    nobody_here(desk)
    desk.come(mail("1"))
    desk.deliver(timedelta(0))
    desk.come(bounce(desk.sent()["Message-ID"].strip("<>")))
    assert desk.ticket["state"] == "new"
    assert len(desk.server.mails) == 1


def test_history_is_not_answered(desk: Desk) -> None:
    nobody_here(desk)
    recorder = desk.hub.recorder
    recorder.record(lambda _: [payload_of_bytes(recorder, "email", "files", mail("1"), {}, NOW, history=True)])
    desk.settle()
    assert desk.hub.database.rows("SELECT FROM delivery") == []


def test_two_hubs_that_answer_each_other_stop_after_one(desk: Desk, new_hub: Callable[[], Hub]) -> None:
    with receiving(Receiving()) as server:
        other = Desk(new_hub(), server)
        way_out(other, HERS, "Maryam's hub")
        for one in (desk, other):
            nobody_here(one)
        other.patience = desk.patience
        desk.come(mail("1"))
        for _ in range(5):
            for here, there in ((desk, other), (other, desk)):
                before = len(here.server.mails)
                here.deliver(timedelta(seconds=30))
                for sent in here.server.mails[before:]:
                    there.come(sent)
        assert (len(desk.server.mails), len(other.server.mails)) == (1, 0)


def test_our_own_automatic_answer_is_read_as_one() -> None:
    from hub.channels.email.render import Letter, render

    made = render(Letter(OURS, "", HERS, "Re: Hi", NOW, "a@shop.example", "Back on Monday.", automatic=True))
    outcome = channel.parse(Payload(made, "smtp", NOW))
    assert isinstance(outcome, Understood)
    assert outcome.drafts[0].fields["automatic"] == "reply"

