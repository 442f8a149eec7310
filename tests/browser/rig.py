"""A shop as it stands: `hub up`, a mail server that brings its answers into real mailboxes, customers with a mail program."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import orjson
from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.consumers.receiving import Receiving, receiving
from tests.kill.running import RunningHub, until
from tests.transport.dovecot import Dovecot, free_port, running_dovecot

SHOP = "hello@shop.example"
PATIENCE = 60_000  # milliseconds: how long a page may take on a machine that has other things to do
expect.set_options(timeout=PATIENCE)
NOW = datetime.now(UTC).replace(microsecond=0)


# -- a customer and what he did last week ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Customer:
    """`shown`: his order's number as the pages write it."""

    name: str
    address: str
    phone: str
    order: str
    subject: str
    text: str
    thanks: str
    ticket: str = field(default_factory=lambda: str(uuid4()))

    @property
    def mailbox(self) -> str:
        return self.address.partition("@")[0]

    @property
    def message_id(self) -> str:
        return f"<last-week-{self.order}@example.com>"


SARA = Customer(
    "Sara Karimi", "sara@example.com", "+98 912 123 4567", "1047", "Where is my web order?",
    "Good morning, last week I ordered a rice cooker (order 1047). Where is it now?", "That was quick, thank you!",
)  # fmt: skip
MARYAM = Customer(
    "مریم احمدی", "maryam@example.com", "+98 935 765 4321", "2093", "سفارش اینترنتی من کجاست؟",
    "سلام، هفتهٔ پیش از سایت شما یک پلوپز سفارش دادم (سفارش ۲۰۹۳). الان کجاست؟", "خیلی ممنون، عالی بود!",
)  # fmt: skip


def listening(page: Page) -> None:
    """Until the page's stream stands."""
    expect(page.locator("body[data-listening]")).to_be_attached()


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def history(folder: Path, customer: Customer) -> Mapping[str, Path]:
    """What `hub ingest` gets: the mail of last week, the ticket about it, the order's stages."""
    written = {name: folder / name for name in ("email", "orders", "events")}
    for one in written.values():
        one.mkdir(parents=True)
    mail = EmailMessage()
    mail["From"], mail["To"] = formataddr((customer.name, customer.address)), SHOP
    mail["Subject"], mail["Message-ID"] = customer.subject, customer.message_id
    mail["Date"] = format_datetime(ago(days=6))
    mail.set_content(customer.text)
    (written["email"] / "1.eml").write_bytes(mail.as_bytes())
    (written["orders"] / "shop.csv").write_text(
        "order,stage,time,email,phone,total,currency\n"
        f"{customer.order},placed,{ago(days=8).isoformat()},{customer.address},{customer.phone},45.00,EUR\n"
        f"{customer.order},packed,{ago(days=3).isoformat()},,,,\n"
        f"{customer.order},shipped,{ago(days=1).isoformat()},,,,\n"
    )
    party = {"kind": "email", "value": customer.address}
    thread = customer.message_id.strip("<>")
    opened = {"ticket": customer.ticket, "number": int(customer.order) - 1000, "subject": customer.subject,
              "party": party, "channel": "email", "thread": thread}  # fmt: skip
    described = event("party.described", ago(days=6), party=party, name=customer.name)
    lines = [event("ticket.opened", ago(days=6), **opened), described]
    (written["events"] / "1.ndjson").write_bytes(b"\n".join(orjson.dumps(line) for line in lines))
    return written


