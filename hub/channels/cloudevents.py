"""Events as others send them: CloudEvents 1.0 in JSON, one at a time, from batches, and over HTTP with `ce-` headers.

Sources: CloudEvents 1.0.2, its JSON event format and its HTTP protocol binding. `data` is what the contract says of
each type; attributes that the hub does not know are left alone.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from hub.channels import _json, _values
from hub.channels._shape import Channel, Outcome, Payload, Piece, Rejected, Understood
from hub.channels._values import Broken
from hub.events.catalogue import LONGEST_NAME, catalogue
from hub.events.draft import Draft, File

Json = dict[str, Any]
CONFLICT = Rejected("conflicting: another event came under this source and id", "$.id")
DEEPEST = 100  # JSON levels of one event
UNTYPED = "application/octet-stream"
_BOM = b"\xef\xbb\xbf"
# A mail has neither as its channel reads it, so its kind asks for none; a call may lack its party: a withheld number.
_NEEDED = dict.fromkeys(("message.received", "message.sent"), ("message", "party"))
_DECIDED = frozenset({"party.linked", "party.cut"})  # by whom, nobody says for somebody else: a person says it to the hub
_LENGTHS = {"id": 998, "source": 2_000, "type": 200}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_LIMITS = {"depth limit": "nested deeper than 1024 levels", "number is infinity": "a number is too large"}
_MARKS = 3_000_000  # of a batch that cannot be read as a whole; a second or two
# What is never closed is one token, too: else each quote within it would be tried as the beginning of another.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse(payload: Payload) -> Outcome:
    """What one CloudEvent in structured JSON form says."""
    if payload.meta.get("conflict") == "true":
        return CONFLICT
    document = loaded(payload.body)
    if isinstance(document, Rejected):
        return document
    outcome = read(document, payload.received, history=payload.meta.get("history") == "true")
    return Understood((outcome,)) if isinstance(outcome, Draft) else outcome


def loaded(body: bytes) -> Any:
    """The JSON of these bytes, or why it is none. Half of a character outside Unicode's first plane (`\\ud83d` alone, what is
    left of an emoji that a program cut in two) is U+FFFD, as wherever text cannot be kept (`hub.events.text.storable`)."""
    text = body.removeprefix(_BOM)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        whole = _ESCAPE.sub(_without_halves, text)
        if whole != text:
            return loaded(whole)
        why = next((why for words, why in _LIMITS.items() if words in error.msg), "not JSON in UTF-8")
        return Rejected(why if text.strip() else "empty", _place(body, error.pos))


def _place(body: bytes, character: int) -> str:
    """Where reading ended; of bytes that are no UTF-8 orjson says no place."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start}"
    return f"character {character}"


