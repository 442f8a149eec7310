from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from hub.consumers.understand import channels
from hub.screens import words
from hub.screens.words import LANGUAGES, say, shown

SCREENS = Path(words.__file__).parents[1]
FILES = sorted([*SCREENS.rglob("*.html"), *SCREENS.rglob("*.py")])
_USED = re.compile(r"""(?:\bt\(|\bsay\([^,()]+(?:\([^()]*\))?[^,()]*,)\s*["']([a-z][a-z0-9_.]*)["']\s*([~),])""")

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_language_says_the_same_things() -> None:
    lists = {language: words.words(language) for language in LANGUAGES}
    english = lists.pop("en")
    for language, known in lists.items():
        assert known.keys() == english.keys(), language
        assert [key for key, text in known.items() if not text.strip()] == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_language_has_the_same_open_fields(language: str) -> None:
    known = words.words(language)
    differing = {
        key for key, text in words.words("en").items()
        if fields(known[key]) - {"n"} != fields(text) - {"n"}
    }  # fmt: skip
    assert differing == set()


@pytest.mark.parametrize("path", FILES, ids=[str(file.relative_to(SCREENS)) for file in FILES])
def test_what_a_page_says_is_in_the_lists(path: Path) -> None:
    known = words.words("en")
    for key, follows in _USED.findall(_COMMENT.sub("", path.read_text())):
        if follows == "~":
            assert any(one.startswith(key) for one in known), f"{path.name}: nothing begins with {key}"
        else:
            assert key in known, f"{path.name}: {key}"


def test_every_channel_that_reads_what_came_has_a_name() -> None:
    assert {f"door.{name}" for name in channels()} == {key for key in words.words("en") if key.startswith("door.")}


def test_a_number_is_written_in_the_digits_of_the_language() -> None:
    assert say("en", "live.new", n=12) == "12 new"
    assert say("fa", "live.new", n=12) == "۱۲ تازه"
    assert (shown("en", 1234567.5), shown("fa", 1234567)) == ("1,234,567.5", "۱٬۲۳۴٬۵۶۷")


def test_one_of_a_thing_has_words_of_its_own() -> None:
    assert (say("en", "customer.contacts", n=1), say("en", "customer.contacts", n=2)) == ("1 contact", "2 contacts")


def test_a_key_that_nobody_wrote_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("en", "there.is.no.such.key")


def test_text_of_a_customer_is_never_taken_for_fields_of_ours() -> None:
    assert "{n.__class__}" in say("en", "search.nothing", q="{n.__class__}")
