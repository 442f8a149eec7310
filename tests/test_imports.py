"""Imports go one way, and some libraries have one door each."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    {"events", "discover", "portions"},
    {"channels", "projections"},
    {"desk"},
    {"log", "transport", "store"},
    {"consumers", "screens"},
    {"settings", "home", "logs", "memory", "printing", "schema_files", "browser"},
    {"wiring", "reach"},
    {"working", "serving"},
    {"processes", "supervisor", "staging", "demo"},
    {"__main__", "cli", "cli_backup", "cli_export", "cli_help", "cli_log", "cli_mailboxes", "cli_run", "cli_topics", "cli_users"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# What a layer may use of a later one: none of these knows the hub's own parts.
FREE = {"settings", "home", "logs", "memory"}
ALLOWED = {("screens", "consumers"), ("channels", "channels"), ("screens", "wiring"), ("screens", "schema_files")}
ONE_DOOR = {
    "psycopg": ("hub/store/",),
    "psycopg_pool": ("hub/store/",),
    "sqlalchemy": ("hub/store/",),
    "alembic": ("hub/store/",),
    "fastapi": ("hub/screens/",),
    "kafka": ("hub/log/kafka.py",),
    "duckdb": ("hub/store/exported.py",),
    "faust": ("hub/consumers/faust_app.py",),
    "click": ("hub/cli.py", "hub/cli_", "hub/processes.py"),
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


FILES = sorted((ROOT / "hub").rglob("*.py"))


def part(name: str) -> str:
    return name.split(".")[1] if name.count(".") else ""


@pytest.mark.parametrize("path", FILES, ids=[str(f.relative_to(ROOT)) for f in FILES])
def test_imports_go_one_way(path: Path) -> None:
    mine = path.relative_to(ROOT / "hub").parts[0].removesuffix(".py")
    for name in imports(path):
        if not name.startswith("hub.") or part(name) in FREE or mine == "__init__":
            continue
        theirs = part(name)
        assert theirs in RANK, f"{path}: {theirs} has no place in the table of layers"
        assert RANK[theirs] <= RANK[mine] or (mine, theirs) in ALLOWED, f"{path} imports {name}"


@pytest.mark.parametrize("library", ONE_DOOR)
def test_a_library_has_one_door(library: str) -> None:
    for path in FILES:
        where = str(path.relative_to(ROOT))
        if not where.startswith(ONE_DOOR[library]):
            used = [name for name in imports(path) if name.split(".")[0] == library]
            assert used == [], f"{where} imports {used}"


INSIDE = {"log", "store", "consumers", "wiring", "working"}
EVERYTHING_OF_THE_DEMO = """
import importlib, pkgutil, sys
import hub.demo
for found in pkgutil.walk_packages(hub.demo.__path__, "hub.demo."):
    importlib.import_module(found.name)
print(*(name for name in sys.modules if name.startswith("hub.")))
"""


def test_the_demo_comes_in_by_the_front_door_only() -> None:
    """Nor does anything that it imports know the inside; a module imported in a function counts as well."""
    command = [sys.executable, "-c", EVERYTHING_OF_THE_DEMO]
    loaded = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.split()
    assert "hub.demo.live" in loaded
    assert [name for name in loaded if part(name) in INSIDE] == []
    for path in (ROOT / "hub/demo").rglob("*.py"):
        assert {part(name) for name in imports(path) if name.startswith("hub.")} & INSIDE == set(), path


def test_the_environment_is_read_where_a_process_begins() -> None:
    for path in FILES:
        text = path.read_text()
        if "os.environ" in text or "getenv" in text:
            assert path.relative_to(ROOT / "hub").parts[0] in (
                "settings.py",
                "cli.py",
                "processes.py",
                "supervisor.py",
            ), path


@pytest.mark.parametrize("layer", ["events", "channels", "projections", "desk"])
def test_the_pure_parts_do_no_io_and_have_no_clock(layer: str) -> None:
    forbidden = ("socket", "subprocess", "psycopg", "httpx", "time", "threading", "asyncio", "random", "sqlite3")
    files = sorted((ROOT / "hub" / layer).rglob("*.py"))
    assert files
    for path in files:
        used = [name for name in imports(path) if name.split(".")[0] in forbidden]
        assert used == [], f"{path} imports {used}"
        assert ".now(" not in path.read_text(), f"{path} reads the clock"
        assert "today()" not in path.read_text(), f"{path} reads the clock"
