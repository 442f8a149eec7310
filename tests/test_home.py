"""The home has one owner at a time, and only a living owner can be reached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import pytest

from hub.home import HomeTaken, lock, read_run, run_file, write_run

pytestmark = pytest.mark.real

OWN_THE_HOME = """
import sys, subprocess
from pathlib import Path
from hub.home import lock, write_run
home = Path(sys.argv[1])
with lock(home, wait=False):
    write_run(home, {"url": "http://127.0.0.1:8400"})
    child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    child.wait()
"""


@contextmanager
def owner(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the home, with a child of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWN_THE_HOME, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def test_a_second_hub_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with owner(tmp_path) as process, pytest.raises(HomeTaken) as refusal, lock(tmp_path, wait=False):
        pass
    assert str(refusal.value) == f"Another hub is up on {tmp_path} (process {process.pid})."


def test_a_running_hub_is_found_by_its_home(tmp_path: Path) -> None:
    assert read_run(tmp_path) is None
    with owner(tmp_path):
        assert read_run(tmp_path) == {"url": "http://127.0.0.1:8400"}


def test_a_killed_hub_is_not_found_though_its_file_and_its_child_are_still_there(tmp_path: Path) -> None:
    with owner(tmp_path) as process:
        process.kill()
        process.wait()
        assert run_file(tmp_path).exists()
        assert read_run(tmp_path) is None
        with lock(tmp_path, wait=False):
            assert read_run(tmp_path) is None


def test_who_waits_gets_the_home_when_its_owner_goes(tmp_path: Path) -> None:
    def wait() -> bool:
        with lock(tmp_path, wait=True):
            return run_file(tmp_path).exists()

    with owner(tmp_path) as process, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        try:
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
        finally:
            process.kill()
        assert waiting.result(60) is False, "what the last owner wrote is gone"


def test_being_looked_at_does_not_take_the_home_away(tmp_path: Path) -> None:
    over = Event()

    def look() -> int:
        looks = 0
        while not over.is_set():
            read_run(tmp_path)
            looks += 1
        return looks

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            for _ in range(50):
                with lock(tmp_path, wait=False):
                    pass
        finally:
            over.set()
        assert looking.result(60) > 0


def test_only_the_owner_may_read_how_to_reach_the_hub(tmp_path: Path) -> None:
    with lock(tmp_path, wait=False):
        write_run(tmp_path, {"database": "postgresql://..."})
        write_run(tmp_path, {"database": "postgresql://...", "url": None})
        assert run_file(tmp_path).stat().st_mode & 0o777 == 0o600
        assert read_run(tmp_path) == {"database": "postgresql://...", "url": None}
    assert not run_file(tmp_path).exists()
