"""Signing in and staying signed in, as a browser meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from hub.consumers.runner import clock
from hub.screens.app import create_app
from hub.screens.session import onward
from hub.store import accounts, sign_in_links

from .browsing import PASSWORD, Browser, address_of, browser_of, colleague, form_csrf, text_of
from .conftest import Api, served


@pytest.fixture
def browser(api: Api) -> Iterator[Browser]:
    with Browser(address_of(api)) as opened:
        yield opened


def where(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def set_back(api: Api, table: str, column: str, by: timedelta) -> None:
    with api.hub.database.transaction() as tx:
        tx.execute(f"UPDATE {table} SET {column} = {column} - %s", [by])


# -- with a password -----------------------------------------------------------------------------------------------------


def test_whoever_signs_in_comes_to_the_page_that_was_asked_for(api: Api, browser: Browser) -> None:
    colleague(api, "sara")
    asked = browser.get("/settings/me?done=1")
    assert where(asked) == "/sign-in?next=%2Fsettings%2Fme%3Fdone%3D1"
    page = browser.get(where(asked))
    assert 'name="next" value="/settings/me?done=1"' in page.text
    assert where(browser.sign_in("Sara", next="/settings/me?done=1")) == "/settings/me?done=1"
    assert browser.signed_in()
    assert where(browser.get("/sign-in?next=/tickets")) == "/tickets"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(api: Api, browser: Browser) -> None:
    colleague(api, "sara")
    (cookie,) = browser.sign_in("sara").headers.get_list("set-cookie")
    name, *flags = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith("hub_session=")
    assert {"httponly", "samesite=lax", "path=/", "max-age=604800"} == {f for f in flags if not f.startswith("expires")}
    assert not any(flag.startswith("domain") for flag in flags)


def test_behind_https_the_cookie_goes_over_https_only(api: Api, browser: Browser) -> None:
    colleague(api, "sara")
    proxied = {"x-forwarded-proto": "https", "origin": browser.origin.replace("http:", "https:")}
    answer = browser.post("/sign-in", data={"login": "sara", "password": PASSWORD}, headers=proxied)
    assert "secure" in [part.strip().lower() for part in answer.headers["set-cookie"].split(";")]


def test_a_wrong_password_an_unknown_login_and_a_locked_account_are_answered_alike(api: Api, browser: Browser) -> None:
    colleague(api, "sara")
    wrong = browser.sign_in("sara", "not the password")
    unknown = browser.sign_in("nobody", "not the password")
    for _ in range(4):
        browser.sign_in("sara", "not the password")
    locked = browser.sign_in("sara")
    assert {answer.status_code for answer in (wrong, unknown, locked)} == {401}
    assert wrong.text.replace('"sara"', "LOGIN") == unknown.text.replace('"nobody"', "LOGIN")
    assert wrong.text == locked.text
    assert "do not fit together" in text_of(wrong)
    assert not browser.signed_in()
    set_back(api, "account", "locked", timedelta(minutes=1))
    assert where(browser.sign_in("sara")) == "/"


def test_what_was_typed_stays_but_the_password(api: Api, browser: Browser) -> None:
    answer = browser.sign_in('sara"<b>', "my secret password", next="/tickets")
    assert 'value="sara&#34;&lt;b&gt;"' in answer.text
    assert 'name="next" value="/tickets"' in answer.text
    assert "my secret password" not in answer.text


ELSEWHERE_NEXT = [
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "http:evil.example", "/\t/evil.example",
    "javascript:alert(1)", "evil.example", "/\n//evil.example", "/sign-in?next=/sign-in", "///evil.example", "/a\\..\\//b",
    "/%0d%0aSet-Cookie: a=b\r\nX: y", " /x", "/\u2028/x", "",
]  # fmt: skip


def test_nobody_is_led_to_another_site(api: Api, browser: Browser) -> None:
    colleague(api, "sara")
    for back in ELSEWHERE_NEXT:
        assert where(browser.sign_in("sara", next=back)) == "/", back
        assert where(browser.get("/sign-in", params={"next": back})) == "/", back


def test_a_path_of_ours_is_gone_on_to_with_its_query() -> None:
    for path in ("/", "/tickets", "/search?q=a%20b&x=1", "/customers/x?before=y%3D"):
        assert onward(path) == path
    assert onward("/search?q=سارا") == "/search?q=%D8%B3%D8%A7%D8%B1%D8%A7"
    assert onward(None) == "/"


def test_signing_in_makes_a_new_session_and_ends_the_one_of_this_browser(api: Api, browser: Browser) -> None:
    colleague(api, "sara")
    browser.sign_in("sara")
    first = browser.token
    browser.sign_in("sara")
    assert browser.token != first
    assert api.hub.database.rows("SELECT count(*) FROM session") == [(1,)]


def test_a_token_that_somebody_planted_is_nobodys(api: Api, browser: Browser) -> None:
    colleague(api, "sara")
    browser.come_back_with("planted")
    browser.sign_in("sara")
    with Browser(address_of(api)) as other:
        other.come_back_with("planted")
        assert not other.signed_in()


# -- ending --------------------------------------------------------------------------------------------------------------


def test_signing_out_ends_the_session_and_takes_the_cookie_back(api: Api) -> None:
    with browser_of(api, colleague(api, "sara")) as browser:
        token = browser.token
        answer = browser.send_form("/sign-out")
        assert where(answer) == "/sign-in"
        assert 'hub_session=""' in answer.headers["set-cookie"]
        browser.come_back_with(token or "")
        assert not browser.signed_in()
    assert api.hub.database.rows("SELECT count(*) FROM session") == [(0,)]


@pytest.mark.parametrize(("column", "by"), [("seen", timedelta(hours=12)), ("expires", timedelta(days=7))])
def test_a_session_that_has_run_out_is_over_on_pages_and_in_the_api(api: Api, column: str, by: timedelta) -> None:
    with browser_of(api, colleague(api, "sara")) as browser:
        assert browser.get("/v1/tickets").status_code == 200
        set_back(api, "session", column, by)
        assert where(browser.get("/settings/me")).startswith("/sign-in")
        assert browser.get("/v1/tickets").status_code == 401


@pytest.mark.parametrize("what", ["deactivate", "reset"])
def test_whoever_is_shut_out_on_the_page_is_out_at_once(api: Api, what: str) -> None:
    boss, sara = colleague(api, "boss", "admin"), colleague(api, "sara")
    with browser_of(api, boss) as at, browser_of(api, sara) as hers:
        assert hers.signed_in()
        at.send_form(f"/settings/users/{sara.id}", do=what)
        assert not hers.signed_in()
        assert hers.get("/v1/tickets").status_code == 401
        assert hers.sign_in("sara").status_code == 401
        assert at.signed_in()


def test_a_role_that_changed_counts_for_whoever_is_signed_in(api: Api) -> None:
    colleague(api, "boss", "admin")
    second = colleague(api, "second", "admin")
    with browser_of(api, second) as browser:
        assert browser.get("/settings/users").status_code == 200
        accounts.change(api.hub.database, second.id, "Second", "agent", [])
        refused = browser.get("/settings/users")
        assert (refused.status_code, "may not see this" in refused.text) == (403, True)


# -- links ---------------------------------------------------------------------------------------------------------------


def test_the_link_of_hub_up_signs_in_once(api: Api, browser: Browser) -> None:
    admin = accounts.administrator(api.hub.database)
    link = sign_in_links.make(api.hub.database, admin.id, "enter", clock())
    assert where(browser.get(link)) == "/"
    assert "have no password yet" in text_of(browser.get("/settings/me"))
    assert where(browser.get(link)) == "/"  # a reload: this browser is in already
    with Browser(address_of(api)) as other:
        answer = other.get(link)
        assert answer.status_code == 410
        assert "used already" in text_of(answer)
        assert not other.signed_in()


def test_a_link_that_is_a_quarter_of_an_hour_old_is_over(api: Api, browser: Browser) -> None:
    admin = accounts.administrator(api.hub.database)
    link = sign_in_links.make(api.hub.database, admin.id, "enter", clock() - timedelta(minutes=15))
    assert browser.get(link).status_code == 410
    assert not browser.signed_in()


def test_an_invited_colleague_chooses_a_password_and_is_in(api: Api, browser: Browser) -> None:
    boss = colleague(api, "boss", "admin")
    with browser_of(api, boss) as at:
        page = at.send_form("/settings/users", login="Niloofar", name="Niloofar", role="agent", rings="۲۰۳، 520")
    (link,) = re.findall(r'value="(http[^"]+/invite/[^"]+)"', page.text)
    assert link.startswith(browser.origin)
    for _ in range(2):
        assert "Welcome, Niloofar" in text_of(browser.get(link))
    short = browser.send_form(link, csrf="", password="short", again="short")
    assert (short.status_code, "at least 10" in text_of(short)) == (422, True)
    differs = browser.send_form(link, csrf="", password=PASSWORD, again=PASSWORD + "x")
    assert (differs.status_code, "not the same" in text_of(differs)) == (422, True)
    assert where(browser.send_form(link, csrf="", password=PASSWORD, again=PASSWORD)) == "/"
    assert browser.signed_in()
    found = accounts.find(api.hub.database, "niloofar")
    assert found
    assert (found.role, found.rings, found.has_password) == ("agent", ("203", "520"), True)
    for again in (
        browser.get(link),
        browser.send_form(link, password="other long password", again="other long password"),
    ):
        assert (again.status_code, "does not work any more" in text_of(again)) == (410, True)
    with Browser(address_of(api)) as other:
        assert where(other.sign_in("niloofar")) == "/"


def test_the_pages_speak_the_browsers_language_until_somebody_chooses_one(api: Api, browser: Browser) -> None:
    niloofar = accounts.add(api.hub.database, "niloofar", "Niloofar", "agent")
    link = sign_in_links.make(api.hub.database, niloofar.id, "invite", clock())
    persian = {"accept-language": "fa-IR,fa;q=0.9,en;q=0.8"}
    assert 'lang="fa"' in browser.get(link, headers=persian).text
    browser.send_form(link, csrf="", password=PASSWORD, again=PASSWORD)
    for page in ("/", "/settings/me"):
        assert '<html lang="fa"' in browser.get(page, headers=persian).text
        assert '<html lang="en"' in browser.get(page, headers={"accept-language": "de"}).text
    accounts.prefer(api.hub.database, niloofar.id, "en", "system")
    assert '<html lang="en"' in browser.get("/", headers=persian).text


# -- where a request comes from ------------------------------------------------------------------------------------------

ELSEWHERE = [
    {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
    {"origin": "http://127.0.0.1:1"}, {"origin": "http://localhost"}, {"origin": "http://["}, {"sec-fetch-site": "nonsense"},
]  # fmt: skip


def test_what_another_site_makes_a_browser_send_is_refused(api: Api) -> None:
    boss = colleague(api, "boss", "admin")
    with browser_of(api, boss) as browser, Browser(address_of(api)) as other:
        for headers in ELSEWHERE:
            fields = {"csrf": browser.csrf, "senders": "@example.com"}
            assert browser.post("/settings/blocked", data=fields, headers=headers).status_code == 403, headers
            proven = headers | {"x-csrf": browser.csrf}
            assert browser.post("/v1/links", json={}, headers=proven).status_code == 403, headers
            data = {"login": "boss", "password": PASSWORD}
            assert other.post("/sign-in", data=data, headers=headers).status_code == 403, headers
            assert other.token is None
    assert api.hub.database.rows("SELECT count(*) FROM setting WHERE name = 'blocked'") == [(0,)]


def test_a_program_with_a_key_may_come_from_anywhere(api: Api) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "page.viewed",
             "data": {"party": {"kind": "cookie", "value": "c"}, "url": "https://shop.example/"}}  # fmt: skip
    for headers in ELSEWHERE:
        answer = api.client.post(
            "/v1/events", json=event, headers=headers | {"content-type": "application/cloudevents+json"}
        )
        assert answer.status_code == 202, answer.text


def test_a_cookie_counts_only_where_the_host_is_ours(api: Api) -> None:
    with browser_of(api, colleague(api, "sara")) as browser:
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::"):
            page = browser.get("/settings/me", headers={"host": host})
            assert (page.status_code, "HUB_HOSTS" in page.text) == (421, True), host
            assert browser.get("/v1/tickets", headers={"host": host}).status_code == 401, host
            assert browser.get("/sign-in", headers={"host": host}).status_code == 421, host
            assert api.client.get("/v1/tickets", headers={"host": host}).status_code == 200, host
        assert browser.signed_in()


def test_this_machines_own_names_are_ours(api: Api) -> None:
    with browser_of(api, colleague(api, "sara")) as browser:
        for host in ("localhost", "LOCALHOST:8400", "127.0.0.1", "127.8.9.10:99", "[::1]:8400"):
            assert browser.get("/settings/me", headers={"host": host}).status_code == 200, host


def test_a_name_that_the_operator_allows_is_ours(api: Api) -> None:
    hub = replace(api.hub, settings=replace(api.hub.settings, hosts=("hub.example.com",)))
    with (
        browser_of(api, colleague(api, "sara")) as signed_in,
        served(create_app(hub)) as address,
        Browser(address) as browser,
    ):
        browser.come_back_with(signed_in.token or "")
        assert browser.get("/settings/me", headers={"host": "Hub.Example.com"}).status_code == 200
        assert browser.get("/settings/me", headers={"host": "other.example.com"}).status_code == 421


def test_a_form_is_no_flood(api: Api, browser: Browser) -> None:
    answer = browser.post("/sign-in", data={"login": "x" * 3_000_000})
    assert answer.status_code == 413
    length_unsaid = browser.post(
        "/sign-in",
        content=(b"login=x" for _ in range(3)),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert length_unsaid.status_code == 413


# -- forms that are not from here ----------------------------------------------------------------------------------------


def test_a_form_without_the_sessions_proof_changes_nothing(api: Api) -> None:
    boss, other = colleague(api, "boss", "admin"), colleague(api, "other", "admin")
    with browser_of(api, boss) as browser, browser_of(api, other) as stranger:
        for wrong in ("", "0" * 64, stranger.csrf, browser.csrf[:-1], browser.csrf.upper() + "x"):
            answer = browser.send_form("/settings/blocked", csrf=wrong, senders="@example.com")
            assert (answer.status_code, "Nothing was done" in answer.text) == (403, True)
        assert api.hub.database.rows("SELECT count(*) FROM setting WHERE name = 'blocked'") == [(0,)]
        form = browser.get("/settings/blocked")
        assert form_csrf(form) == browser.csrf
        assert where(browser.send_form("/settings/blocked", csrf=form_csrf(form), senders="@example.com"))
    assert api.hub.database.rows("SELECT value FROM setting WHERE name = 'blocked'") == [(["@example.com"],)]


def test_the_api_takes_the_cookie_and_for_changes_the_proof_in_a_header(api: Api) -> None:
    with browser_of(api, colleague(api, "sara")) as browser:
        link = {"a": {"kind": "phone", "value": "+989121234567"}, "b": {"kind": "email", "value": "s@example.com"}}
        refused = browser.post("/v1/links", json=link)
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
        assert browser.post("/v1/links", json=link, headers={"x-csrf": browser.csrf}).status_code == 201
        assert browser.get("/v1/tickets", headers={"authorization": "Bearer hub_wrong"}).status_code == 401


# -- what pages allow ----------------------------------------------------------------------------------------------------

PAGES = ("/settings", "/settings/users", "/settings/keys", "/settings/hours", "/settings/texts", "/settings/blocked",
         "/settings/orders", "/settings/looks", "/settings/me", "/sign-in", "/nothing")  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fa"])
def test_pages_run_no_script_of_anybody_and_are_kept_nowhere(api: Api, language: str) -> None:
    boss = colleague(api, "boss", "admin")
    accounts.prefer(api.hub.database, boss.id, language, "dark")
    with browser_of(api, boss) as browser, Browser(address_of(api)) as nobody:
        for path in PAGES:
            page = (nobody if path == "/sign-in" else browser).get(path)
            assert page.headers["content-type"].startswith("text/html"), path
            policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
            assert policy == {
                "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
                "font-src": "'self'", "connect-src": "'self'", "form-action": "'self'", "frame-ancestors": "'none'",
                "base-uri": "'none'",
            }  # fmt: skip
            assert page.headers["cache-control"] == "no-store"
            assert page.headers["referrer-policy"] == "same-origin"
            assert page.headers["x-content-type-options"] == "nosniff"
            assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=|javascript:", page.text), path
            if path not in ("/sign-in", "/nothing"):
                assert f'lang="{language}"' in page.text
                assert f'dir="{"rtl" if language == "fa" else "ltr"}"' in page.text
