"""The diary as files that `hub ingest` takes: mails, telephone records, rows and documents of orders, events."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from hub.demo.clock import Clock
from hub.demo.diary import Call, Diary, Event
from hub.demo.mail_bytes import rendered
from hub.demo.purchases import Purchase, Step
from hub.demo.shop import DESK

COLUMNS = ("order", "stage", "time", "email", "phone", "account", "total", "currency", "tracking")
"""The header that `hub ingest orders` asks for."""


def write_mails(folder: Path, diary: Diary) -> None:
    """One file a mail, named by when it came."""
    folder.mkdir(parents=True, exist_ok=True)
    for n, mail in enumerate(sorted(diary.mails, key=lambda m: (m.time, m.message_id))):
        (folder / f"{mail.time.astimezone(UTC):%Y%m%d-%H%M%S}-{n:04d}.eml").write_bytes(rendered(mail))


def write_calls(folder: Path, diary: Diary) -> None:
    """Asterisk's Master.csv, one file a week."""
    folder.mkdir(parents=True, exist_ok=True)
    weeks: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(diary.calls, key=lambda c: (c.time, c.number)):
        weeks[f"{call.time:%G-week-%V}"].append(call)
    serial = 0
    for week, calls in weeks.items():
        with (folder / f"{week}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
            for call in calls:
                serial += 1
                out.writerow(_cdr(call, serial))


def _cdr(call: Call, serial: int) -> list[str | int]:
    """The 18 columns of cdr_csv. Source: Asterisk's CDR specification."""
    inward = call.direction == "in"
    trunk, desk = f"PJSIP/trunk-{serial:08x}", f"PJSIP/{call.extension}-{serial:08x}" if call.extension else ""
    outside = call.number if inward else call.extension or ""
    answered = call.time + timedelta(seconds=call.waited) if call.talked is not None else None
    lasts = call.waited + (call.talked or 0)
    queue = call.queue if inward else ""
    return [
        "",
        outside,
        (DESK if queue == "600" else queue) if inward else call.number,
        "from-trunk" if inward else "from-internal",
        f'"{call.name}" <{outside}>' if call.name else f"<{outside}>" if outside else "",
        trunk if inward else desk,
        desk if inward else trunk,
        *_application(call),
        _utc(call.time),
        _utc(answered) if answered else "",
        _utc(call.time + timedelta(seconds=lasts)),
        lasts,
        call.talked or 0,
        call.disposition,
        "DOCUMENTATION",
        f"{int(call.time.timestamp())}.{serial}",
        call.reason,
    ]


def _application(call: Call) -> tuple[str, str]:
    """What the exchange did last; behind 600 a tape says that the shop is closed."""
    if call.direction == "out":
        return "Dial", f"PJSIP/{call.number}@trunk,60"
    return ("Playback", "closed-now") if call.queue == "600" else ("Queue", f"{call.queue},tT,,,900")


def _utc(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def write_orders(folder: Path, purchases: Iterable[Purchase], now: datetime, rng: Random) -> None:
    """The back office's rows week by week, each week's sheet in its own taste; export orders as shop documents."""
    folder.mkdir(parents=True, exist_ok=True)
    purchases = list(purchases)
    weeks: dict[str, list[tuple[Purchase, Step]]] = defaultdict(list)
    for step, purchase in _steps(purchases, now):
        if purchase.door != "export" and (step.stage, purchase.door) != ("placed", "web"):
            weeks[f"{step.time:%G-week-%V}"].append((purchase, step))
    for n, (week, rows) in enumerate(weeks.items()):
        _write_sheet(folder / f"back-office-{week}.csv", rows, n % 2 == 1, rng)
    for purchase in purchases:
        if purchase.door == "export" and purchase.placed <= now:
            document = json.dumps({"order": shop_order(purchase, now)}, ensure_ascii=False, indent=1)
            (folder / f"export-{purchase.number}.json").write_text(document, encoding="utf-8")


def _steps(purchases: Iterable[Purchase], now: datetime) -> list[tuple[Step, Purchase]]:
    done = [(step, purchase) for purchase in purchases for step in purchase.steps if step.time <= now]
    return sorted(done, key=lambda pair: (pair[0].time, pair[1].number))


def _write_sheet(path: Path, rows: list[tuple[Purchase, Step]], southern: bool, rng: Random) -> None:
    """`southern` sheets come from the other computer: semicolons, a BOM, columns the other way round."""
    columns = tuple(reversed(COLUMNS)) if southern else COLUMNS
    with path.open("w", encoding="utf-8-sig" if southern else "utf-8", newline="") as file:
        out = csv.DictWriter(file, columns, delimiter=";" if southern else ",", restval="")
        out.writeheader()
        out.writerows(_row(purchase, step, rng) for purchase, step in rows)


def _row(purchase: Purchase, step: Step, rng: Random) -> dict[str, str]:
    row = {"order": purchase.number, "stage": step.stage, "time": step.time.astimezone(UTC).isoformat()}
    if step.stage == "placed":
        person = purchase.person
        row |= {"email": person.emails[0] if person.emails else "", "account": person.account or ""}
        # The desk writes a number down as it is told.
        row["phone"] = _as_told(person.phones[0], rng)
    if step.stage in ("placed", "paid", "refunded"):
        row |= {"total": purchase.total, "currency": purchase.currency}
    if step.stage == "shipped":
        row["tracking"] = purchase.tracking
    return row


def _as_told(number: str, rng: Random) -> str:
    national = f"0{number[3:]}" if number.startswith("+98") else number
    return rng.choice((national, number, national.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))))


