"""What lies in the log and is no event: it is set aside with its bytes, and holds up neither a worker nor what comes after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import orjson
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition  # type: ignore[import-untyped]

from hub.consumers import dead_letters
from hub.consumers.project import LaneStopped
from hub.consumers.rebuild import rebuild, verify
from hub.consumers.record import payload_of_bytes
from hub.consumers.relay import copy_dead
from hub.events.ids import named, place
from hub.log._protocol import LogRefused, Place
from hub.store import archive, ledger
from hub.wiring import Hub
from tests.conftest import make_topics
from tests.consumers.test_project import dead, poison
from tests.journeys.story import NOW, letter, shown, timeline
from tests.kafka.beside import Beside, asked, await_shown
from tests.kill.running import until

JUNK: dict[str, bytes | None] = {
    "no JSON": b"\x00\xff hello",
    "nothing": None,
    "a list": b"[1, 2]",
    "no envelope": b'{"a": 1}',
    "an unknown type": b'{"id": "7", "type": "made.up", "version": 1, "data": {"size": 1}}',
    "another event": b'{"id": "7", "type": "visit.recorded", "version": 1, "data": {"size": 1, "channel": "email"}}',
    "no size": b'{"id": "7", "type": "inbound.payload_received", "version": 1, "data": {}}',
}


@pytest.fixture
def send(hub: Hub) -> Iterator[Any]:
    """Writes these bytes to a topic as a program does that is none of the hub's; the places."""
    producer = KafkaProducer(bootstrap_servers=str(hub.settings.kafka).split(","))

    def sent(values: Sequence[bytes | None], topic: str = "inbound", part: int = 3) -> list[Place]:
        name = hub.settings.kafka_access.prefix + topic
        answers = [producer.send(name, value, b"k", [("from", b"elsewhere")], part) for value in values]
        return [Place(topic, part, answer.get(30).offset) for answer in answers]

    yield sent
    producer.close()


def twin(hub: Hub, topic: str) -> list[Any]:
    """All that a topic's twin has."""
    consumer = KafkaConsumer(
        bootstrap_servers=str(hub.settings.kafka).split(","), auto_offset_reset="earliest", enable_auto_commit=False
    )
    part = TopicPartition(f"{hub.settings.kafka_access.prefix}{topic}.dead", 0)
    consumer.assign([part])
    found: list[Any] = []
    while consumer.position(part) < consumer.end_offsets([part])[part]:
        found += [record for records in consumer.poll(timeout_ms=500).values() for record in records]
    consumer.close()
    return found


def brought(hub: Hub, number: int) -> None:
    """A mail comes in, and nothing is done with it."""
    body = letter("Sara <sara@example.com>", "Hello", "Where is it?", NOW, number)
    hub.recorder.record(lambda _: [payload_of_bytes(hub.recorder, "email", "files", body, {}, NOW)])


def letters(hub: Hub) -> list[dict[str, Any]]:
    with hub.database.transaction() as tx:
        return archive.dead(tx)


def test_workers_live_on_and_all_else_is_shown(hub: Hub, beside: Beside, send: Any) -> None:
    worker = beside.start(hub, "worker")
    for topic in ("inbound", "orders"):
        send([b"\x00 no event", None], topic)
    brought(hub, 1)
    await_shown(hub)
    assert worker.alive(), beside.said(worker)
    assert [item["type"] for item in timeline(hub, "sara@example.com") if item["direction"] == "in"] == ["message.received"]
    assert [one["step"] for one in letters(hub)].count("understand") == 2
    assert [one["step"] for one in letters(hub)].count("project") == 2
    until(lambda: len(hub.database.rows("SELECT FROM dead_letter WHERE copied")) == 4, 60, "they are copied")
    listed = orjson.loads(asked(hub, "dead-letters", "list", "--json").stdout)["items"]
    assert {one["id"] for one in listed} == set(dead(hub))


def test_each_is_set_aside_alone_with_all_that_it_was(hub: Hub, send: Any) -> None:
    places = []
    for number, value in enumerate(JUNK.values()):
        places += send([value])
        brought(hub, number)
    shown(hub)
    assert sorted(one["position"] for one in letters(hub)) == sorted(map(str, places))
    kept = hub.database.rows("SELECT value FROM dead_letter ORDER BY position")
    assert [bytes(value) for (value,) in kept] == [value or b"" for value in JUNK.values()]
    assert len([one for one in timeline(hub, "sara@example.com") if one["type"] == "message.received"]) == len(JUNK)
    assert verify(hub.recorder)["clean"]
    with hub.database.transaction() as tx:
        assert ledger.balance(tx)["balanced"]


def test_too_many_stop_the_lane_and_those_before_are_on_the_list(hub: Hub, send: Any) -> None:
    send([b"no event"] * 60)
    with pytest.raises(LaneStopped):
        shown(hub)
    assert len(dead(hub)) == 50


