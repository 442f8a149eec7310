"""Pages from templates: the words, dates and numbers of the viewer's language, and the frame around them.

A template finds: `viewer`, `request`, what the page gave it, and `t`, `icon`, `channel_icon`, `channel_name`, `door_name`,
`source_name`, `when`, `since`, `clock`, `day`, `day_id`, `evidence`, `fault`, `place_name`, `lasted`, `number`, `money`,
`moved`, `phone`, `bdi`, `csrf_field`, `new_id`, `static`, `first_words`, `topic`, `goes_on`, `language`, `direction`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import phonenumbers
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from hub.consumers.runner import clock
from hub.events.moments import zone
from hub.events.text import squeeze
from hub.screens import dates, sentences
from hub.screens.first_words import first_words, topic
from hub.screens.session import Viewer, preferred
from hub.screens.words import FROM_THE_RIGHT, digits, pattern, say, shown, words
from hub.store.ringing import LONGEST

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
_LINE = 80  # characters
_SUM = re.compile(r"(-?\d+\.\d{2,})(?: ([A-Z]{3}))?")  # a sum as the hub keeps it, with its currency
_SEEN = re.compile(r"seen together in (?:order (.+)|(?:an? |the )(\w+))", re.DOTALL)
TALKS = timedelta(hours=4)  # a call that was answered and that nobody ended is talked through no longer than this
WITHOUT_CENTS = ("IRR", "IRT", "JPY", "KRW")
NOT_KEPT = {"Cache-Control": "no-store"}
ICONS = {
    "email": "mail", "phone": "phone", "web": "globe", "chat": "message-circle", "sms": "smartphone",
    "messenger": "message-square", "fax": "printer", "letter": "mailbox", "visit": "map-pin", "in_person": "user-round",
    "kiosk": "monitor", "shop": "store", "conference": "video", "campaign": "megaphone", "order": "package",
    "ticket": "ticket", "note": "sticky-note", "whatsapp": "message-square", "telegram": "send", "instagram": "message-square",
    "survey": "list-checks", "telemarketing": "megaphone",
}  # fmt: skip


def page(
    request: Request, viewer: Viewer | None, template: str, *, status: int = 200,
    headers: Mapping[str, str] | None = None, **values: Any,
) -> HTMLResponse:  # fmt: skip
    """A whole page. Without a viewer (signing in, errors) in the language that the browser prefers."""
    return HTMLResponse(text(request, viewer, template, **values), status, NOT_KEPT | dict(headers or {}))


def part(
    request: Request, viewer: Viewer | None, template: str, *, status: int = 200,
    headers: Mapping[str, str] | None = None, **values: Any,
) -> HTMLResponse:  # fmt: skip
    """A fragment of a page: a template without a frame."""
    return page(request, viewer, template, status=status, headers=headers, **values)


def text(request: Request, viewer: Viewer | None, template: str, **values: Any) -> str:
    """What is written by this template."""
    language = viewer.language if viewer else preferred(request)
    return templates(request, language).get_template(template).render(request=request, viewer=viewer, **values)


def templates(request: Request, language: str) -> Environment:
    """Templates in this language and in the organisation's country."""
    return environment(language, zone_of(request).key, request.app.state.hub.settings.region)


def zone_of(request: Request) -> ZoneInfo:
    """The organisation's time zone."""
    settings = request.app.state.hub.settings
    return zone(settings.timezone, settings.region)


def goes_on(call: Mapping[str, Any]) -> bool:
    """Whether an item that tells of no end may still ring, or be talked through."""
    longest = LONGEST if call["type"] == "call.ringing" else TALKS
    return bool(clock() - call["time"] < longest)


