"""The demo as somebody sees it who types `hub up --demo`: a real hub with a small shop, looked at by its own pages."""

from __future__ import annotations

import imaplib
import re
import shlex
import smtplib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import httpx
import orjson
import psutil
import pytest

from hub.demo.day import BOUNCING
from hub.demo.diary import Mail
from hub.demo.history import cast
from hub.demo.mail_bytes import rendered
from hub.demo.people import Person
from hub.demo.plays.unknown_caller import OWNER
from hub.demo.shop import MAIL
from hub.demo.stories.sara import SARA
from hub.demo.stories.two_addresses import DANIEL
from hub.demo.stories.unknown import NUMBER
from hub.transport.servers import server_of
from tests.conftest import reachable_folder
from tests.kill.running import HUB, RunningHub, until

pytestmark = pytest.mark.real
PEOPLE = 12


class DemoHub(RunningHub):
    """`hub up --demo`, and a browser that used its link."""

    browser: httpx.Client
    csrf: str

    def launch(self, port: int, said: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [*HUB, "up", "--demo", "--home", str(self.home), "--port", str(port)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self._environ())

    def open(self) -> None:
        """Start it, and open the page that it says."""
        self._said.seek(0)
        self._said.truncate()
        self.process = self.launch(0, self._said)
        until(self._says_ready, 180, "`hub up --demo` is ready")
        ready = next(orjson.loads(line) for line in self.said().splitlines() if line.startswith('{"ready"'))
        self.browser = httpx.Client(base_url=ready["url"], timeout=60, follow_redirects=True)
        home = self.browser.get(ready["sign_in"])
        found = re.search(r'"X-CSRF":"([0-9a-f]+)"', home.text)
        assert found, home.text
        self.csrf = found[1]
        self.browser.headers["X-CSRF"] = self.csrf

    def panel(self) -> str:
        return _text(self.browser.get("/stories"))

    def play(self, name: str) -> str:
        answer = self.browser.post(f"/stories/{name}", headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.text
        return _text(answer)

    def play_when_free(self, name: str) -> str:
        """Once no other call is ringing."""

        def played() -> str | None:
            said = self.play(name)
            return None if "Somebody else's call is ringing" in said.partition("Kill the worker")[2][:60] else said

        return until(played, 90, "the telephone is free")

    def look_up(self, **who: str) -> dict[str, Any]:
        found: dict[str, Any] = self.browser.get("/v1/lookup", params=who).raise_for_status().json()
        return found

    def customer(self, person: Person) -> str:
        return str(self.look_up(email=person.emails[0])["customers"][0]["id"])

    def timeline(self, person: Person) -> list[dict[str, Any]]:
        answer = self.browser.get(f"/v1/customers/{self.customer(person)}/timeline", params={"limit": 200})
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    def command(self, ticket: str, command: dict[str, Any]) -> dict[str, Any]:
        wish = {"id": str(uuid4()), "expects": None, "command": command}
        answer = self.browser.post(f"/v1/tickets/{ticket}/commands", json=wish)
        assert answer.status_code in (200, 202), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def mail(self, mail: Mail) -> None:
        with self.smtp() as smtp:
            smtp.sendmail(mail.address, ["demo@localhost"], rendered(mail))

    def smtp(self) -> smtplib.SMTP:
        host, _, port = self.run()["smtp"].rpartition(":")
        return smtplib.SMTP(host, int(port), timeout=30)

    def sums(self, source: str) -> dict[str, int]:
        """The ledger's line of this source; empty before anything came from it."""
        rows = self.json("ledger")["sources"]
        return next((row for row in rows if row["source"] == source), {})

    def settings_of(self, process: str) -> dict[str, str]:
        return psutil.Process(self.pid(process)).environ()


def _text(page: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoHub]:
    with reachable_folder() as folder:
        hub = DemoHub(folder, {"HUB_DEMO_PEOPLE": str(PEOPLE)})
        try:
            hub.open()
            yield hub
        finally:
            hub.kill_everything()


@pytest.fixture(scope="module")
def people(demo: DemoHub) -> dict[str, Person]:
    return cast(datetime.fromisoformat(demo.run()["demo"]["since"]), people=PEOPLE).people


def test_a_phone_rings_within_15_seconds_after_the_page_is_open(demo: DemoHub) -> None:
    assert 'data-src="/stories"' in demo.browser.get("/").text
    demo.panel()
    pop = until(lambda: next((t for t in [demo.browser.get("/pop").text] if "Sara Karimi" in t), None), 15, "it rings")
    assert "1047" in pop
    assert "318" in pop


def test_the_last_that_is_said_is_the_link(demo: DemoHub) -> None:
    ready = next(orjson.loads(line) for line in demo.said().splitlines() if line.startswith('{"ready"'))
    welcome = demo.said().partition("The shop is open")[2]
    assert ready["sign_in"] in welcome
    assert f"demo@localhost:{ready['smtp'].rpartition(':')[2]}" in welcome


def test_what_the_readme_says_to_try_first_answers(demo: DemoHub) -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    commands = [shlex.split(line) for line in re.findall(r"^\.venv/bin/hub (.+)$", page, re.MULTILINE)]
    customer, timeline, order = (demo.asked(*words) for words in commands)
    assert "Sara Karimi" in customer
    assert "1047" in timeline
    assert order.startswith("order 1047: ")


def test_the_panel_says_how_to_mail_and_the_mail_appears(demo: DemoHub) -> None:
    panel = demo.browser.get("/stories").text
    assert f"demo@localhost:{demo.run()['smtp'].rpartition(':')[2]}" in panel
    command = re.search(r"<code>(python3 .*?)</code>", panel, re.DOTALL)
    assert command
    subprocess.run(["sh", "-c", unescape(command[1])], check=True)
    until(lambda: demo.look_up(email="you@example.com")["match"] == "one", 30, "the mail is shown")
    assert demo.look_up(email="you@example.com")["recent"][0]["text"] == "Can you see me?"


def test_the_panel_rings_again(demo: DemoHub) -> None:
    def calls() -> int:
        return sum(item["type"].startswith("call.") for item in demo.timeline(SARA))

    rang = calls()
    assert "Sara Karimi calls." in demo.play_when_free("ring")
    until(lambda: calls() > rang, 30, "it rings")


def test_a_walk_in_stands_in_the_timeline(demo: DemoHub) -> None:
    assert "Daniel Ashworth-Bell stands at the counter" in demo.play("walk_in")
    until(lambda: demo.look_up(phone=DANIEL.phones[0])["recent"][0]["type"] == "visit.recorded", 10, "it is shown")


def test_an_unknown_caller_brings_his_old_calls_when_he_is_linked_and_takes_them_along(
    demo: DemoHub, people: dict[str, Person]
) -> None:
    def missed() -> list[dict[str, Any]]:
        items = demo.timeline(people[OWNER])
        return [item for item in items if item["party"] == number and item["type"] == "call.ended"]

    said = demo.play_when_free("unknown_caller")
    assert people[OWNER].latin in said
    assert demo.look_up(phone=NUMBER)["match"] == "none"
    number = demo.look_up(phone=NUMBER)["recent"][0]["party"]
    page = re.search(r'href="(/customers/[^"]+)"', demo.browser.get("/stories").text)
    assert page
    assert f'value="+98{NUMBER[1:]}"' in demo.browser.get(page[1]).text
    assert missed() == []
    wish = {"a": {"kind": "phone", "value": NUMBER}, "b": {"kind": "email", "value": people[OWNER].emails[0]}}
    link = demo.browser.post("/v1/links", json=wish | {"evidence": "he says so"}).raise_for_status().json()["id"]
    assert until(lambda: len(missed()) >= 3, 10, "his old calls are shown")
    demo.browser.delete(f"/v1/links/{link}").raise_for_status()
    assert until(lambda: missed() == [], 10, "they have left")


def test_the_same_mail_twice_is_one_contact_and_one_duplicate(demo: DemoHub, people: dict[str, Person]) -> None:
    assert "Taken in: 1; recognised as a duplicate: 1." in demo.play("duplicate")
    writer = people["en-2"]

    def shown() -> list[dict[str, Any]]:
        return [item for item in demo.timeline(writer) if item["title"] == "Opening hours on Thursday"]

    until(shown, 20, "the mail is shown")
    assert len(shown()) == 1


def test_a_broken_mail_is_rejected_with_the_byte_that_was_wrong(demo: DemoHub) -> None:
    before = len(demo.json("rejected", "list")["items"])
    assert "A broken mail came." in demo.play("broken_mail")
    until(lambda: len(demo.json("rejected", "list")["items"]) == before + 1, 20, "it is rejected")
    assert demo.json("rejected", "list")["items"][0]["at"].startswith("byte ")


def test_a_killed_worker_is_started_again_and_nothing_waits_for_it(demo: DemoHub) -> None:
    killed = demo.pid("worker")
    assert f"Killed process {killed}." in demo.play("kill_worker").replace(" .", ".")
    said = until(lambda: next((s for s in [demo.panel()] if "does its work since" in s), None), 60, "it is at work")
    assert "Nothing was lost." in said
    assert demo.pid("worker") != killed


def test_sara_writes_back_and_it_joins_the_ticket(demo: DemoHub) -> None:
    ticket = demo.browser.get("/v1/tickets/318").json()
    asked = sum(item["type"] == "message.received" for item in demo.timeline(SARA))
    demo.command(ticket["id"], {"answer": {"channel": "email", "text": "فردا می‌رسد."}})

    def wrote_back() -> list[str]:
        return [item["id"] for item in demo.timeline(SARA) if item["type"] == "message.received"][:-asked]

    reply = until(wrote_back, 90, "she has written back")
    assert len(reply) == 1
    until(lambda: reply[0] in demo.browser.get("/v1/tickets/318").json()["contacts"], 20, "it joins the ticket")
    answer = next(item for item in demo.timeline(SARA) if item["type"] == "ticket.answered")
    assert answer["delivery"]["state"] == "sent"
    until(lambda: "Sara Karimi has written back" in demo.panel(), 10, "the panel says so")


def test_what_lies_in_the_shops_mailbox_is_fetched_and_the_same_mail_by_smtp_is_one_contact(demo: DemoHub) -> None:
    """Sara's answer went there; she sends it once more, by the other door."""

    def received() -> int:
        return sum(item["type"] == "message.received" for item in demo.timeline(SARA))

    settings = demo.settings_of("mail")
    server, password = server_of(settings["HUB_IMAP_URLS"])
    assert settings["HUB_SHOPIFY_SECRET"] == demo.settings_of("demo")["HUB_SHOPIFY_SECRET"]
    fetched = until(lambda: demo.sums(f"imap:{MAIL}/INBOX"), 30, "the ledger counts the mailbox")
    assert fetched["understood"] == fetched["received"] >= 1
    with imaplib.IMAP4(server.host, server.port) as program:
        program.login(server.user, password)
        program.select(server.folder, readonly=True)
        letters = [part[1] for part in program.fetch("1:*", "(BODY.PEEK[])")[1] if isinstance(part, tuple)]
    letter = next(one for one in reversed(letters) if SARA.emails[0].encode() in one)
    before, shown = demo.sums("smtp"), received()
    with demo.smtp() as smtp:
        smtp.sendmail(SARA.emails[0], [MAIL], letter)
    until(lambda: demo.sums("smtp")["ignored"] == before["ignored"] + 1, 30, "it is known")
    assert received() == shown


def test_an_answer_to_a_closed_address_is_shown_as_failed(demo: DemoHub, people: dict[str, Person]) -> None:
    writer = people[BOUNCING]
    own = f"{uuid4().hex}@mail.example.com"
    demo.mail(Mail(datetime.now(UTC), own, writer.latin, writer.emails[0], "Spare parts?", "Do you sell lids?", own))

    def asked() -> dict[str, Any] | None:
        customers = demo.look_up(email=writer.emails[0])["customers"]
        tickets = [ticket for customer in customers for ticket in customer["open_tickets"]]
        return next((ticket for ticket in tickets if ticket["subject"] == "Spare parts?"), None)

    demo.command(until(asked, 30, "a ticket is open")["id"], {"answer": {"channel": "email", "text": "We do."}})

    def failed() -> str | None:
        found = [item["delivery"] for item in demo.timeline(writer) if item.get("delivery")]
        return found[0]["reason"] if found and found[0]["state"] == "failed" else None

    assert "no such mailbox" in until(failed, 60, "it has failed")


def test_nobody_plays_without_the_token(demo: DemoHub) -> None:
    played = demo.run()["demo"]
    assert httpx.post(f"http://{played['control']}/ring").status_code == 401
    wrong = {"Authorization": f"Bearer {played['token']}x"}
    assert httpx.get(f"http://{played['control']}/", headers=wrong).status_code == 401


def test_a_story_needs_the_forms_token_and_a_name_that_is_known(demo: DemoHub) -> None:
    without = {name: value for name, value in demo.browser.headers.items() if name.lower() != "x-csrf"}
    cookies = dict(demo.browser.cookies)
    assert httpx.post(f"{demo.url}/stories/ring", headers=without, cookies=cookies).status_code == 403
    assert demo.browser.post("/stories/nonsense").status_code == 404
    assert demo.browser.post("/stories/ring-").status_code == 404


def test_the_panel_speaks_persian_too(demo: DemoHub) -> None:
    demo.browser.post("/settings/me", data={"csrf": demo.csrf, "language": "fa", "theme": "system", "back": "/"})
    assert "امتحان کنید" in demo.panel()
    assert "Killed" not in demo.panel()
    demo.browser.post("/settings/me", data={"csrf": demo.csrf, "language": "en", "theme": "system", "back": "/"})


def test_a_hub_that_is_started_again_goes_on_with_the_same_shop(demo: DemoHub) -> None:
    since = demo.run()["demo"]["since"]
    demo.stop()
    assert demo.gone()
    demo.open()
    assert demo.run()["demo"]["since"] == since
    assert "Loading " not in demo.said()
    assert "Ring again" in demo.panel()
    demo.await_quiet()
    assert demo.json("ledger")["balanced"]