def event(type: str, at: datetime, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": str(uuid4()), "source": "/test", "type": type, "time": at.isoformat(), "data": data}


# -- real mailboxes ----------------------------------------------------------------------------------------------------


@dataclass
class PostOffice(Receiving):
    """Takes what the hub sends, and puts it into the mailbox of whom it is for."""

    dovecot: Dovecot | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        assert self.dovecot
        for recipient in envelope.rcpt_tos:
            await asyncio.to_thread(self.dovecot.deliver, recipient.partition("@")[0], self.mails[-1])
        return answer

    def box(self, customer: Customer) -> list[EmailMessage]:
        """His mails, fetched by IMAP."""
        assert self.dovecot
        with IMAPClient("127.0.0.1", self.dovecot.imap_port, ssl=False) as imap:
            imap.plain_login(customer.mailbox, self.dovecot.password)
            imap.select_folder("INBOX", readonly=True)
            found = imap.fetch(imap.search(), ["BODY.PEEK[]"])
        mails = [message_from_bytes(one[b"BODY[]"], policy=default) for _, one in sorted(found.items())]
        return [mail for mail in mails if isinstance(mail, EmailMessage)]

    def reply(self, customer: Customer, smtp: str) -> None:
        """He opens his mailbox with his mail program, replies to the first mail there, and sends it to the hub."""
        assert self.dovecot
        settings = (
            "v15-compat=yes", f"mta=smtp://{smtp}", "smtp-auth=none", "imap-auth=login", "sendwait", "ttycharset=utf-8",
            f"from={formataddr((customer.name, customer.address), 'utf-8')}", "hostname=example.com", "record=/dev/null",
        )  # fmt: skip
        password = quote(self.dovecot.password, safe="")
        box = f"imap://{customer.mailbox}:{password}@127.0.0.1:{self.dovecot.imap_port}/INBOX"
        command = ["s-nail", "-n", "-#", *(word for one in settings for word in ("-S", one)), "-f", box]
        typed = f"reply 1\n{customer.thanks}\n~.\nxit\n"
        here = {"HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
        done = subprocess.run(command, input=typed, text=True, capture_output=True, env=here, timeout=60)
        assert done.returncode == 0, done.stderr


# -- the shop ----------------------------------------------------------------------------------------------------------


@dataclass
class Shop:
    """A hub that is up, its customers' mailboxes, and a machine's key for the telephone system."""

    hub: RunningHub
    post: PostOffice
    files: Path
    machine: str = ""

    def tell(self, customer: Customer) -> None:
        """His last week comes in by the front doors."""
        for kind, folder in history(self.files / customer.order, customer).items():
            self.hub.asked("ingest", kind, str(folder), "--history")

    def rings(self, customer: Customer) -> str:
        """The telephone system says that he calls; the call's own name."""
        if not self.machine:
            self.machine = self.hub.asked("keys", "create", "telephone", "--role", "machine").strip()
        call = str(uuid4())
        party = {"kind": "phone", "value": customer.phone}
        body = event("call.ringing", datetime.now(UTC), call=call, party=party)
        headers = {"Authorization": f"Bearer {self.machine}", "Content-Type": "application/cloudevents+json"}
        answer = httpx.post(f"{self.hub.url}/v1/events", content=orjson.dumps(body), headers=headers, timeout=60)
        assert answer.status_code == 202, answer.text
        return call

    def ticket(self, customer: Customer) -> dict[str, Any]:
        """As the API tells it, to a program."""
        with self.hub.client() as client:
            found: dict[str, Any] = client.get(f"/v1/tickets/{customer.ticket}").raise_for_status().json()
        return found

    def steps(self, customer: Customer, type: str) -> int:
        """How many events of this type its history has."""
        return sum(step["type"] == type for step in self.ticket(customer)["history"])

    def do(self, customer: Customer, command: Mapping[str, Any]) -> None:
        """Somebody else does something to the ticket."""
        with self.hub.client() as client:
            answer = client.post(
                f"/v1/tickets/{customer.ticket}/commands", json={"id": str(uuid4()), "expects": None, "command": command}
            )
        assert answer.status_code in (200, 202), answer.text

    def await_mail(self, customer: Customer, how_many: int) -> list[EmailMessage]:
        def come() -> list[EmailMessage] | None:
            mails = self.post.box(customer)
            return mails if len(mails) >= how_many else None

        return until(come, 90, "the answer is in the mailbox")

    def link(self) -> str:
        """What `hub up` prints for whoever started it: lets him in once."""
        return str(self.hub.run()["sign_in"])


@contextmanager
def open_shop(home: Path, environ: Mapping[str, str] | None = None) -> Iterator[Shop]:
    """On a home whose database is laid out; nobody has been told of yet."""
    with running_dovecot() as dovecot, receiving(PostOffice(dovecot=dovecot)) as post:
        assert isinstance(post, PostOffice)
        way = f"smtp://127.0.0.1:{post.port}?from={SHOP}"
        hub = RunningHub(home, {"HUB_SMTP_URL": way, "HUB_SMTP_PORT": str(free_port())} | dict(environ or {}))
        try:
            hub.start()
            yield Shop(hub, post, home / "told")
        finally:
            hub.kill_everything()
