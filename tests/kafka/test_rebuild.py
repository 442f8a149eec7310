"""Everything is rebuilt beside two workers that go on, while somebody writes and somebody reads through the API."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import httpx

from hub.consumers.rebuild import verify
from hub.wiring import Hub
from tests.journeys.story import EMAIL
from tests.kafka.beside import Beside, asked, await_sharing, await_shown
from tests.kill.running import cloud_event, until

LEAST = 20  # events that are written and seen beside each rebuild


class Beholder:
    """Writes visits of one customer and, in another thread, looks at him: how many contacts he has, and what went wrong."""

    def __init__(self, url: str, key: str) -> None:
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        self.written, self.seen, self.looks = 0, 0, 0
        self.wrong: list[Any] = []
        self._stop = Event()
        self._threads = [Thread(target=self._until_stopped, args=(do,)) for do in (self._write, self._look)]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.client.close()

    def _until_stopped(self, do: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                do()
            except Exception as error:
                self.wrong.append(error)

    def _write(self) -> None:
        name = f"v{self.written}"
        event = cloud_event(name, "visit.recorded", {"visit": name, "party": EMAIL})
        if self.client.post("/v1/events", json=event).status_code == 202:
            self.written += 1
        else:
            self.wrong.append(name)

    def _look(self) -> None:
        found = self.client.get("/v1/lookup", params={"email": EMAIL["value"]}).json()
        now = found["customers"][0]["contacts"] if found["customers"] else 0
        if now < self.seen:
            self.wrong.append(f"{self.seen} contacts, and then {now}")
        self.seen, self.looks = now, self.looks + 1


def test_readers_see_neither_an_error_nor_a_gap_and_nothing_is_missing_after_it(hub: Hub, beside: Beside) -> None:
    url = beside.serve(hub)
    for _ in range(2):
        beside.start(hub, "worker")
    await_sharing(hub, 2)
    beholder = Beholder(url, asked(hub, "keys", "create", "beholder").stdout.strip())
    beholder.begin()
    try:
        until(lambda: beholder.seen >= LEAST, 60, "some are shown")
        for _ in range(3):
            before = beholder.written, beholder.looks
            rebuilt = asked(hub, "rebuild", "--all")
            assert rebuilt.returncode == 0, rebuilt.stderr
            assert beholder.written > before[0], "somebody wrote meanwhile"
            assert beholder.looks > before[1], "somebody looked meanwhile"
            shown = beholder.written
            until(lambda least=shown: beholder.seen >= least, 60, "the lane goes on")  # type: ignore[misc]
    finally:
        beholder.end()
    await_shown(hub)
    assert beholder.wrong == []
    assert hub.database.rows("SELECT count(*) FROM timeline") == [(beholder.written,)]
    assert hub.database.rows("SELECT count(*) FROM dead_letter") == [(0,)]
    assert verify(hub.recorder)["clean"]
