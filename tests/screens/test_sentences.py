"""What other parts of the hub say in English has words in every language; what has none is not passed off as ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import hub
from hub.screens import sentences
from hub.screens.words import words

_READ = ("channels", "consumers/understand.py", "events/kinds", "events/identifiers.py")
READERS = [Path(hub.__file__).parent / name for name in _READ]
_SAYS = {"Rejected", "Broken", "NotAnIdentifier", "ValueError", "Ignored"}
_OF_PROGRAMMERS = re.compile(r"XX is none|no rule for .*")  # said to whoever writes a channel, or seen by nobody


def _said(path: Path) -> Iterator[str]:
    """The sentences with which these files refuse something, their fields as XX."""
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SAYS and node.args:
                yield from _texts(node.args[0])


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "XX" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))


def test_what_is_wrong_with_a_payload_has_words() -> None:
    """A sentence that somebody adds there and nobody here would be English on a Persian page."""
    said = {text for path in READERS for text in _said(path) if not _OF_PROGRAMMERS.fullmatch(text)}
    assert len(said) > 50
    assert sorted(text for text in said if sentences.told("fa", "fault", text) is None) == []


def test_in_english_a_sentence_stays_as_it_was_said() -> None:
    for family in ("fault", "problem", "desk"):
        for key, text in words("en").items():
            if key.startswith(f"{family}.") and not key.startswith((f"{family}.word.", "fault.unknown", "fault.technical")):
                said = re.sub(r"\{\w+\}", "XX", text)
                assert sentences.told("en", family, said) == said


def test_numbers_in_it_are_written_in_the_digits_of_the_language() -> None:
    told = sentences.told("fa", "fault", "has 3 cells, the header 12")
    assert told is not None
    assert re.findall(r"\d+", told) == ["۳", "۱۲"]


def test_what_nobody_knows_is_not_guessed() -> None:
    assert sentences.told("fa", "fault", "something that nobody ever said") is None
