"""A newer hub takes over while workers of the older one still run, as in a rolling restart."""

from __future__ import annotations

from hub.consumers.rebuild import install_all, verify
from hub.store import batches
from hub.wiring import Hub
from tests.consumers.test_project import dead
from tests.consumers.test_taken_over import NEWER, as_newer, written
from tests.journeys.story import shown, timeline
from tests.kafka.beside import Beside, asked, await_shown
from tests.kill.running import until


def why_it_stands(hub: Hub) -> str:
    with hub.database.transaction() as tx:
        return batches.standing(tx).get("project", "")


def test_an_older_worker_stands_until_it_is_ended_and_none_starts_again(hub: Hub, beside: Beside) -> None:
    worker = beside.start(hub, "worker")
    written(hub, "1")
    await_shown(hub)
    with as_newer(NEWER):
        assert install_all(hub.recorder) == ["timeline"]
        written(hub, "2")
        until(lambda: "A newer hub has taken over" in why_it_stands(hub), 60, "the older worker says why it stands")
        assert worker.alive(), beside.said(worker)
        later = asked(hub, "worker")
        assert (later.returncode, "A newer hub has taken over" in later.stderr) == (3, True)
        assert worker.end() == 0
        shown(hub)
        assert dead(hub) == []
        assert len(timeline(hub, "sara@example.com")) == 2
        assert verify(hub.recorder)["clean"]
