"""`python -m hub.demo FOLDER` writes the history of a shop's last thirty days into a folder; `--load` takes it in as well,
by the commands that anybody would use. `hub up --demo` says up to when it tells, of how many people: it may be the
second try, and the same again adds nothing."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.demo.history import FolderInUse, write_history
from hub.demo.people import EVERYDAY


def main(arguments: list[str]) -> int:
    if arguments == ["--load"]:
        return load_into_empty()
    if len(arguments) == 3 and arguments[0] == "--load":
        return load(datetime.fromisoformat(arguments[1]), int(arguments[2]))
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m hub.demo FOLDER | --load", file=sys.stderr)
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


def load_into_empty() -> int:
    """Take the history into the hub that HUB_HOME names, unless it holds something already."""
    if json.loads(_hub("ledger", "--json"))["sources"]:
        _say("The hub holds something already; the demo's history is left out.")
        return 0
    return load(datetime.now(UTC), EVERYDAY)


def load(now: datetime, people: int) -> int:
    with TemporaryDirectory(prefix="hub-demo-") as folder:
        history = write_history(Path(folder) / "history", now, people=people)
        _say(f"Loading {history.contacts} contacts of {history.customers} customers, 30 days of a shop ...")
        for what, path in history.ingest:
            _say(f"  {what}: {_hub('ingest', what, str(path), '--history').strip()}")
    _say("Three things to try in another terminal:")
    for command in history.look:
        _say(f"  {command}")
    return 0


def _hub(*arguments: str) -> str:
    """A command of the hub; what it says on its way goes to stderr. Raises CalledProcessError."""
    command = [sys.executable, "-m", "hub.cli", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _say(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
