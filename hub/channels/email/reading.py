"""One mail, read: never raises, whatever the bytes are."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.channels._shape import Outcome, Payload, Rejected, Understood
from hub.channels.email.addresses import Address, read_addresses
from hub.channels.email.automatic import automatic
from hub.channels.email.bodies import files, html_body, sort_parts, text_body
from hub.channels.email.bounces import Bounce, read_bounce
from hub.channels.email.charsets import clean
from hub.channels.email.header_fields import Headers, identifiers, message_id, moment, said
from hub.channels.email.identity import digest, identity
from hub.channels.email.mime import Part, charset_of, read_mime, with_line_feeds
from hub.channels.email.sides import side
from hub.events.draft import Draft

# A mail has at least one of these; a text whose first line happens to have a colon has not.
OF_A_MAIL = {
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "date",
    "subject",
    "message-id",
    "received",
    "return-path",
    "delivered-to",
    "mime-version",
    "content-type",
    "in-reply-to",
    "references",
    "resent-from",
    "x-mailer",
    "envelope-to",
    "dkim-signature",
    "content-transfer-encoding",
    "content-disposition",
}
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
JUST_CAME = timedelta(days=14)  # by the mark of the last server; what was marked before may have been moved here with its date
UNDER_WAY = timedelta(days=365)  # no mail is for so long: a clock began anew, as those of scanners and telephones do


def parse(payload: Payload) -> Outcome:
    source = with_line_feeds(payload.body)
    start = _start(source)
    if start == len(source):
        return Rejected("an empty mail", "byte 0")
    root = _in_its_charset(read_mime(source, start))
    if not root.headers.fields:
        return Rejected("not a mail: no header where it should begin", f"byte {start}")
    if not any(name in OF_A_MAIL for name, _ in root.headers.fields):
        return Rejected("not a mail: none of its headers is one of a mail's", f"byte {root.headers.end}")
    return Understood((_draft(payload, root),))


def _in_its_charset(root: Part) -> Part:
    """The mail whose raw headers are read as its first text that names a charset; those of its parts are already."""
    part, waiting = root, [root]
    while waiting and "charset" not in part.content.parameters:
        part = waiting.pop(0)
        waiting = part.children + waiting
    charset = charset_of(part, part.decoded() if part.type == "text/html" else b"")
    return replace(root, headers=replace(root.headers, charset=charset)) if charset else root


def _start(body: bytes) -> int:
    """Below a byte order mark and empty lines."""
    mark = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    return len(body) - len(body[mark:].lstrip())


def _draft(payload: Payload, root: Part) -> Draft:
    time, claimed = _time(root.headers, payload.received)
    bodies = sort_parts(root)
    words = _words(root, text_body(bodies))
    kind, people = _people(root.headers, payload.ours, words["automatic"])
    fields = {
        "channel": "email",
        **_threading(root.headers, root.source),
        **words,
        **people,
        "html": html_body(bodies),
        "raw": hashlib.sha256(payload.body).hexdigest(),
        "claimed_date": claimed,
    }
    return Draft(kind, time, "email", identity(root.headers, root.source), fields, files(bodies))


def _words(root: Part, text: str) -> dict[str, Any]:
    subject = said(root.headers, "subject")
    kind = automatic(root, subject, text)
    bounce = read_bounce(root, subject, text) if kind == "bounce" else None
    return {"subject": subject, "text": text, "automatic": kind, **_bounced(bounce)}


def _bounced(bounce: Bounce | None) -> dict[str, Any]:
    if bounce is None:
        return {"about": [], "bounce": None}
    return {"about": [{"kind": "email", "value": clean(one)} for one in bounce.recipients], "bounce": bounce.as_json()}


def _threading(headers: Headers, source: bytes) -> dict[str, Any]:
    """The thread's key: first of References, else In-Reply-To, else its own id, else its digest."""
    own = message_id(headers)
    references = identifiers(headers.text("references"))
    answered = next(iter(identifiers(headers.text("in-reply-to"))), None)
    return {
        "message": own,
        "message_id": own,
        "in_reply_to": answered,
        "references": references,
        "thread": next(iter(references), None) or answered or own or digest(headers, source),
    }


def _people(headers: Headers, ours: Collection[str], automatic: str) -> tuple[str, dict[str, Any]]:
    """Whether the mail was received or sent, and by whom and to whom. What a mail system returns is received, whoever's
    address it bears."""
    found = read_addresses(headers.text("from"))
    sender = next((one for one in found if one.usable), next(iter(found), None))
    seen = side(headers, sender, () if automatic == "bounce" else ours, of_a_person=automatic == "no")
    people: dict[str, Any] = {
        "from": _json(sender) if sender else None,
        "to": [_json(one) for one in read_addresses(headers.text("to"))],
        "cc": [_json(one) for one in read_addresses(headers.text("cc"))],
    }
    if seen.kind == "message.received":
        people["reply_to"] = _json(seen.answers_to) if seen.answers_to else None
    if seen.party is not None:
        people["party"] = [{"kind": "email", "value": seen.party.address}]
    if seen.about:
        people["about"] = [{"kind": "email", "value": one.address} for one in seen.about]
    return seen.kind, people


def _json(one: Address) -> dict[str, str]:
    return {"name": clean(one.name), "address": clean(one.address)}


def _time(headers: Headers, received: datetime) -> tuple[datetime, str | None]:
    """When it was sent, as far as that can be believed, and the Date that was not."""
    received = received if received.tzinfo else received.replace(tzinfo=UTC)
    claimed = moment(headers.text("date"))
    traced = moment((headers.top("received") or "").rpartition(";")[2].strip())
    traced = traced if traced is not None and _believable(traced, received) else None
    if claimed is not None and _believable(claimed, received) and not _from_a_clock_set_back(claimed, traced, received):
        return claimed, None
    return traced or received, None if claimed is None else claimed.isoformat()


def _believable(time: datetime, received: datetime) -> bool:
    """Compared as differences: near year 1 and 9999 a time in another zone cannot be computed."""
    try:
        return time >= EARLIEST and time - received <= AHEAD
    except OverflowError:
        return False


def _from_a_clock_set_back(claimed: datetime, traced: datetime | None, received: datetime) -> bool:
    return traced is not None and received - traced <= JUST_CAME and traced - claimed > UNDER_WAY
