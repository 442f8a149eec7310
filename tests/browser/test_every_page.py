"""Every page with a shop's data, in both languages, wide and narrow, light and dark: nothing keeps anybody out, every word is
the reader's, everything is reached by keys, and it is light."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from fastapi.routing import APIRoute
from playwright.sync_api import Page

from hub.discover import discover
from hub.screens.words import LANGUAGES, words

from .demo import Demo

pytestmark = pytest.mark.real
PAGES = [
    "/", "/customers/{sara}", "/customers/{sara}?only=people", "/customers/{sara}/orders", "/contacts/new",
    "/contacts/new?customer={sara}", "/tickets", "/tickets?whose=all&state=resolved", "/tickets/{ticket}", "/orders/1047",
    "/search", "/search?q=karimi", "/search?q=nobody-of-this-name", "/rejected", "/rejected/{rejected}", "/settings",
    "/settings/users", "/settings/users/{colleague}", "/settings/keys",
    "/settings/mailboxes", "/settings/mailboxes/new", "/settings/hours", "/settings/texts", "/settings/blocked",
    "/settings/orders", "/settings/looks", "/settings/me", "/system", "/there/is/no/such/page",
]  # fmt: skip
UNSIGNED = ["/sign-in", "/sign-in/over", "/invite/over"]
PARTS = {
    "/home/today", "/home/tickets", "/home/ledger", "/home/ringing", "/stories", "/pop", "/customers/{id}/timeline",
    "/customers/{id}/side", "/customers/{id}/head", "/customers/{id}/chips",
    "/tickets/{id}/mail/{contact}", "/files/{event}/{n}", "/rejected/{id}/raw", "/items/{id}/text",
    "/settings/mailboxes/{id}", "/rejected/newest",
}  # fmt: skip
"""What is not a page of its own: parts, files, and a form that is the same as that of a new one."""
WIDTHS = (1440, 375)
HEAVIEST = 150 * 1024


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_wide_and_narrow_light_and_dark(demo: Demo, language: str) -> None:
    faults: list[str] = []
    for path, page in all_pages(demo, language):
        page.evaluate(AXE_SCRIPT)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(reduced_motion="reduce", color_scheme="light")
            faults += [f"{path} {width} {fault}" for fault in barriers(page)]
            page.emulate_media(reduced_motion="reduce", color_scheme="dark")
            faults += [f"{path} {width} dark {fault}" for fault in barriers(page, ["color-contrast", "link-in-text-block"])]
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                faults.append(f"{path} {width}: something stands beside the screen")
    assert faults == [], "\n".join(faults)


def barriers(page: Page, rules: list[str] | None = None) -> Iterator[str]:
    """The other theme changes colours alone, so there only the rules about them are asked."""
    options: dict[str, Any] = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    for violation in page.evaluate("options => axe.run(options)", options)["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_of_the_readers_language(demo: Demo, language: str) -> None:
    faults: list[str] = []
    for path, page in all_pages(demo, language):
        faults += [f"{path} {fault}" for fault in foreign(page, language)]
    assert faults == [], "\n".join(faults)


def foreign(page: Page, language: str) -> Iterator[str]:
    """What the page says itself that is a key, or words of another language."""
    said = page.evaluate(_SAID)
    for text in said["texts"] + said["names"]:
        if text in words("en"):
            yield f"shows a key: {text}"
    known = latin_of_persian()
    for text in said["texts"] if language == "fa" else ():
        if latin := set(_LATIN.findall(text)) - known:
            yield f"says {sorted(latin)} in: {text[:120]}"
    known |= set(_LATIN.findall(said["data"]))
    for text in said["names"] if language == "fa" else ():
        if latin := set(_LATIN.findall(text)) - known:
            yield f"names something {sorted(latin)} in: {text[:120]}"
    for text in said["set"] if language == "fa" else ():
        if text in english_alone():
            yield f"passes off as somebody's own: {text}"
    for text in said["texts"] if language == "en" else ():
        if _PERSIAN.search(text):
            yield f"says in Persian: {text[:120]}"


# Names, addresses, mails and the like stand in bdi or have dir=auto, by which they are known from what the page itself says;
# that nothing of the page's own hides there is looked at, too. In an attribute nothing can be set apart: there a name may
# stand that is shown elsewhere on the page.
_SAID = """() => {
    const data = "bdi, [dir=auto], .text, code, kbd, textarea, option, datalist, title, #said, button[lang], script, style";
    const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    const texts = new Set(), names = new Set(), theirs = [], set = new Set();
    while (walker.nextNode()) {
        const one = walker.currentNode;
        if (one.parentElement.closest("bdi, [dir=auto]")) set.add(one.textContent.trim());
        if (one.parentElement.closest(data)) theirs.push(one.textContent);
        else if (one.textContent.trim()) texts.add(one.textContent.trim());
    }
    for (const name of ["aria-label", "title", "placeholder", "alt"]) {
        for (const one of document.querySelectorAll(`[${name}]`)) {
            const said = one.getAttribute(name).trim();
            if (said && !one.closest(data + ", input[dir=ltr]")) names.add(said);
        }
    }
    return { texts: [...texts], names: [...names], data: theirs.join(" "), set: [...set] };
}"""
_LATIN = re.compile(r"[A-Za-z]{2,}")
_PERSIAN = re.compile(r"[\u0600-\u06ff]")


@cache
def english_alone() -> frozenset[str]:
    """What the English list says and the Persian one does not."""
    return frozenset(text for text in words("en").values() if " " in text) - frozenset(words("fa").values())


@cache
def latin_of_persian() -> frozenset[str]:
    """IMAP and its like: the Latin words that the Persian list itself uses."""
    return frozenset(word for text in words("fa").values() for word in _LATIN.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_weighs_more_than_150_kb_before_its_pictures(demo: Demo, language: str) -> None:
    weights = {}
    page = demo.page(language)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    came: dict[str, str] = {}
    taken: list[float] = []
    wire.on("Network.responseReceived", lambda told: came.update({told["requestId"]: told["type"]}))
    wire.on("Network.loadingFinished", lambda told: taken.append(
        told["encodedDataLength"] if came.get(told["requestId"]) in ("Document", "Stylesheet", "Script", "Font") else 0
    ))  # fmt: skip
    for path in PAGES:
        taken.clear()
        demo.visit(page, filled(demo, path))
        page.evaluate("document.fonts.ready")
        weights[path] = sum(taken)
    page.close()
    assert min(weights.values()) > 20_000, "nothing was counted"
    print(f"{language}: {max(weights.values()) / 1024:.0f} KB at most, {min(weights.values()) / 1024:.0f} at least")
    assert {path: weight for path, weight in weights.items() if weight > HEAVIEST} == {}


@pytest.mark.parametrize(
    "path", ["/", "/customers/{sara}", "/tickets/{ticket}", "/orders/1047", "/search?q=karimi", "/settings/users"]
)
def test_everything_is_reached_by_tab_and_one_sees_where_one_is(demo: Demo, path: str) -> None:
    page = demo.page("en")
    demo.visit(page, filled(demo, path))
    page.evaluate(_MARK)
    page.locator("body").focus()
    reached: set[str] = set()
    hidden: list[str] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        at = page.evaluate(_WHERE)
        if at is None or at["mark"] in reached:
            break
        reached.add(at["mark"])
        if not at["seen"]:
            hidden.append(at["html"])
    missed = page.evaluate(_MISSED, list(reached))
    page.close()
    assert len(reached) > 5
    assert (missed, hidden) == ([], [])


_MISSED = """reached => [...document.querySelectorAll("[data-mark]")]
    .filter((one) => one.checkVisibility() && !reached.includes(one.dataset.mark))
    .map((one) => one.outerHTML.slice(0, 160))"""
# Of the buttons of a group Tab reaches the chosen one; arrows do the rest.
_MARK = """() => {
    const can = "a[href], button:enabled, input:enabled:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    let n = 0;
    for (const one of document.querySelectorAll(can)) {
        if (!one.checkVisibility({ visibilityProperty: true }) || one.tabIndex < 0) continue;
        if (one.closest("#pop") || one.closest("#stories") || one.closest("[data-live~=today], #ringing")) continue;
        if (one.type === "radio" && !one.checked) continue;
        one.dataset.mark = String(n++);
    }
}"""
_WHERE = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const drawn = (element, part) => {
        const style = getComputedStyle(element, part);
        return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    };
    const shown = [one, one.nextElementSibling, one.parentElement, one.closest("li, label")].filter(Boolean);
    const html = one.outerHTML.slice(0, 160);
    one.dataset.mark ??= `later ${performance.now()}`;
    return { mark: one.dataset.mark, seen: drawn(one, "::after") || shown.some((other) => drawn(other)), html };
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_yet_signed_in_speaks_the_browsers_language(demo: Demo, language: str) -> None:
    context = demo.chromium.new_context(locale={"en": "en-GB", "fa": "fa-IR"}[language], reduced_motion="reduce")
    page = context.new_page()
    faults: list[str] = []
    for path in UNSIGNED:
        page.goto(demo.url + path)
        page.evaluate(AXE_SCRIPT)
        faults += [f"{path} {fault}" for fault in (*barriers(page), *foreign(page, language))]
    context.close()
    assert faults == [], "\n".join(faults)


def test_no_page_is_left_out() -> None:
    routes = [route for router in discover("hub.screens.pages", "router").values() for route in router.routes]
    shown = {route.path for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())} - PARTS
    looked_at = [re.sub(r"\?.*", "", path) for path in (*PAGES, *UNSIGNED)]
    found = {route.path for route in routes if isinstance(route, APIRoute) and any(map(route.path_regex.match, looked_at))}
    assert shown - found == set()


def all_pages(demo: Demo, language: str) -> Iterator[tuple[str, Page]]:
    page = demo.page(language)
    for path in PAGES:
        demo.visit(page, filled(demo, path))
        yield path, page
    page.close()


def filled(demo: Demo, path: str) -> str:
    """The ids in it are those of the demo's people and things."""
    fields = set(re.findall(r"\{(\w+)\}", path))
    return path.format(**{name: getattr(demo, name) for name in fields})
