"""Mails by which a mail system says what became of a mail: RFC 3464 and 5965 reports, and the forms without either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.channels.email.addresses import USABLE, read_addresses
from hub.channels.email.header_fields import Headers, identifiers, message_id, read_headers
from hub.channels.email.mime import Part, text_of
from hub.channels.email.phrases import (
    BOUNCE_SUBJECT,
    FORWARDED,
    MACHINE,
    REASON,
    REPLY_SUBJECT,
    RETURNED,
    TRANSLATED,
)
from hub.channels.email.senders import Sender, null_path, sender

REPORTS = {
    "message/delivery-status",
    "message/global-delivery-status",
    "message/feedback-report",
    "text/rfc822-headers",
}
# What holds the header of the mail that came back.
ENCLOSED = {"message/rfc822", "message/global", "message/global-headers", "text/rfc822-headers", "message/rfc822-headers"}
ORIGINAL_LINE = re.compile(r"^[ \t>]{0,8}message-id:[ \t]{0,8}<([^<>\s]{1,250})>", re.IGNORECASE | re.MULTILINE)
# Headers that only mail systems write, into the mails by which they report.
VENDOR = (
    "x-failed-recipients",
    "x-ms-exchange-message-is-ndr",
    "x-ms-embedded-report",
    "x-dsncontext",
    "x-hmxmroriginalrecipient",
)
OF_A_REPORT = (
    "final-recipient",
    "original-recipient",
    "original-rcpt-to",
    "removal-recipient",
    "diagnostic-code",
    "action",
    "status",
)
# Who was written to comes first: the final one may be a name within the other's house, which nobody here knows.
ADDRESSED = ("original-recipient", "final-recipient")
FIELDS_AT_MOST = 256 * 1024
RECIPIENTS_AT_MOST = 100
LOOKED_AT = 6000
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
REPLY_AND_STATUS = re.compile(
    r"(?:\b[45]\d\d(?:[ -]|: ?)#?|[( ]#(?=[\d.]{5,9}[)>])|^[ \t-]{0,6}(?=[\d.]{5,9}[ \t]))([45]\.\d{1,3}\.\d{1,3})\b",
    re.MULTILINE,
)
REPLY = re.compile(r"\b([45][0-5]\d)\b")
# To the end of the domain, not to where one of its letters is followed by what may follow. Blanks are taken once and for all:
# there are three places for them beside each other.
RECIPIENT_LINE = re.compile(
    r"^[ \t>]*+(?:-- )?(?:(?:failed|final|original)?[ -]?(?:recipient|rcpt)[^:\n]{0,20}:|to:|unable to deliver to|"
    r"user:|\((?:expanded|generated) from:?)?[ \t]*+(?:rfc822;)?[ \t]*+"
    r"<?([^\s<>:：;,()\"']{1,64}@(?:[^\s<>:;,()\"'.]{1,63}+\.(?!\.|\s|$)){0,9}+[^\s<>:;,()\"'.]{1,63}+)>?"
    r"(?=[ \t]*(?:$|[:.,()]|<mailto:|on (?:\w{2,4},? )?\d))",
    re.IGNORECASE | re.MULTILINE,
)
ANY_ADDRESS = re.compile(
    r"(?<!from )(?<![\w.+@-])(?:smtp[=:])?([\w.+=&-][\w.+=&'-]{0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9})(?![\w@-])", re.IGNORECASE
)
NOT_REACHED = re.compile(r"did not reach the following recipient(?:s|\(s\))?:", re.IGNORECASE)
IN_SENTENCES = 3  # addresses; of more it cannot be said which were not reached
# Who is to be asked, not who was not reached.
HELP = re.compile(r"(?:post-?master|abuse|mailer-daemon|support|help-?desk|admin)@", re.IGNORECASE)
SUCCESS = {"delivered", "relayed", "expanded"}


@dataclass(frozen=True, slots=True)
class Bounce:
    """`recipients`: those that the mail did not reach; the rest are codes that name nobody. `original`: its Message-ID."""

    form: str
    recipients: tuple[str, ...] = ()
    status: str | None = None
    action: str | None = None
    diagnostic: str | None = None
    original: str | None = None

    def as_json(self) -> dict[str, str | None]:
        codes = {"form": self.form, "status": self.status, "action": self.action, "diagnostic": self.diagnostic}
        return codes | ({"original": self.original} if self.original else {})


def is_bounce(root: Part, subject: str, text: str) -> bool:
    """A report by its type; else by how much of sender, envelope, subject and text is a mail system's."""
    headers = root.headers
    if root.type == "multipart/report" and _report_type(root) != "disposition-notification":
        return True
    if any(headers.has(name) for name in VENDOR) or _complaint(root):
        return True
    who = sender(headers)
    return who is Sender.DAEMON or _looks_like_one(headers, who, subject, text, _status_part(root))


