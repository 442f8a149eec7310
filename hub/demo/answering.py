"""The customers' side of what the hub sends out: they read it, and who was answered by whoever watches writes back."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from uuid import uuid4

from hub.demo.agenda import Agenda
from hub.demo.diary import Mail
from hub.demo.doors import Doors, now
from hub.demo.mail_server import Delivered
from hub.demo.people import Person
from hub.demo.shop import NAME
from hub.demo.stage import Stage, Told
from hub.demo.texts import MANNERS
from hub.demo.texts.today import THANKS

WRITES_BACK = 20.0  # seconds


class Answering:
    """Each conversation is answered once, so that thanking ends somewhere; nobody answers a machine."""

    def __init__(self, people: Mapping[str, Person], doors: Doors, agenda: Agenda, stage: Stage) -> None:
        self._people = {address: person for person in people.values() for address in person.emails}
        self._doors, self._agenda, self._stage = doors, agenda, stage
        self._settled: set[str] = set()
        self._sent: dict[str, str] = {}

    def leave(self, thread: str) -> None:
        """What becomes of this conversation is in the day's script."""
        self._settled.add(thread)

    def last_sent(self, thread: str) -> str | None:
        """The Message-ID of what the hub sent last in a conversation."""
        return self._sent.get(thread)

    def arrived(self, mail: Delivered) -> None:
        self._sent[mail.thread] = mail.message_id
        person = self._people.get(mail.to)
        if person is None or mail.automatic or mail.thread in self._settled:
            return
        self._settled.add(mail.thread)
        self._stage.tell(Told("arrived", {"who": person.latin, "n": int(WRITES_BACK)}))
        self._agenda.after(WRITES_BACK, lambda: self._writes_back(person, mail))

    def _writes_back(self, person: Person, mail: Delivered) -> None:
        self._doors.deliver(_thanks(person, mail))
        self._stage.tell(Told("wrote_back", {"who": person.latin}, self._stage.page_of(person)))


def _thanks(person: Person, mail: Delivered) -> Mail:
    """Below the thanks stands what was answered, as mail programs do it."""
    rng = Random(mail.message_id)
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    heading = MANNERS[person.language].quoted.format(day=f"{now():%Y-%m-%d %H:%M}", who=NAME)
    text = f"{rng.choice(THANKS[person.language])}\n\n{person.greeted}\n\n{heading}\n{quoted}"
    subject = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}"
    own = f"{uuid4().hex}@mail.{mail.to.partition('@')[2]}"
    return Mail(now(), own, person.name, mail.to, subject, text, mail.thread, mail.message_id)
