"""Google's Lighthouse on a page of a hub: how well it serves, by the scores that the outside knows. npm brings it, once
(tools/lighthouse.sh)."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

CHROMIUM = "/usr/bin/chromium"
TOOL = Path(__file__).parents[1] / "tools/lighthouse.sh"
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


class NoLighthouse(Exception):
    """Lighthouse could not be brought, or did not look; what it said follows."""


@cache
def modules() -> Path:
    """Where its code lies. Raises NoLighthouse."""
    done = subprocess.run(["sh", str(TOOL)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise NoLighthouse(done.stderr.strip())
    return Path(done.stdout.strip())


def looked_at(url: str, session: str, categories: Sequence[str]) -> dict[str, Any]:
    """Its report on a page as whoever has this session sees it. A telephone of the middle range on a slow net is played,
    which is Lighthouse's own default. Raises NoLighthouse."""
    command = [
        "node", str(modules() / "lighthouse/cli/index.js"), url, "--quiet", "--output=json",
        f"--only-categories={','.join(categories)}", f"--chrome-flags={_FLAGS}", "--no-enable-error-reporting",
        "--extra-headers", json.dumps({"Cookie": f"hub_session={session}"}),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="hub-lighthouse-") as folder:
        here = {"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "CHROME_PATH": CHROMIUM, "CI": "1"}
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=here, timeout=300)
    if done.returncode:
        raise NoLighthouse(done.stderr.strip()[-2_000:])
    report: dict[str, Any] = json.loads(done.stdout)
    if "runtimeError" in report:
        raise NoLighthouse(report["runtimeError"]["message"])
    return report


def score(report: dict[str, Any], category: str) -> int:
    """From 0 to 100."""
    return round(100 * (report["categories"][category]["score"] or 0))


def shortcomings(report: dict[str, Any], category: str) -> list[str]:
    """What cost points."""
    counted = [one["id"] for one in report["categories"][category]["auditRefs"] if one["weight"]]
    audits = [report["audits"][id] for id in counted]
    wanting = [one for one in audits if (one["score"] or 0) < 1 and one["scoreDisplayMode"] != "notApplicable"]
    return [f"{one['id']}: {one['title']}" for one in wanting]
