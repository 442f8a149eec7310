"""What happened, as the stories tell it; what lies in the future has not happened and is not written down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from hub.demo.people import Party, Person
from hub.demo.shop import DESK, MAIL, NAME, Colleague
from hub.events.ids import event_id

_TICKETS = UUID("0d9ac6b2-1f0e-5e8b-9a55-2f4a4de6a001")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """An attachment of a mail or a message."""

    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that reached the shop. `thread` is the id of its conversation's first mail, all ids without < >.

    `dress` is the charset and transfer encoding, `form` plain, alternative or html; `bounced` is the recipient whom
    a mail of the shop did not reach; `headers` are those that machines add.
    """

    time: datetime
    message_id: str
    name: str
    address: str
    subject: str
    text: str
    thread: str
    answers: str | None = None
    dress: str = "utf-8 base64"
    form: str = "plain"
    enclosures: tuple[Enclosure, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    bounced: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One row of the telephone system. `number` is spelled as the line delivered it, empty where withheld."""

    time: datetime
    number: str
    direction: str = "in"
    waited: int = 0
    talked: int | None = None
    extension: str | None = None
    queue: str = "510"
    disposition: str = "ANSWERED"
    name: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent that another system sends."""

    id: str
    source: str
    type: str
    time: datetime
    data: dict[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """As it is sent, in JSON."""
        return {
            "specversion": "1.0", "id": self.id, "source": self.source, "type": self.type, "time": self.time.isoformat(),
            "datacontenttype": "application/json", "data": self.data,
        }  # fmt: skip


CONTACTS = {
    "message.received": "messages",
    "message.sent": "messages",
    "call.ended": "calls",
    "visit.recorded": "visits",
    "page.viewed": "pages",
    "form.submitted": "forms",
    "contact.recorded": "recorded",
}


class Diary:
    """Collects the facts; each method answers an id that later facts may name, whether or not it was in time."""

    def __init__(self, now: datetime, rng: Random) -> None:
        self.now = now
        self.rng = rng
        self.mails: list[Mail] = []
        self.calls: list[Call] = []
        self.events: list[Event] = []
        self.counts: Counter[str] = Counter()

    def token(self) -> str:
        """A short name that nothing else has."""
        return f"{self.rng.getrandbits(48):012x}"

    def mail(self, mail: Mail) -> Mail:
        if mail.time <= self.now:
            self.mails.append(mail)
            self.counts["mails"] += 1
        return mail

    def call(self, call: Call) -> None:
        lasts = timedelta(seconds=call.waited + (call.talked or 0))
        if call.time + lasts <= self.now:
            self.calls.append(call)
            self.counts["calls"] += 1

    def event(self, source: str, type: str, time: datetime, **data: Any) -> str:
        """Fields that are None are left out. Answers the id under which the hub will know it."""
        token = self.token()
        if time <= self.now:
            said = {name.rstrip("_"): value for name, value in data.items() if value is not None}
            self.events.append(Event(token, source, type, time, said))
            self._count(type, data)
        return event_id(source, token)

    def _count(self, type: str, data: dict[str, Any]) -> None:
        if kind := CONTACTS.get(type):
            self.counts["answers by mail" if kind == "messages" and data.get("channel") == "email" else kind] += 1

    def answer(self, to: Mail, time: datetime, by: Colleague, text: str) -> Mail:
        """The shop answers a mail; answers what was sent, to be answered in its turn."""
        subject = to.subject if to.subject.startswith("Re:") else f"Re: {to.subject}"
        sent = Mail(
            time, f"{self.token()}@{MAIL.partition('@')[2]}", NAME, MAIL, subject, text, to.thread, to.message_id
        )
        self.event(
            "mail-out",
            "message.sent",
            time,
            channel="email",
            message=sent.message_id,
            thread=to.thread,
            party={"kind": "email", "value": to.address},
            agent=by.name,
            subject=subject,
            text=text,
        )
        return sent

    def talk(self, person: Person, time: datetime, by: Colleague, seconds: int, reason: str, **more: Any) -> str:
        """A call through the softphone, which tells ringing, answer and end itself."""
        call = self.token()
        party = more.pop("party", None) or {"kind": "phone", "value": person.phones[0]}
        rang = self.rng.randrange(6, 25)
        answered, ended = time + timedelta(seconds=rang), time + timedelta(seconds=rang + seconds)
        about = {"call": call, "direction": "in", "party": party, "desk": DESK, "agent": by.name, **more}
        if ended > self.now:
            return event_id("call-centre", call)
        self.event("call-centre", "call.ringing", time, **about)
        self.event("call-centre", "call.answered", answered, **about)
        times = {"started": time.isoformat(), "answered": answered.isoformat(), "ended": ended.isoformat()}
        return self.event("call-centre", "call.ended", ended, **about, **times, cause="answered", reason=reason)

    def chat(self, channel: str, party: Party, time: datetime, by: Colleague, turns: tuple[str, ...]) -> str:
        """A conversation in a messenger, taking turns, the customer first. Answers the first message's id."""
        thread, first = self.token(), ""
        for n, text in enumerate(turns):
            ours = n % 2 == 1
            said = self.event(
                channel,
                "message.sent" if ours else "message.received",
                time,
                channel=channel,
                message=f"{thread}-{n}",
                thread=thread,
                party=party,
                agent=by.name if ours else None,
                text=text,
            )
            first = first or said
            time += timedelta(seconds=self.rng.randrange(15, 160))
        return first

    def ticket(self, time: datetime, subject: str, party: Party, **more: Any) -> str:
        """Opens a ticket; its number is given when all are known. `contacts` are ids of events."""
        ticket = str(uuid5(_TICKETS, self.token()))
        self.event("tickets", "ticket.opened", time, ticket=ticket, subject=subject, party=party, **more)
        return ticket

    def on(self, ticket: str, step: str, time: datetime, by: Colleague | None, **more: Any) -> None:
        """One step of a ticket: assigned, noted, waiting, resolved, closed, reopened, prioritised, ..."""
        self.event("tickets", f"ticket.{step}", time, ticket=ticket, by=by.login if by else None, **more)
