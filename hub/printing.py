"""How answers look on a terminal, for people; `--json` prints the contract's shapes instead."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

Json = Mapping[str, Any]
# Control characters, and what turns the direction of writing.
_COMMANDS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def as_json(document: Any) -> str:
    return orjson.dumps(document).decode()


def plain(line: str) -> str:
    """One line of a terminal: what customers write is read there and commands it nothing (to move, to copy, to be called)."""
    return _COMMANDS.sub(lambda sign: " " if sign[0].isspace() else "\ufffd", line)


def when(moment: Any) -> str:
    """A moment in the local time zone, to the minute."""
    if moment is None:
        return "-"
    time = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def table(rows: Sequence[Sequence[Any]]) -> Iterable[str]:
    """Columns as wide as their widest cell; the last one is cut at the terminal's edge."""
    if not rows:
        return
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    room = shutil.get_terminal_size((120, 24)).columns
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield line if len(line) <= room else line[: room - 1] + "…"


def customer(one: Json) -> Iterable[str]:
    yield f"{one['name'] or 'No name known'}   customer {one['id']}"
    yield f"{one['contacts']} contacts, {when(one['first_contact'])} to {when(one['last_contact'])}"
    yield ""
    yield from table([(i["kind"], i["value"] or "(forgotten)") for i in one["identifiers"]])
    for link in one["links"]:
        yield f"  linked: {link['evidence'] or 'no reason given'}" + (f", by {link['by']}" if link["by"] else "")
    if one["orders"]:
        yield ""
        yield from table([("order", o["number"], o["stage"], f"{o['total'] or ''} {o['currency'] or ''}", when(o["changed"]))
                          for o in one["orders"]])  # fmt: skip
        if one["order_count"] > len(one["orders"]):
            yield f"and {one['order_count'] - len(one['orders'])} more"
    if one["open_tickets"]:
        yield ""
        yield from table([ticket_row(t) for t in one["open_tickets"]])


def item_row(item: Json) -> Sequence[Any]:
    arrow = {"in": "->", "out": "<-"}.get(item["direction"], "--")
    mark = f"[{item['automatic']}] " if item.get("automatic") else ""
    return when(item["time"]), item["channel"], arrow, mark + _told(item)


def _told(item: Json) -> str:
    type, title = str(item["type"]), item["title"]
    if type.startswith("order.") and item["orders"]:
        title = f"order {item['orders'][0]} {type.removeprefix('order.')}"
    said = " ".join(filter(None, (title, item["text"]))).replace("\n", " ")
    files = ", ".join(file["name"] or "a file" for file in item["attachments"])
    return ": ".join(filter(None, (_call(item), said))) if type.startswith("call.") else said or files or type


def _call(item: Json) -> str:
    """Whether it was answered, how long it took, and by whom or where it rang."""
    known = {"call.ringing": "rang", "call.answered": "answered, not ended yet"}
    how = known.get(item["type"]) or ("answered" if item["answered"] else "not answered")
    return ", ".join(filter(None, (how, lasted(item["seconds"]) if item["seconds"] else None, item["agent"])))


def lasted(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def ticket_row(ticket: Json) -> Sequence[Any]:
    state = f"{ticket['state']} for {ticket['waiting_for']}" if ticket["waiting_for"] else ticket["state"]
    return f"#{ticket['number'] or '–'}", state, ticket["owner"] or "nobody", when(ticket["changed"]), ticket["subject"]


def ticket(one: Json) -> Iterable[str]:
    yield f"#{one['number'] or '–'}  {one['subject'] or '(no subject)'}"
    state, until = ticket_row(one)[1], f" until {when(one['until'])}" if one["until"] else ""
    yield f"{state}{until}, owner {one['owner'] or 'nobody'}, priority {one['priority'] or 'normal'}; id {one['id']}"
    yield from [f"department {one['department']}"] if one["department"] else []
    yield f"customer {one['customer'] or '-'}; orders {', '.join(one['orders']) or '-'}; {len(one['contacts'])} contacts"
    yield from table([
        (when(step["time"]), step["type"], step["by"] or "the hub", " ".join((step["text"] or "").split()))
        for step in one["history"]
    ])  # fmt: skip


def order(one: Json) -> Iterable[str]:
    yield f"order {one['number']}: {one['stage']}   {one['total'] or ''} {one['currency'] or ''}"
    yield f"customer {one['customer'] or '-'}; tracking {together(one['carrier'], one['tracking']) or '-'}"
    yield from table(
        [(line.get("quantity"), line.get("sku"), line.get("title"), line.get("price")) for line in one["lines"]]
    )
    yield from table([(when(step["time"]), step["stage"], step["source"], said(one, step)) for step in one["history"]])


def said(one: Json, step: Json) -> str:
    """What was said with a step of this order."""
    from hub.events.kinds.orders import OF_MONEY

    amount = step["amount"] if step["stage"] in OF_MONEY else None
    money = together(amount, amount and (step["currency"] or one["currency"]))
    return ", ".join(filter(None, (step["document"], money, together(step["carrier"], step["tracking"]))))


def together(*words: str | None) -> str:
    return " ".join(filter(None, words))


def ledger(balance: Json) -> Iterable[str]:
    names = ("source", "channel", "received", "understood", "ignored", "rejected", "waiting", "duplicates")
    yield from table([names, *([s[name] for name in names] for s in balance["sources"])])
    yield (
        "balanced" if balance["balanced"] else "NOT BALANCED: received is not understood + ignored + rejected + waiting"
    )


def rejected(page: Json) -> Iterable[str]:
    return table([(i["id"], i["channel"], when(i["received"]), i["at"], i["why"]) for i in page["items"]])


def dead_letters(page: Json) -> Iterable[str]:
    return table([(i["id"], i["step"], i["position"], i["stream"], i["reason"]) for i in page["items"]])
