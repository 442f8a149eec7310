"""What the README and the docs say is tried: their files written, their commands typed, in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.demo.history import write_history
from tests.conftest import reachable_folder
from tests.docs.pages import MARK, Console, File, holds, parts
from tools.screenshots import FIRST_STEPS, PICTURES

ROOT = Path(__file__).parents[2]
OWN_DATABASE = "README"  # is tried with the hub's own PostgreSQL; the other pages are quicker on one that runs
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
USUAL_PORT = "8400"
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


@contextmanager
def _copy(settings: dict[str, str]) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A copy of what a checkout holds, and an environment in which `hub` is the copy's, with an empty home."""
    with reachable_folder() as folder:
        work = folder / "checkout"
        work.mkdir()
        leave = shutil.ignore_patterns("__pycache__")
        for name in ("hub", "schemas", "docs"):
            shutil.copytree(ROOT / name, work / name, ignore=leave)
        shutil.copy(ROOT / "pyproject.toml", work)
        kept: dict[str, str] = {name: os.environ[name] for name in ("LANG", "HOME") if name in os.environ}
        yield work, kept | settings | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(work), "TZ": "Asia/Tehran",
            "HUB_HOME": str(folder / "home"), "HUB_PORT": _free_port(), "COLUMNS": "120", "PYTHONUTF8": "1",
        }  # fmt: skip


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@contextmanager
def _served(console: Console, work: Path, env: Mapping[str, str]) -> Iterator[None]:
    """The server of a page; it has printed its first line when this goes on."""
    (step,) = console.steps
    command = ["bash", "-c", f"exec {step.command}".replace(USUAL_PORT, env["HUB_PORT"])]
    with subprocess.Popen(command, cwd=work, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert all(holds(shown.replace(USUAL_PORT, env["HUB_PORT"]), line) for shown in step.shown), line
            yield
        finally:
            server.send_signal(signal.SIGINT)


def _typed(console: Console, work: Path, env: Mapping[str, str]) -> None:
    script = console.script().replace(USUAL_PORT, env["HUB_PORT"])
    done = subprocess.run(["bash", "-c", script], cwd=work, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    outputs = done.stdout.split(MARK)[1:]
    for step, printed in zip(console.steps, outputs, strict=True):
        for shown in step.shown:
            assert holds(shown, printed), f"after `{step.command}` the page shows {shown!r}; printed was:\n{printed}"


def _do(part: File | Console, work: Path, env: Mapping[str, str], up: ExitStack) -> None:
    if isinstance(part, File):
        path = work / part.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(part.content, encoding="utf-8")
    elif part.server:
        up.enter_context(_served(part, work, env))
    else:
        _typed(part, work, env)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_page_says_works(page: Path, new_database: Callable[[], str]) -> None:
    settings = {} if page.stem == OWN_DATABASE else {"HUB_DATABASE_URL": new_database()}
    with _copy(settings) as (work, env), ExitStack() as up:
        for part in parts(page):
            _do(part, work, env, up)


def test_the_code_that_pages_add_passes_the_linters() -> None:
    with _copy({}) as (work, env), ExitStack() as up:
        written = [part for page in PAGES for part in parts(page) if isinstance(part, File) and part.name.endswith(".py")]
        for part in written:
            _do(part, work, env, up)
        added = sorted({part.name for part in written if part.name.startswith(("hub/", "tests/"))})
        for linter in (["ruff", "check"], ["mypy"]):
            done = subprocess.run([*linter, *added], cwd=work, env=env, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    assert len(added) > 9


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_page_points_at_is_there(page: Path) -> None:
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_picture_that_is_taken_is_shown() -> None:
    taken = {picture.name for picture in PICTURES} | {FIRST_STEPS}
    shown = set(re.findall(r"pictures/([\w-]+)\.webp", (ROOT / "docs/pages.md").read_text(encoding="utf-8")))
    assert shown == taken == {file.stem for file in (ROOT / "docs/pictures").iterdir()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_make_knows_what_the_page_asks_of_it(page: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"`(?:BIG=1 )?make ([a-z]+)", page.read_text(encoding="utf-8")))
    asked |= set(re.findall(r"^make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert asked <= known


def test_the_readme_names_every_setting_and_no_other() -> None:
    read = set(re.findall(r'"(HUB_[A-Z_]+)"', (ROOT / "hub/settings.py").read_text()))
    told = set(re.findall(r"^\| `(HUB_[A-Z_]+)`", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert told == read


def test_the_readme_and_the_demo_say_the_same_to_try_first(tmp_path: Path) -> None:
    told = re.findall(r"^\.venv/bin/(hub .+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(told) == write_history(tmp_path / "history", datetime(2026, 3, 1, tzinfo=UTC)).look


def test_every_dependency_is_argued_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=]", line)[0].lower() for line in wanted}
    argued = re.findall(r"^\| `([\w.-]+)`", (ROOT / "docs/why.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.lower() for name in argued} == names
