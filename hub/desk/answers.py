"""An answer as it would go out: from where, to whom, and under which ids, so that what comes back finds its ticket."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub.desk._shape import Decision
from hub.events.envelope import MAIN, Event, Json
from hub.events.kinds.messages import mailbox
from hub.events.text import ANSWERING, squeeze

_SUBJECT = 300  # characters
_REFERENCES = 20  # message ids; of a longer chain the first, which names the thread, and the last ones are kept
_USABLE = re.compile(r"[!-;=?-~]{1,250}")  # what can stand between < and >, whole on one line


@dataclass(frozen=True, slots=True)
class Letter:
    """What there is to an answer besides its words. Ids are without brackets; `conversation` is where a reply is
    expected; `answers` the contact that is answered; `mailbox` the address it comes from, `to` the one it goes to."""

    message_id: str
    mailbox: str
    to: str
    conversation: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    answers: str | None = None
    subject: str | None = None


def answered(
    ticket: str, letter: Letter, text: str, html: str | None, by: str | None, automatic: str = "no"
) -> Decision:  # fmt: skip
    """The decision to send it."""
    data: Json = {
        "by": by, "channel": "email", "message_id": letter.message_id, "in_reply_to": letter.in_reply_to,
        "references": list(letter.references), "conversation": letter.conversation, "mailbox": letter.mailbox,
        "answers": letter.answers, "automatic": automatic,
    }  # fmt: skip
    personal = {"to": letter.to, "subject": letter.subject, "text": text, "html": html}
    return Decision("ticket.answered", ticket, _told(data), _told(personal))


def message_id(answer: str, mailbox: str) -> str:
    """Computed from the answer's id, so that the same answer always goes out under the same one."""
    try:
        domain = mailbox.rpartition("@")[2].encode("idna").decode()
    except UnicodeError:
        domain = ""
    return f"{answer}@{domain or 'localhost'}"


def subject(asked: str | None) -> str:
    """ "Re: " once, however long the matter goes on."""
    words = squeeze(asked or "", _SUBJECT)
    return words if ANSWERING.match(words) else f"Re: {words}".strip()


def chain(before: Event) -> tuple[str | None, tuple[str, ...]]:
    """In-Reply-To and References of what answers this message (RFC 5322, 3.6.4)."""
    own = before.data.get("message_id")
    named = dict.fromkeys([*(before.data.get("references") or []), own])
    ids = [id for id in named if id and _USABLE.fullmatch(id)]
    kept = ids if len(ids) <= _REFERENCES else [ids[0], *ids[1 - _REFERENCES :]]
    return (own if own in ids else None), tuple(kept)


def last_word(messages: Sequence[Event]) -> Event | None:
    """The last thing that a person wrote to us by e-mail; what machines send is answered by nobody."""
    written = [
        event for event in messages
        if event.type == "message.received" and event.data.get("channel") == "email"
        and event.data.get("automatic", "no") == "no" and event.personal
    ]  # fmt: skip
    return max(written, key=lambda event: (event.time, event.root), default=None)


def sender_of(message: Event) -> str | None:
    """The address that wrote it, or the one where it wants its answer; that of its party where no header names one."""
    places = (mailbox(message.personal, place).get("address") for place in ("reply_to", "from"))
    parties = (one["value"] for one in message.personal.get(MAIN) or () if one and one["kind"] == "email")
    return next((str(address) for address in (*places, *parties) if address), None)


def _told(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value not in (None, [])}
