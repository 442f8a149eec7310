"""A page of the documentation as something that can be run: files to write, commands to type, what they print.

    ```python hub/channels/pigeon.py     a file, under this name
    ```console                           commands after "$ ", below each what it prints; "…" stands for anything
    ```console server                    one command that stays up while the rest of the page is run
    ```text, ```sql, ```mermaid, ...     to be read, not run
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<info>\S[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_SPACE = re.compile(r"\s+")
MARK = "\x1e"


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Step:
    """A command and the lines that the page shows below it."""

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Console:
    """Commands of one shell; `server`: it stays up."""

    steps: tuple[Step, ...]
    server: bool = False

    def script(self) -> str:
        """Stops at the first command that fails; a mark on stdout goes before each command's output."""
        steps = [f"printf '{MARK}'; echo {shlex.quote('$ ' + step.command)} >&2\n{step.command}" for step in self.steps]
        return "set -euo pipefail\n" + "\n".join(steps)


Part = File | Console


def parts(page: Path) -> Iterator[Part]:
    """What is to be done, in the page's order."""
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        language, _, rest = block["info"].strip().partition(" ")
        if language == "console":
            yield Console(tuple(_steps(block["body"])), server=rest == "server")
        elif rest:
            yield File(rest, block["body"])


def _steps(body: str) -> Iterator[Step]:
    """A command goes on in the next line after a backslash."""
    lines = body.splitlines()
    while lines:
        command = [lines.pop(0).removeprefix("$ ")]
        while command[-1].endswith("\\"):
            command.append(lines.pop(0))
        shown = []
        while lines and not lines[0].startswith("$ "):
            shown.append(lines.pop(0))
        yield Step("\n".join(command), tuple(line for line in shown if line.strip()))


def holds(shown: str, printed: str) -> bool:
    """Whether a line of the page is a line of the output. Spaces count as one."""
    wanted = ".*".join(re.escape(_SPACE.sub(" ", piece)) for piece in shown.strip().split("…"))
    return any(re.fullmatch(wanted, _SPACE.sub(" ", line).strip()) for line in printed.splitlines())