def _looks_like_one(headers: Headers, who: Sender, subject: str, text: str, reported: bool) -> bool:
    """Shops and ticket systems, too, say that they write automatically, and of deliveries that are none of mail."""
    if REPLY_SUBJECT.match(subject) and not reported:
        return False
    own = _own_words(text)
    subject_says = BOUNCE_SUBJECT.match(subject) is not None
    machine = reported or MACHINE.search(own) is not None
    says = machine or TRANSLATED.search(own) is not None
    if null_path(headers):
        return subject_says or says
    submitted = headers.text("auto-submitted").lower().startswith("auto")
    kept = who is Sender.KEEPER and (subject_says or not _answers(headers))
    if submitted or kept:
        return says or (subject_says and (REASON.search(own) is not None or (kept and bool(_written(headers, text)))))
    return subject_says and machine


def _own_words(text: str, ends: re.Pattern[str] = FORWARDED) -> str:
    """Up to what is quoted, forwarded or returned. A machine says what it has to say at once."""
    beginning = text[:LOOKED_AT]
    found = ends.search(beginning)
    return beginning[: found.start()] if found else beginning


def _answers(headers: Headers) -> bool:
    return re.match(r"\s*\w{2,5}\s*:", headers.text("subject")) is not None


def _report_type(root: Part) -> str:
    return root.content.parameters.get("report-type", "").lower()


def _status_part(root: Part) -> bool:
    return any(part.type in REPORTS for part in root.children)


def _complaint(root: Part) -> bool:
    """Outlook.com's complaints are no RFC 5965 reports: they name the recipient in the header of the enclosed mail."""
    enclosed = [part for part in root.children if part.type == "message/rfc822"]
    return bool(enclosed) and any(
        read_headers(part.source, part.start).has("x-hmxmroriginalrecipient") for part in enclosed[:1]
    )


def read_bounce(root: Part, subject: str, text: str) -> Bounce:
    """What the report says; where there is none, what its text does."""
    reported = [text_of(part, FIELDS_AT_MOST) for part in _reports(root)] or [text[:FIELDS_AT_MOST]]
    blocks = [block for one in reported for block in _blocks(one) if any(map(block.has, OF_A_REPORT))]
    form = next((part.type.partition("/")[2] for part in _reports(root)), "text")
    if form == "feedback-report":
        complaining = _unique(_addressed(blocks, ("original-rcpt-to", "removal-recipient")))
        return Bounce(form, complaining, None, "complained", None, _original(root, text))
    missed = [block for block in blocks if block.text("action").lower() not in SUCCESS]
    told = missed or blocks
    named = _addressed(missed, ADDRESSED, first_only=True) + _failed_header(root.headers)
    if not named and (missed or not blocks):
        named = _written(root.headers, text)
    return Bounce(
        form,
        _unique(named),
        _status(told, text),
        _first(told, "action") or _action(subject),
        _reply(told, text),
        _original(root, text),
    )


