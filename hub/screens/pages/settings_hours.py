"""Settings: when somebody is here to answer, and what is answered by itself when nobody is."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.desk.opening_hours import DAYS
from hub.screens import typed
from hub.screens.asked import TheHub
from hub.screens.forms import Form, Sent
from hub.screens.render import page, zone_of
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import options

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]
_LONGEST = 5_000  # letters of a reply


@router.get("/settings/hours")
def hours(request: Request, hub: TheHub, viewer: Manager) -> Response:
    kept = options.read(hub.database, "hours", options.HOURS | {"zone": zone_of(request).key})
    shown = {day: typed.spelt(kept["days"].get(day, [])) for day in DAYS}
    shown |= {name: kept[name] for name in ("zone", "reply_en", "reply_fa")}
    return _shown(request, viewer, shown | {"reply_on": "yes" if kept["reply_on"] else ""}, {})


@router.post("/settings/hours")
def keep(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    read, errors = _read(viewer, form)
    if errors:
        shown = {name: form[name] for name in (*DAYS, "zone", "reply_en", "reply_fa", "reply_on")}
        return _shown(request, viewer, shown, errors)
    with hub.database.transaction() as tx:
        options.write(tx, "hours", read, viewer.login)
    return RedirectResponse("/settings/hours?done=1", 303)


def _read(viewer: Viewer, form: Sent) -> tuple[dict[str, Any], dict[str, str]]:
    """What was meant, and what is wrong by field."""
    errors: dict[str, str] = {}
    read: dict[str, Any] = {"days": {}, "reply_on": form["reply_on"] == "yes"}
    for day in DAYS:
        try:
            read["days"][day] = typed.hours(form[day])
        except typed.Wrong as error:
            errors[day] = say(viewer.language, f"wrong.{error.why}", about=error.about)
    try:
        read["zone"] = typed.zone(form["zone"])
    except typed.Wrong as error:
        errors["zone"] = say(viewer.language, "wrong.zone", about=error.about)
    for name in ("reply_en", "reply_fa"):
        read[name] = form[name].strip()
        if len(read[name]) > _LONGEST:
            errors[name] = say(viewer.language, "wrong.text", n=_LONGEST)
    if read["reply_on"] and not (read["reply_en"] or read["reply_fa"]):
        errors.setdefault("reply_en", say(viewer.language, "wrong.reply"))
    return read, errors


def _week(language: str) -> tuple[str, ...]:
    """The days as the reader's week has them: a Persian one begins on Saturday."""
    return (*DAYS[5:], *DAYS[:5]) if language == "fa" else DAYS


def _shown(request: Request, viewer: Viewer, shown: dict[str, str], errors: dict[str, str]) -> Response:
    return page(
        request, viewer, "settings/hours.html", status=422 if errors else 200, typed=shown, errors=errors,
        days=_week(viewer.language),
        zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
        done="done" in request.query_params,
    )  # fmt: skip
