"""What the hub says of itself, and how often."""

from __future__ import annotations

import threading

import pytest
import structlog
from structlog.testing import capture_logs

from hub.consumers import runner
from hub.consumers.runner import forever
from hub.logs import Repeated
from hub.store.database import Database, Unavailable


def test_what_is_tried_again_each_second_is_said_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("hub.logs.time.monotonic", lambda: now)
    with capture_logs() as said:
        away = Repeated(structlog.get_logger())
        for _ in range(150):
            away("the database is away; trying again", error="refused")
            now += 1.0
    assert [line["error"] for line in said] == ["refused"] * 3
    assert said[0]["log_level"] == "warning"


def test_a_step_says_once_that_its_database_is_away(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_AGAIN", 0)
    there, stop, tries = Database(postgres_url), threading.Event(), 0

    def step() -> int:
        nonlocal tries
        tries += 1
        if tries == 20:
            stop.set()
        raise Unavailable("refused")

    try:
        with capture_logs() as said:
            forever(there, step, stop, frozenset())
    finally:
        there.close()
    assert (tries, [line["error"] for line in said]) == (20, ["refused"])