def _original(root: Part, text: str) -> str | None:
    """Which mail came back: its header is enclosed, or copied below the text, or named in the report's own header."""
    waiting = [root]
    while waiting:
        part = waiting.pop(0)
        waiting += part.children
        if part.type in ENCLOSED and (found := message_id(read_headers(part.decoded()[:FIELDS_AT_MOST], 0))):
            return found
    copied = ORIGINAL_LINE.search(text[:FIELDS_AT_MOST])
    named = identifiers(root.headers.text("in-reply-to")) or identifiers(root.headers.text("references"))[-1:]
    return copied[1] if copied else next(iter(named), None)


def _reports(root: Part) -> Iterator[Part]:
    """Those of the mail itself, not of the mails enclosed in it."""
    waiting = [root]
    while waiting:
        part = waiting.pop(0)
        waiting += part.children
        if part.type in REPORTS and part.type != "text/rfc822-headers":
            yield part


def _blocks(report: str) -> Iterator[Headers]:
    """A report's groups of fields, wherever they stand: the mail's own, then one for each recipient."""
    data, at = report.encode("utf-8"), 0
    while at < len(data):
        block = read_headers(data, at)
        if block.fields:
            yield block
        at = max(block.end, at + 1) if block.end > at else data.find(b"\n", at) + 1 or len(data)


def _addressed(blocks: list[Headers], names: tuple[str, ...], first_only: bool = False) -> list[str]:
    found: list[str] = []
    for block in blocks:
        values = [block.text(name).rpartition(";")[2].strip(" <>") for name in names]
        usable = [value for value in values if USABLE.match(value)]
        found += usable[:1] if first_only else usable
    return found


def _written(headers: Headers, text: str) -> list[str]:
    """Those that the text names on lines of their own; else those within its sentences that are none of the mail's own."""
    words = _own_words(text, RETURNED)
    told = NOT_REACHED.search(words)
    own = words[told.end() :] if told else words
    if listed := RECIPIENT_LINE.findall(own):
        return listed
    known = {one.address.lower() for name in ("from", "to", "reply-to", "cc") for one in read_addresses(headers.text(name))}
    found = [one for one in ANY_ADDRESS.findall(_own_words(own)) if one.lower() not in known and not HELP.match(one)]
    return found if len(_unique(found)) <= IN_SENTENCES else []


def _failed_header(headers: Headers) -> list[str]:
    return [one.address for one in read_addresses(headers.text("x-failed-recipients")) if one.usable]


def _unique(addresses: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(addresses))[:RECIPIENTS_AT_MOST]


def _first(blocks: list[Headers], name: str) -> str | None:
    found = next((block.text(name) for block in blocks if block.has(name)), "").split()
    return found[0].lower()[:20] if found and found[0].isalpha() else None


def _status(blocks: list[Headers], text: str) -> str | None:
    """As reported; a diagnostic's own code says more than the x.0.0 that some systems report."""
    said = [found[1] for block in blocks if (found := STATUS.search(block.text("status")))]
    told = [block.text("diagnostic-code") for block in blocks] if blocks else [text[:LOOKED_AT]]
    detailed = [found[1] for one in told if (found := REPLY_AND_STATUS.search(one))]
    if said and not said[0].endswith(".0.0"):
        return said[0]
    return next(iter(detailed + said), None)


def _reply(blocks: list[Headers], text: str) -> str | None:
    """The SMTP reply, without its words: they name people."""
    told = " ".join(block.text("diagnostic-code") for block in blocks if block.has("diagnostic-code"))
    found = REPLY.search(told) or re.search(r"\b([45][0-5]\d)[ -]#?[45]\.\d{1,3}\.\d{1,3}\b", text[:LOOKED_AT])
    return f"smtp {found[1]}" if found else None


def _action(subject: str) -> str:
    return "delayed" if re.search(r"delay|warning|verzögert|retard|تأخیر", subject, re.IGNORECASE) else "failed"
