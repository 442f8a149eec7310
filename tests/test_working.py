"""A worker that was asked to end does so, whatever it waits for."""

from __future__ import annotations

import subprocess
import sys

import pytest

STUCK = """
import threading
from hub import working
working._PARTING = 0.1
stop = threading.Event()
working.in_time(stop)
stop.set()
threading.Event().wait()
"""


@pytest.mark.real
def test_who_waits_for_what_never_answers_is_ended_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ending all the same" in done.stdout + done.stderr
