"""Kafka has lost its log: the hub goes on from its archive, in PostgreSQL, and from there to Kafka again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from hub.consumers import decide
from hub.consumers.rebuild import verify
from hub.consumers.relay import relay
from hub.consumers.runner import until_quiet
from hub.events.envelope import Sealed
from hub.events.ids import stream_of
from hub.log import gate
from hub.log._protocol import Place
from hub.log.headers import CHANNEL, DIGEST
from hub.log.recover import recover
from hub.settings import KafkaAccess, Settings
from hub.store import which_log
from hub.wiring import Hub, open_hub
from tests.conftest import make_topics
from tests.journeys.story import NOW
from tests.kafka.beside import commanded, environ
from tests.kafka.brokers import KafkaBroker
from tests.kafka.test_copy import Target, archived, says
from tests.kafka.test_copy import target as target

_LANE = "SELECT topic, part, max(position) FROM event WHERE topic = 'touchpoints' GROUP BY 1, 2"


@pytest.fixture
def new_topics(kafka_broker: KafkaBroker) -> KafkaAccess:
    access = KafkaAccess(prefix=f"{uuid4().hex}.")
    make_topics(kafka_broker.brokers, access)
    return access


@pytest.fixture
def torn(
    new_database: Callable[[], str], kafka_broker: KafkaBroker, new_topics: KafkaAccess, tmp_path: Path
) -> Iterator[Hub]:
    """A hub on Kafka whose archive has empty places, at a partition's beginning, in it and at its end: what nobody can
    read, and what came twice. Two notes on its ticket wait in the outbox; one of them was sent, and nobody has read it."""
    settings = Settings(home=tmp_path, blobs_url=str(tmp_path / "b"), kafka=kafka_broker.brokers, kafka_access=new_topics)
    hub = open_hub(settings, new_database(), connections=4)
    for part in range(16):
        hub.recorder.log.append([unreadable(("touchpoints", part))])
    for id in ("e1", "e1", "e2", "e2", "e3"):
        says(hub, id, f"This is {id}.")
    until_quiet(hub.recorder, hub.lane)
    ((lane,),) = [[(topic, part)] for topic, part, _ in hub.database.rows(_LANE)]
    hub.recorder.log.append([unreadable(lane)])
    until_quiet(hub.recorder, hub.lane)
    note(hub, "sent")
    assert relay(hub.recorder) == 1
    note(hub, "not sent")
    yield hub
    hub.close()


def unreadable(lane: tuple[str, int]) -> Sealed:
    return Sealed("?", "?", stream_of(lane), NOW, NOW, b"{}")


def note(hub: Hub, text: str) -> None:
    ((ticket,),) = hub.database.rows("SELECT ticket::text FROM tickets")
    answer = decide.command(hub.recorder, ticket, str(uuid4()), {"note": {"text": text}}, None, "mina", datetime.now(NOW.tzinfo))
    assert answer.status == 200


def without_kafka(hub: Hub) -> Hub:
    return open_hub(replace(hub.settings, kafka=None, kafka_access=KafkaAccess()), hub.database.dsn, connections=4)


def assert_whole(hub: Hub, messages: int) -> None:
    """Everything is shown, the two notes too."""
    until_quiet(hub.recorder, hub.lane)
    assert hub.database.rows("SELECT count(*) FROM timeline WHERE type = 'message.received'") == [(messages,)]
    notes = hub.database.rows("SELECT count(*) FROM event WHERE type = 'ticket.noted'")
    assert notes == [(2,)]
    assert hub.database.rows("SELECT count(*) FROM outbox") == [(0,)]
    assert verify(hub.recorder)["clean"]


def test_a_lost_log_goes_on_in_postgres_and_from_there_to_kafka_again(torn: Hub, target: Target) -> None:
    there = environ(torn.settings, torn.database.dsn)
    bare = there | {"HUB_KAFKA": "", "HUB_KAFKA_PREFIX": ""}
    assert recover(torn.database) == 2
    torn.close()
    assert commanded(there, "status").returncode == 2
    assert commanded(bare, "status").returncode == 0

    alone = without_kafka(torn)
    assert says(alone, "e4", "This is new.").verdict == "accepted"
    assert says(alone, "e1", "This is e1.").verdict == "duplicate"
    assert_whole(alone, 4)
    before = archived(alone)
    alone.close()

    copied = commanded(target.of(torn), "log", "copy")
    assert copied.returncode == 0, copied.stderr
    moved = target.opened(torn)
    try:
        _assert_filled(moved, target, before)
        assert says(moved, "e5", "This is newer.").verdict == "accepted"
        assert_whole(moved, 5)
    finally:
        moved.close()


def _assert_filled(hub: Hub, target: Target, before: dict[Place, bytes]) -> None:
    """What lies at places that were empty is known, and nobody counts it again."""
    everything = target.everything()
    assert {at: one.value for at, one in everything.items() if at in before} == before
    filled = [one for at, one in everything.items() if at not in before]
    assert len(filled) >= 16 + 2 + 1
    assert {one.value for one in filled} <= set(before.values())
    assert not {CHANNEL, DIGEST} & {name for one in filled for name, _ in one.headers}
    with hub.database.transaction() as tx:
        assert gate.admit(tx, filled) == gate.Admitted([], [])
        tx.rollback()


def test_a_backup_of_a_hub_on_kafka_is_restored_without_it(
    torn: Hub, new_database: Callable[[], str], tmp_path: Path
) -> None:
    there, folder = environ(torn.settings, torn.database.dsn), tmp_path / "backup"
    assert commanded(there, "backup", str(folder)).returncode == 0
    said = {"HUB_DATABASE_URL": new_database(), "HUB_HOME": str(tmp_path / "other"), "HUB_BLOBS": str(tmp_path / "c")}
    bare = there | said | {"HUB_KAFKA": "", "HUB_KAFKA_PREFIX": ""}
    torn.close()
    kept = commanded(there, "log", "recover")
    assert (kept.returncode, "nothing is lost" in kept.stderr) == (1, True), kept.stderr
    restored = commanded(bare, "restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    hub = open_hub(Settings(home=tmp_path, blobs_url=said["HUB_BLOBS"]), said["HUB_DATABASE_URL"], connections=4)
    try:
        with hub.database.transaction() as tx:
            assert which_log.recorded(tx) is None
        assert_whole(hub, 3)
    finally:
        hub.close()


def test_a_backup_of_a_hub_in_postgres_is_restored_there_first(
    postgres_url: str, new_database: Callable[[], str], kafka_broker: KafkaBroker, new_topics: KafkaAccess, tmp_path: Path
) -> None:
    hub, folder = open_hub(Settings(home=tmp_path, blobs_url=str(tmp_path / "b")), postgres_url, connections=4), tmp_path / "k"
    says(hub, "e1", "This is e1.")
    bare = environ(hub.settings, postgres_url)
    hub.close()
    assert commanded(bare, "backup", str(folder)).returncode == 0
    bare |= {"HUB_DATABASE_URL": new_database(), "HUB_BLOBS": str(tmp_path / "c")}
    on_kafka = bare | {"HUB_KAFKA": kafka_broker.brokers, "HUB_KAFKA_PREFIX": new_topics.prefix}
    refused = commanded(on_kafka, "restore", str(folder))
    assert (refused.returncode, "again without HUB_KAFKA" in " ".join(refused.stderr.split())) == (2, True)
    restored = commanded(bare, "restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    copied = commanded(on_kafka, "log", "copy")
    assert (copied.returncode, "events=" in copied.stdout) == (0, True), copied.stderr
