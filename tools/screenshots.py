"""`python -m tools.screenshots [FOLDER]`: the pictures of the docs, taken of the demo's shop in Chromium."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hub.demo.shop import REZA
from tests.browser.demo import Demo, open_demo
from tests.chromium import CHROMIUM, SWITCHES
from tests.conftest import reachable_folder
from tests.kill.running import RunningHub, until

FOLDER = Path(__file__).parents[1] / "docs/pictures"
PEOPLE = "60"
LARGEST = 200_000  # bytes
QUALITY = 82
WIDE, MIDDLE, NARROW = (1440, 900), (900, 900), (375, 812)
SARA, NASRIN, NOBODY = "0912 123 4567", "0935 555 0147", "0912 777 0099"
MAILBOX = (
    ("name", "Help desk"), ("address", "help@shop.example"),
    ("imap_host", "127.0.0.1"), ("imap_port", "1"), ("imap_user", "help"), ("imap_password", "a password"),
)  # fmt: skip
LONG = "Maximiliane-Alexandra von Hohenlohe-Waldenburg-Schillingsfürst zu Unterwössen-Oberammergau"
LONG_ADDRESS = "maximiliane-alexandra.von-hohenlohe-waldenburg-schillingsfuerst@example.com"


@dataclass(frozen=True)
class Picture:
    """`path`: its fields are properties of the Demo. `rings`: the number that calls on it. `fills`: fields by
    name; `press`: the button, by its words, that is pressed then. `signed_in`: else whoever looks has no account."""

    name: str
    path: str
    language: Literal["en", "fa"] = "en"
    theme: Literal["light", "dark"] = "light"
    size: tuple[int, int] = WIDE
    rings: str | None = None
    fills: tuple[tuple[str, str], ...] = ()
    press: str | None = None
    signed_in: bool = True


VISIT = (("about", "The cup came cracked"), ("text", "She was in the shop with what is left of order #1047."))
PICTURES = (
    Picture("customer", "/customers/{sara}"),
    Picture("customer-dark", "/customers/{sara}", theme="dark"),
    Picture("customer-persian", "/customers/{nasrin}", "fa"),
    Picture("narrow-customer-persian", "/customers/{nasrin}", "fa", size=NARROW),
    Picture("long-name", "/customers/{long}"),
    Picture("narrow-long-name", "/customers/{long}", size=NARROW),
    Picture("contact", "/contacts/new?customer={sara}", fills=VISIT),
    Picture("narrow-contact-persian", "/contacts/new?customer={nasrin}", "fa", size=NARROW),
    Picture("tickets", "/tickets?whose=all&state=unfinished"),
    Picture("tickets-middle-persian", "/tickets?whose=all&state=unfinished", "fa", size=MIDDLE),
    Picture("ticket", "/tickets/{ticket}"),
    Picture("ticket-persian-dark", "/tickets/{nasrins_ticket}", "fa", "dark"),
    Picture("narrow-ticket-dark", "/tickets/{ticket}", theme="dark", size=NARROW),
    Picture("order", "/orders/1047"),
    Picture("order-persian-dark", "/orders/{nasrins_order}", "fa", "dark"),
    Picture("search", "/search?q=1047"),
    Picture("search-persian", "/search?q=کاویانی", "fa"),
    Picture("rejected", "/rejected/{rejected}"),
    Picture("rejected-persian", "/rejected/{rejected}", "fa"),
    Picture("settings", "/settings/users"),
    Picture("mailbox", "/settings/mailboxes/new", fills=MAILBOX, press="Test"),
    Picture("hours-persian", "/settings/hours", "fa"),
    Picture("system", "/system", theme="dark"),
    Picture("error", "/there/is/no/such/page"),
    Picture("sign-in", "/sign-in", signed_in=False),
    Picture("sign-in-persian", "/sign-in", "fa", size=NARROW, signed_in=False),
    # the last ones, for as soon as somebody looks at home the demo's customers begin to call
    Picture("home", "/", rings=SARA),
    Picture("home-persian-dark", "/", "fa", "dark", rings=NASRIN),
    Picture("home-middle", "/", size=MIDDLE),
    Picture("narrow-home", "/", size=NARROW, rings=SARA),
    Picture("unknown-caller", "/", rings=NOBODY),
)
FIRST_STEPS = "first-steps"


class TooLarge(Exception):
    """A picture that nobody wants to wait for: make it smaller or plainer."""


class Shop:
    """The demo, in it a customer with a long name, and calls that one can look at one by one."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self._long = ""

    @property
    def long(self) -> str:
        if not self._long:
            party = {"kind": "email", "value": LONG_ADDRESS}
            text = "Could the tea set be engraved with all of my name? I have counted: it needs ninety letters."
            self._tell("party.described", party=party, name=LONG)
            self._tell("message.received", channel="chat", message="long", thread="long", party=party, text=text)
            self.demo.hub.await_quiet()
            self._long = str(self.demo.api("/v1/customers", q=LONG_ADDRESS)["items"][0]["id"])
        return self._long

    @contextmanager
    def ringing(self, page: Page, number: str) -> Iterator[None]:
        """This number calls, and nobody else."""
        call: dict[str, Any] = {}
        while not call or page.locator("article.pop[data-call]").count() != 1:
            if call:  # one of the demo's came between
                self._tell("call.ended", **call, cause="no_answer")
            self.await_silence()
            call = {"call": str(uuid4()), "direction": "in", "agent": REZA.extension,
                    "party": {"kind": "phone", "value": number}}  # fmt: skip
            self._tell("call.ringing", **call)
            expect(page.locator(".pop-name")).to_be_visible()
        yield
        self._tell("call.ended", **call, cause="no_answer")

    def await_silence(self) -> None:
        until(self._silent, 300, "nobody calls")

    def _silent(self) -> bool:
        return not self.demo.context.request.get(f"{self.demo.url}/pop").text().strip()

    def _tell(self, type: str, **data: Any) -> None:
        run = self.demo.hub.run()
        one = {"specversion": "1.0", "id": str(uuid4()), "source": "shop", "type": type,
               "time": datetime.now(UTC).isoformat(), "data": data}  # fmt: skip
        headers = {"authorization": f"Bearer {run['demo']['keys']['machine']}",
                   "content-type": "application/cloudevents+json"}  # fmt: skip
        httpx.post(f"{run['url']}/v1/events", json=one, headers=headers, timeout=60).raise_for_status()

    def path(self, picture: Picture) -> str:
        fields = set(re.findall(r"\{(\w+)\}", picture.path))
        return picture.path.format(**{name: self.long if name == "long" else getattr(self.demo, name) for name in fields})


