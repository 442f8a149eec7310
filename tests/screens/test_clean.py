"""Html of mails in a page of ours: nothing of it runs, nothing is asked of anybody, and what was said is still there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Error, Page, Request

from hub.channels.email.bodies import html_body, sort_parts
from hub.channels.email.mime import read_mime
from hub.channels.email.pictures import pictures
from hub.screens.clean import ATTRIBUTES, LONGEST, MOST_TAGS, TAGS, clean

from .hostile_markup import EVIL, HOSTILE, mail

DATA = Path(__file__).parents[3] / "shared" / "data"
CORPORA = [DATA / "email_mime", DATA / "email_bounce"]
OURS = {"div": {"class"}, "span": {"class"}, "a": {"rel", "target"}}  # what the cleaner adds itself
HERE = "http://hub.test/"


class Seen(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@cache
def of_corpora() -> dict[str, str]:
    """The html of every mail that has some."""
    found = {}
    for path in sorted(file for folder in CORPORA for file in folder.rglob("*.eml")):
        markup = html_body(sort_parts(read_mime(path.read_bytes())))
        if markup:
            found[path.name] = markup
    return found


def written(name: str) -> str:
    """The html as the hub reads it from the mail."""
    markup = html_body(sort_parts(read_mime(mail(name, HOSTILE[name]))))
    assert markup is not None
    return markup


def cleaned(markup: str) -> str:
    found = clean(markup, {}, "Picture not loaded")
    assert found is not None
    return str(found)


def only_what_is_meant(markup: str) -> None:
    for tag, attributes in Seen(markup).tags:
        assert tag in (TAGS | {"span"}) - {"h1", "h2"}, tag
        allowed = ATTRIBUTES.get(tag, set()) | ATTRIBUTES["*"] | OURS.get(tag, set())
        assert attributes.keys() <= allowed, (tag, attributes)
        if tag == "a" and "href" in attributes:
            assert str(attributes["href"]).startswith(("http://", "https://", "mailto:", "tel:"))
            assert (attributes["rel"], attributes["target"]) == ("noopener noreferrer nofollow", "_blank")
        assert tag != "img" or str(attributes["src"]).startswith("/files/")


@pytest.mark.parametrize("name", HOSTILE)
def test_only_harmless_tags_are_left_of_a_hostile_mail(name: str) -> None:
    only_what_is_meant(cleaned(written(name)))


def test_there_are_thirty_hostile_mails() -> None:
    assert len(HOSTILE) >= 30


@pytest.mark.skipif(not all(folder.is_dir() for folder in CORPORA), reason="the real mails, ../shared/data, are absent")
def test_only_harmless_tags_are_left_of_real_mails() -> None:
    assert len(of_corpora()) > 10
    for markup in of_corpora().values():
        only_what_is_meant(cleaned(markup))


class Heard:
    """What a page did that it should not. `wanted`: which addresses it may ask."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self.done: list[str] = []
        self._wanted = wanted

    def listen(self, page: Page) -> None:
        page.on("dialog", self._dialog)
        page.on("console", lambda message: self.done.append(f"console {message.text}"))
        page.on("pageerror", lambda error: self.done.append(f"error {error}"))
        page.on("popup", lambda popup: self.done.append(f"popup {popup.url}"))
        page.on("request", self._request)

    def _dialog(self, dialog: Dialog) -> None:
        self.done.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, asked: Request) -> None:
        if not self._wanted(asked.url):
            self.done.append(f"request {asked.url}")


@contextmanager
def opened(chromium: Browser) -> Iterator[tuple[Page, Heard]]:
    """A page without any policy of its own: only the cleaning stands between the mail and the reader."""
    page = chromium.new_page()
    yield page, Heard(lambda url: url == HERE)
    page.close()


def show(page: Page, body: str) -> None:
    whole = f'<!DOCTYPE html><html><head><link rel="icon" href="data:,"></head><body><main>{body}</main></body></html>'
    page.unroute("**/*")
    page.route("**/*", lambda route: route.fulfill(body=whole, content_type="text/html; charset=utf-8")
               if route.request.url == HERE else route.abort())  # fmt: skip
    page.goto(HERE)
    for link in page.query_selector_all("main *"):
        link.dispatch_event("mouseover")
        link.dispatch_event("focus")
    page.wait_for_timeout(30)


