"""Telephone calls from Asterisk's call detail records: Master.csv (cdr_csv, no header), or a CSV whose header names the
columns as cdr_odbc, cdr_adaptive_odbc, cdr_custom and FreePBX do, in any order.

One row is one leg: a call that rang at three desks has three rows of one `call` (linkedid, else uniqueid).
Times without offset are of the zone that `meta["timezone"]` names (HUB_TIMEZONE), else UTC.
https://docs.asterisk.org/Configuration/Reporting/Call-Detail-Records-CDR/CDR-Specification/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from hub.channels import _csv, _values
from hub.channels._csv import Row
from hub.channels._shape import Channel, Ignored, Outcome, Payload, Piece, Understood
from hub.channels._values import Broken
from hub.events.draft import PHONES, Draft
from hub.events.identifiers import WITHHELD
from hub.events.text import digits

SOURCE = "asterisk"
BASE = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata",
    "start", "answer", "end", "duration", "billsec", "disposition", "amaflags",
)  # fmt: skip
SEQUENCED = ("peeraccount", "linkedid", "sequence")
# cdr.conf: loguniqueid, loguserfield and newcdrcolumns each add their columns
MASTER = {
    len(names): names
    for further in ((), ("uniqueid",), ("uniqueid", "userfield"))
    for names in ((*BASE, *further), (*BASE, *further, *SEQUENCED))
}
# as the cdr_custom.conf that comes with Asterisk has it; as wide as BASE with SEQUENCED
CUSTOM = (*BASE[4:5], *BASE[1:4], *BASE[5:], "accountcode", "uniqueid", "userfield", "sequence")
CAUSES = {
    "answered": "answered", "no answer": "no_answer", "noanswer": "no_answer", "busy": "busy",
    "failed": "failed", "congestion": "failed", "cancel": "no_answer", "null": "failed",
    "0": "no_answer", "1": "failed", "2": "failed", "4": "busy", "8": "answered", "16": "failed",
}  # fmt: skip
# An inward call has no other end here where only a machine spoke: except by these, by which somebody may be there.
_SOMEBODY = re.compile(r"confbridge|meetme|conference|page|pick\w*|park\w*|(?:receive|rx)fax", re.IGNORECASE)
_NAMED = frozenset({"src", "dst", "disposition", "calldate", "uniqueid", "clid", "billsec", "dstchannel"})
# The contexts of FreePBX and of most dial plans; `from-did-direct` is entered from both sides.
_FROM_OUTSIDE = re.compile(
    r"(?:from|ext)-did(?!-direct)|(?!.*out|to[-_])(?:.*[-_])?(?:trunks?|pstn|inbound|incoming)(?![a-z])", re.IGNORECASE
)
_FROM_INSIDE = re.compile(r"from-internal", re.IGNORECASE)
_EXTENSION = re.compile(r"[0-9]{2,6}")
_OUTSIDE = re.compile(r"\+?[0-9]{9,15}")
_DIALLED = re.compile(r"\+?[0-9]{3,40}")
_CALLABLE = re.compile(r"\+?[0-9]{3,15}|00[0-9]{6,15}")
_SENT_TO_TRUNK = re.compile(r"[/&]\+?([0-9]{7,20})(?=[@&]|$)")
_PEER = re.compile(r"(?P<technology>[A-Za-z0-9]+)/(?P<peer>[^-@/]+)")
_CALLER = re.compile(r'\s*+"?(?P<name>[^"<]*+)"?\s*+(?:<(?P<number>[^>]*)>)?\s*')
_EPOCH = re.compile(r"[0-9]{9,10}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a leg, in Latin digits."""

    src: str
    dst: str
    calling: str | None
    called: str | None
    context: str = ""

    @property
    def from_inside(self) -> bool:
        """By where the dial plan was entered, else by the numbers: trunks and short callers may look like extensions.

        A trunk is often called by the number that is called on it; and who rings an extension with a number of the outside
        comes from there.
        """
        if _FROM_OUTSIDE.match(self.context):
            return False
        if _FROM_INSIDE.match(self.context):
            if self.calling and not self.to_inside:
                return True
        elif (self.calling and self.calling == self.dst) or (_is_extension(self.dst) and _OUTSIDE.fullmatch(self.src)):
            return False
        return self._calls_by_name or _is_extension(self.src) or _is_extension(self.calling)

    @property
    def _calls_by_name(self) -> bool:
        """A telephone that is called by a name shows it as its number; a trunk shows whose call it carries."""
        named = self.src and self.src == self.calling and not self.src.isdecimal()
        return bool(named) and self.src.casefold() not in WITHHELD

    @property
    def to_inside(self) -> bool:
        return not _DIALLED.fullmatch(self.dst) or _is_extension(self.dst)


