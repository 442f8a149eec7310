"""A command that stands on a page is typed by a test: on the page itself (```console), or by the one named here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.test_pages import PAGES, ROOT

TYPED_BY = {
    "make run": "tests/demo/test_live.py::test_the_last_that_is_said_is_the_link",
    # a run of all tests cannot start itself; that there is such a target is what can be tried
    "make test": "tests/docs/test_pages.py::test_make_knows_what_the_page_asks_of_it",
    ".venv/bin/hub customer": "tests/demo/test_live.py::test_what_the_readme_says_to_try_first_answers",
    ".venv/bin/hub timeline": "tests/demo/test_live.py::test_what_the_readme_says_to_try_first_answers",
    ".venv/bin/hub order": "tests/demo/test_live.py::test_what_the_readme_says_to_try_first_answers",
    "hub mailboxes add": "tests/transport/test_mailboxes_command.py::test_a_mailbox_is_added_tried_listed_and_deleted",
    "hub mailboxes test": "tests/transport/test_mailboxes_command.py::test_a_mailbox_is_added_tried_listed_and_deleted",
    "export HUB_KAFKA": "tests/kafka/test_modes.py::test_what_comes_by_two_web_processes_is_shown_by_two_workers",
    "hub topics plan": "tests/kafka/test_topics.py::test_a_plan_changes_nothing_and_apply_does_what_it_said",
    "hub topics apply": "tests/kafka/test_topics.py::test_a_plan_changes_nothing_and_apply_does_what_it_said",
    "hub serve": "tests/kafka/test_modes.py::test_what_comes_by_two_web_processes_is_shown_by_two_workers",
    "hub worker": "tests/kafka/test_modes.py::test_what_comes_by_two_web_processes_is_shown_by_two_workers",
    "hub mail": "tests/kafka/test_modes.py::test_mail_is_carried_by_a_process_of_its_own",
}
_FENCE = re.compile(r"^ *```(?P<info>[^\n]*)\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"(?:\$ |[\w./]*\bhub |make |docker |pip |curl |export |psql |[A-Z_]+=\S+ )")


def commands(page: str) -> list[str]:
    """The lines of its fences that are commands, of those that are not typed where they stand."""
    fences = [fence for fence in _FENCE.finditer(page) if _is_read_only(fence["info"])]
    return [line.strip() for fence in fences for line in fence["body"].splitlines() if _COMMAND.match(line.strip())]


def _is_read_only(info: str) -> bool:
    """A fence with a name is a file; ```console is typed."""
    return not info.startswith("console") and " " not in info.strip()


def typed_by(command: str) -> str | None:
    named = [name for name in TYPED_BY if re.match(rf"{re.escape(name)}(?!\w)", command)]
    return TYPED_BY[max(named, key=len)] if named else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_is_typed_by_a_test(page: Path) -> None:
    assert [line for line in commands(page.read_text(encoding="utf-8")) if typed_by(line) is None] == []


def test_the_tests_that_type_them_are_there() -> None:
    missing = []
    for test in set(TYPED_BY.values()):
        file, _, name = test.partition("::")
        if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8"):
            missing.append(test)
    assert missing == []


def test_a_command_in_any_fence_is_found() -> None:
    page = "```sh\nhub levitate\n```\n\n  ```\n  .venv/bin/hub fly now\n  ```\n\n```console\n$ hub status\n```\n"
    assert [(line, typed_by(line)) for line in commands(page)] == [("hub levitate", None), (".venv/bin/hub fly now", None)]
