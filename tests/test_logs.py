"""What the hub says of itself, and how often."""

from __future__ import annotations

import io
import logging
import threading

import orjson
import pytest
import structlog
from structlog.testing import capture_logs

from hub.consumers import runner
from hub.consumers.runner import forever
from hub.logs import Libraries, Repeated, configure
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


def test_what_libraries_warn_of_is_a_line_of_json_like_ours_and_said_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now, written, before = 1000.0, io.StringIO(), structlog.get_config()
    monkeypatch.setattr("hub.logs.time.monotonic", lambda: now)
    library = logging.getLogger("a.library")
    configure(written)
    configure(written)  # a command within another process: still one line for each
    try:
        for n in range(90):
            library.error("Connection to %s failed", f"broker {n}")
            now += 1.0
        try:
            raise ValueError("broken")
        except ValueError:
            library.warning("It broke", exc_info=True)
        library.info("chatter")
    finally:
        structlog.configure(**before)
        for handler in [one for one in logging.getLogger().handlers if isinstance(one, Libraries)]:
            logging.getLogger().removeHandler(handler)
    lines = [orjson.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["level"], line["library"], line["said"]) for line in lines] == [
        ("error", "a.library", "Connection to broker 0 failed"), ("error", "a.library", "Connection to broker 60 failed"),
        ("warning", "a.library", "It broke"),
    ]  # fmt: skip
    assert lines[2]["exception"][0]["exc_value"] == "broken"


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