def split(path: Path) -> Iterator[Piece]:
    first = _csv.first_line(path)
    if first is None:
        return
    headed = _is_header(first)
    if _csv.encoding_fault(first) or (headed and _header_fault(first)):
        yield Piece(None, path, {"line": "1"})
    else:
        yield from _csv.rows(path, headed=headed)


def parse(payload: Payload) -> Outcome:
    try:
        row = _read(payload)
        ends = _ends(row)
        if ends.from_inside and ends.to_inside:
            return Ignored("internal call")
        if _far_end(row):
            return Ignored("the far end of a call of which another row tells")
        return Understood((_ended(row, ends, row.zone),))
    except Broken as broken:
        return _csv.rejected(broken, payload)


def _far_end(row: Row) -> bool:
    """The line that Dial opened: who was called looks there like somebody who calls, but dialled nothing."""
    opened = row.cell("lastapp").lower() == "appdial" and row.cell("lastdata").lower() == "(outgoing line)"
    return opened and not re.search("[0-9]", digits(row.cell("dst")))


def _read(payload: Payload) -> Row:
    body, meta = payload.body.removeprefix(b"\xef\xbb\xbf"), payload.meta
    first = body.partition(b"\n")[0]
    if not _is_header(first):
        return _csv.read(body, meta, _master_columns(body, meta))
    if fault := _header_fault(first):
        raise Broken(fault)
    return _csv.read(body, meta, loose=True)


def _master_columns(body: bytes, meta: Mapping[str, str]) -> tuple[str, ...]:
    if fault := _csv.encoding_fault(body) or meta.get("broken"):
        raise Broken(fault)
    cells = _csv.split_row(body)
    width = len(cells)
    if width == len(CUSTOM) and cells[CUSTOM.index("disposition")].strip().isupper():
        return CUSTOM
    if width not in MASTER:
        raise Broken(f"has {width} cells; a call detail record has {', '.join(map(str, sorted(MASTER)))}")
    return MASTER[width]


def _is_header(line: bytes) -> bool:
    try:
        return len(_NAMED.intersection(_csv.columns(line))) >= 2
    except Broken:
        return False


def _header_fault(line: bytes) -> str | None:
    names = _csv.columns(line)
    missing = [name for name in ("src", "dst", "disposition") if name not in names]
    if "start" not in names and "calldate" not in names:
        missing.append("calldate")
    if "end" not in names and "duration" not in names:
        missing.append("duration")
    return f"the header has no column {', '.join(missing)}" if missing else None


def _ends(row: Row) -> Ends:
    src = digits(row.cell("src"))
    caller = _CALLER.fullmatch(row.cell("clid"))
    if not src and caller:
        src = digits(caller["number"] or "").strip()
    channel = row.cell("channel")
    # of a Local channel the name is where it leads, not who is at its end
    calling = None if channel.startswith("Local/") else _peer(channel)
    return Ends(src, digits(row.cell("dst")), calling, _peer(row.cell("dstchannel")), row.cell("dcontext"))


def _ended(row: Row, ends: Ends, zone: tzinfo) -> Draft:
    inward = not ends.from_inside
    cause = _cause(row, inward)
    started, answered, ended = _times(row, cause, zone)
    call = _call(row)
    fields: dict[str, Any] = {
        "call": call,
        "direction": "in" if inward else "out",
        "party": _party(ends.src if inward else _called(row, ends)),
        "desk": _desk(row, ends) if inward else None,
        "agent": _agent(ends, inward, cause),
        "queue": _queue(row),
        "caller_name": _caller_name(row, ends) if inward else None,
        "started": started,
        "answered": answered,
        "ended": ended,
        "cause": cause,
        "reason": row.cell("userfield") or None,
    }
    return Draft("call.ended", ended, SOURCE, _key(row, call), fields, forgives=PHONES)


def _call(row: Row) -> str:
    """Where cdr.conf writes no ids the channel's name, which Asterisk numbers, and the start stand for one; in a list without
    channels who called whom does."""
    given = row.cell("linkedid") or row.cell("uniqueid")
    who = row.cell("channel") or f"{row.cell('src')}>{row.cell('dst')}"
    made = f"{who}@{row.cell('start') or row.cell('calldate')}"
    return (given or made)[:500]


def _key(row: Row, call: str) -> str:
    """Of one leg: `sequence` numbers the legs where it is written; what the leg says tells them apart elsewhere."""
    columns = ("uniqueid", "sequence", "src", "dst", "channel", "dstchannel", "lastapp", "disposition", "billsec")
    said = [*(row.cell(name) for name in columns), row.cell("start") or row.cell("calldate")]
    return f"{call}/{hashlib.sha256(chr(31).join(said).encode()).hexdigest()[:32]}"


