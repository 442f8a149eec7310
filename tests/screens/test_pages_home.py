from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.consumers.forget import forget
from hub.consumers.runner import until_quiet
from hub.screens.accounted import Accounted
from hub.screens.pages import pop
from hub.screens.pages.files import plain
from hub.screens.ringing import Calls
from hub.store import accounts
from hub.store.changes import Changed
from hub.store.ringing import Ringing, ringing
from tests.journeys.story import of
from tests.kill.running import until

from .browsing import Browser, browser_of, colleague, text_of
from .conftest import Api, noon

Event = dict[str, Any]
Make = Callable[..., Event]
SARA = {"kind": "phone", "value": "0912 123 4567"}
MAIL = {"kind": "email", "value": "sara@example.com"}


@pytest.fixture
def agent(api: Api) -> Browser:
    return browser_of(api, colleague(api, "mina", password=None, rings=["202"]))


def ago(**some: float) -> str:
    return (datetime.now(UTC) - timedelta(**some)).isoformat()


@pytest.fixture
def at_noon(api: Api) -> None:
    """What came a moment ago came today."""
    api.app.state.hub = replace(api.hub, settings=replace(api.hub.settings, timezone=noon()))


def rings(event: Make, call: str, party: Event | None = SARA, **more: Any) -> Event:
    return event(f"ringing-{call}", "call.ringing", time=ago(seconds=1), call=call, party=party, **more)


def history(event: Make) -> list[Event]:
    """A customer with an order, two mails and a phone number that the order knows."""
    return [
        event("o1", "order.placed", time=ago(days=4), order="1047", party=[SARA, MAIL], total="12.50", currency="EUR"),
        event("o2", "order.shipped", time=ago(days=2), order="1047"),
        event("n1", "party.described", time=ago(days=4), party=MAIL, name="Sara Karimi"),
        event("m1", time=ago(days=3), channel="chat", message="m1", thread="t1", party=MAIL, text="Where is order #1047?"),
        event("w1", "page.viewed", time=ago(days=1), party=MAIL, url="https://shop.example/returns", title="Returns"),
    ]  # fmt: skip


def customer_of(api: Api, email: str = "sara@example.com") -> str:
    found = api.client.get("/v1/customers", params={"q": email}).json()["items"]
    return str(found[0]["id"])


# -- home --------------------------------------------------------------------------------------------------------------


def test_an_empty_hub_says_how_to_begin(agent: Browser) -> None:
    page = agent.get("/")
    assert page.status_code == 200
    assert "First steps" in text_of(page)
    assert "/v1/events" in page.text


@pytest.mark.usefixtures("at_noon")
def test_what_came_today_stands_on_home_with_its_customer(api: Api, agent: Browser, event: Make) -> None:
    now = ago(seconds=30)
    api.send(*history(event), event("m2", time=now, channel="chat", message="m2", thread="t2", party=MAIL, text="Hello?"))
    assert "Sara Karimi" in text_of(agent.get("/"))
    page = text_of(agent.get("/home/today"))
    assert "Hello?" in page
    assert "Where is order" not in page


@pytest.mark.usefixtures("at_noon")
def test_of_a_conversation_only_the_last_words_stand_on_home(api: Api, agent: Browser, event: Make) -> None:
    for n in range(3):
        said = {"channel": "chat", "message": f"m{n}", "thread": "t", "party": MAIL, "text": f"words {n}"}
        api.send(event(f"m{n}", time=ago(seconds=30 - n), **said))
    page = text_of(agent.get("/home/today"))
    assert ("words 2" in page, "words 1" in page) == (True, False)


def test_home_accounts_for_all_that_came(api: Api, agent: Browser, event: Make) -> None:
    api.send(event("m1", channel="chat", message="m1", thread="t", party=MAIL, text="Hi"))
    headers = {"content-type": "application/cloudevents-batch+json"}
    api.client.post("/v1/events", json=[{"specversion": "1.0", "id": "x"}], headers=headers)
    api.fold()
    strip = text_of(agent.get("/home/ledger"))
    assert strip == "2 received = 1 understood + 0 ignored + 1 rejected"


def test_my_tickets_and_those_of_nobody_are_told_apart(api: Api, agent: Browser, event: Make) -> None:
    for n in (1, 2):
        party = {"kind": "email", "value": f"{n}@example.com"}
        api.send(event(f"m{n}", channel="chat", message=f"m{n}", thread=f"t{n}", party=party, text=f"question {n}"))
    tickets = api.client.get("/v1/tickets").json()["items"]
    assert len(tickets) == 2
    id = "0b9f6c3e-6d2b-4a53-9d53-2f6f6f3f8a10"
    answer = api.client.post(f"/v1/tickets/{tickets[0]['id']}/commands", json={"id": id, "command": {"assign": {"to": "mina"}}})
    assert answer.status_code in (200, 202), answer.text
    api.fold()
    page = agent.get("/home/tickets").text
    mine, nobodys = page.split('id="unowned"')
    assert f"ticket-{tickets[0]['id']}" in mine
    assert f"ticket-{tickets[1]['id']}" in nobodys


