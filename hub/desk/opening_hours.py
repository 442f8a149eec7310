"""When somebody is here, and what is said by itself to who writes when nobody is."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.desk.answers import sender_of
from hub.events.envelope import Event, Json

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERSIAN = re.compile("[\u0600-\u06ff]")
_LATIN = re.compile("[A-Za-z]")
_LOOKED_AT = 2_000  # characters
_NOBODY = re.compile(
    r"(?:[^@]*[._+-])?(?:no[-_]?reply|do-?not-?reply|mailer-daemon|postmaster|bounces?)(?:[._+-][^@]*)?@.*", re.IGNORECASE
)


def open_at(hours: Json, moment: datetime) -> bool:
    """Whether somebody is here then. A time zone that is not known is UTC; an opening past midnight ends the next day."""
    local = moment.astimezone(_zone(hours.get("zone")))
    days, now = hours.get("days") or {}, f"{local:%H:%M}"
    today, before = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    opened = any(start <= now and (now < end or end <= start) for start, end in days.get(today) or ())
    return opened or any(end <= start and now < end for start, end in days.get(before) or ())


def reply(message: Event, hours: Json, ours: Collection[str], moment: datetime) -> str | None:
    """What is answered by itself to this message, None where nothing is. `ours`: our own addresses, in lower case.

    Nothing to what machines or we ourselves wrote, nothing to history: no two hubs can answer each other for ever.
    """
    if not hours.get("reply_on") or open_at(hours, moment) or not _of_a_person(message, ours):
        return None
    said = f"{message.personal.get('subject') or ''}\n{message.personal.get('text') or ''}"
    first, other = ("reply_fa", "reply_en") if persian(said) else ("reply_en", "reply_fa")
    return (hours.get(first) or hours.get(other) or "").strip() or None


def persian(text: str) -> bool:
    """Whether it is written in Persian letters, for the most part."""
    beginning = text[:_LOOKED_AT]
    return len(_PERSIAN.findall(beginning)) > len(_LATIN.findall(beginning))


def _of_a_person(message: Event, ours: Collection[str]) -> bool:
    data = message.data
    if message.type != "message.received" or data.get("channel") != "email" or data.get("automatic", "no") != "no":
        return False
    address = (sender_of(message) or "").lower()
    known = not data.get("history") and not message.replaces and message.party is not None and "@" in address
    return known and address not in ours and not _NOBODY.fullmatch(address)


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
