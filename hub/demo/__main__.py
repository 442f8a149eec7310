"""`python -m hub.demo FOLDER` writes the history of a shop's last thirty days into a folder."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from hub.demo.history import FolderInUse, write_history


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m hub.demo FOLDER", file=sys.stderr)
        return 2
    try:
        history = write_history(Path(arguments[0]), datetime.now(UTC), progress=_say)
    except FolderInUse as refused:
        print(f"{refused} is not empty: give a new folder", file=sys.stderr)
        return 1
    print(f"{history.contacts} contacts of {history.customers} customers. To load them:")
    for what, path in history.ingest:
        print(f"  hub ingest {what} {shlex.quote(str(path))} --history")
    print("Then try:")
    for command in history.look:
        print(f"  {command}")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
