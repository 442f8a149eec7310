"""The demo's shop in a browser: one small `hub up --demo` for the whole run, looked at in both languages."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import reachable_folder
from tests.kill.running import HUB, RunningHub, until

from .rig import PATIENCE

PEOPLE = "12"


class DemoHub(RunningHub):
    """`hub up --demo`."""

    def launch(self, port: int, said: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [*HUB, "up", "--demo", "--home", str(self.home), "--port", str(port)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self._environ())

    def open(self) -> None:
        self.process = self.launch(0, self._said)
        until(self._says_ready, 300, "`hub up --demo` is ready")


@dataclass
class Demo:
    """`context` is a browser in which whoever watches is signed in; `english` and `persian` are that one in turn."""

    hub: DemoHub
    context: BrowserContext
    chromium: Browser
    _language: str = "en"
    _found: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.hub.run()["url"])

    @property
    def session(self) -> str:
        """The cookie by which the hub knows who watches."""
        return next(one["value"] for one in self.context.cookies() if one["name"] == "hub_session")

    def api(self, path: str, **query: str) -> Any:
        """What a program would read there."""
        if (asked := path + repr(query)) not in self._found:
            answer = self.context.request.get(self.url + path, params={**query})
            assert answer.ok, answer.text()
            self._found[asked] = answer.json()
        return self._found[asked]

    def page(self, language: str, width: int = 1440, height: int = 900) -> Page:
        """A page of the signed-in browser, in this language. Nothing moves on it."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(reduced_motion="reduce", color_scheme="light")
        if language != self._language:
            page.goto(self.url + "/settings/me")
            page.locator("#you summary").click()
            page.locator(f"#you button[lang={language}]").click()
            expect(page.locator(f"html[lang={language}]")).to_be_attached()
            self._language = language
        return page

    def visit(self, page: Page, path: str) -> None:
        """The page stands, and what it fetches by itself is there."""
        page.goto(self.url + path)
        if page.locator("body[data-topics]").count():
            expect(page.locator("body[data-listening]")).to_be_attached()
            expect(page.locator("[data-load]:not(#pop):empty")).to_have_count(0)

    @property
    def sara(self) -> str:
        return str(self.api("/v1/lookup", phone="09121234567")["customers"][0]["id"])

    @property
    def nasrin(self) -> str:
        return str(self._of_nasrin["customers"][0]["id"])

    @property
    def nasrins_order(self) -> str:
        return str(self._of_nasrin["likely"]["id"])

    @property
    def nasrins_ticket(self) -> str:
        return str(self._of_nasrin["customers"][0]["open_tickets"][0]["id"])

    @property
    def _of_nasrin(self) -> Any:
        return self.api("/v1/lookup", phone="09355550147")

    @property
    def ticket(self) -> str:
        return str(self.api("/v1/tickets/318")["id"])

    @property
    def colleague(self) -> str:
        """The id of an account."""
        if "colleague" not in self._found:
            page = self.page(self._language)
            page.goto(self.url + "/settings/users")
            address = page.locator("main a[href^='/settings/users/']").first.get_attribute("href")
            page.close()
            self._found["colleague"] = str(address).rpartition("/")[2]
        return str(self._found["colleague"])

    @property
    def rejected(self) -> str:
        """The id of what is left of a mail after a disk failed."""
        if "rejected" not in self._found:
            self.play("broken_mail")
            self._found["rejected"] = until(self._rejected, 60, "the broken mail is rejected")
        return str(self._found["rejected"])

    def _rejected(self) -> str | None:
        items = self.hub.json("rejected", "list")["items"]
        return str(items[0]["id"]) if items else None

    def play(self, story: str) -> None:
        """A button of the stories panel."""
        page = self.page(self._language)
        self.visit(page, "/")
        page.locator(f"#story-{story}").click()
        expect(page.locator(".story-told").first).to_be_visible()
        page.close()


@contextmanager
def open_demo(chromium: Browser, people: str = PEOPLE) -> Iterator[Demo]:
    with reachable_folder() as home:
        hub = DemoHub(home, {"HUB_DEMO_PEOPLE": people})
        context = chromium.new_context(locale="en-GB")
        try:
            hub.open()
            page = context.new_page()
            page.goto(str(hub.run()["sign_in"]))
            expect(page.locator("h1")).to_be_visible()
            page.close()
            yield Demo(hub, context, chromium)
        finally:
            context.close()
            hub.kill_everything()
