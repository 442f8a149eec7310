"""Steps of orders from the back office: CSV rows, and Shopify's JSON in files.

A CSV file's header is `order,stage,time,email,phone,account,total,currency,tracking`, in any order; `order`, `stage`
and `time` are required, other columns are not looked at. Times are ISO 8601; without an offset they are of the zone
that `meta["timezone"]` names (HUB_TIMEZONE), else UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from hub.channels import _csv, _json, _values, shopify
from hub.channels._csv import Row
from hub.channels._shape import Channel, Outcome, Payload, Piece, Rejected, Understood
from hub.channels._values import Broken
from hub.events.draft import PHONES, Draft
from hub.events.kinds import orders as kinds
from hub.events.order_numbers import order_number

SOURCE = "orders-csv"
NEEDED = ("order", "stage", "time")
COLUMNS = (*NEEDED, "email", "phone", "account", "total", "currency", "tracking")
STAGES = frozenset((*kinds.STAGES, *kinds.REMARKS))
SPELLINGS = {"canceled": "cancelled"}
DOCUMENT_LIMIT = 8 * 1024 * 1024  # bytes of one line of .ndjson


def split(path: Path) -> Iterator[Piece]:
    """The rows of a .csv, the lines of an .ndjson, the whole of a .json that is one document."""
    match path.suffix.lower():
        case ".json" if not _json.line_by_line(path):
            yield Piece(None, path, {"format": "shopify"})
        case ".json" | ".ndjson":
            yield from _documents(path)
        case _:
            yield from (replace(piece, meta={**piece.meta, "format": "csv"}) for piece in _rows(path))


def parse(payload: Payload) -> Outcome:
    return _document(payload) if payload.meta.get("format") == "shopify" else _row(payload)


def _rows(path: Path) -> Iterator[Piece]:
    """A file whose header lacks what is needed is one payload: its rows could only be rejected one by one."""
    first = _csv.first_line(path)
    if first is None:
        return
    if _csv.encoding_fault(first) or _header_fault(first):
        yield Piece(None, path, {"line": "1"})
    else:
        yield from _csv.rows(path)


def _documents(path: Path) -> Iterator[Piece]:
    with path.open("rb") as stream:
        for line in _csv.lines(stream, DOCUMENT_LIMIT):
            if line.content.strip():
                fault = {} if line.whole else {"broken": f"is longer than {DOCUMENT_LIMIT} bytes"}
                yield Piece(line.content.strip(), meta={"format": "shopify", "line": str(line.number)} | fault)


def _document(payload: Payload) -> Outcome:
    if fault := payload.meta.get("broken"):
        return _csv.rejected(Broken(fault), payload)
    outcome = shopify.parse(payload)
    line = payload.meta.get("line")
    if isinstance(outcome, Rejected) and line:
        return Rejected(outcome.why, ", ".join(filter(None, (f"line {line}", outcome.at))))
    return outcome


def _row(payload: Payload) -> Outcome:
    first = payload.body.partition(b"\n")[0].removeprefix(b"\xef\xbb\xbf")
    fault = _csv.encoding_fault(payload.body) or _header_fault(first)
    if fault:
        return Rejected(fault, "line 1")
    try:
        return Understood((_step(_csv.read(payload.body, payload.meta), payload.received),))
    except Broken as broken:
        return _csv.rejected(broken, payload)


def _header_fault(header: bytes) -> str | None:
    try:
        names = _csv.columns(header)
    except Broken as broken:
        return f"the header {broken.why}"
    if missing := [name for name in NEEDED if name not in names]:
        return f"the header has no column {', '.join(missing)}"
    if double := [name for name in COLUMNS if names.count(name) > 1]:
        return f"the header names column {', '.join(double)} twice"
    return None


def _step(row: Row, received: datetime) -> Draft:
    stage = _stage(row)
    time = _read(row, "time", lambda text: _values.happened(_values.moment(text, row.zone), received))
    order = _order(row)
    party = _party(row)
    total = _read(row, "total", _values.money)
    currency = _read(row, "currency", _values.currency)
    tracking = row.cell("tracking") or None
    said = [order, stage, time.isoformat(), party, total, currency, tracking]
    return Draft(
        type=f"order.{stage}", time=time, source=SOURCE, key=hashlib.sha256(orjson.dumps(said)).hexdigest(),
        fields={"order": order, "party": party, "currency": currency, "tracking": tracking}
        | ({"amount": total} if stage in kinds.OF_MONEY else {}) | ({"total": total} if stage != "refunded" else {}),
        forgives=PHONES,
    )  # fmt: skip


def _order(row: Row) -> str:
    number = order_number(_values.whole(row.needed("order")))
    if not number or not number.isprintable() or len(number) > 100:
        raise Broken("is not an order's number", "order")
    return number


def _stage(row: Row) -> str:
    said = row.needed("stage").lower()
    stage = SPELLINGS.get(said, said)
    if stage not in STAGES:
        raise Broken(f"is none of {', '.join(sorted(STAGES))}", "stage")
    return stage


def _party(row: Row) -> list[Mapping[str, str]]:
    """Who is named, seen together in one row."""
    readers: dict[str, Callable[[str], str]] = {"email": _values.email, "phone": _values.phone, "account": str}
    found = ((kind, _read(row, kind, reader)) for kind, reader in readers.items())
    return [{"kind": kind, "value": value} for kind, value in found if value]


def _read(row: Row, column: str, reader: Callable[[str], Any]) -> Any:
    """The cell's value; None where it is empty and need not be there."""
    text = row.needed(column) if column in NEEDED else row.cell(column)
    try:
        return reader(text) if text else None
    except ValueError as error:
        raise Broken(str(error), column) from None


channel = Channel("orders", parse, split, suffixes=(".csv", ".json", ".ndjson"))