# -- the pop -----------------------------------------------------------------------------------------------------------


def test_the_pop_tells_who_calls_and_probably_why(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    api.send(rings(event, "c1", agent="202"))
    pop = text_of(agent.get("/pop"))
    for told in ("Sara Karimi", "0912 123 4567", "known by: e-mail in order 1047", "order 1047", "shipped", "Returns",
                 "Where is order #1047?"):  # fmt: skip
        assert told in pop
    assert f'href="/customers/{customer_of(api)}"' in agent.get("/pop").text


def test_what_he_wrote_last_stands_in_the_pop_whatever_happened_since(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    for n in range(4):
        at = ago(minutes=30 - n)
        api.send(event(f"v{n}", "visit.recorded", time=at, visit=f"v{n}", party=MAIL, reason=f"reason {n}"))
    api.send(rings(event, "c1", agent="202"))
    pop = text_of(agent.get("/pop"))
    assert [told in pop for told in ("reason 3", "reason 2", "reason 1", "Where is order #1047?")] == [True, True, False, True]


def test_the_pop_knows_no_more_than_the_look_up(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    api.send(rings(event, "c1", agent="202"))
    known = api.client.get("/v1/lookup", params={"phone": "09121234567"}).json()
    assert known["match"] == "one"
    assert known["customers"][0]["id"] in agent.get("/pop").text
    assert known["likely"]["id"] in text_of(agent.get("/pop"))


def test_the_pop_names_the_ticket_where_no_order_is_likelier(api: Api, agent: Browser, event: Make) -> None:
    told = {"channel": "chat", "message": "m1", "thread": "t1", "party": SARA, "subject": "A lid", "text": "Do you sell lids?"}
    api.send(event("m1", time=ago(days=1), **told))
    api.send(rings(event, "c1", agent="202"))
    pop = text_of(agent.get("/pop"))
    assert re.search(r"Probably #\d+ A lid .*\(the newest open ticket\)", pop), pop
    assert pop.count("0912 123 4567") == 1
    assert "Open" not in pop


def test_home_says_what_rings_and_for_whom(api: Api, agent: Browser, event: Make) -> None:
    other = browser_of(api, colleague(api, "reza", password=None, rings=["203"]))
    api.send(*history(event))
    assert "Ringing now" not in text_of(agent.get("/"))
    api.send(rings(event, "c1", agent="202"))
    for page in (agent.get("/"), agent.get("/home/ringing")):
        for told in ("Ringing now", "Sara Karimi", "known by: e-mail in order 1047", "order 1047 shipped", "named by:",
                     "Where is order #1047?", "ringing"):  # fmt: skip
            assert told in text_of(page), told
        assert f'href="/customers/{customer_of(api)}"' in page.text
    assert other.get("/home/ringing").text.strip() == ""
    api.send(event("taken", "call.answered", call="c1", party=SARA, agent="202"))
    assert "talking" in text_of(agent.get("/home/ringing"))
    api.send(event("ended", "call.ended", call="c1", party=SARA, agent="202", cause="answered"))
    assert agent.get("/home/ringing").text.strip() == ""


def test_only_those_for_whom_it_rings_see_it(api: Api, agent: Browser, event: Make) -> None:
    other = browser_of(api, colleague(api, "reza", password=None, rings=["203", "sales"]))
    everybody = browser_of(api, colleague(api, "boss", password=None))
    api.send(rings(event, "c1", agent="202"))
    assert ["article" in b.get("/pop").text for b in (agent, other, everybody)] == [True, False, True]
    api.send(rings(event, "c2", queue="sales"))
    assert "article" in other.get("/pop").text


def test_a_call_that_names_nobody_rings_for_all(api: Api, agent: Browser, event: Make) -> None:
    api.send(rings(event, "c1"))
    assert "0912 123 4567" in text_of(agent.get("/pop"))


def test_it_is_gone_for_the_others_once_somebody_answered(api: Api, agent: Browser, event: Make) -> None:
    other = browser_of(api, colleague(api, "reza", password=None, rings=["203"]))
    api.send(rings(event, "c1", queue="a", agent="202"), rings(event, "c2", queue="b", agent="203"))
    api.send(event("answered", "call.answered", call="c1", party=SARA, agent="203"))
    assert "0912" not in text_of(agent.get("/pop"))
    assert "talking" in text_of(other.get("/pop")) or "2 calls" in text_of(other.get("/pop"))
    api.send(event("ended", "call.ended", call="c1", party=SARA, agent="203", cause="answered"))
    api.send(event("ended2", "call.ended", call="c2", party=SARA, agent="203", cause="no_answer"))
    assert other.get("/pop").text == ""


def test_a_call_that_nobody_ended_rings_two_minutes(api: Api, agent: Browser, event: Make) -> None:
    api.send(event("r", "call.ringing", time=ago(minutes=6), call="c1", party=SARA))
    assert agent.get("/pop").text == ""
    api.send(rings(event, "c2"))
    with api.hub.database.transaction() as tx:
        assert len(ringing(tx, datetime.now(UTC) + timedelta(seconds=110))) == 1
        assert ringing(tx, datetime.now(UTC) + timedelta(seconds=121)) == []


def test_several_calls_are_a_list_with_a_key_each(api: Api, agent: Browser, event: Make) -> None:
    api.send(rings(event, "c1"), rings(event, "c2", {"kind": "phone", "value": "0935 111 2233"}))
    page = agent.get("/pop").text
    assert re.findall(r'data-key="(\d)"', page) == ["1", "2"]


def test_an_unknown_number_tells_how_often_it_called_in_vain(api: Api, agent: Browser, event: Make) -> None:
    for n in (1, 2, 3):
        api.send(event(f"e{n}", "call.ended", time=ago(days=n), call=f"old{n}", party=SARA, cause="no_answer"))
    api.send(rings(event, "c1"))
    pop = text_of(agent.get("/pop"))
    assert "Unknown number" in pop
    assert "called 3 times since" in pop
    assert "never answered" in pop


@pytest.mark.usefixtures("at_noon")
@pytest.mark.parametrize("language", ["en", "fa"])
def test_since_is_followed_by_a_time_or_a_day_not_by_how_long_ago(api: Api, agent: Browser, event: Make, language: str) -> None:
    mina = accounts.find(api.hub.database, "mina")
    assert mina
    accounts.prefer(api.hub.database, mina.id, language, "light")
    for n in (1, 2):
        api.send(event(f"e{n}", "call.ended", time=ago(minutes=n), call=f"old{n}", party=SARA, cause="no_answer"))
    api.send(rings(event, "c1"))
    told = {"en": r"called 2 times since \d\d:\d\d ?, never", "fa": r"۲ بار از [۰-۹]{2}:[۰-۹]{2} زنگ زده"}[language]
    assert re.search(told, text_of(agent.get("/pop")))


@pytest.mark.parametrize(("language", "words"), [("en", "Language Persian City"), ("fa", "زبان فارسی شهر")])
def test_the_language_of_a_customer_is_a_word_of_the_reader(
    api: Api, agent: Browser, event: Make, language: str, words: str
) -> None:
    mina = accounts.find(api.hub.database, "mina")
    assert mina
    accounts.prefer(api.hub.database, mina.id, language, "light")
    api.send(event("n1", "party.described", party=MAIL, name="Sara", language="fa", city="Shiraz"))
    assert words in text_of(agent.get(f"/customers/{customer_of(api)}/side"))


@pytest.mark.usefixtures("worker")
def test_naming_a_caller_by_an_address_makes_him_that_customer(api: Api, agent: Browser, event: Make) -> None:
    api.send(event("m1", time=ago(days=3), channel="chat", message="m1", thread="t1", party=MAIL, text="Hello"))
    api.send(rings(event, "c1"))
    party = re.search(r'name="party" value="([^"]+)"', agent.get("/pop").text)
    assert party
    answer = named(agent, party[1], "sara@example.com")
    assert answer.status_code == 200, answer.text
    known = api.client.get("/v1/lookup", params={"phone": "09121234567"}).json()
    assert known["match"] == "one"
    assert {one["kind"] for one in known["customers"][0]["identifiers"]} == {"phone", "email"}
    assert "Hello" in text_of(answer)


@pytest.mark.usefixtures("worker")
def test_naming_a_caller_gives_the_number_a_name(api: Api, agent: Browser, event: Make) -> None:
    api.send(rings(event, "c1"))
    party = re.search(r'name="party" value="([^"]+)"', agent.get("/pop").text)
    assert party
    assert "سارا کریمی" in text_of(named(agent, party[1], "سارا کریمی"))


@pytest.mark.parametrize(("party", "who"), [("", "sara@example.com"), ("nobody", "sara@example.com")])
def test_naming_nobody_says_so_where_scripts_are_off_too(agent: Browser, party: str, who: str) -> None:
    answer = agent.post("/pop/name", data={"party": party, "who": who, "csrf": agent.csrf}, headers={"origin": agent.origin})
    assert answer.status_code == 422
    assert "Write who this is" in text_of(answer)


def named(browser: Browser, party: str, who: str) -> httpx.Response:
    headers = {"hx-request": "true", "x-csrf": browser.csrf, "origin": browser.origin}
    return browser.post("/pop/name", data={"party": party, "who": who}, headers=headers)


def test_a_withheld_number_rings_too(api: Api, agent: Browser, event: Make) -> None:
    api.send(rings(event, "c1", {"kind": "phone", "value": "anonymous"}))
    assert "Number withheld" in text_of(agent.get("/pop"))


def test_a_number_that_many_share_names_those_who_do(api: Api, agent: Browser, event: Make) -> None:
    for n in range(7):
        party = {"kind": "email", "value": f"clerk{n}@example.com"}
        api.send(event(f"o{n}", "order.placed", time=ago(days=n + 1), order=f"20{n}7", party=[SARA, party]))
        api.send(event(f"m{n}", time=ago(hours=n + 1), channel="chat", message=f"m{n}", thread=f"t{n}", party=party, text="Hi"))
    api.send(rings(event, "c1"))
    pop = text_of(agent.get("/pop"))
    assert "Many share this number" in pop
    assert "clerk0@example.com" in pop


def test_what_rings_is_read_once_for_a_hundred_screens(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    api.send(rings(event, "c1", agent="202"))
    agent.get("/pop")
    calls: Calls = api.app.state.calls
    assert calls.fresh
    before = calls.now()
    assert len(before) == 1
    for _ in range(100):
        agent.get("/pop")
    assert all(one is two for one, two in zip(calls.now(), before, strict=True))


def test_a_call_rings_where_it_is_put_through_however_long_it_waited(api: Api, agent: Browser, event: Make) -> None:
    other = browser_of(api, colleague(api, "reza", password=None, rings=["203"]))
    api.send(event("in the queue", "call.ringing", time=ago(minutes=20), call="c1", party=SARA, queue="sales"))
    assert agent.get("/pop").text == other.get("/pop").text == ""
    api.send(event("at 202", "call.ringing", time=ago(seconds=9), call="c1", party=SARA, agent="202"))
    assert "0912 123 4567" in text_of(agent.get("/pop"))
    api.send(event("taken", "call.answered", time=ago(seconds=6), call="c1", party=SARA, agent="202"))
    assert other.get("/pop").text == ""
    api.send(event("handed on", "call.ringing", time=ago(seconds=1), call="c1", party=SARA, agent="203"))
    assert "0912 123 4567" in text_of(other.get("/pop"))
    assert agent.get("/pop").text == ""
    api.send(event("taken again", "call.answered", time=ago(seconds=0), call="c1", party=SARA, agent="203"))
    assert "talking" in text_of(other.get("/pop")).lower()


def test_a_call_rings_though_the_clock_of_its_exchange_is_wrong(api: Api, agent: Browser, event: Make) -> None:
    api.send(rings(event, "c1", agent="202") | {"time": ago(minutes=4)})
    assert "0912 123 4567" in text_of(agent.get("/pop"))


def test_the_newest_call_pops_up_however_many_are_under_way(api: Api, agent: Browser, event: Make) -> None:
    busy = [{"kind": "phone", "value": f"0912 200 {n:04}"} for n in range(60)]
    api.send(*(rings(event, f"old{n}", party, agent="203") for n, party in enumerate(busy)))
    api.send(*(event(f"a{n}", "call.answered", call=f"old{n}", party=party, agent="203") for n, party in enumerate(busy)))
    api.send(rings(event, "new", agent="202"))
    assert "0912 123 4567" in text_of(agent.get("/pop"))


def test_only_what_changed_about_the_calls_is_read_again(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    calls: Calls = api.app.state.calls
    calls.listen()
    api.send(rings(event, "c1", agent="202"))

    def quiet() -> Ringing | None:
        (call,) = calls.now()
        time.sleep(0.5)  # what was folded until now is heard of meanwhile
        return call if calls.now() == [call] and calls.now()[0] is call else None

    first = until(quiet, 10, "nothing changes")
    more = event("r2", "call.ringing", time=ago(seconds=1), call="c2", party={"kind": "phone", "value": "0935 111 2222"})
    api.client.post("/v1/events", json=more, headers={"content-type": "application/cloudevents+json"})
    until_quiet(api.hub.recorder, api.hub.lane)
    until(lambda: len(calls.now()) == 2, 5, "both ring")
    assert any(call is first for call in calls.now())
    shipped = event("o3", "order.delivered", time=ago(seconds=1), order="1047")
    api.client.post("/v1/events", json=shipped, headers={"content-type": "application/cloudevents+json"})
    until_quiet(api.hub.recorder, api.hub.lane)
    until(lambda: [call is first for call in calls.now()] == [False, False], 5, "his order is read again")


def test_what_changes_while_the_calls_are_read_makes_read_again_only_whom_it_concerns(
    api: Api, agent: Browser, event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"kind": "phone", "value": "0935 111 2222"}
    api.send(rings(event, "c1"), rings(event, "c2", other))
    calls: Calls = api.app.state.calls
    meanwhile = list[Changed]()

    def read(*asked: Any) -> list[Ringing]:
        found = ringing(*asked)
        while meanwhile:
            calls._heard(meanwhile.pop(), (), ())
        return found

    monkeypatch.setattr("hub.screens.ringing.ringing", read)
    _, second = calls.now()
    assert second.party
    for changed, same in (
        (Changed(frozenset({"conversation:1"}), frozenset({"somebody else"})), [True, True]),
        (Changed(frozenset({"conversation:2"}), frozenset({second.party})), [True, False]),
        (Changed(everything=True), [False, False]),
    ):
        calls.forget()
        meanwhile.append(changed)
        before = calls.now()
        assert [one is two for one, two in zip(calls.now(), before, strict=True)] == same
    calls.forget()
    meanwhile.append(Changed(rings=frozenset({"202"})))
    assert not (calls.now() and calls.fresh)


def test_a_pop_that_is_written_while_its_caller_is_named_is_no_other_viewers_pop(
    api: Api, agent: Browser, event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.send(rings(event, "c1"))
    described = event("p1", "party.described", time=ago(seconds=1), party=SARA, name="Sara Karimi")
    api.client.post("/v1/events", json=described, headers={"content-type": "application/cloudevents+json"})
    calls: Calls = api.app.state.calls
    calls.now()
    api.app.state.changes.close()  # what is folded meanwhile is heard of no later than it is read
    written = pop._written

    def and_named(*given: Any) -> str:
        text = written(*given)
        api.fold()
        calls.now()
        return text

    with monkeypatch.context() as patched:
        patched.setattr(pop, "_written", and_named)
        assert "Sara Karimi" not in text_of(agent.get("/pop"))
    assert "Sara Karimi" in text_of(agent.get("/pop"))


def test_who_calls_is_read_before_a_screen_asks(api: Api, event: Make) -> None:
    calls: Calls = api.app.state.calls
    calls.now()
    api.client.post("/v1/events", json=rings(event, "c1"), headers={"content-type": "application/cloudevents+json"})
    until_quiet(api.hub.recorder, api.hub.lane)
    until(lambda: len(calls._calls) == 1, 5, "it is read")
    assert calls.fresh


@pytest.mark.usefixtures("worker")
def test_a_test_call_rings_at_the_viewers_own_place(api: Api, agent: Browser) -> None:
    other = browser_of(api, colleague(api, "reza", password=None, rings=["203"]))
    assert agent.send_form("/ring", number="۰۹۱۲ ۱۲۳ ۴۵۶۷").status_code == 303
    api.fold()
    assert "0912 123 4567" in text_of(agent.get("/pop"))
    assert other.get("/pop").text == ""
    wrong = agent.send_form("/ring", number="no number")
    assert (wrong.status_code, "not right" in text_of(wrong)) == (422, True)


# -- the customer ------------------------------------------------------------------------------------------------------


def test_a_customer_is_one_line_of_time_with_all_channels(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    page = agent.get(f"/customers/{customer_of(api)}")
    assert page.status_code == 200
    for told in ("Sara Karimi", "Where is order #1047?", "Returns", "Order 1047 shipped", "Order 1047 placed", "0912 123 4567",
                 "sara@example.com", "12.50 EUR"):  # fmt: skip
        assert told in text_of(page)
    assert page.text.index("Returns") < page.text.index("Where is order #1047?")


def test_a_contact_is_escaped_wherever_it_stands(api: Api, agent: Browser, event: Make) -> None:
    bad = "<script>alert(1)</script>"
    api.send(
        event("n1", "party.described", time=ago(days=4), party=MAIL, name=bad),
        event("m1", time=ago(seconds=3), channel="chat", message="m1", thread="t1", party=MAIL, text=bad, subject=bad),
        event("o1", "order.placed", time=ago(days=4), order=bad, party=[MAIL, SARA]),
    )  # fmt: skip
    api.send(rings(event, "c1"))
    for path in ("/", f"/customers/{customer_of(api)}", "/pop", f"/search?q={bad}"):
        page = agent.get(path).text
        assert ("<script>alert" in page, "&lt;script&gt;alert" in page) == (False, True), path


@pytest.mark.parametrize(("language", "words"), [
    ("en", "What we know Company Acme & Sons Group wholesale Language de Address Elm Street 5"),
    ("fa", "چه می‌دانیم شرکت Acme & Sons گروه wholesale زبان de نشانی Elm Street 5"),
])  # fmt: skip
def test_what_was_told_of_a_customer_stands_beside_his_line_of_time(
    api: Api, agent: Browser, event: Make, language: str, words: str
) -> None:
    others = {"shoe <size>": 43, "likes": ["tea", {"with": "milk", "sugar": False}], "nothing": [], "again": {"none": None}}
    api.send(
        event("n1", "party.described", time=ago(days=4), party=MAIL, name="Sara", company="Acme", group="retail", **others),
        event("n2", "party.described", time=ago(days=3), party=SARA, company="Acme & Sons", language="de", address="Elm Street 5",
              group="wholesale"),
        event("o1", "order.placed", time=ago(days=4), order="1047", party=[SARA, MAIL]),
    )  # fmt: skip
    mina = accounts.find(api.hub.database, "mina")
    assert mina
    accounts.prefer(api.hub.database, mina.id, language, "dark")
    side = agent.get(f"/customers/{customer_of(api)}/side")
    assert f"{words} likes tea with: milk · sugar: ✗ shoe <size> 43" in text_of(side)
    assert [told for told in ("retail", "nothing", "again") if told in side.text] == []


def test_nothing_is_told_of_who_was_forgotten_nor_of_whom_there_is_only_a_name(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    side = f"/customers/{customer_of(api)}/side"
    assert "What we know" not in text_of(agent.get(side))
    api.send(event("n2", "party.described", time=ago(days=3), party=MAIL, company="Acme", language="de"))
    assert "What we know Company Acme Language de" in text_of(agent.get(side))
    (parties,) = of(api.hub, MAIL["value"])
    forget(api.hub.recorder, parties, datetime.now(UTC))
    api.fold()
    assert "What we know" not in text_of(agent.get(side))


def test_the_chips_leave_only_what_was_asked_for(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    id = customer_of(api)
    people = text_of(agent.get(f"/customers/{id}/timeline?only=people"))
    assert ("Where is" in people, "Returns" in people, "shipped" in people) == (True, False, False)
    web = text_of(agent.get(f"/customers/{id}/timeline?only=web"))
    assert ("Returns" in web, "Where is" in web) == (True, False)


def test_earlier_contacts_follow_page_by_page_until_the_first(api: Api, agent: Browser, event: Make) -> None:
    api.send(*(
        event(f"m{n}", time=ago(minutes=500 - n), channel="chat", message=f"m{n}", thread="t", party=MAIL, text=f"words-{n}.")
        for n in range(95)
    ))  # fmt: skip
    address, seen = f"/customers/{customer_of(api)}/timeline", list[str]()
    while address:
        page = agent.get(address).text
        seen += re.findall(r'data-channel="chat".*?words-(\d+)\.', page, re.DOTALL)
        following = re.search(r'hx-get="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert [int(n) for n in seen] == list(range(94, -1, -1))


def test_of_a_long_text_the_beginning_stands_in_the_page_and_the_rest_comes_when_asked_for(
    api: Api, agent: Browser, event: Make
) -> None:
    text = "word " * 20_000 + "the end"
    api.send(event("m1", channel="chat", message="m1", thread="t1", party=MAIL, text=text))
    page = agent.get(f"/customers/{customer_of(api)}")
    assert len(page.content) < 40_000
    address = re.search(r'hx-get="(/items/[^"]+)"', page.text)
    assert address
    assert "the end" in agent.get(address[1], headers={"hx-request": "true"}).text
    assert "the end" in text_of(agent.get(address[1]))


def test_who_rings_in_vain_again_and_again_still_wrote_the_mail_before(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    for n in range(12):
        api.send(event(f"e{n}", "call.ended", time=ago(minutes=n + 1), call=f"old{n}", party=SARA, cause="no_answer"))
    api.send(rings(event, "c1"))
    pop = text_of(agent.get("/pop"))
    assert pop.count("nobody answered") == 1
    assert "Where is order #1047?" in pop
    assert "order 1047 shipped" in pop


@pytest.mark.usefixtures("worker")
def test_a_page_that_can_renew_itself_is_answered_with_what_changed_at_once(api: Api, agent: Browser, event: Make) -> None:
    api.send(event("m1", time=ago(days=3), channel="chat", message="m1", thread="t1", party=MAIL, text="Hello"))
    api.send(event("e1", "call.ended", time=ago(days=1), call="c0", party=SARA, cause="no_answer"))
    id, caller = customer_of(api), api.client.get("/v1/lookup?phone=09121234567").json()["recent"][0]["party"]
    page = agent.get(f"/customers/{id}", params={"link": caller})
    assert re.search(r'id="link-more" open.*<option value="phone" selected>.*value="\+989121234567"', page.text, re.DOTALL)
    linked = renewed(agent, f"/customers/{id}/link", kind="phone", value="+989121234567", why="said so")
    assert (linked.status_code, "mina: said so" in text_of(linked), "2 conversations" in text_of(linked)) == (200, True, True)
    assert "<html" not in linked.text
    link = re.search(r'name="link" value="([^"]+)"', linked.text)
    assert link
    cut = renewed(agent, f"/customers/{id}/cut", link=link[1])
    assert "are two persons now" in text_of(cut)
    assert (MAIL["value"] in text_of(cut).partition("Known by")[2], "1 conversation," in text_of(cut)) == (True, True)
    wrong = renewed(agent, f"/customers/{id}/link", kind="email", value="no address", why="")
    assert (wrong.status_code, 'value="no address"' in wrong.text, "cannot be linked" in text_of(wrong)) == (422, True, True)


def renewed(browser: Browser, path: str, **fields: str) -> httpx.Response:
    """As a page's script sends a form."""
    return browser.post(path, data=fields, headers={"hx-request": "true", "x-csrf": browser.csrf, "origin": browser.origin})


@pytest.mark.usefixtures("worker")
def test_whoever_has_no_name_yet_gets_one_on_his_page(api: Api, agent: Browser, event: Make) -> None:
    api.send(event("m1", time=ago(days=3), channel="chat", message="m1", thread="t1", party=MAIL, text="Hello"))
    api.send(event("e1", "call.ended", time=ago(days=1), call="c0", party=SARA, cause="no_answer"))
    caller = api.client.get("/v1/lookup?phone=09121234567").json()["recent"][0]["party"]
    assert "Who is this?" in text_of(agent.get(f"/customers/{caller}"))
    wrong = renewed(agent, f"/customers/{caller}/name", who="09121234567")
    assert (wrong.status_code, "That is the number itself." in text_of(wrong)) == (422, True)
    linked = renewed(agent, f"/customers/{caller}/name", who="sara@example.com")
    assert "sara@example.com" in text_of(linked).partition("Known by")[2]
    assert agent.send_form(f"/customers/{caller}/name", who="سارا کریمی").status_code == 303
    page = agent.get(f"/customers/{caller}")
    assert ("سارا کریمی" in text_of(page), "Who is this?" in text_of(page)) == (True, False)


@pytest.mark.usefixtures("worker")
def test_linking_and_cutting_and_undoing_the_cut(api: Api, agent: Browser, event: Make) -> None:
    api.send(event("m1", time=ago(days=3), channel="chat", message="m1", thread="t1", party=MAIL, text="Hello"))
    api.send(event("e1", "call.ended", time=ago(days=1), call="c0", party=SARA, cause="no_answer"))
    id = customer_of(api)
    answer = agent.send_form(f"/customers/{id}/link", kind="phone", value="۰۹۱۲۱۲۳۴۵۶۷", why="said so")
    assert answer.status_code == 303, answer.text
    page = agent.get(f"/customers/{id}")
    assert "mina: said so" in text_of(page)
    link = re.search(r'name="link" value="([^"]+)"', page.text)
    assert link
    apart = agent.send_form(f"/customers/{id}/cut", link=link[1])
    assert apart.status_code == 303
    page = agent.get(apart.headers["location"])
    assert "are two persons now" in text_of(page)
    a, b = (re.search(rf'name="{name}" value="([^"]+)"', page.text) for name in "ab")
    assert a
    assert b
    assert agent.send_form(f"/customers/{id}/link", a=a[1], b=b[1]).status_code == 303
    assert "0912 123 4567" in text_of(agent.get(f"/customers/{customer_of(api)}"))


def test_what_cannot_be_linked_is_said_beside_the_field_and_stays_typed(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    wrong = agent.send_form(f"/customers/{customer_of(api)}/link", kind="email", value="no address", why="because")
    assert wrong.status_code == 422
    assert 'value="no address"' in wrong.text
    assert "cannot be linked" in text_of(wrong)


def test_nobody_is_found_under_an_id_of_nobody(agent: Browser) -> None:
    answer = agent.get("/customers/0b9f6c3e-6d2b-5a53-9d53-2f6f6f3f8a10")
    assert answer.status_code == 404
    assert "There is nothing here" in text_of(answer)


def test_who_was_looked_at_is_written_down(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    id = customer_of(api)
    agent.get(f"/customers/{id}")
    agent.get("/search?q=sara@example.com")
    asked = "SELECT what, which FROM look WHERE who = 'mina' ORDER BY id"
    until(lambda: api.hub.database.rows(asked) == [("customer", id), ("search", id)], 10, "both looks are there")


# -- searching, files, the frame ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [
    "1047", "۱۰۴۷", "#1047", "Sara", "sara kar", "0912 123 4567", "۰۹۱۲۱۲۳۴۵۶۷", "sara@example.com", "sara@exa", "INV-7788",
])  # fmt: skip
def test_people_are_found_however_one_types(api: Api, agent: Browser, event: Make, typed: str) -> None:
    api.send(*history(event), event("i1", "order.invoiced", time=ago(days=2), order="1047", document="INV-7788"))
    assert "Sara Karimi" in text_of(agent.get("/search", params={"q": typed}))


def test_tickets_and_orders_are_found_by_their_numbers(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    api.send(event("m9", channel="chat", message="m9", thread="t9", party=MAIL, text="Hello", subject="A question"))
    number = api.client.get("/v1/tickets").json()["items"][0]["number"]
    persian = str(number).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert f"#{number}" in text_of(agent.get("/search", params={"q": persian}))
    assert "#1047" in text_of(agent.get("/search", params={"q": "۱۰۴۷"}))


def test_a_file_comes_as_a_download_whatever_it_says_of_itself(api: Api, agent: Browser, event: Make) -> None:
    files = [{"name": "صورت‌حساب.html", "type": "text/html", "base64": "PHNjcmlwdD4="},
             {"name": "a.png", "type": "image/png", "base64": "iVBO"}]  # fmt: skip
    api.send(event("m1", channel="chat", message="m1", thread="t1", party=MAIL, text="Here", attachments=files))
    item = re.search(r'href="(/files/[^"]+)/0"', agent.get(f"/customers/{customer_of(api)}").text)
    assert item
    page, picture = agent.get(f"{item[1]}/0"), agent.get(f"{item[1]}/1")
    assert (page.content, page.headers["content-type"]) == (b"<script>", "application/octet-stream")
    assert page.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D8%B5")
    assert (picture.content, picture.headers["content-type"]) == (b"\x89PN"[:3], "image/png")
    assert agent.get(f"{item[1]}/2").status_code == 404


def test_a_file_that_was_only_named_is_shown_and_no_link_leads_nowhere(api: Api, agent: Browser, event: Make) -> None:
    named = [{"name": "photo.jpg", "type": "image/jpeg", "size": 2000}]
    api.send(event("m1", channel="telegram", message="m1", thread="t1", party=MAIL, attachments=named))
    page = agent.get(f"/customers/{customer_of(api)}").text
    assert "photo.jpg" in page
    assert "/files/" not in page


@pytest.mark.parametrize(("said", "kept"), [
    ("../../etc/passwd", "passwd"), ("C:\\Users\\x\\a.doc", "a.doc"), ("\u202egnp.exe", "gnp.exe"), ("a\r\nX: y", "aX: y"),
    ("..", "file"), ("/", "file"), ("صورت‌حساب ۱.pdf", "صورت‌حساب ۱.pdf"),
])  # fmt: skip
def test_a_download_is_called_as_it_is_read_and_lies_in_no_folder(said: str, kept: str) -> None:
    assert plain(said) == kept


def test_no_page_weighs_more_than_150_kb_and_what_is_static_is_kept(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    for path in ("/", f"/customers/{customer_of(api)}", "/search?q=sara"):
        page = agent.get(path)
        weight = len(page.content)
        parts = re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)
        assert {part.partition("?")[0].rpartition(".")[2] for part in parts} >= {"css", "js"}, parts
        for part in {*parts, "/static/fonts/inter-5.3.0.woff2", "/static/fonts/vazirmatn-5.3.0.woff2"}:
            with agent.stream("GET", part.replace("&amp;", "&"), headers={"accept-encoding": "gzip"}) as answer:
                assert answer.headers["cache-control"].endswith("immutable"), part
                weight += sum(map(len, answer.iter_raw()))
        assert weight < 150_000, (path, weight)


def test_pages_run_no_script_and_no_style_but_the_hubs_own(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    api.send(rings(event, "c1"))
    assert "article" in agent.get("/pop").text
    for path in ("/", f"/customers/{customer_of(api)}", "/search?q=sara", "/pop"):
        page = agent.get(path)
        assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", page.text), path
        assert page.headers["cache-control"] == "no-store"
    assert "'unsafe-inline'" not in agent.get("/").headers["content-security-policy"]


def test_a_persian_page_is_from_the_right_in_persian_with_numbers_as_they_are_dialled(
    api: Api, agent: Browser, event: Make
) -> None:
    api.send(*history(event))
    mina = accounts.find(api.hub.database, "mina")
    assert mina
    accounts.prefer(api.hub.database, mina.id, "fa", "dark")
    page = agent.get(f"/customers/{customer_of(api)}").text
    assert '<html lang="fa" dir="rtl" data-theme="dark">' in page
    assert '<bdi dir="ltr">0912 123 4567</bdi>' in page
    assert '<bdi dir="ltr">#1047</bdi>' in page
    assert "سفارش" in page
    assert re.search(r"[۰-۹]+ گفتگو", page)


def test_what_goes_wrong_is_said_in_the_viewers_language(api: Api, agent: Browser) -> None:
    mina = accounts.find(api.hub.database, "mina")
    assert mina
    accounts.prefer(api.hub.database, mina.id, "fa", "dark")
    assert "اینجا چیزی نیست" in text_of(agent.get("/there/is/no/such/page"))


def test_what_goes_wrong_is_said_in_words_to_people_and_as_a_problem_to_programs(api: Api, agent: Browser) -> None:
    page = agent.get("/there/is/no/such/page")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in text_of(page)
    assert re.findall(r'<a class="button \w+" href="(.*?)"', page.text) == ["/", "/search"]
    assert api.client.get("/there/is/no/such/page").headers["content-type"] == "application/problem+json"


def test_orders_and_tickets_are_found_as_one_says_them(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    number = api.client.get("/v1/tickets").json()["items"][0]["number"]
    for said in ("order 1047", "order no. 1047", "سفارش ۱۰۴۷", "Order #1047"):
        assert 'href="/orders/1047"' in agent.get("/search", params={"q": said}).text, said
    for said in (f"ticket {number}", f"Ticket #{number}", f"تیکت {number}"):
        assert 'href="/tickets/' in agent.get("/search", params={"q": said}).text, said


def test_many_open_tickets_leave_the_orders_in_sight(api: Api, agent: Browser, event: Make) -> None:
    api.send(*history(event))
    for n in range(10):
        api.send(event(f"many{n}", time=ago(minutes=n), channel="chat", message=f"n{n}", thread=f"n{n}", party=MAIL, text="Hi"))
    side = agent.get(f"/customers/{customer_of(api)}/side").text
    shown, _, folded = side.partition('<details class="side-part" id="more-tickets">')
    assert shown.count('href="/tickets/') == 8
    assert folded.count('href="/tickets/') == len(api.client.get("/v1/tickets").json()["items"]) - 8


@pytest.mark.parametrize("before", [True, False])
def test_who_asks_while_the_ledger_is_counted_does_not_wait_for_it(api: Api, agent: Browser, before: bool) -> None:
    """Nor the first time: all screens ask at once when a hub starts, and its threads are few."""
    kept = api.app.state.accounted = Accounted(api.hub)
    known = kept.sums() if before else None
    kept._until = 0.0
    with ThreadPoolExecutor(2) as pool:
        with api.hub.database.transaction() as tx:
            tx.execute("LOCK TABLE received IN ACCESS EXCLUSIVE MODE")
            counting = pool.submit(kept.sums)
            until(kept._lock.locked, 10, "somebody counts")
            assert pool.submit(kept.sums).result(20) == known
            assert ("<span>" in agent.get("/home/ledger").text) == before
            assert not counting.done()
        assert counting.result(20) == kept.sums() is not None