@cache
def environment(language: str, zone: str, region: str) -> Environment:
    """Templates in one language, time zone and country. What a template names and nobody gave is an error."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    here = _Here(language, ZoneInfo(zone), region)
    made.globals |= {
        "t": here.t, "when": here.when, "since": here.since, "day": here.day, "day_id": here.day_id, "lasted": here.lasted,
        "number": here.number, "money": here.money, "moved": here.moved, "evidence": here.evidence,
        "channel_icon": here.channel_icon, "channel_name": here.channel_name, "door_name": here.door_name,
        "source_name": here.source_name, "fault": here.fault, "place_name": here.place_name, "icon": icon,
        "phone": here.phone, "clock": here.clock, "bdi": bdi, "csrf_field": csrf_field, "static": static,
        "new_id": lambda: str(uuid4()), "first_words": first_words, "topic": topic, "goes_on": goes_on,
        "language": language, "direction": "rtl" if language in FROM_THE_RIGHT else "ltr",
    }  # fmt: skip
    return made


class _Here:
    """What depends on the language, the time zone and the country."""

    def __init__(self, language: str, zone: ZoneInfo, region: str) -> None:
        self._language, self._zone, self._region = language, zone, region

    def t(self, key: str, **fields: Any) -> str | Markup:
        """The words of this key; where a field is markup the rest is escaped and the whole is markup."""
        if any(isinstance(value, Markup) for value in fields.values()):
            written = {name: v if isinstance(v, Markup) else shown(self._language, v) for name, v in fields.items()}
            return escape(pattern(self._language, key, fields.get("n"))).format_map(written)
        return say(self._language, key, **fields)

    def when(self, moment: datetime | str | None) -> Markup:
        """A time element; the exact time on hover and for screen readers."""
        if moment is None:
            return Markup("")
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return _time(at, dates.told(at, clock(), self._language, self._zone))

    def since(self, moment: datetime) -> Markup:
        """The same where `since` or `opened` stands before it: of today the time of the day, for nothing is `since 2 min`."""
        told = dates.told(moment, clock(), self._language, self._zone)
        short = dates.clock(moment.astimezone(self._zone), self._language) if told.counted else told.short
        return _time(moment, replace(told, short=short, counted=False))

    def clock(self, moment: datetime) -> Markup:
        """The same under the heading of its day: relative today, else the time of the day."""
        told = dates.told(moment, clock(), self._language, self._zone)
        short = told.short if told.counted else dates.clock(moment.astimezone(self._zone), self._language)
        return _time(moment, replace(told, short=short))

    def day(self, moment: datetime) -> str:
        """The day of a moment as a heading."""
        here = moment.astimezone(self._zone).date()
        return dates.heading(here, clock().astimezone(self._zone).date(), self._language)

    def day_id(self, moment: datetime) -> str:
        """The day as an id: the date in the organisation's time zone."""
        return moment.astimezone(self._zone).date().isoformat()

    def lasted(self, seconds: float) -> str:
        return dates.lasted(seconds, self._language)

    def number(self, value: int | float | None) -> str:
        return "" if value is None else shown(self._language, value)

    def money(self, amount: str | None, currency: str | None) -> Markup:
        """`1,250.00 EUR`; the sum stays in one direction whatever is around it."""
        if amount is None:
            return Markup("")
        sign = "-" if str(amount).startswith("-") else ""
        whole, point, rest = str(amount).removeprefix(sign).partition(".")
        if currency in WITHOUT_CENTS and not rest.strip("0"):
            point = rest = ""
        try:
            text = f"{sign}{int(whole):,}{point}{rest}"
        except ValueError:
            text = str(amount)
        known = words(self._language).get(f"currency.{currency}", currency or "")
        return Markup('<bdi class="money">{} {}</bdi>').format(digits(self._language, text), known)

    def moved(self, text: str | None) -> Markup:
        """What a step of an order says, on one line, with sums as the reader writes them."""
        lines = (squeeze(line, _LINE) for line in (text or "").splitlines())
        return Markup(" · ").join(
            self.money(*of.groups()) if (of := _SUM.fullmatch(line)) else Markup("<bdi>{}</bdi>").format(line) for line in lines
        )

    def evidence(self, link: Mapping[str, Any]) -> str | Markup:
        """Why two identifiers are one person: what somebody said, or where they were seen together. `beside`: the kind of the
        other one, where only one is spoken of."""
        text = link["evidence"] or ""
        if link["by"]:
            return self.t("evidence.said", by=link["by"], why=text) if text else self.t("evidence.by", by=link["by"])
        if seen := _SEEN.fullmatch(text):
            order, where = seen.groups()
            known = f"evidence.{where}" if f"evidence.{where}" in words(self._language) else "evidence.contact"
            place = self.t("evidence.order", order=bdi(order)) if order else self.t(known)
            beside = f"kind.{link.get('beside')}"
            if beside not in words(self._language):
                return self.t("evidence.together", place=place)
            return self.t("evidence.beside", kind=self.t(beside).lower(), place=place)
        return text

    def fault(self, why: str) -> str | None:
        """What is wrong with what came in; None where only whoever read it has words for it."""
        return sentences.told(self._language, "fault", why)

    def place_name(self, at: str) -> Markup:
        """`byte 102`, `line 7, column total`; a path of JSON as it is."""
        return Markup(f"{self.t('pop.comma')} ").join(self._place(part) for part in at.split(", "))

    def _place(self, part: str) -> str | Markup:
        kind, _, where = part.partition(" ")
        if f"place.{kind}" not in words(self._language):
            return bdi(part)
        if kind == "column":
            return self.t("place.column", name=bdi(where))
        return self.t(f"place.{kind}", n=digits(self._language, where))

    def door_name(self, channel: str) -> str | Markup:
        """The channel that reads payloads."""
        known = words(self._language)
        return known.get(f"door.{channel}") or known.get(f"channel.{channel}") or bdi(channel)

    def source_name(self, source: str) -> str | Markup:
        """Who sent it: a part of the hub by what it is called here, anybody else by his own name."""
        return words(self._language).get(f"source.{source.replace(' ', '_')}") or Markup("<bdi>{}</bdi>").format(source)

    def phone(self, value: str | None) -> Markup:
        return phone(value, self._region)

    def channel_name(self, channel: str) -> str:
        known = words(self._language)
        return known.get(f"channel.{channel}") or channel.replace("_", " ").capitalize()

    def channel_icon(self, channel: str) -> Markup:
        """The channel's icon, with its name for screen readers."""
        return icon(ICONS.get(channel, "circle-dot"), self.channel_name(channel))


