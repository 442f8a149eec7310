"""Instants as they come from outside: with their offset, and of a year that calendars and databases of today hold; and the
zone in which an organisation tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

YEARS = range(1900, 2200)
_ZONES = {"IR": "Asia/Tehran", "GB": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris", "TR": "Europe/Istanbul",
          "AE": "Asia/Dubai", "IN": "Asia/Kolkata", "JP": "Asia/Tokyo"}  # fmt: skip


def instant(said: object) -> datetime:
    """What ISO 8601 text with an offset says, or an aware datetime; its offset is kept. Raises ValueError, which never
    repeats the value. A number is none: nobody says whether it counts seconds."""
    try:
        read = datetime.fromisoformat(said.strip().upper()) if isinstance(said, str) else said
    except ValueError:
        read = None
    if not isinstance(read, datetime) or read.tzinfo is None:
        raise ValueError("is not a time with its offset (ISO 8601), such as 2026-01-31T10:00:00+03:30")
    if not of_our_time(read):
        raise ValueError("is a time outside the years 1900 to 2199; is the calendar Gregorian?")
    return read


def readable(said: object) -> datetime | None:
    """The moment that free text means, in UTC where it names no offset; None where it means none of our time."""
    try:
        read = datetime.fromisoformat(said.strip().upper()) if isinstance(said, str) else None
    except ValueError:
        return None
    if read is None:
        return None
    aware = read if read.tzinfo else read.replace(tzinfo=UTC)
    return aware if of_our_time(aware) else None


def of_our_time(aware: datetime) -> bool:
    """Whether it lies in these years, said in UTC."""
    try:
        return aware.astimezone(UTC).year in YEARS
    except OverflowError:
        return False


def zone(named: str | None, region: str) -> ZoneInfo:
    """The one that was named, else that of the country, where one is known that has but one."""
    return ZoneInfo(named or _ZONES.get(region, "UTC"))
