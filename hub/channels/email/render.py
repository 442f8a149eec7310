"""An answer as a mail (RFC 5322, MIME): seven bits on the wire, every header on lines that any server takes."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import jdatetime  # type: ignore[import-untyped]

from hub.channels.email.quoted import said

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")
_LINE_ENDS = re.compile(r"\r\n?")
_USABLE = re.compile(r"[!-;=?-~]{1,250}")  # an id that can stand between < and >
_QUOTED = 20_000  # characters of what is quoted
_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@dataclass(frozen=True, slots=True)
class Quoted:
    """What is answered: who wrote it when (in the zone in which it is told), whether the line above it is to be Persian."""

    by: str
    time: datetime
    text: str
    persian: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """`mailbox`, `name`: whom it comes from. Ids are without brackets. `automatic`: no person wrote it (RFC 3834)."""

    mailbox: str
    name: str
    to: str
    subject: str
    date: datetime
    message_id: str
    text: str
    html: str | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    signature: str | None = None
    quoted: Quoted | None = None
    automatic: bool = False


def render(letter: Letter) -> bytes:
    """The mail as it goes over the wire, lines ended by CRLF."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail.set_content(_text(letter), charset="utf-8")
    if letter.html:
        mail.add_alternative(_html(letter), subtype="html", charset="utf-8")
    return ("\r\n".join(_head(letter)) + "\r\n").encode() + mail.as_bytes()


def _head(letter: Letter) -> list[str]:
    """Written out here: the standard library loses blanks between encoded words and encodes ids that are long."""
    head = [
        f"From: {_named(letter.name, _line(letter.mailbox))}", f"To: {_line(letter.to)}", f"Subject: {_words(letter.subject, 9)}",
        f"Date: {format_datetime(letter.date)}", f"Message-ID: <{letter.message_id}>",
    ]  # fmt: skip
    if letter.in_reply_to and _USABLE.fullmatch(letter.in_reply_to):
        head.append(f"In-Reply-To: <{letter.in_reply_to}>")
    references = [f"<{one}>" for one in letter.references if _USABLE.fullmatch(one)]
    if references:
        head.append("References: " + "\r\n ".join(references))
    if letter.automatic:
        head += ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"]
    return head


def _named(name: str, address: str) -> str:
    name = _line(name)
    if not name:
        return address
    if _plain(name):
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_words(name, 6)}\r\n <{address}>"


def _words(text: str, before: int) -> str:
    """A header's text, as encoded words where ASCII does not do; folded. `before`: characters on its first line."""
    text = _line(text)
    charset = "us-ascii" if _plain(text) else "utf-8"
    return Header(text, charset, maxlinelen=76, header_name=" " * before).encode(linesep="\r\n")


def _plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


def _text(letter: Letter) -> str:
    parts = [_clean(letter.text).rstrip()]
    if letter.signature and letter.signature.strip():
        parts.append("-- \n" + _clean(letter.signature).strip())
    if letter.quoted and (text := _last_said(letter.quoted)):
        quoted = "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
        parts.append(f"{_above(letter.quoted)}\n{quoted}")
    return "\n\n".join(parts) + "\n"


def _html(letter: Letter) -> str:
    parts = [_clean(letter.html or "")]
    if letter.signature and letter.signature.strip():
        parts.append(f"<p>-- <br>{_lines(_clean(letter.signature).strip())}</p>")
    if letter.quoted and (text := _last_said(letter.quoted)):
        above = markup.escape(_above(letter.quoted))
        parts.append(f'<p dir="auto">{above}</p><blockquote type="cite" dir="auto">{_lines(text)}</blockquote>')
    return "\n".join(parts)


def _lines(text: str) -> str:
    return markup.escape(text).replace("\n", "<br>\n")


def _above(quoted: Quoted) -> str:
    who = _line(quoted.by)
    if not quoted.persian:
        return f"On {quoted.time:%Y-%m-%d %H:%M}, {who} wrote:"
    day = jdatetime.datetime.fromgregorian(datetime=quoted.time.replace(tzinfo=None))
    return f"در {day.strftime('%Y/%m/%d %H:%M').translate(_PERSIAN)}، {who} نوشت:"


def _last_said(quoted: Quoted) -> str:
    """What was said, without what that quoted itself."""
    text = _clean(quoted.text)
    return (said(text) or text).strip()[:_QUOTED]


def _clean(text: str) -> str:
    return _CONTROL.sub("", _LINE_ENDS.sub("\n", text))


def _line(text: str) -> str:
    """On one line: no header can be written by what stands in another."""
    return " ".join(_clean(text).split())
