"""Mails that want to act where they are read, each on every page that shows it: nothing runs, nobody is asked for anything."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.consumers.runner import clock
from hub.store import sessions
from tests.transport.wires import FOLDERS, listening, real_mails

from .browsing import address_of, colleague
from .conftest import Api, Event
from .hostile_markup import EVIL, HOSTILE
from .test_clean import Heard

PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
AT_ONCE = 9  # calls that a pop shows; they are looked at together, the others one by one
# Whatever a mail calls is written down, on every page, before anything else of it runs.
_WATCH = """
window.acted = [];
for (const name of ["alert", "confirm", "prompt", "open"]) {
  const real = window[name];
  window[name] = (...said) => { window.acted.push(name); return real(...said); };
}
addEventListener("securitypolicyviolation", (event) => window.acted.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
# What may stand on no page of ours, whatever is shown on it: what acts by itself, and a second element of one id.
_FOREIGN = f"""() => {{
  const acts = (has) => has.name.startsWith("on") || (has.name === "href" && /^\\s*(javascript|data):/i.test(has.value));
  const places = "base, object, embed, iframe, [src^='{EVIL}'], form[action^='http'], main meta, main link, main style";
  const all = [...document.querySelectorAll("*:not(link[rel=icon])")];
  const foreign = all.filter((one) => [...one.attributes].some(acts) || one.matches(places));
  const doubled = all.filter((one) => one.hasAttribute("id") && document.getElementById(one.getAttribute("id")) !== one);
  return [...foreign, ...doubled].map((one) => one.outerHTML.slice(0, 200));
}}"""


def hostile(n: int, markup: str) -> bytes:
    """The markup wherever a mail has words: names, subject, text, html, the name of a file and what is in it."""
    word = f"=?utf-8?b?{b64encode(markup.encode()).decode()}?="
    body = b64encode(markup.encode()).decode()
    return "\r\n".join([
        f"From: {word} <m{n}@example.com>", f"To: {word} <hello@shop.example>", f"Subject: {word}",
        f"Message-ID: <{n}.{quote(markup[:40])}@example.com>", "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="x"', "",
        "--x", 'Content-Type: multipart/alternative; boundary="y"', "",
        "--y", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "", body,
        "--y", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", body, "--y--",
        "--x", "Content-Type: text/html", "Content-Transfer-Encoding: base64",
        f"Content-Disposition: attachment; filename*=utf-8''{quote(markup, safe='')}", "", body, "--x--", "",
    ]).encode()  # fmt: skip


@dataclass
class Reader:
    """An agent's browser, and all that it heard."""

    api: Api
    page: Page
    heard: Heard

    def looks(self, path: str) -> None:
        self.page.goto(address_of(self.api) + path)
        self.finds_nothing(path)

    def finds_nothing(self, where: str) -> None:
        assert self.page.evaluate("window.acted") == [], where
        assert self.page.evaluate(_FOREIGN) == [], where
        assert self.heard.done == [], where

    def opens_as_it_was_sent(self, ticket: str) -> int:
        """How many mails of it can be looked at so."""
        self.looks(f"/tickets/{ticket}")
        sent = self.page.locator(".as-sent summary")
        for n in range(sent.count()):
            with self.page.expect_response("**/mail/*"):
                sent.nth(n).click()
        expect(self.page.locator(".as-sent > div:empty")).to_have_count(0)
        self.finds_nothing(f"ticket {ticket} as it was sent")
        return sent.count()


def ours(api: Api, url: str) -> bool:
    """Pages and parts of the hub; a mail's picture is no way to sign somebody out."""
    return url.startswith(address_of(api)) and urlsplit(url).path != "/sign-out"


@pytest.fixture
def reader(api: Api, chromium: Browser) -> Iterator[Reader]:
    with api.hub.database.transaction() as tx:
        token = sessions.begin(tx, colleague(api, "reza", "supervisor", password=None).id, clock())
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "hub_session", "value": token, "url": address_of(api)}])
    context.add_init_script(_WATCH)
    page, heard = context.new_page(), Heard(lambda url: ours(api, url))
    heard.listen(page)
    yield Reader(api, page, heard)
    context.close()


def brought(api: Api, mails: list[bytes], folder: Path) -> None:
    with listening(api.hub, folder) as smtp:
        assert {answer[:3] for answer in smtp.bring(*mails)} == {"250"}
    api.fold()


def tickets(api: Api) -> list[str]:
    return [id for (id,) in api.hub.database.rows("SELECT ticket::text FROM tickets ORDER BY number")]


def test_no_hostile_mail_does_anything_on_any_page(api: Api, reader: Reader, tmp_path: Path) -> None:
    brought(api, [hostile(n, markup) for n, markup in enumerate(HOSTILE.values())], tmp_path)
    brought(api, [b"\x00" + markup.encode() + b"\r\n" for markup in HOSTILE.values()], tmp_path)
    assert len(tickets(api)) == len(HOSTILE)
    people = api.hub.database.rows("SELECT DISTINCT party::text FROM tickets")
    assert len(people) == len(HOSTILE)
    reader.looks("/")
    for (person,) in people:
        reader.looks(f"/customers/{person}")
    assert [reader.opens_as_it_was_sent(ticket) for ticket in tickets(api)] == [1] * len(HOSTILE)
    for words in ("example.com", *list(HOSTILE.values())[::5]):
        reader.looks(f"/search?q={quote(words)}")
    reader.looks("/rejected")
    refused = api.hub.database.rows("SELECT payload::text FROM outcome WHERE kind = 'rejected'")
    assert len(refused) == len(HOSTILE)
    for (payload,) in refused:
        reader.looks(f"/rejected/{payload}")


def test_no_hostile_caller_does_anything_in_the_pop(
    api: Api, reader: Reader, event: Callable[..., Event], tmp_path: Path
) -> None:
    brought(api, [hostile(n, markup) for n, markup in enumerate(HOSTILE.values())], tmp_path)
    names = [markup.replace("\0", "") for markup in HOSTILE.values()]

    def rings(n: int) -> Event:
        party = {"kind": "email", "value": f"m{n}@example.com"}
        return event(f"c{n} rings", "call.ringing", call=f"c{n}", party=party, caller_name=names[n])

    def ends(n: int) -> Event:
        return event(f"c{n} ends", "call.ended", call=f"c{n}", cause="no_answer")

    reader.page.goto(address_of(api) + "/")
    expect(reader.page.locator("body[data-listening]")).to_be_attached()
    pop = reader.page.locator("#pop .pop")
    for n in range(AT_ONCE, len(names)):
        api.send(rings(n))
        expect(pop).to_have_count(1)
        reader.finds_nothing(f"the pop of {names[n]}")
        api.send(ends(n))
        expect(pop).to_have_count(0)
    api.send(*map(rings, range(AT_ONCE)))
    reader.looks("/")
    expect(pop).not_to_have_count(0)
    reader.finds_nothing("the pop of several")


@pytest.mark.skipif(not all(map(Path.is_dir, FOLDERS)), reason="the real mails, ../shared/data/email_*, are absent")
def test_no_real_mail_does_anything_on_any_page(api: Api, reader: Reader, tmp_path: Path) -> None:
    brought(api, real_mails(), tmp_path)
    assert len(tickets(api)) > 50
    reader.looks("/")
    reader.looks("/search?q=the")
    assert sum(reader.opens_as_it_was_sent(ticket) for ticket in tickets(api)) > 10
