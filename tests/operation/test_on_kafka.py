"""On Kafka: how far behind is read off its log, and a backup that is older than it is brought up to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hub.consumers import health, restore
from hub.consumers.decide import command, decide_waiting
from hub.consumers.deliver import RESTORED
from hub.consumers.health import PATIENCE, Watch
from hub.consumers.rebuild import verify
from hub.consumers.record import Outgoing, Recorder
from hub.consumers.restore import Restored
from hub.events.draft import Draft
from hub.events.prepare import prepare
from hub.log._protocol import LogAway
from hub.log.kafka import KafkaLog, make_missing
from hub.screens.app import create_app
from hub.settings import KafkaAccess, Settings
from hub.store import ledger
from hub.store.database import keys_dsn
from hub.wiring import Hub, open_hub
from tests.consumers.receiving import Receiving, receiving
from tests.consumers.test_deliver import Desk, mail, way_out
from tests.journeys.story import EMAIL, NOW, ago, come, shown, timeline
from tests.kafka.brokers import KafkaBroker, free_ports
from tests.operation.conftest import Elsewhere
from tests.screens.conftest import served


@pytest.fixture
def on_kafka(
    kafka_broker: KafkaBroker, kafka_access: KafkaAccess, new_database: Callable[[], str], tmp_path: Path
) -> Iterator[Hub]:
    make_missing(kafka_broker.brokers, kafka_access)
    settings = Settings(
        home=tmp_path, blobs_url=str(tmp_path / "blobs"), kafka=kafka_broker.brokers, kafka_access=kafka_access
    )
    hub = open_hub(settings, new_database())
    yield hub
    hub.close()


def write(hub: Hub, key: str, recorded: datetime, *, history: bool = False) -> None:
    """An event comes in, and nothing is done with it."""
    draft = Draft("visit.recorded", recorded, "/test", key, {"visit": key, "party": EMAIL})
    event = prepare(draft, hub.recorder.here, recorded, history=history)
    hub.recorder.record(lambda _: [Outgoing(event, ("/test", "events"))])


def lane(hub: Hub, name: str) -> dict[str, Any]:
    return next(one for one in health.lanes(hub.recorder) if one["name"] == name)


# -- how far behind ----------------------------------------------------------------------------------------------------


def test_what_waits_is_counted_and_its_age_is_that_of_the_first(on_kafka: Hub) -> None:
    now = datetime.now(UTC)
    write(on_kafka, "old", now - timedelta(minutes=5))
    write(on_kafka, "new", now)
    waiting = lane(on_kafka, "project")
    assert waiting["events"] == 2
    assert 299 <= waiting["seconds"] < 900
    assert lane(on_kafka, "decide")["events"] == 0, "what is not archived yet is nothing to decide about"
    while on_kafka.lane.run():
        pass
    assert lane(on_kafka, "project") == {"name": "project", "events": 0, "seconds": 0.0}
    assert lane(on_kafka, "decide")["events"] == 2


def test_history_is_old_and_not_late(on_kafka: Hub) -> None:
    write(on_kafka, "old", ago(days=900), history=True)
    assert lane(on_kafka, "project") == {"name": "project", "events": 1, "seconds": 0.0}


def test_the_api_says_it_and_is_not_ready(on_kafka: Hub) -> None:
    write(on_kafka, "old", ago(minutes=5))
    with served(create_app(on_kafka)) as address:
        answer = httpx.get(f"{address}/readyz", timeout=30)
        assert answer.status_code == 503
        assert [one["at"] for one in answer.json()["errors"]] == ["project"]
        assert 'hub_lag_events{step="project"} 1' in httpx.get(f"{address}/metrics", timeout=30).text
        while on_kafka.lane.run() + decide_waiting(on_kafka.recorder):
            pass
        assert httpx.get(f"{address}/readyz", timeout=30).json()["ready"]


@pytest.fixture
def away(on_kafka: Hub) -> Hub:
    """A hub whose brokers nobody finds."""
    nobody = KafkaLog(f"127.0.0.1:{free_ports(1)[0]}", patience=PATIENCE + 3)
    known = on_kafka.recorder
    return replace(on_kafka, recorder=Recorder(known.database, known.keys, nobody, known.blobs))


def test_where_the_log_is_away_everybody_hears_so_soon(away: Hub) -> None:
    watch = Watch(away.recorder)
    took: list[float] = []

    def ask() -> None:
        start = time.monotonic()
        with pytest.raises(LogAway):
            watch.lanes()
        took.append(time.monotonic() - start)

    askers = [threading.Thread(target=ask) for _ in range(20)]
    for asker in askers:
        asker.start()
    looking = [thread for thread in threading.enumerate() if thread.name == "lag"]
    for asker in askers:
        asker.join()
    assert len(took) == 20
    assert max(took) < PATIENCE + 2
    assert 1 <= len(looking) <= 2, "however many ask, one looks and one waits for its turn"


def test_where_the_log_is_away_the_other_figures_are_told_all_the_same(away: Hub) -> None:
    with served(create_app(away)) as address:
        answer = httpx.get(f"{address}/readyz", timeout=30)
        assert (answer.status_code, [one["at"] for one in answer.json()["errors"]]) == (503, ["log"])
        text = httpx.get(f"{address}/metrics", timeout=30).text
    assert "\nhub_log_up 0\n" in text
    assert "hub_deliveries" in text


# -- a backup that is older than the log -------------------------------------------------------------------------------


def said(hub: Hub, who: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != "delivery"} for item in timeline(hub, who)]


def restored(lost: Hub, folder: Path, elsewhere: Elsewhere, now: datetime) -> tuple[Hub, Restored]:
    """A hub on the log and the keys of one whose database was lost: they were on other machines and are left."""
    keys = keys_dsn(lost.database.dsn)
    elsewhere.load(folder, keys=keys)
    settings = replace(elsewhere.settings, kafka=lost.settings.kafka, kafka_access=lost.settings.kafka_access,
                       blobs_url=lost.settings.blobs_url, keys_url=keys)  # fmt: skip
    hub = elsewhere.open(settings)
    return hub, restore.finish(hub.recorder, hub.lane, now)


def wrote(hub: Hub, n: int) -> None:
    """A message in the one thread that there is."""
    come(hub, "message.received", f"m{n}", ago(hours=9 - n), channel="chat", message=f"m{n}", thread="t", party=EMAIL)


def closed(hub: Hub, ticket: str) -> None:
    assert command(hub.recorder, ticket, str(uuid4()), {"close": {}}, None, "sara", NOW).status == 200
    shown(hub)


def tickets(hub: Hub) -> list[tuple[int, str, str, list[str]]]:
    return hub.database.rows("SELECT number, ticket::text, state, contacts FROM tickets ORDER BY number")


def test_what_was_decided_beyond_the_backup_is_not_decided_again(
    on_kafka: Hub, take: Callable[[Hub], Path], elsewhere: Elsewhere
) -> None:
    folder = take(on_kafka)
    for n in range(2):
        wrote(on_kafka, n)
        closed(on_kafka, tickets(on_kafka)[-1][1])
    before = tickets(on_kafka)
    assert [state for _, _, state, _ in before] == ["closed", "closed"]

    hub, _ = restored(on_kafka, folder, elsewhere, NOW)
    shown(hub)
    assert tickets(hub) == before
    wrote(hub, 2)
    again = tickets(hub)
    assert again[:2] == before
    [(number, new, state, _)] = again[2:]
    assert (number, state) == (before[-1][0] + 1, "new")
    assert new not in [ticket for _, ticket, _, _ in before]
    conversation, heads = hub.database.rows("SELECT stream, tickets::text[] FROM stream_head WHERE stream LIKE 'conv%%'")[0]
    assert heads == [ticket for _, ticket, _, _ in again], conversation
    assert verify(hub.recorder)["clean"]


def test_what_kafka_has_beyond_the_backup_is_read_on_and_nothing_goes_out_twice(
    on_kafka: Hub, take: Callable[[Hub], Path], elsewhere: Elsewhere
) -> None:
    with receiving(Receiving()) as server:
        shop = Desk(on_kafka, server, datetime.now(UTC))
        way_out(shop)
        shop.come(mail("1", sender="maryam@example.org"))
        unsent = shop.answer("written before the backup, sent after it")
        folder = take(on_kafka)

        assert shop.deliver() == 1
        shop.come(mail("2", sender="reza@example.org"))
        newest = max(shop.tickets(), key=lambda ticket: ticket["number"])
        sent = shop.answer("written and sent after it", newest["id"])
        assert shop.deliver() == 1
        waits = shop.answer("written after it, not sent", newest["id"])
        assert len(server.mails) == 2

        hub, told = restored(on_kafka, folder, elsewhere, shop.now)
        again = Desk(hub, server, shop.now)
        again.settle()

        assert told.beyond > 0
        assert [again.state(id) for id in (unsent, sent, waits)] == ["sent", "sent", "uncertain"]
        assert again.row(waits)[2] == RESTORED
        assert again.deliver() == 0
        assert len(server.mails) == 2
        for who in ("maryam@example.org", "reza@example.org"):
            assert [item for item in said(hub, who) if item["type"] != "ticket.reopened"] == said(on_kafka, who)
        assert {t["id"]: t["number"] for t in again.tickets()} == {t["id"]: t["number"] for t in shop.tickets()}
        again.come(mail("3", sender="sara@example.org"))
        numbers = [ticket["number"] for ticket in again.tickets()]
        assert len(numbers) == len(set(numbers)) == 3
    doubles = hub.database.rows("SELECT id FROM event GROUP BY id HAVING count(*) > 1")
    assert doubles == []
    assert verify(hub.recorder)["clean"]
    with hub.database.transaction() as tx:
        assert ledger.balance(tx)["balanced"]
