"""Whether it lives, whether it keeps up, and its figures for Prometheus. Nothing here says anything of anybody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from hub.consumers.health import LATE, Watch
from hub.log._protocol import LogAway, LogLost, LogRefused
from hub.screens import metrics as written
from hub.screens.answers import NOT_KEPT, Json
from hub.screens.asked import Hub, TheHub
from hub.screens.problems import Problem
from hub.screens.shapes import Alive, Ready
from hub.store import batches
from hub.store.database import STEPS, Unavailable
from hub.store.figures import Figures

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Alive, summary="Whether the process lives")
async def alive() -> Json:
    return Json({"alive": True}, headers=NOT_KEPT)


@router.get("/readyz", response_model=Ready, summary="Whether it keeps up; 503 with the reasons if not",
            responses={503: {"description": "`errors` has the reasons"}})  # fmt: skip
def ready(request: Request, hub: TheHub) -> Json:
    try:
        stand, (lanes, why) = _standing(hub), _lanes(request)
    except Unavailable:
        raise Problem(503, "Not ready.", [("database", "cannot be reached")]) from None
    reasons = [(step, f"stands: {why}") for step, why in stand.items()]
    if lanes is None:
        reasons.append(("log", why))
    reasons += [(lane["name"], _why(lane)) for lane in lanes or () if lane["events"] and lane["seconds"] > LATE]
    if reasons:
        raise Problem(503, "Not ready.", reasons)
    return Json({"ready": True, "lanes": lanes}, headers=NOT_KEPT)


def _standing(hub: Hub) -> dict[str, str]:
    with hub.database.pool.connection(timeout=2) as tx:
        return batches.standing(tx)


def _lanes(request: Request) -> tuple[list[dict[str, Any]] | None, str]:
    """None, and why, where the log does not answer, or not with what it had."""
    watch: Watch = request.app.state.watch
    try:
        return watch.lanes(), ""
    except LogAway:
        return None, "cannot be reached"
    except (LogLost, LogRefused) as error:
        return None, str(error)


def _why(lane: dict[str, Any]) -> str:
    return f"{lane['events']} events ({lane['seconds']:.0f} s) behind: it is slow, or its worker has stopped"


@router.get("/metrics", response_class=Response, summary="Figures for Prometheus",
            responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})  # fmt: skip
def metrics(request: Request, hub: TheHub) -> Response:
    figures: Figures = request.app.state.figures
    lanes, _ = _lanes(request)
    with hub.database.transaction() as tx:
        stand, counted, found = batches.standing(tx), figures.counted(tx), batches.all_of(tx)
    lines = [
        *written.lag(lanes),
        *written.standing(STEPS, stand),
        *written.counts(counted, len(request.app.state.streams)),
        *written.histograms(found),
    ]
    return Response("\n".join(lines) + "\n", media_type=written.MEDIA_TYPE, headers=NOT_KEPT)
