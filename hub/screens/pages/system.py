"""The system, for administrators: how far behind the steps are, what runs where, what died, and the last backup."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import psutil
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.consumers import dead_letters
from hub.consumers.health import LATE, Watch
from hub.consumers.runner import clock
from hub.home import read_run
from hub.log._protocol import LogAway, LogLost, LogRefused
from hub.screens.asked import Hub, TheHub, id_of
from hub.screens.forms import Form
from hub.screens.problems import Problem
from hub.screens.render import page, part
from hub.screens.session import Viewer, viewing
from hub.store import archive, batches, machine, options
from hub.store.batches import Bucket
from hub.store.figures import Figures

router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]
_LETTERS = 20  # that are shown


@router.get("/system")
def system(request: Request, hub: TheHub, viewer: Manager, tried: int | None = None, dead: int = 0) -> Response:
    """`tried`, `dead`: of the dead letters that were just tried again, how many went well and how many did not."""
    now = _now(request, hub)
    if "hx-request" in request.headers:
        return part(request, viewer, "system_now.html", **now)
    return page(request, viewer, "system.html", tried=tried, still=dead, **now)


@router.post("/system/dead-letters")
def retry(hub: TheHub, viewer: Manager, form: Form) -> Response:
    """Try a dead letter again, or all that there are: without `id`."""
    id = id_of(form["id"]) if form["id"] else None
    if form["id"] and not id:
        raise Problem(404, "No dead letter has this id.")
    done, dead = dead_letters.retry(hub.recorder, [id] if id else [], clock())
    return RedirectResponse(f"/system?tried={done}&dead={dead}", 303)


def _now(request: Request, hub: Hub) -> dict[str, Any]:
    figures: Figures = request.app.state.figures
    lanes, away = _lanes(request.app.state.watch)
    with hub.database.transaction() as tx:
        counted, stand, found = figures.counted(tx), batches.standing(tx), batches.all_of(tx)
        letters, about, backup = archive.dead(tx), machine.look(tx), options.read(tx, "backup", None)
    return {
        "steps": _steps(lanes, stand, found), "away": away, "letters": letters[:_LETTERS], "dead": len(letters),
        "machine": about, "backup": backup, "outbox": counted.outbox[0][1],
        "deliveries": [(of["state"], n) for of, n in counted.deliveries], "processes": _processes(hub.settings.home),
        "streams": len(request.app.state.streams), "kafka": hub.settings.kafka, "own": hub.settings.database_url is None,
        "version": version("hub"), "python": platform.python_version(),
    }  # fmt: skip


def _lanes(watch: Watch) -> tuple[list[dict[str, Any]], str | None]:
    """How far behind each step is; or nothing, and why the log does not say."""
    try:
        return watch.lanes(), None
    except (LogAway, LogLost, LogRefused) as error:
        return [], str(error)


def _steps(
    lanes: Sequence[Mapping[str, Any]], stand: Mapping[str, str], buckets: Sequence[Bucket]
) -> list[dict[str, Any]]:  # fmt: skip
    """Each step with what waits for it, whether it is late or stands, and its batches on average since the beginning."""
    known = [str(lane["name"]) for lane in lanes]
    behind = {lane["name"]: lane for lane in lanes}
    return [
        {
            "name": name, "events": behind[name]["events"] if name in behind else None,
            "seconds": behind[name]["seconds"] if name in behind else 0.0, "stands": stand.get(name),
            "late": name in behind and behind[name]["events"] > 0 and behind[name]["seconds"] > LATE,
            "size": _average(buckets, name, "events"), "took": _average(buckets, name, "seconds"),
        }
        for name in [*known, *(step for step in stand if step not in known)]
    ]  # fmt: skip


def _average(buckets: Sequence[Bucket], step: str, what: str) -> float | None:
    mine = [bucket for bucket in buckets if (bucket.step, bucket.what) == (step, what)]
    count = sum(bucket.batches for bucket in mine)
    return sum(bucket.total for bucket in mine) / count if count else None


def _processes(home: Path) -> list[dict[str, Any]]:
    """What `hub up` started on this machine; elsewhere whatever starts the processes knows."""
    run = read_run(home)
    found = []
    for told in (run or {}).get("processes", []):
        with suppress(psutil.Error):
            process = psutil.Process(told["pid"])
            since = datetime.fromtimestamp(process.create_time(), UTC)
            found.append({"name": told["name"], "pid": told["pid"], "since": since, "memory": process.memory_info().rss})
    return found