def test_in_a_real_browser_nothing_runs_and_nothing_is_asked_of_anybody(chromium: Browser) -> None:
    mails = {name: written(name) for name in HOSTILE} | (of_corpora() if CORPORA[0].is_dir() else {})
    with opened(chromium) as (page, heard):
        heard.listen(page)
        for name, markup in mails.items():
            show(page, cleaned(markup))
            assert heard.done == [], name


def test_the_same_browser_does_hear_what_was_not_cleaned(chromium: Browser) -> None:
    """Else the test above could not fail."""
    with opened(chromium) as (page, heard):
        heard.listen(page)
        acted = set()
        for name in HOSTILE:
            heard.done.clear()
            with suppress(Error):  # some go elsewhere at once
                show(page, written(name))
            acted |= {name} if heard.done else set()
        assert {"a script", "an event", "an event without quotes or blanks", "a style sheet", "a frame", "a refresh",
                "a picture that counts readers", "an event of a details"} <= acted  # fmt: skip
        assert len(acted) > 15


def test_what_was_said_is_still_there() -> None:
    markup = (
        "<h1>Invoice</h1><p>Dear <b>Sara</b>,</p><ul><li>one</li></ul><table><tr><td colspan=2>total</td></tr></table>"
        "<blockquote>you wrote</blockquote><a href='https://shop.example/a?b=c&amp;d'>the shop</a><p dir=RTL>سلام</p>"
    )
    assert cleaned(markup) == (
        '<div class="mail-heading">Invoice</div><p>Dear <b>Sara</b>,</p><ul><li>one</li></ul>'
        '<table><tbody><tr><td colspan="2">total</td></tr></tbody></table><blockquote>you wrote</blockquote>'
        '<a href="https://shop.example/a?b=c&amp;d" target="_blank" rel="noopener noreferrer nofollow">the shop</a>'
        '<p dir="rtl">سلام</p>'
    )


def test_in_place_of_a_picture_from_elsewhere_stands_what_its_sender_called_it() -> None:
    assert cleaned(f'<img src="{EVIL}/a.png" alt="Our <b>shop</b>">') == (
        '<span class="no-picture">Picture not loaded: Our ‹b›shop‹/b›</span>'
    )
    assert cleaned(f'<img src="{EVIL}/a.png">') == '<span class="no-picture">Picture not loaded</span>'
    assert cleaned(f'<img src="{EVIL}/a.png" width=1 height=1>') == ""


def test_pictures_that_came_along_are_shown_as_files_of_ours() -> None:
    came = EmailMessage()
    came["From"], came["Subject"] = "sara@example.com", "broken"
    came.set_content("see below")
    came.add_alternative('<img src="cid:photo%40mail" alt="the lamp"><img src="cid:drawing@mail">', subtype="html")
    parts = came.get_payload()
    assert isinstance(parts, list)
    parts[1].add_related(b"\x89PNG\r\n", "image", "png", cid="<photo@mail>")  # type: ignore[union-attr]
    parts[1].add_related(b"<svg onload=alert(1)>", "image", "svg+xml", cid="<drawing@mail>")  # type: ignore[union-attr]
    places = pictures(came.as_bytes())
    assert places == {"photo@mail": 0}
    markup = html_body(sort_parts(read_mime(came.as_bytes())))
    shown = clean(markup or "", {id: f"/files/E/{n}" for id, n in places.items()}, "Picture not loaded")
    assert str(shown).strip() == '<img src="/files/E/0" alt="the lamp"><span class="no-picture">Picture not loaded</span>'


def test_what_is_too_large_to_be_looked_at_is_not_shown() -> None:
    assert clean("<p>" * (MOST_TAGS + 1), {}, "") is None
    assert clean("x" * (LONGEST + 1), {}, "") is None


@pytest.mark.parametrize(
    "markup",
    ["<div>" * (MOST_TAGS - 1), "&" * LONGEST, "".join(f"<font a={n}>" for n in range(5_000)) + "<p>" * 4_999,
     "<a " + " ".join(f"{n:x}" for n in range(40_000)) + ">", "<table><tr><td>" * 3_300, "<b>" * 100 + "<div></b>" * 4_900],
    ids=["deep", "ampersands", "formats", "attributes", "tables", "misnested"],
)  # fmt: skip
def test_no_mail_holds_its_reader_up_for_long(markup: str) -> None:
    before = time.process_time()
    assert clean(markup, {}, "") is not None
    assert time.process_time() - before < 10  # a second or so on a quiet machine; without a bound it would be minutes
