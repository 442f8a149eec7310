"""Moments as people say them: relative today, by the weekday this week, by the date before; Gregorian or Jalali.

Pure: now and the time zone are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import jdatetime  # type: ignore[import-untyped]

from hub.screens.words import digits, say

MONTHS = [
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
]  # fmt: skip
JALALI = ["فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
PERSIAN_DAYS = ["دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"]
_HOUR, _WEEK = 3600, 7


@dataclass(frozen=True, slots=True)
class Told:
    """`short`: what is read at a glance; `exact`: for the pointer and for screen readers; `counted`: minutes or hours that
    grow while one looks."""

    short: str
    exact: str
    counted: bool = False


def told(moment: datetime, now: datetime, language: str, zone: ZoneInfo) -> Told:
    here, today = moment.astimezone(zone), now.astimezone(zone)
    exact = f"{_weekday(here, language)} {day(here, language, True)}{_comma(language)} {clock(here, language)}"
    days = (here.date() - today.date()).days
    past = (today - here).total_seconds()
    if past < 0 and days == 0:
        return Told(clock(here, language), exact)
    if days == 0:
        return Told(ago(past, language), exact, counted=True)
    if days == 1:
        return Told(f"{say(language, 'date.tomorrow')} {clock(here, language)}", exact)
    if abs(days) < _WEEK:
        return Told(_weekday(here, language) if language == "fa" else _weekday(here, language)[:3], exact)
    return Told(day(here, language, _another_year(here, today, language)), exact)


def ago(seconds: float, language: str) -> str:
    if seconds < 60:
        return say(language, "date.now")
    if seconds < _HOUR:
        return say(language, "date.minutes", n=int(seconds // 60))
    return say(language, "date.hours", n=int(seconds // _HOUR))


def heading(of: date, today: date, language: str) -> str:
    """A day as a heading: today, yesterday, else its weekday and date."""
    if of == today:
        return say(language, "date.today")
    if of == today - timedelta(days=1):
        return say(language, "date.yesterday")
    return f"{_weekday(of, language)} {day(of, language, _another_year(of, today, language))}"


def day(of: date, language: str, with_year: bool = False) -> str:
    """`3 Oct`, `۱۱ مهر`; with its year where asked."""
    if language == "fa":
        jalali = jdatetime.date.fromgregorian(year=of.year, month=of.month, day=of.day)
        text = f"{jalali.day} {JALALI[jalali.month - 1]}"
        return digits(language, f"{text} {jalali.year}" if with_year else text)
    return f"{of.day} {MONTHS[of.month - 1]} {of.year}" if with_year else f"{of.day} {MONTHS[of.month - 1][:3]}"


def clock(moment: datetime, language: str) -> str:
    return digits(language, f"{moment:%H:%M}")


def lasted(seconds: float, language: str) -> str:
    """How long something took: `12 min`, `40 s`."""
    if seconds < 60:
        return say(language, "date.seconds", n=int(seconds))
    return say(language, "date.minutes", n=round(seconds / 60))


def _weekday(of: date, language: str) -> str:
    return (PERSIAN_DAYS if language == "fa" else DAYS)[of.weekday()]


def _another_year(of: date, today: date, language: str) -> bool:
    """By the reader's calendar: the Persian year begins in March."""
    if language == "fa":
        of, today = (jdatetime.date.fromgregorian(year=one.year, month=one.month, day=one.day) for one in (of, today))
    return bool(of.year != today.year)


def _comma(language: str) -> str:
    return "،" if language == "fa" else ","
