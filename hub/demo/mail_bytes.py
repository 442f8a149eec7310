"""A mail of the diary as the bytes that its sender's program would have sent (RFC 5322, RFC 2045-2047, RFC 3464)."""

from __future__ import annotations

import base64
import html
import quopri
import textwrap
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from urllib.parse import quote

from hub.demo.diary import Enclosure, Mail
from hub.demo.shop import MAIL, NAME

CRLF = "\r\n"
# windows-1256 has neither the Persian yeh nor Persian digits: its writers always typed the Arabic yeh, and so do we.
_ARABIC = str.maketrans("ی۰۱۲۳۴۵۶۷۸۹٫", "ي0123456789/", "ٔ")

PROGRAMS = (
    "Thunderbird 128.4",
    "Apple Mail (2.3774)",
    "Roundcube Webmail/1.6",
    "Zimbra 10.0",
    "Mutt/2.2.12",
    "K-9 Mail",
)


def rendered(mail: Mail) -> bytes:
    """The whole mail, lines ended by CRLF."""
    head = _head(mail)
    body = _report(mail) if mail.bounced else _body(mail)
    return (CRLF.join(head) + CRLF).encode("ascii") + body


def _head(mail: Mail) -> list[str]:
    charset = mail.dress.split()[0]
    host = mail.address.partition("@")[2]
    received = f"from mx.{host} by mx.baran-home.example.com with ESMTPS;"
    lines = [
        f"Received: {received}{CRLF}\t{format_datetime(mail.time)}",
        f"From: {formataddr((_word(mail.name, charset), mail.address))}",
        f"To: {NAME} <{MAIL}>",
        f"Subject: {_word(mail.subject, charset)}",
        f"Date: {format_datetime(mail.time)}",
        f"Message-ID: <{mail.message_id}>",
        "MIME-Version: 1.0",
    ]
    if mail.answers:
        chain = [mail.thread] if mail.answers == mail.thread else [mail.thread, mail.answers]
        lines += [f"In-Reply-To: <{mail.answers}>", "References: " + f"{CRLF} ".join(f"<{one}>" for one in chain)]
    if not mail.headers:
        lines.append(f"User-Agent: {PROGRAMS[sum(mail.address.encode()) % len(PROGRAMS)]}")
    return lines + [f"{name}: {_word(value, charset)}" for name, value in mail.headers]


def _word(text: str, charset: str) -> str:
    """An encoded word where ASCII does not do."""
    if text.isascii():
        return text
    known = charset if charset != "us-ascii" else "utf-8"
    return Header(_writable(text, known), known, maxlinelen=72).encode(linesep=CRLF)


def _writable(text: str, charset: str) -> str:
    return text.translate(_ARABIC) if charset == "windows-1256" else text


def _body(mail: Mail) -> bytes:
    boundary = f"=_{mail.message_id.partition('@')[0]}"
    shown = _shown(mail, boundary)
    if not mail.enclosures:
        return shown
    return _multipart("mixed", f"{boundary}_m", [shown, *(_enclosed(file) for file in mail.enclosures)])


def _shown(mail: Mail, boundary: str) -> bytes:
    if mail.form == "plain":
        return _text(mail.text, "plain", mail.dress)
    if mail.form == "html":
        return _text(_page(mail.text), "html", mail.dress)
    both = [_text(mail.text, "plain", mail.dress), _text(_page(mail.text), "html", mail.dress)]
    return _multipart("alternative", f"{boundary}_a", both)


def _text(text: str, subtype: str, dress: str) -> bytes:
    """A part with its own header lines. `dress` is "charset encoding"."""
    charset, encoding = dress.split()
    if charset == "us-ascii" and not text.isascii():
        charset, encoding = "utf-8", "quoted-printable"
    raw = _writable(text, charset).replace("\n", CRLF).encode(charset, "replace")
    head = f'Content-Type: text/{subtype}; charset="{charset}"{CRLF}Content-Transfer-Encoding: {encoding}{CRLF * 2}'
    return head.encode() + _encoded(raw, encoding) + b"\r\n"


def _encoded(raw: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return "\r\n".join(textwrap.wrap(base64.b64encode(raw).decode(), 76)).encode()
    if encoding == "quoted-printable":
        return quopri.encodestring(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return raw


def _page(text: str) -> str:
    side = "ltr" if text[:40].isascii() else "rtl"
    paragraphs = "".join(f"<p>{html.escape(p).replace(chr(10), '<br>')}</p>" for p in text.split("\n\n"))
    return f'<html><body dir="{side}">{paragraphs}</body></html>\n'


def _enclosed(file: Enclosure) -> bytes:
    name = f'filename="{file.name}"' if file.name.isascii() else f"filename*=utf-8''{quote(file.name)}"
    head = (
        f"Content-Type: {file.type}",
        f"Content-Disposition: attachment; {name}",
        "Content-Transfer-Encoding: base64",
    )
    return (CRLF.join(head) + CRLF * 2).encode() + _encoded(file.content, "base64") + b"\r\n"


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"{CRLF * 2}'.encode()
    line = f"--{boundary}{CRLF}".encode()
    return head + b"".join(line + part + b"\r\n" for part in parts) + f"--{boundary}--{CRLF}".encode()


def _report(mail: Mail) -> bytes:
    """A delivery status notification of three parts: in words, for machines, and what was sent."""
    host = parseaddr(mail.address)[1].partition("@")[2]
    machine = (
        f"Content-Type: message/delivery-status{CRLF * 2}Reporting-MTA: dns; {host}{CRLF}"
        f"Arrival-Date: {format_datetime(mail.time)}{CRLF * 2}Final-Recipient: rfc822; {mail.bounced}{CRLF}"
        f"Action: failed{CRLF}Status: 5.1.1{CRLF}Diagnostic-Code: smtp; 550 5.1.1 User unknown{CRLF}"
    )
    sent = (
        f"Content-Type: text/rfc822-headers{CRLF * 2}From: {NAME} <{MAIL}>{CRLF}To: <{mail.bounced}>{CRLF}"
        f"Subject: Your order is on its way{CRLF}"
    )
    kind = "report; report-type=delivery-status"
    parts = [_text(mail.text, "plain", "us-ascii 7bit"), machine.encode(), sent.encode()]
    return _multipart(kind, f"=_{mail.message_id.partition('@')[0]}_r", parts)
