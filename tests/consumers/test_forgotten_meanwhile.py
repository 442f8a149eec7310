"""Somebody is forgotten while others write: whoever waited for it knows of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hub.consumers.record import Recorder
from hub.store.keys import Keys
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.consumers.test_project import WAITS
from tests.journeys.story import EMAIL, ago, come, of, timeline
from tests.kill.running import until


def said(hub: Hub, n: int) -> None:
    fields = {"channel": "chat", "message": f"m{n}", "thread": "t", "party": EMAIL, "text": f"I live in Elm Street {n}"}
    come(hub, "message.received", f"m{n}", ago(hours=9 - n), **fields)


def test_whoever_waited_to_write_writes_of_a_new_person(hub: Hub) -> None:
    said(hub, 1)
    ((party,),) = of(hub, EMAIL["value"])
    elsewhere = Keys(hub.keys.dsn)
    with ThreadPoolExecutor(1) as pool:
        with hub.database.transaction() as tx:
            Recorder(hub.database, elsewhere, hub.recorder.log, hub.recorder.blobs).enter_alone(tx)
            waiting = pool.submit(said, hub, 2)
            until(lambda: hub.database.rows(WAITS), 60, "he waits to write")
            elsewhere.destroy([party], [party])
        waiting.result(60)
    elsewhere.close()
    ((new,),) = of(hub, EMAIL["value"])
    assert new != party
    texts = [item["text"] for item in timeline(hub, EMAIL["value"]) if item["type"] == "message.received"]
    assert texts == ["I live in Elm Street 2"]