def _times(row: Row, cause: str, zone: tzinfo) -> tuple[datetime, datetime | None, datetime]:
    started = _moment(row, "start", zone) or _moment(row, "calldate", zone)
    if started is None:
        raise Broken("is missing", "start" if "start" in row.cells else "calldate")
    length, talked = _seconds(row, "duration"), _seconds(row, "billsec")
    ended = _moment(row, "end", zone)
    if ended is None or ended < started:  # at the end of summer time a local clock runs back
        ended = started + timedelta(seconds=length or 0)
    if cause != "answered":
        return started, None, ended
    answered = _moment(row, "answer", zone)
    if answered is None or not started <= answered <= ended:
        answered = max(started, ended - timedelta(seconds=talked or 0))
    return started, answered, ended


def _moment(row: Row, column: str, zone: tzinfo) -> datetime | None:
    text = digits(row.cell(column))
    if not text or text.startswith("0000-00-00"):
        return None
    try:
        return datetime.fromtimestamp(float(text), UTC) if _EPOCH.fullmatch(text) else _values.moment(text, zone)
    except ValueError as error:
        raise Broken(str(error), column) from None


def _seconds(row: Row, column: str) -> float | None:
    text = digits(row.cell(column))
    if text and not re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,6})?", text):
        raise Broken("is not a number of seconds", column)
    return float(text) if text else None


def _cause(row: Row, inward: bool) -> str:
    nothing = row.cells["disposition"] in _csv.NOTHING
    cause = CAUSES.get("null" if nothing else digits(row.needed("disposition")).lower())
    if cause is None:
        raise Broken("is no disposition of Asterisk", "disposition")
    spoke = cause == "answered" and bool(row.cell("dstchannel"))
    if _queue(row):  # it answers itself, to play music: whoever spoke with nobody has given up
        return cause if spoke else "abandoned"
    application = row.cell("lastapp")
    if cause != "answered" or spoke or not (inward and application and "dstchannel" in row.cells):
        return cause
    if _SOMEBODY.fullmatch(application):
        return cause
    return "no_answer" if application.lower().startswith("voicemail") else "abandoned"


def _queue(row: Row) -> str | None:
    if row.cell("lastapp").lower() != "queue":
        return None
    return re.split("[,|]", row.cell("lastdata"))[0].strip() or "queue"


def _party(number: str) -> list[dict[str, str]]:
    """The number at the other end; nobody where it was withheld or is none that could be called."""
    bare = re.sub(r"[^0-9+]", "", number)
    if not _CALLABLE.fullmatch(bare) or bare.strip("+0") == "":
        return []
    return [{"kind": "phone", "value": number}]


def _called(row: Row, ends: Ends) -> str:
    """What went to the trunk, where that is what was dialled without the prefix of an outside line.

    A trunk may want numbers without their zeros; read here those would be others.
    """
    targets = re.split("[,|]", row.cell("lastdata"))[0] if row.cell("lastapp").lower() == "dial" else ""
    for number in _SENT_TO_TRUNK.findall(targets):
        prefix = ends.dst.removesuffix(number)
        if prefix != ends.dst and (number.startswith("0") or prefix.strip("+0")):
            return str(number)
    return ends.dst


def _desk(row: Row, ends: Ends) -> str | None:
    """The number called; Asterisk's own extensions (s, h, i, t) and names of the dial plan (queue1) are none."""
    return digits(row.cell("did")) or (None if re.search("[A-Za-z]", ends.dst) else ends.dst or None)


def _agent(ends: Ends, inward: bool, cause: str) -> str | None:
    if not inward:
        return ends.src if _is_extension(ends.src) and not _is_extension(ends.calling) else ends.calling or ends.src
    return ends.called if cause == "answered" and _is_extension(ends.called) else None


def _caller_name(row: Row, ends: Ends) -> str | None:
    caller = _CALLER.fullmatch(row.cell("clid"))
    name = row.cell("cnam") or (caller["name"].strip() if caller else "")
    return None if name.casefold() in WITHHELD or digits(name) == ends.src else name


def _peer(channel: str) -> str | None:
    """Who a channel leads to: "SIP/201-0000001a" to 201, "Local/201@from-queue-00000007;1" to 201."""
    found = _PEER.match(channel)
    # a DAHDI channel is numbered by its line
    return found["peer"] if found and found["technology"].upper() not in ("DAHDI", "ZAP") else None


def _is_extension(number: str | None) -> bool:
    return bool(number and _EXTENSION.fullmatch(number))


channel = Channel("cdr", parse, split, suffixes=(".csv",))