def unread_order(hub: Hub, send: Any) -> bytes:
    """What is no event was set aside; what it is after the repair."""
    document = {
        "id": named("mended"), "type": "order.placed", "version": 1, "time": NOW.isoformat(),
        "recorded": NOW.isoformat(), "source": "/t", "stream": "order:7", "data": {"order": "7", "lines": []},
    }  # fmt: skip
    send([b"{"], "orders", place("order:7")[1])
    shown(hub)
    return orjson.dumps(document)


def mend(hub: Hub, value: bytes) -> None:
    """Stands for the repair."""
    hub.database.rows("UPDATE dead_letter SET value = %s RETURNING 1", [value])


def test_an_event_is_folded_after_the_repair(hub: Hub, send: Any) -> None:
    whole = unread_order(hub, send)
    assert dead_letters.retry(hub.recorder, [], NOW) == (0, 1)
    mend(hub, whole)
    assert dead_letters.retry(hub.recorder, [], NOW) == (1, 0)
    assert hub.database.rows("SELECT number, stage FROM orders") == [("7", "placed")]
    assert verify(hub.recorder)["clean"]


def test_an_event_that_is_folded_after_the_repair_beside_a_rebuild_is_there_after_it(hub: Hub, send: Any) -> None:
    mend(hub, unread_order(hub, send))
    tried = []
    rebuild(hub.recorder, ["orders"], lambda done, of: tried.append(dead_letters.retry(hub.recorder, [], NOW).done))
    assert sum(tried) == 1
    assert hub.database.rows("SELECT number, stage FROM orders") == [("7", "placed")]
    assert verify(hub.recorder)["clean"]


def test_a_dead_letter_is_copied_to_the_twin_of_its_topic_as_it_was(hub: Hub, send: Any) -> None:
    before = len(twin(hub, "inbound")), len(twin(hub, "orders"))
    (unread,) = send([b"\xff no event"])
    bad = poison(hub, 1)
    shown(hub)
    assert copy_dead(hub.recorder) == 2
    assert copy_dead(hub.recorder) == 0
    (inbound,), (orders,) = twin(hub, "inbound")[before[0] :], twin(hub, "orders")[before[1] :]
    assert (inbound.key, inbound.value) == (f"understand {unread}".encode(), b"\xff no event")
    beside = dict(inbound.headers)
    assert (beside["from"], beside["hub_dead_step"], beside["hub_dead_place"]) == (
        b"elsewhere", b"understand", str(unread).encode()
    )  # fmt: skip
    assert b"JSONDecodeError" in beside["hub_dead_reason"]
    ((value,),) = hub.database.rows("SELECT value FROM event WHERE id = %s", [bad])
    assert orders.value.decode() == value
    assert dict(orders.headers)["hub_dead_event"] == bad.encode()
    assert len(dead(hub)) == 2, "the list is as it was"


def test_a_copy_that_is_made_again_is_known_by_its_key(hub: Hub, send: Any) -> None:
    before = len(twin(hub, "inbound"))
    send([b"no event"])
    shown(hub)
    copy_dead(hub.recorder)
    hub.database.rows("UPDATE dead_letter SET copied = false RETURNING 1")  # who copied was killed before his commit
    copy_dead(hub.recorder)
    first, again = twin(hub, "inbound")[before:]
    assert (first.key, first.value, first.headers) == (again.key, again.value, again.headers)


def test_without_a_twin_the_copier_stands_and_decided_events_go_on(hub: Hub, send: Any) -> None:
    admin = KafkaAdminClient(bootstrap_servers=str(hub.settings.kafka).split(","))
    admin.delete_topics([f"{hub.settings.kafka_access.prefix}inbound.dead"])
    admin.close()
    send([b"no event"])
    shown(hub)
    with pytest.raises(LogRefused, match=r"inbound\.dead missing"):
        copy_dead(hub.recorder)
    poison(hub, 7, data={"order": "7", "lines": []})
    shown(hub)
    assert hub.database.rows("SELECT number FROM orders") == [("7",)]
    make_topics(str(hub.settings.kafka), hub.settings.kafka_access)
    assert copy_dead(hub.recorder) == 1


def test_what_a_transaction_leaves_between_events_and_behind_them_holds_nobody_up(hub: Hub, beside: Beside) -> None:
    worker = beside.start(hub, "worker")
    producer = KafkaProducer(bootstrap_servers=str(hub.settings.kafka).split(","), transactional_id=uuid4().hex)
    producer.init_transactions()
    for number in (1, 2):
        producer.begin_transaction()
        for topic in ("inbound", "orders"):
            name = hub.settings.kafka_access.prefix + topic
            producer.send(name, b"no event", b"k", partition=place("order:7")[1]).get(30)
        producer.commit_transaction()
        poison(hub, 7, data={"order": str(number), "lines": []})
    brought(hub, 1)
    await_shown(hub)
    assert worker.alive(), beside.said(worker)
    producer.close()
    assert hub.database.rows("SELECT number FROM orders") == [("1",)]
    assert len(dead(hub)) == 4, "what was written is set aside, and not that it was written in a transaction"
    assert len(timeline(hub, "sara@example.com")) >= 1
    assert verify(hub.recorder)["clean"]