def take(shop: Shop, picture: Picture, folder: Path) -> Path:
    """Its file. Raises TooLarge."""
    if not picture.signed_in:
        return _taken_outside(shop.demo, picture, folder)
    page = shop.demo.page(picture.language, *picture.size)
    page.emulate_media(reduced_motion="reduce", color_scheme=picture.theme)
    if picture.path == "/":
        shop.await_silence()
    shop.demo.visit(page, shop.path(picture))
    if not picture.rings:
        put_aside(page)
    for name, value in picture.fills:
        page.locator(f"main [name={name}]").fill(value)
    if picture.press:
        page.get_by_role("button", name=picture.press).click()
        expect(page.locator(".notice, .error").first).to_be_visible()
    with shop.ringing(page, picture.rings) if picture.rings else nullcontext():
        return written(page, picture.name, picture.size, folder)


def _taken_outside(demo: Demo, picture: Picture, folder: Path) -> Path:
    width, height = picture.size
    locale = {"en": "en-GB", "fa": "fa-IR"}[picture.language]
    context = demo.chromium.new_context(locale=locale, viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(demo.url + picture.path)
    file = written(page, picture.name, picture.size, folder)
    context.close()
    return file


def take_first_steps(browser: Browser, folder: Path) -> Path:
    """Of a hub that holds nothing yet. Raises TooLarge."""
    with reachable_folder() as home:
        hub = RunningHub(home)
        context = browser.new_context(locale="en-GB", viewport={"width": WIDE[0], "height": WIDE[1]})
        try:
            hub.start()
            page = context.new_page()
            page.goto(str(hub.run()["sign_in"]))
            expect(page.locator("h1")).to_have_text("First steps")
            return written(page, FIRST_STEPS, WIDE, folder)
        finally:
            context.close()
            hub.kill_everything()


def put_aside(page: Page) -> None:
    """Whoever rings; a page that has no pop is left alone."""
    page.wait_for_timeout(500)
    if page.locator(".pop:not([hidden])").count():
        page.keyboard.press("Escape")
        expect(page.locator(".pop:not([hidden])")).to_have_count(0)


def written(page: Page, name: str, size: tuple[int, int], folder: Path) -> Path:
    """The page as it stands, in a file; then it is closed. Raises TooLarge."""
    page.evaluate("document.fonts.ready")
    file = folder / f"{name}.webp"
    file.write_bytes(shot(page, size))
    page.close()
    if file.stat().st_size > LARGEST:
        raise TooLarge(f"{file} has {file.stat().st_size} bytes. {TooLarge.__doc__}")
    return file


def shot(page: Page, size: tuple[int, int]) -> bytes:
    """What the window shows, twice as fine, as WebP."""
    wire = page.context.new_cdp_session(page)
    width, height = size
    wire.send("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 2 if width < 1000 else 1.5, "mobile": False,
    })  # fmt: skip
    taken = wire.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(taken["data"])


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield browser
        browser.close()


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        tell(take_first_steps(browser, folder))
        with open_demo(browser, PEOPLE) as demo:
            shop = Shop(demo)
            for picture in PICTURES:
                tell(take(shop, picture, folder))


def tell(file: Path) -> None:
    print(f"{file}: {file.stat().st_size // 1000} KB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
