"""What the pages say of a call in one line, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.store import accounts

from .browsing import browser_of, colleague, text_of
from .conftest import Api

Make = Callable[..., dict[str, Any]]
SARA = {"kind": "phone", "value": "0912 123 4567"}
ago = timedelta  # before the test is run, which may be long after it was found


def step(name: str, agent: str | None = "205", **more: Any) -> dict[str, Any]:
    return {"type": f"call.{name}", "time": ago(seconds=30), "agent": agent} | more


ENDED: dict[str, Any] = {"started": ago(minutes=9), "ended": ago(minutes=4)}
CASES = [
    ([step("ringing")], "ringing, extension 205", "زنگ می‌خورد، داخلی 205"),
    ([step("ringing", time=ago(hours=1))], "rang, extension 205", "زنگ خورد، داخلی 205"),
    ([step("ringing"), step("answered")], "talking, extension 205", "در گفت‌وگو، داخلی 205"),
    ([step("answered", time=ago(days=1))], "answered, extension 205", "پاسخ داده شد، داخلی 205"),
    ([step("ended", cause="answered", **ENDED)], "answered, extension 205", "پاسخ داده شد، داخلی 205"),
    ([step("ended", cause="answered", answered=ago(minutes=7), **ENDED)], "3 min, extension 205", "۳ دقیقه، داخلی 205"),
    ([step("ended", cause="answered", answered=ago(minutes=1), **ENDED)], "answered, extension 205", "پاسخ داده شد، داخلی 205"),
    ([step("ended", None, cause="no_answer", **ENDED)], "nobody answered", "کسی پاسخ نداد"),
    ([step("ended", None, cause="busy", direction="out", **ENDED)], "not reached", "پاسخ ندادند"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "english", "persian"), CASES)
def test_a_call_is_told_by_its_steps_and_its_cause(
    api: Api, event: Make, steps: list[dict[str, Any]], english: str, persian: str
) -> None:
    now = datetime.now(UTC)
    told = [{k: (now - v).isoformat() if isinstance(v, timedelta) else v for k, v in one.items()} for one in steps]
    api.send(*(event(f"e{n}", call="c1", party=SARA, **one) for n, one in enumerate(told)))
    (item,) = api.client.get("/v1/lookup", params={"phone": "09121234567"}).json()["recent"]
    mina = colleague(api, "mina", password=None)
    for language, words in (("en", english), ("fa", persian)):
        accounts.prefer(api.hub.database, mina.id, language, "light")
        page = browser_of(api, mina).get(f"/customers/{item['party']}")
        assert words.replace(" ", "") in text_of(page).replace(" ", ""), language
