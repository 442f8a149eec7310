"""The folder that holds one installation (HUB_HOME): who owns it now, and how to reach the running hub."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

ROOM = 32 * 1024**2  # bytes; with less the database cannot begin its next file of 16 MB
LOOKED_AT_FOR = 0.5  # seconds; `read_run` holds the lock for an instant to see whether it is free


class HomeTaken(Exception):
    """Another hub holds this home. Names the home and the process."""

    def __init__(self, home: Path, pid: str) -> None:
        self.home, self.pid = home, pid
        super().__init__(f"Another hub is up on {home}" + (f" (process {pid})." if pid else "."))


@contextmanager
def lock(home: Path, wait: bool) -> Iterator[None]:
    """Own the home until the block ends or this process dies. `wait` for its owner, else raise HomeTaken.

    The lock goes with the open file: programs that are started do not get it, a fork without exec would.
    """
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, home, wait)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        run_file(home).unlink(missing_ok=True)  # of an owner that was killed
        try:
            yield
        finally:
            run_file(home).unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def read_run(home: Path) -> dict[str, Any] | None:
    """What the running hub wrote of itself; None where no hub holds the home."""
    return last_run(home) if _is_held(home) else None


def last_run(home: Path) -> dict[str, Any] | None:
    """What the last hub on this home wrote of itself, whether it still lives or was killed."""
    try:
        run: dict[str, Any] = orjson.loads(run_file(home).read_bytes())
    except FileNotFoundError:
        return None  # not ready yet, or ended in order
    return run


def write_run(home: Path, run: Mapping[str, Any]) -> None:
    """Say how the running hub is reached. It holds passwords, so only its owner may read it."""
    half = home / "run.json.half"
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(dict(run), option=orjson.OPT_INDENT_2))
    half.replace(run_file(home))


def disk_full(home: Path) -> str | None:
    """What to say of the disk where it has no room, for whatever failed then failed because of that."""
    free = shutil.disk_usage(home).free
    if free >= ROOM:
        return None
    return f"The disk that holds {home} is full ({free // 1024**2} MB free). Nothing acknowledged is lost: make room."


def run_file(home: Path) -> Path:
    return home / "run.json"


def _acquire(descriptor: int, home: Path, wait: bool) -> None:
    if wait:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    end = time.monotonic() + LOOKED_AT_FOR
    while not _try(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > end:
            raise HomeTaken(home, os.pread(descriptor, 20, 0).decode(errors="replace"))
        time.sleep(0.01)


def _is_held(home: Path) -> bool:
    try:
        descriptor = os.open(home / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