def _without_halves(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


def parts(body: bytes) -> list[tuple[Any, bytes]] | None:
    """The items of a batch that cannot be read as a whole: each decoded, or why it cannot be, and as it was written. None
    where it is no batch, or one that would take too long, or nothing of it can be read."""
    if not body.removeprefix(_BOM).lstrip().startswith(b"[") or sum(map(body.count, (b",", b"[", b"{"))) > _MARKS:
        return None
    found = [(loaded(raw), raw) for raw in _cut(body)]
    return found if any(not isinstance(document, Rejected) for document, _ in found) else None


def read(document: Any, received: datetime, *, history: bool = False) -> Draft | Rejected:
    """The event of a decoded document. `history`: types that only the past may bring are taken too."""
    try:
        return _draft(document, received, history)
    except Broken as broken:
        return Rejected(broken.why, broken.at)


def forbidden(document: Any) -> bool:
    """Whether this is an event of a type that the outside may not send."""
    kind = catalogue().get(document.get("type")) if _has_name(document, "type") else None
    return kind is not None and kind.sender != "anyone"


def source_of(document: Any) -> str | None:
    """Who sent it, where that can be read."""
    try:
        return _name(document, "source") if isinstance(document, dict) else None
    except Broken:
        return None


def recorded_of(document: Mapping[str, Any]) -> datetime | None:
    """When it was learnt, as an import of history says with the attribute `recorded`."""
    said = document.get("recorded")
    try:
        return _moment(said, "$.recorded") if said is not None else None
    except Broken:
        return None


def digest_of(document: Mapping[str, Any]) -> bytes:
    """What an event says, whatever way it was sent: two of one source and id that differ here are in conflict."""
    said = {name: document.get(name) for name in ("type", "source", "id", "time")} | {"data": _data(document)}
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def binary(headers: Mapping[str, str], body: bytes) -> Json:
    """The structured form of an event in binary mode: attributes from `ce-` headers, the body as data."""
    document: Json = {
        name.lower().removeprefix("ce-"): unquote_to_bytes(value.strip().strip('"')).decode(errors="replace")
        for name, value in headers.items()
        if name.lower().startswith("ce-")
    }
    for part in ("data", "data_base64"):  # no attributes, whatever a header says
        document.pop(part, None)
    if not body.strip():
        return document
    data = loaded(body)
    if isinstance(data, Rejected) or (isinstance(data, dict | list) and _deeper(data, DEEPEST)):
        return document | {"data_base64": b64encode(body).decode()}
    return document | {"data": data}


def split(path: Path) -> Iterator[Piece]:
    """An .ndjson has an event on each line, a .json one event, a list of them, or one on each line."""
    if path.suffix.lower() == ".ndjson" or _json.line_by_line(path):
        yield from _lines(path)
        return
    if path.stat().st_size > channel.limit:
        yield Piece(None, path)
        return
    body = path.read_bytes()
    document = loaded(body)
    if isinstance(document, list):
        yield from (Piece(each, meta={"item": str(n)}) for n, each in enumerate(items(body, document)))
    elif isinstance(document, Rejected) and (some := parts(body)):
        yield from (Piece(raw, meta={"item": str(n)}) for n, (_, raw) in enumerate(some))
    else:
        yield Piece(body)


def items(body: bytes, batch: list[Any]) -> list[bytes]:
    """The events of a batch, each as bytes. `batch` is what `body` was decoded to."""
    try:
        return [orjson.dumps(each) for each in batch]
    except TypeError:  # nested too deep to be written by orjson, which did read it
        return _cut(body)


def _cut(body: bytes) -> list[bytes]:
    """A JSON list's items as they were written."""
    found, depth, start = [], 0, 0
    for token in _TOKEN.finditer(body):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        if depth == 1 and token[0] == b"[" and not start:
            start = token.end()
        elif (depth == 1 and token[0] == b",") or depth == 0:
            found.append(body[start : token.start()].strip())
            start = token.end()
    return [*found, rest] if (rest := body[start:].strip()) else found


def _lines(path: Path) -> Iterator[Piece]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(channel.limit + 1):
            number += 1
            if line.strip():
                yield Piece(line.strip(), meta={"line": str(number)})


# -- one event ---------------------------------------------------------------------------------------------------------


def _draft(document: Any, received: datetime, history: bool) -> Draft:
    if not isinstance(document, dict):
        raise Broken("an event is a JSON object", "$")
    if _deeper(document, DEEPEST):
        raise Broken(f"nested deeper than {DEEPEST} levels", "$")
    if document.get("specversion") != "1.0":
        raise Broken("must be 1.0", "$.specversion")
    key, source = _name(document, "id"), _name(document, "source")
    kind = _kind(document, history)
    time = _time(document.get("time"), received)
    fields, files = _attachments(_fields(document))
    if kind in _DECIDED and not history:
        fields = {name: value for name, value in fields.items() if name != "by"}
    _complete(kind, fields)
    return Draft(kind, time, source, key, fields, files)


def _has_name(document: Any, name: str) -> bool:
    return isinstance(document, dict) and isinstance(document.get(name), str)


def _name(document: Json, name: str) -> str:
    """A required attribute: text without control characters."""
    value = document.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Broken("must be text and not empty" if name in document else "missing", f"$.{name}")
    if len(value) > _LENGTHS[name]:
        raise Broken(f"longer than {_LENGTHS[name]} characters", f"$.{name}")
    if name == "source" and len(value.encode("utf-8", "replace")) > LONGEST_NAME:  # the ledger is kept by it
        raise Broken(f"longer than {LONGEST_NAME:,} bytes", "$.source")
    if _CONTROL.search(value):
        raise Broken("must not hold control characters", f"$.{name}")
    if "\ufffd" in value:  # what could not be read: two would be one
        raise Broken("holds what is no character", f"$.{name}")
    return value


def _kind(document: Json, history: bool) -> str:
    name = _name(document, "type")
    kind = catalogue().get(name)
    if kind is None:
        raise Broken(f"no event is called {name}", "$.type")
    if kind.sender != "anyone" and not (history and kind.sender == "history"):
        raise Broken(f"{name} is decided by the hub and cannot be sent", "$.type")
    return name


def _time(said: Any, received: datetime) -> datetime:
    if said is None:
        return received
    try:
        return _values.happened(_moment(said, "$.time"), received)
    except ValueError as error:
        raise Broken(str(error), "$.time") from None


def _moment(said: Any, at: str) -> datetime:
    """RFC 3339, so with its offset; a leap second is the second before it."""
    if not isinstance(said, str) or not _RFC3339.fullmatch(said):
        raise Broken("is not a time with its offset (RFC 3339), such as 2026-01-31T10:00:00+03:30", at)
    try:
        return _values.moment(said[:17] + said[17:].replace("60", "59", 1) if said[17:19] == "60" else said)
    except ValueError as error:
        raise Broken(str(error), at) from None


def _fields(document: Json) -> Json:
    at = "$.data" if document.get("data") is not None else "$.data_base64"
    data = _data(document)
    if data is None:
        raise Broken("missing", "$.data")
    if not isinstance(data, dict):
        raise Broken("must be a JSON object", at)
    if at == "$.data_base64" and _deeper(data, DEEPEST):
        raise Broken(f"nested deeper than {DEEPEST} levels", at)
    return data


def _complete(kind: str, fields: Json) -> None:
    """Whoever sends a message says which it is and whose."""
    for name in _NEEDED.get(kind, ()):
        if fields.get(name) in (None, [], ""):
            raise Broken("missing", f"$.data.{name}")
    for at, party in _parties(fields.get("party")):
        value = party.get("value")
        if isinstance(value, str) and not value.strip() and party.get("kind") != "phone":  # a number may be withheld
            raise Broken("must be text and not empty", f"$.data.{at}.value")


def _parties(said: Any) -> list[tuple[str, Json]]:
    listed = [(f"party[{n}]", one) for n, one in enumerate(said)] if isinstance(said, list) else [("party", said)]
    return [(at, one) for at, one in listed if isinstance(one, dict)]


def _data(document: Mapping[str, Any]) -> Any:
    """The data, also from base64 and from JSON sent as text; what cannot be read is returned as it is."""
    data, coded = document.get("data"), document.get("data_base64")
    if data is not None or not isinstance(coded, str):
        return data if data is not None else coded
    try:
        decoded = loaded(b64decode(coded, validate=True))
    except (NotBase64, ValueError):
        return coded
    return coded if isinstance(decoded, Rejected) else decoded


# -- attachments -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Attachment:
    """`content` is None where only its name and type were sent."""

    shown: Json
    content: bytes | None


def _attachments(fields: Json) -> tuple[Json, tuple[File, ...]]:
    """The fields without bytes, and the files. Where the bytes lie is for the hub to say, not for the sender."""
    listed = fields.get("attachments")
    if not isinstance(listed, list) or not listed:
        return fields, ()
    read = [_attachment(each, f"$.data.attachments[{n}]") for n, each in enumerate(listed)]
    rest = {name: value for name, value in fields.items() if name != "attachments"}
    if all(one.content is None for one in read):
        return rest | {"attachments": [one.shown for one in read]}, ()
    for n, one in enumerate(read):
        if one.content is None:
            raise Broken("missing, though other attachments have it", f"$.data.attachments[{n}].base64")
    return rest, tuple(
        File(one.shown.get("name"), one.shown.get("type") or UNTYPED, one.content or b"") for one in read
    )


def _attachment(sent: Any, at: str) -> _Attachment:
    if not isinstance(sent, dict):
        raise Broken("must be an object", at)
    for name in ("name", "type"):
        if not isinstance(sent.get(name), str | None):
            raise Broken("must be text", f"{at}.{name}")
    coded = sent.get("base64")
    try:
        content = b64decode(coded, validate=True) if isinstance(coded, str) else None
    except (NotBase64, ValueError):
        raise Broken("is not base64", f"{at}.base64") from None
    if coded is not None and content is None:
        raise Broken("must be text in base64", f"{at}.base64")
    return _Attachment({name: value for name, value in sent.items() if name not in ("base64", "blob")}, content)


def _deeper(value: Any, levels: int) -> bool:
    """Whether JSON is nested deeper than that; without recursion, for it may be very deep."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            below
            for each in layer
            for below in (each.values() if isinstance(each, dict) else each)
            if isinstance(below, dict | list)
        ]
        if not layer:
            return False
    return True


channel = Channel("events", parse, split, suffixes=(".json", ".ndjson"))
