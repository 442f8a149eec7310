"""Whether it lives, whether it keeps up, and its figures for Prometheus. Nothing here says anything of anybody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from hub.consumers import health
from hub.screens.answers import NOT_KEPT, Json
from hub.screens.asked import TheHub
from hub.screens.problems import Problem
from hub.screens.shapes import Alive, Ready
from hub.store.database import Unavailable
from hub.store.figures import Figures

router = APIRouter(tags=["health"])
SLOW = 60.0  # seconds that a step may be behind
METRICS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz", response_model=Alive, summary="Whether the process lives")
async def alive() -> Json:
    return Json({"alive": True}, headers=NOT_KEPT)


@router.get("/readyz", response_model=Ready, summary="Whether it keeps up; 503 with the reasons if not",
            responses={503: {"description": "`errors` has the reasons"}})  # fmt: skip
def ready(hub: TheHub) -> Json:
    try:
        with hub.database.pool.connection(timeout=2) as tx:
            lanes = health.lanes(tx)
    except Unavailable:
        raise Problem(503, "Not ready.", [("database", "cannot be reached")]) from None
    reasons = [(lane["name"], _why(lane)) for lane in lanes if lane["events"] and lane["seconds"] > SLOW]
    if reasons:
        raise Problem(503, "Not ready.", reasons)
    return Json({"ready": True, "lanes": lanes}, headers=NOT_KEPT)


def _why(lane: dict[str, Any]) -> str:
    return f"{lane['events']} events ({lane['seconds']:.0f} s) behind: it is slow, or its worker has stopped"


@router.get("/metrics", response_class=Response, summary="Figures for Prometheus",
            responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})  # fmt: skip
def metrics(request: Request, hub: TheHub) -> Response:
    figures: Figures = request.app.state.figures
    with hub.database.transaction() as tx:
        lanes = health.lanes(tx)
        counted = figures.counted(tx)
    steps = [({"step": lane["name"]}, lane) for lane in lanes]
    lines = [
        *_metric("hub_lag_events", "gauge", "events that wait for a step", [(of, x["events"]) for of, x in steps]),
        *_metric("hub_lag_seconds", "gauge", "age of the oldest that waits", [(of, x["seconds"]) for of, x in steps]),
        *_metric("hub_received_total", "counter", "payloads and events that came", counted.received),
        *_metric("hub_duplicates_total", "counter", "of them known before", counted.duplicates),
        *_metric("hub_outcomes_total", "counter", "what became of payloads", counted.outcomes),
        *_metric("hub_dead_letters", "gauge", "events that a step could not take", counted.dead),
    ]
    return Response("\n".join(lines) + "\n", media_type=METRICS, headers=NOT_KEPT)


def _metric(name: str, kind: str, help: str, values: list[tuple[dict[str, str], Any]]) -> list[str]:
    """Prometheus' text format 0.0.4."""
    return [f"# HELP {name} {help}", f"# TYPE {name} {kind}", *(f"{name}{_labels(of)} {value}" for of, value in values)]


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
