"""What tests tell is read at the end of a run, also where they ran in another process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
TWO_TESTS = """
def test_that_tells(tell):
    tell("3 requests in flight")


def test_that_says_nothing():
    pass
"""


def test_a_run_in_another_process_says_what_it_has_what_was_told_and_what_ran(tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some/test_two.py").write_text(TWO_TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "tests.told", "-n", "1", "some"]
    here = {**os.environ, "PYTHONPATH": os.getcwd(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    said = subprocess.run(command, cwd=tmp_path, env=here, capture_output=True, text=True).stdout
    assert "Apache Kafka 4." in said
    assert "some/test_two.py::test_that_tells\n  3 requests in flight\n" in said
    assert said.count("requests in flight") == 1
    assert re.search(r"^ +2 tests +\d+ s  some$", said, re.MULTILINE)
