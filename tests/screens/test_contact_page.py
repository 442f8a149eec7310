"""Writing down a contact that no system saw: it is shown like all others, and opens a ticket where one asks for it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.kill.running import until

from .browsing import Browser, browser_of, colleague, text_of
from .conftest import Api
from .test_pages_home import customer_of, history

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def agent(api: Api) -> Browser:
    return browser_of(api, colleague(api, "mina", password=None))


def form_of(browser: Browser, path: str) -> dict[str, str]:
    """The hidden fields of the form on that page."""
    page = browser.get(path)
    assert page.status_code == 200, page.text
    return dict(re.findall(r'<input type="hidden" name="(id|customer)" value="([^"]+)"', page.text))


def timeline(api: Api, customer: str) -> list[dict[str, Any]]:
    return list(api.client.get(f"/v1/customers/{customer}/timeline").json()["items"])


def test_a_visit_is_written_down_from_the_customers_page_and_opens_a_ticket(api: Api, agent: Browser, event: Any) -> None:
    api.send(*history(event))
    sara = customer_of(api)
    assert f'href="/contacts/new?customer={sara}"' in agent.get(f"/customers/{sara}").text
    form = form_of(agent, f"/contacts/new?customer={sara}")
    yesterday = datetime.now(ZoneInfo("Asia/Tehran")) - timedelta(days=1)
    said = {"way": "visit", "direction": "in", "about": "A cracked cup", "text": "From order #1047.", "ticket": "yes",
            "time": f"{yesterday:%Y-%m-%dT10:30}"}  # fmt: skip
    for _ in range(2):  # a double click
        answer = agent.send_form("/contacts/new", **form, **said)
        assert answer.status_code == 303
    assert "A cracked cup" in text_of(agent.get(answer.headers["location"]))
    other = agent.send_form("/contacts/new", **form, **said | {"about": "A cracked plate"})  # after the browser's way back
    assert (other.status_code, "sent before" in text_of(other)) == (422, True)
    (item,) = (one for one in timeline(api, sara) if one["type"] == "visit.recorded")
    assert (item["channel"], item["direction"], item["title"]) == ("visit", "in", "A cracked cup")
    assert item["orders"] == ["1047"]
    assert item["time"] == f"{yesterday:%Y-%m-%d}T07:00:00+00:00"  # half past ten in Tehran

    def opened() -> list[dict[str, Any]]:
        return [one for one in api.client.get("/v1/tickets").json()["items"] if one["subject"] == "A cracked cup"]

    (ticket,) = until(opened, 10, "the ticket is there")
    assert (ticket["state"], ticket["customer"]) == ("new", sara)


def test_of_whom_nothing_is_known_yet_a_number_is_enough(api: Api, agent: Browser) -> None:
    nothing = agent.get("/search?q=0912 777 1234")
    (link,) = re.findall(r'href="(/contacts/new[^"]+)"', nothing.text)
    form = form_of(agent, link)
    answer = agent.send_form(
        "/contacts/new", **form, known="۰۹۱۲ ۷۷۷ ۱۲۳۴", way="phone", direction="out", about="Called back", text=""
    )
    assert answer.status_code == 303
    party = answer.headers["location"].removeprefix("/customers/")
    (item,) = timeline(api, party)
    assert (item["type"], item["channel"], item["direction"], item["title"]) == (
        "contact.recorded", "phone", "out", "Called back",
    )  # fmt: skip
    assert api.client.get("/v1/tickets").json()["items"] == []


def test_what_is_wrong_stands_beside_its_field_and_the_rest_stays(api: Api, agent: Browser) -> None:
    form = form_of(agent, "/contacts/new")
    page = agent.send_form("/contacts/new", **form, known="nobody at all", way="letter", about=" ", text="Dear shop",
                           time="2199-01-01T10:00")  # fmt: skip
    assert page.status_code == 422
    for words in ("no phone number", "what it was about", "Dear shop", "still to come"):
        assert words in text_of(page)
    for time in ("0001-01-01T00:00", "yesterday"):
        long_ago = agent.send_form("/contacts/new", **form, known="0912 777 1234", about="A visit", time=time)
        assert (long_ago.status_code, "no date and time" in text_of(long_ago)) == (422, True)
    assert '<option value="letter" selected>' in page.text
    assert f'value="{form["id"]}"' in page.text
    assert api.client.get("/v1/events").json()["items"] == []


def test_nothing_is_written_down_about_whoever_was_forgotten(api: Api, agent: Browser, event: Any) -> None:
    api.send(*history(event))
    sara = customer_of(api)
    form = form_of(agent, f"/contacts/new?customer={sara}")
    with api.hub.recorder.alone() as tx:
        parties = [row[0] for row in tx.execute("SELECT DISTINCT party::text FROM owners").fetchall()]
        api.hub.keys.destroy(parties, parties)
    api.hub.database.rows("UPDATE owners SET value = NULL RETURNING 1")
    refused = agent.send_form("/contacts/new", **form, way="visit", about="A cracked cup", text="")
    assert (refused.status_code, "forgotten" in text_of(refused)) == (409, True)
    assert agent.get("/contacts/new?customer=no-such").status_code == 404


def test_whoever_only_reads_is_offered_nothing(api: Api, event: Any) -> None:
    api.send(*history(event))
    analyst = browser_of(api, colleague(api, "reza", "analyst", password=None))
    assert "/contacts/new" not in analyst.get(f"/customers/{customer_of(api)}").text
    assert "/contacts/new" not in analyst.get("/search?q=nobody").text
    assert analyst.get("/contacts/new").status_code == 403
