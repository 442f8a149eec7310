"""The settings pages: what is kept, what is refused beside its field, and that it counts without a restart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from hub.screens import typed
from hub.settings import Settings
from hub.store import accounts, options
from hub.wiring import Hub, open_hub
from tests.journeys.story import ago, letter, mail

from .browsing import PASSWORD, Browser, address_of, browser_of, colleague, text_of
from .conftest import Api


@pytest.fixture
def boss(api: Api) -> Iterator[Browser]:
    with browser_of(api, colleague(api, "boss", "admin")) as browser:
        yield browser


def kept(api: Api, name: str) -> object:
    return options.read(api.hub.database, name, None)


def saved(answer: httpx.Response, path: str) -> bool:
    return (answer.status_code, answer.headers.get("location")) == (303, f"{path}?done=1")


def beside(page: httpx.Response, field: str) -> str:
    """What is said to be wrong with this field."""
    assert page.status_code == 422, text_of(page)
    found = re.search(rf'id="f-{field}-told">(.*?)</span>', page.text, re.DOTALL)
    assert found, f"nothing beside {field}"
    assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', page.text)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_the_settings_lead_to_each_of_their_pages(api: Api, boss: Browser) -> None:
    found = set(re.findall(r'class="row-link" href="(/settings/[a-z]+)"', boss.get("/settings").text))
    pages = {"users", "keys", "mailboxes", "hours", "texts", "blocked", "orders", "looks"}
    assert found == {f"/settings/{page}" for page in pages}
    assert 'class="chip"' not in boss.get("/settings").text  # nothing is said twice
    assert 'class="chip"' in boss.get("/settings/users").text


# -- people --------------------------------------------------------------------------------------------------------------


def test_people_are_listed_and_changed(api: Api, boss: Browser) -> None:
    sara = colleague(api, "sara")
    assert "Sara sara · Agent" in text_of(boss.get("/settings/users"))
    answer = boss.send_form(
        f"/settings/users/{sara.id}", do="change", name="Sara K.", role="supervisor", rings="201, 510"
    )
    assert answer.status_code == 303
    found = accounts.find(api.hub.database, "sara")
    assert found
    assert (found.name, found.role, found.rings) == ("Sara K.", "supervisor", ("201", "510"))


def test_what_is_wrong_with_an_invitation_stands_beside_its_field_and_the_rest_stays(api: Api, boss: Browser) -> None:
    page = boss.send_form("/settings/users", login="not a login", name="Néw", role="analyst", rings="201")
    assert "small letters" in beside(page, "login")
    for value in ("not a login", "Néw", "201"):
        assert f'value="{value}"' in page.text
    assert '<option value="analyst" selected>' in page.text
    taken = boss.send_form("/settings/users", login="BOSS", name="x", role="agent")
    assert "already" in beside(taken, "login")
    assert "no such role" in beside(boss.send_form("/settings/users", login="x", name="x", role="machine"), "role")
    assert "20" in beside(
        boss.send_form("/settings/users", login="x", role="agent", rings="1," * 3 + "x" * 50), "rings"
    )
    assert len(accounts.everybody(api.hub.database)) == 1


def test_the_last_administrator_is_told_that_he_is(api: Api, boss: Browser) -> None:
    (me,) = accounts.everybody(api.hub.database)
    page = boss.send_form(f"/settings/users/{me.id}", do="change", name="Boss", role="agent", rings="7")
    assert "Nobody would be left" in beside(page, "role")
    assert 'value="7"' in page.text
    page = boss.send_form(f"/settings/users/{me.id}", do="deactivate")
    assert (page.status_code, "Nobody would be left" in text_of(page)) == (422, True)
    assert boss.signed_in()


def test_a_reset_shows_a_link_once_and_ends_the_password(api: Api, boss: Browser) -> None:
    sara = colleague(api, "sara")
    page = boss.send_form(f"/settings/users/{sara.id}", do="reset")
    (link,) = re.findall(r'value="(http[^"]+/invite/[^"]+)"', page.text)
    assert link not in boss.get(f"/settings/users/{sara.id}").text
    with Browser(address_of(api)) as hers:
        assert hers.sign_in("sara").status_code == 401
        assert hers.send_form(link, csrf="", password="another long one", again="another long one").status_code == 303
        assert hers.signed_in()


def test_whoever_was_shut_out_is_let_in_again_with_the_old_password(api: Api, boss: Browser) -> None:
    sara = colleague(api, "sara")
    boss.send_form(f"/settings/users/{sara.id}", do="deactivate")
    assert "deactivated" in text_of(boss.get("/settings/users"))
    with Browser(address_of(api)) as hers:
        assert hers.sign_in("sara").status_code == 401
        boss.send_form(f"/settings/users/{sara.id}", do="activate")
        assert hers.sign_in("sara").status_code == 303


def test_nobody_and_nothing_known_is_said_so(api: Api, boss: Browser) -> None:
    (me,) = accounts.everybody(api.hub.database)
    for id in ("x", "0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10"):
        assert boss.get(f"/settings/users/{id}").status_code == 404
        assert boss.send_form(f"/settings/users/{id}", do="reset").status_code == 404
    assert boss.send_form(f"/settings/users/{me.id}", do="promote").status_code == 422


# -- keys ----------------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_ends_when_it_is_deleted(api: Api, boss: Browser) -> None:
    page = boss.send_form("/settings/keys", name="the  phones", role="machine")
    (key,) = re.findall(r'value="(hub_[^"]+)"', page.text)
    assert key not in boss.get("/settings/keys").text
    headers = {"authorization": f"Bearer {key}"}
    assert api.anybody.get("/v1/lookup?phone=09121234567", headers=headers).status_code == 200
    assert api.anybody.get("/v1/tickets", headers=headers).status_code == 403
    assert "There is a key" in beside(boss.send_form("/settings/keys", name="the phones", role="machine"), "name")
    assert boss.send_form("/settings/keys/delete", name="the phones").status_code == 303
    assert api.anybody.get("/v1/lookup?phone=09121234567", headers=headers).status_code == 401
    assert "the phones" not in boss.get("/settings/keys").text


def test_a_key_needs_a_name_and_a_role(api: Api, boss: Browser) -> None:
    before = api.hub.database.rows("SELECT count(*) FROM api_key")
    assert beside(boss.send_form("/settings/keys", name=" ", role="machine"), "name")
    assert 'value="x"' in (page := boss.send_form("/settings/keys", name="x", role="emperor")).text
    assert "no such role" in beside(page, "role")
    assert api.hub.database.rows("SELECT count(*) FROM api_key") == before


# -- hours ---------------------------------------------------------------------------------------------------------------

WEEK = {"sat": "۹ - ۱۷", "sun": "9-12:30، 13:30–17", "mon": "0:00-24:00", "zone": "Asia/Tehran"}


def test_the_week_begins_on_the_day_on_which_the_readers_week_does(boss: Browser) -> None:
    days = re.compile(r'name="(mon|tue|wed|thu|fri|sat|sun)"')
    assert days.findall(boss.get("/settings/hours").text)[0] == "mon"
    boss.send_form("/settings/me", language="fa", theme="light")
    assert days.findall(boss.get("/settings/hours").text) == ["sat", "sun", "mon", "tue", "wed", "thu", "fri"]


def test_among_the_people_one_finds_oneself(boss: Browser) -> None:
    rows = re.findall(r'id="user-.*?</li>', boss.get("/settings/users").text, re.DOTALL)
    assert ["boss" in row for row in rows if "</svg>you</span>" in row] == [True]


def test_opening_hours_are_kept_as_they_are_meant(api: Api, boss: Browser) -> None:
    sent = boss.send_form(
        "/settings/hours", **WEEK, reply_on="yes", reply_en="We are closed.", reply_fa="بسته‌ایم.\r\nفردا"
    )
    assert saved(sent, "/settings/hours")
    assert kept(api, "hours") == {
        "zone": "Asia/Tehran", "reply_on": True, "reply_en": "We are closed.", "reply_fa": "بسته‌ایم.\nفردا",
        "days": {"mon": [["00:00", "24:00"]], "tue": [], "wed": [], "thu": [], "fri": [], "sat": [["09:00", "17:00"]],
                 "sun": [["09:00", "12:30"], ["13:30", "17:00"]]},
    }  # fmt: skip
    assert api.hub.database.rows("SELECT by FROM setting WHERE name = 'hours'") == [("boss",)]
    page = boss.get("/settings/hours")
    assert 'value="09:00-12:30, 13:30-17:00"' in page.text
    assert '<option value="Asia/Tehran" selected>' in page.text


def test_wrong_hours_are_told_beside_their_day_and_nothing_is_kept(api: Api, boss: Browser) -> None:
    page = boss.send_form(
        "/settings/hours", sat="9-17", sun="nine to five", mon="17-9", tue="9-12,11-13", wed="9-25", thu="9:60-10",
        fri="24:01-24:02", zone="Mars/Olympus", reply_on="yes",
    )  # fmt: skip
    for day in ("sun", "mon", "tue", "wed", "thu", "fri", "zone", "reply_en"):
        assert beside(page, day)
    assert "20-24 and 0-2" in beside(page, "mon")
    for value in ("9-17", "nine to five", "17-9"):
        assert f'value="{value}"' in page.text
    assert "aria-invalid" not in (re.search(r'<input id="f-sat"[^>]*>', page.text) or [""])[0]
    assert kept(api, "hours") is None


@pytest.mark.parametrize("zone", ["", "/etc/passwd", "../UTC", "posix", "Asia", "UTC\x00", "x" * 10_000])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(typed.Wrong):
        typed.zone(zone)


# -- texts ---------------------------------------------------------------------------------------------------------------


def test_the_signature_and_canned_answers_are_kept(api: Api, boss: Browser) -> None:
    assert saved(
        boss.send_form("/settings/texts", do="signature", signature="Kind regards,\r\nBaran"), "/settings/texts"
    )
    assert kept(api, "signature") == {"text": "Kind regards,\nBaran"}
    for name, text in (("Zero", "z"), ("On its way", "It is <b>on its way</b>."), ("سلام", "سلام")):
        assert saved(boss.send_form("/settings/texts", do="add", name=name, text=text), "/settings/texts")
    page = boss.get("/settings/texts?was=On its way")
    assert "It is &lt;b&gt;on its way&lt;/b&gt;." in page.text
    boss.send_form("/settings/texts", do="change", was="On its way", name="Under way", text="Soon.")
    boss.send_form("/settings/texts", do="delete", was="Zero")
    assert kept(api, "canned") == [{"name": "Under way", "text": "Soon."}, {"name": "سلام", "text": "سلام"}]


def test_a_canned_answer_needs_a_name_of_its_own_and_a_text(api: Api, boss: Browser) -> None:
    boss.send_form("/settings/texts", do="add", name="One", text="1")
    boss.send_form("/settings/texts", do="add", name="Two", text="2")
    assert "already" in beside(
        page := boss.send_form("/settings/texts", do="add", name="One", text="typed long"), "name"
    )
    assert "typed long" in page.text
    assert beside(boss.send_form("/settings/texts", do="change", was="Two", name="One", text="x"), "name")
    assert beside(boss.send_form("/settings/texts", do="add", name="Three", text=" "), "text")
    assert beside(boss.send_form("/settings/texts", do="add", name="", text="x"), "name")
    assert boss.send_form("/settings/texts", do="explode", name="x", text="x").status_code == 422
    assert kept(api, "canned") == [{"name": "One", "text": "1"}, {"name": "Two", "text": "2"}]


# -- blocked senders -----------------------------------------------------------------------------------------------------


def test_blocked_senders_are_one_a_line(api: Api, boss: Browser) -> None:
    lines = "Spam@Example.com\r\n\r\n @example.org \nspam@example.com"
    assert saved(boss.send_form("/settings/blocked", senders=lines), "/settings/blocked")
    assert kept(api, "blocked") == ["spam@example.com", "@example.org"]
    assert "spam@example.com\n@example.org" in boss.get("/settings/blocked").text


def test_what_is_no_sender_is_named(api: Api, boss: Browser) -> None:
    for wrong in ("example.com", "@", "a@b", "a b@example.com", "a@@example.com", "@.com"):
        page = boss.send_form("/settings/blocked", senders=f"good@example.com\n{wrong}")
        assert wrong in beside(page, "senders")
        assert "good@example.com" in page.text
    assert kept(api, "blocked") is None


# -- order numbers -------------------------------------------------------------------------------------------------------


def test_a_pattern_can_be_tried_before_it_counts(api: Api, boss: Browser) -> None:
    page = boss.send_form(
        "/settings/orders", do="try", pattern=r"BH-(\d{4})", sample="Where is BH-۱۰۴۷? And bh-1048, BH-1047 and #99999?"
    )
    assert "Finds 2 numbers: 1047 , 1048" in text_of(page)
    assert "BH-(\\d{4})" in page.text
    assert "finds no number" in text_of(boss.send_form("/settings/orders", do="try", pattern="Z", sample="a")).lower()
    assert kept(api, "order_pattern") is None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("(#", "no regular expression"), ("", "would find numbers everywhere"), (r"\d*", "would find numbers everywhere"),
     (r"(?:\d+)+x", "takes too long"), (r"((a+)+)+$", "takes too long")],
)  # fmt: skip
def test_a_pattern_that_would_do_harm_is_refused_and_stays_in_its_field(
    api: Api, boss: Browser, pattern: str, said: str
) -> None:
    for do in ("try", "save"):
        page = boss.send_form("/settings/orders", do=do, pattern=pattern, sample="my sample")
        assert said in beside(page, "pattern")
        assert "my sample" in page.text
    assert kept(api, "order_pattern") is None


def test_a_pattern_counts_at_once_in_every_process_and_wins_over_the_setting(api: Api, boss: Browser) -> None:
    worker = open_hub(Settings.read({"HUB_ORDER_PATTERN": r"Q(\d+)"}, home=api.hub.settings.home), api.hub.database.dsn)
    try:
        assert said_by(api, worker, "1", "Q777 and BH-1047") == ["777"]
        boss.send_form("/settings/orders", do="save", pattern=r"BH-(\d{4})")
        assert said_by(api, worker, "2", "Q777 and BH-1047") == ["1047"]
        assert sent_orders(api, "3", "BH-1048 and #4711") == ["1048"]
        boss.send_form("/settings/orders", do="usual")
        assert said_by(api, worker, "4", "Q777 and BH-1047") == ["777"]
        assert sent_orders(api, "5", "BH-1048 and #4711") == ["4711"]
    finally:
        worker.close()


def said_by(api: Api, worker: Hub, id: str, text: str) -> list[str]:
    """Which order numbers a mail gets where this process understands it."""
    mail(worker, letter("s@example.com", "hello", text, ago(hours=1), int(id)))
    found = api.client.get("/v1/events?type=message.received&limit=1000").json()["items"]
    orders: list[str] = next(
        one["data"]["orders"] for one in found if f"m{id}@example.com" in str(one["data"].get("message_id"))
    )
    return orders


def sent_orders(api: Api, id: str, text: str) -> list[str]:
    """Which order numbers an event gets in the web process."""
    data = {"channel": "chat", "message": id, "text": text, "party": {"kind": "email", "value": "s@example.com"}}
    taken = api.send({"specversion": "1.0", "id": id, "source": "chat", "type": "message.received", "data": data})
    found = api.client.get("/v1/events?limit=1000").json()["items"]
    orders: list[str] = next(one["data"]["orders"] for one in found if one["id"] == taken["events"][0]["id"])
    return orders


# -- me ------------------------------------------------------------------------------------------------------------------


def test_language_and_looks_are_ones_own(api: Api) -> None:
    with browser_of(api, colleague(api, "sara")) as browser:
        assert saved(browser.send_form("/settings/me", language="fa", theme="dark"), "/settings/me")
        page = browser.get("/settings/me")
        assert re.search(r'<html lang="fa" dir="rtl" data-theme="dark">', page.text)
        back = browser.send_form("/settings/me", language="en", back="/settings/me?x=1")
        assert back.headers["location"] == "/settings/me?x=1"
        assert browser.send_form("/settings/me", language="en", back="//evil.example").headers["location"] == "/"
        assert browser.send_form("/settings/me", language="tlh").status_code == 422
        assert 'data-theme="dark"' in browser.get("/settings/me").text


def test_changing_the_password_needs_the_old_one_and_signs_out_everywhere_else(api: Api) -> None:
    sara = colleague(api, "sara")
    with browser_of(api, sara) as here, browser_of(api, sara) as there:
        new = {"password": "a new long password", "again": "a new long password"}
        assert "not your password" in beside(
            here.send_form("/settings/me/password", old_password="x", **new), "old_password"
        )
        assert "at least 10" in beside(here.send_form("/settings/me/password", password="x", again="x"), "password")
        before = here.token
        assert saved(here.send_form("/settings/me/password", old_password=PASSWORD, **new), "/settings/me")
        assert here.token != before
        assert here.signed_in()
        assert not there.signed_in()
        assert there.sign_in("sara").status_code == 401
        assert there.sign_in("sara", "a new long password").status_code == 303


def test_guessing_the_old_password_locks_as_at_the_door(api: Api) -> None:
    with browser_of(api, colleague(api, "sara")) as browser:
        new = {"password": "a new long password", "again": "a new long password"}
        for _ in range(5):
            browser.send_form("/settings/me/password", old_password="guess", **new)
        assert beside(browser.send_form("/settings/me/password", old_password=PASSWORD, **new), "old_password")


def test_whoever_came_by_a_link_is_asked_to_choose_a_password_without_an_old_one(api: Api) -> None:
    with browser_of(api, colleague(api, "sara", password=None)) as browser:
        page = browser.get("/settings/me")
        assert "have no password yet" in text_of(page)
        assert "old_password" not in page.text
        new = {"password": "a new long password", "again": "a new long password"}
        assert saved(browser.send_form("/settings/me/password", **new), "/settings/me")
        assert "have no password yet" not in text_of(browser.get("/settings/me"))


def test_sessions_are_listed_and_ended(api: Api) -> None:
    sara = colleague(api, "sara")
    with browser_of(api, sara) as here, browser_of(api, sara) as there, browser_of(api, sara) as third:
        ids = re.findall(r'name="id" value="([0-9a-f]{64})"', here.get("/settings/me").text)
        assert len(ids) == 2
        here.send_form("/settings/me/sessions", id=ids[0])
        assert [there.signed_in(), third.signed_in()].count(False) == 1
        here.send_form("/settings/me/sessions")
        assert not there.signed_in()
        assert not third.signed_in()
        assert here.signed_in()