def icon(name: str, label: str | None = None) -> Markup:
    """One of `static/icons/icons.svg`; without a label it only adorns words that stand beside it."""
    told = Markup(' role="img" aria-label="{}"').format(label) if label else Markup(' aria-hidden="true"')
    return Markup('<svg class="icon"{}><use href="{}#{}"/></svg>').format(told, static("icons/icons.svg"), name)


def bdi(text: object) -> Markup:
    """An id, a number or an address that keeps its own direction."""
    return Markup('<bdi dir="ltr">{}</bdi>').format("" if text is None else text)


def phone(value: str | None, region: str = "") -> Markup:
    """A phone number as one reads it aloud: in groups, those of this country as they are dialled at home."""
    return bdi(_grouped(value, region)) if value else Markup("")


def _time(at: datetime, told: dates.Told) -> Markup:
    counted = Markup(" data-counted") if told.counted else ""
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(at.isoformat(), told.exact, counted, told.short)


@lru_cache(maxsize=4096)
def _grouped(value: str, region: str) -> str:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    ours = number.country_code == phonenumbers.country_code_for_region(region)
    forms = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, forms.NATIONAL if ours else forms.INTERNATIONAL)


@pass_context
def csrf_field(context: Context) -> Markup:
    """What shows that a form was sent by a page of ours."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(context["viewer"].csrf)


@cache
def static(path: str) -> str:
    """The address of a static file, with the digest of its content: it may be kept for ever."""
    return f"/static/{path}?v={hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]}"