def shop_order(purchase: Purchase, now: datetime) -> dict[str, Any]:
    """The export shop's document of an order as it stands at `now`, in Shopify's form."""
    reached = {step.stage: step.time for step in purchase.steps if step.time <= now}
    number = int(purchase.number)
    own = 450_000_000 + number
    person = purchase.person
    given, _, family = person.latin.partition(" ")
    lines = [
        {
            "id": own * 10 + n,
            "sku": item.sku,
            "title": item.title,
            "name": item.title,
            "quantity": count,
            "price": item.euros,
        }
        for n, (item, count) in enumerate(purchase.lines)
    ]
    customer = {
        "id": 207_000_000 + int(person.account.partition("-")[2]) if person.account else None,
        "email": person.emails[0],
        "phone": person.phones[0],
        "first_name": given,
        "last_name": family,
        "updated_at": Clock(now).start.isoformat(),
    }
    return {
        "id": own,
        "name": f"#{purchase.number}",
        "order_number": number,
        "number": number - 1000,
        "email": person.emails[0],
        "phone": person.phones[0],
        "created_at": purchase.placed.isoformat(),
        "processed_at": (reached.get("paid") or purchase.placed).isoformat(),
        "updated_at": max(reached.values()).isoformat(),
        "cancelled_at": reached["cancelled"].isoformat() if "cancelled" in reached else None,
        "cancel_reason": "customer" if "cancelled" in reached else None,
        "currency": "EUR",
        "total_price": purchase.total,
        "subtotal_price": purchase.total,
        "financial_status": "refunded" if "refunded" in reached else "paid" if "paid" in reached else "pending",
        "fulfillment_status": "fulfilled" if "shipped" in reached else None,
        "customer": customer,
        "line_items": lines,
        "fulfillments": _fulfilments(purchase, own, reached),
        "refunds": _refunds(purchase, own, lines, reached),
    }


def _fulfilments(purchase: Purchase, own: int, reached: dict[str, datetime]) -> list[dict[str, Any]]:
    if "shipped" not in reached:
        return []
    delivered = "delivered" in reached
    return [
        {
            "id": own + 1,
            "order_id": own,
            "status": "success",
            "created_at": reached["shipped"].isoformat(),
            "updated_at": (reached.get("delivered") or reached["shipped"]).isoformat(),
            "tracking_company": "Touran Post Express",
            "tracking_number": purchase.tracking,
            "shipment_status": "delivered" if delivered else "in_transit",
        }
    ]


def _refunds(
    purchase: Purchase, own: int, lines: list[dict[str, Any]], reached: dict[str, datetime]
) -> list[dict[str, Any]]:
    if "refunded" not in reached:
        return []
    when = reached["refunded"].isoformat()
    back = [{"id": line["id"] + 5, "line_item_id": line["id"], "quantity": line["quantity"]} for line in lines]
    paid = {"id": own + 3, "kind": "refund", "status": "success", "amount": purchase.total, "currency": "EUR"}
    return [
        {
            "id": own + 2,
            "order_id": own,
            "created_at": when,
            "processed_at": when,
            "note": "sent back",
            "refund_line_items": back,
            "transactions": [paid | {"order_id": own, "created_at": when}],
        }
    ]


def write_events(folder: Path, diary: Diary) -> None:
    """CloudEvents, one a line, one file for each system that sends them."""
    folder.mkdir(parents=True, exist_ok=True)
    systems: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(diary.events, key=lambda e: e.time):
        systems[event.source].append(event)
    for system, events in systems.items():
        lines = (json.dumps(event.document, ensure_ascii=False) for event in events)
        (folder / f"{system}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
