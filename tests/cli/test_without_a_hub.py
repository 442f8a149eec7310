"""Commands without `hub up`: they start the database, run the steps, stop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from hub.home import lock
from hub.wiring import Hub
from tests.journeys.story import EMAIL, ago, come
from tests.kill.running import HUB, RunningHub, alive, processes_of, until

EVENT = {
    "specversion": "1.0", "id": "1", "source": "till", "type": "visit.recorded", "data": {"visit": "1", "party": EMAIL},
}  # fmt: skip


def asked(home: Path, *words: str, **env: str) -> Any:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    ran = subprocess.run(
        [*HUB, *words, "--json"], env=kept | {"HUB_HOME": str(home)} | env, capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


@pytest.mark.real
def test_what_a_killed_hub_acknowledged_is_shown_by_the_next_command(home: Path) -> None:
    running = RunningHub(home)
    try:
        running.start()
        key = running.asked("keys", "create", "till").strip()
        psutil.Process(running.pid("worker")).suspend()  # so that nothing folds it
        answer = httpx.post(f"{running.url}/v1/events", json=EVENT, headers={"authorization": f"Bearer {key}"}, timeout=60)
        assert answer.json()["accepted"] == 1
    finally:
        left = processes_of(home)
        running.kill_everything()
    until(lambda: not alive(left), 60, "nothing of the hub is left")
    (item,) = asked(home, "timeline", "sara@example.com")["items"]
    assert item["type"] == "visit.recorded"


def test_on_a_database_of_ones_own_it_is_shown_where_nobody_else_does_it(hub: Hub, tmp_path: Path) -> None:
    come(hub, "visit.recorded", "1", ago(days=1), visit="1", party=EMAIL)
    hub.database.rows("UPDATE checkpoint SET next = 0 WHERE step = 'project' RETURNING 1")
    hub.database.rows("DELETE FROM timeline RETURNING 1")
    where = {"HUB_DATABASE_URL": hub.database.dsn, "HUB_BLOBS": hub.settings.blobs_url}
    assert sum(lane["events"] for lane in asked(tmp_path, "status", **where)["lanes"]) == 1  # it is somebody else's
    hub.close()
    assert sum(lane["events"] for lane in asked(tmp_path, "status", **where)["lanes"]) == 0


def test_python_runs_it_too() -> None:
    done = subprocess.run([sys.executable, "-m", "hub", "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"hub, version {version('hub')}\n")


def test_nothing_is_restored_into_a_home_that_somebody_has(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {"HUB_HOME": str(tmp_path)}
    with lock(tmp_path, wait=False):
        tried = subprocess.run([*HUB, "restore", str(tmp_path / "backup")], env=kept, capture_output=True, text=True)
    assert tried.returncode == 3
    assert f"process {os.getpid()}" in tried.stderr
    assert "Stop it first" in tried.stderr
