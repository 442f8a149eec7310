"""`hub log copy`: the log moves from PostgreSQL to Kafka, and whatever named a place in it stays true."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import orjson
import pytest

from hub.channels import cloudevents
from hub.consumers import accept
from hub.consumers.accept import Answer, Arrival
from hub.consumers.rebuild import verify
from hub.consumers.runner import until_quiet
from hub.events.draft import Draft
from hub.events.ids import lanes, stream_of
from hub.log._protocol import Place, Recorded
from hub.log.copy import Copied, NotTheSame, copy
from hub.log.headers import CHANNEL, DIGEST
from hub.log.kafka import KafkaLog
from hub.settings import KafkaAccess
from hub.store import ledger, which_log
from hub.store.which_log import Which
from hub.wiring import Hub, open_hub
from tests.conftest import InPostgres, make_topics
from tests.journeys.story import NOW, ago, letter, mail
from tests.kafka.beside import commanded, environ
from tests.kafka.brokers import KafkaBroker
from tests.kafka.events import numbered
from tests.kill.running import cloud_event

_BESIDE = "SELECT e.topic, e.part, e.position, e.direct, g.digest FROM event e JOIN event_id g USING (id)"
_FIRST = "SELECT topic, part, position FROM event ORDER BY 1, 2, 3 LIMIT 1"


@pytest.fixture
def where_the_log_is(in_postgres: InPostgres) -> InPostgres:
    """Where it is to be copied from."""
    return in_postgres


def says(hub: Hub, id: str, text: str) -> Answer:
    """A message comes from outside as an event; what the door answers."""
    data = {"channel": "chat", "message": id, "thread": "t", "party": {"kind": "email", "value": "reza@example.org"}}
    document = cloud_event(id, "message.received", data | {"text": text})
    draft = cloudevents.read(document, NOW)
    assert isinstance(draft, Draft)
    said = cloudevents.digest_of(document)
    (answer,) = accept.write(
        hub.recorder, [Arrival("events", draft.source, orjson.dumps(document), NOW, draft=draft, said=said)]
    )
    return answer


@pytest.fixture
def lived(hub: Hub) -> Hub:
    """A hub in which something has happened: mails and what they opened, events as others send them."""
    for n in range(3):
        mail(hub, letter(f"Sara <sara{n}@example.com>", "Where is it?", f"Order 104{n}.", ago(hours=n), n))
    for n in range(40):
        assert says(hub, f"e{n}", f"This is {n}.").verdict == "accepted"
    until_quiet(hub.recorder, hub.lane)
    return hub


@dataclass(frozen=True)
class Target:
    """Topics of a broker, empty, and the log in them."""

    brokers: str
    access: KafkaAccess
    log: KafkaLog

    def everything(self) -> dict[Place, Recorded]:
        return {one.place: one for one in self.log.read(dict.fromkeys(lanes(), 0), 10_000)}

    def of(self, hub: Hub) -> dict[str, str]:
        """How an operator names this hub with its log here."""
        here = replace(hub.settings, kafka=self.brokers, kafka_access=self.access)
        return environ(here, hub.database.dsn)

    def opened(self, hub: Hub) -> Hub:
        return open_hub(replace(hub.settings, kafka=self.brokers, kafka_access=self.access), hub.database.dsn)


@pytest.fixture
def target(kafka_broker: KafkaBroker, kafka_access: KafkaAccess) -> Iterator[Target]:
    make_topics(kafka_broker.brokers, kafka_access)
    log = KafkaLog(kafka_broker.brokers, kafka_access)
    yield Target(kafka_broker.brokers, kafka_access, log)
    log.close()


def nothing(done: int, of: int) -> None:
    """Nobody looks on."""


def copied(hub: Hub, to: Target, progress: Callable[[int, int], None] = nothing) -> Copied:
    return copy(hub.database, to.log, progress, nothing)


def archived(hub: Hub) -> dict[Place, bytes]:
    rows = hub.database.rows("SELECT topic, part, position, value FROM event")
    return {Place(topic, part, position): value.encode() for topic, part, position, value in rows}


def test_every_event_comes_to_lie_at_its_own_place(lived: Hub, target: Target) -> None:
    done = copied(lived, target)
    assert {at: one.value for at, one in target.everything().items()} == archived(lived)
    assert (done.events, done.partitions) == (len(archived(lived)), 65)
    assert copied(lived, target) == done, "said again it finds nothing to do, and the same"


def test_what_only_the_gate_knows_of_an_event_comes_with_it(lived: Hub, target: Target) -> None:
    copied(lived, target)
    there = {at: dict(one.headers) for at, one in target.everything().items()}
    rows = lived.database.rows(_BESIDE)
    assert {channel for *_, channel, _ in rows} == {None, "email", "events"}
    assert sum(digest is not None for *_, digest in rows) == 40
    for *at, channel, digest in rows:
        beside = there[Place(*at)]
        assert (beside.get(CHANNEL, b"").decode() or None, beside.get(DIGEST)) == (channel, digest)


def test_on_kafka_the_hub_goes_on_where_it_was(lived: Hub, target: Target, kafka_broker: KafkaBroker) -> None:
    before, received = archived(lived), lived.database.rows("SELECT * FROM received ORDER BY source")
    lived.close()
    answer = commanded(target.of(lived), "log", "copy", "--json")
    assert answer.returncode == 0, answer.stderr
    assert orjson.loads(answer.stdout)["events"] == len(before)
    moved = target.opened(lived)
    try:
        assert until_quiet(moved.recorder, moved.lane) == 0, "what was done before the copy is done"
        assert moved.database.rows("SELECT * FROM received ORDER BY source") == received
        with moved.database.transaction() as tx:
            assert which_log.recorded(tx) == Which(target.access.prefix, kafka_broker.id)
        _goes_on(moved, len(before))
    finally:
        moved.close()


def _goes_on(hub: Hub, before: int) -> None:
    """What it knew it knows, and what comes now is shown."""
    assert says(hub, "e1", "This is 1.").verdict == "duplicate"
    assert says(hub, "e1", "This is another.").verdict == "rejected"
    mail(hub, letter("Maryam <maryam@example.com>", "A new one", "Hello.", NOW, 99))
    assert hub.database.rows("SELECT count(*) FROM timeline WHERE title = 'A new one'") == [(1,)]
    assert hub.database.rows("SELECT count(*) FROM tickets") == [(5,)]
    ends = hub.recorder.log.ends()
    assert sum(ends.values()) > before
    assert verify(hub.recorder)["clean"]
    with hub.database.transaction() as tx:
        balance = ledger.balance(tx)
    (chat,) = (line for line in balance["sources"] if line["channel"] == "events")
    assert (balance["balanced"], chat["received"], chat["rejected"], chat["duplicates"]) == (True, 41, 1, 1)


def test_a_copy_that_was_killed_goes_on_where_it_was(lived: Hub, target: Target) -> None:
    words = [lived.database.dsn, target.brokers, target.access.prefix]
    killed = subprocess.run([sys.executable, "-m", "tests.kafka.killed_copy", *words], timeout=120)
    assert killed.returncode == -signal.SIGKILL
    there = archived(lived)
    assert 0 < sum(target.log.ends().values()) < len(there)
    lived.close()
    answer = commanded(target.of(lived), "log", "copy")
    assert answer.returncode == 0, answer.stderr
    assert f"events={len(there)} partitions=65 sha256=" in answer.stdout
    assert {at: one.value for at, one in target.everything().items()} == there


def test_another_event_at_a_copied_place_is_found(lived: Hub, target: Target) -> None:
    """A count would not tell."""
    (first,) = lived.database.rows(_FIRST)
    target.log.append([numbered(1, stream_of(first[:2]))])
    with pytest.raises(NotTheSame, match=f"{first[0]}/{first[1]} does not hold the same events in both logs"):
        copied(lived, target)


def test_topics_that_hold_more_are_another_logs(lived: Hub, target: Target) -> None:
    target.log.append([numbered(n) for n in range(100)])
    with pytest.raises(NotTheSame, match="these are another log's"):
        copied(lived, target)
    up = commanded(target.of(lived), "log", "copy")
    assert (up.returncode, "A hub works on this database" in up.stderr) == (3, True)
    lived.close()
    answer = commanded(target.of(lived), "log", "copy")
    assert (answer.returncode, "HUB_KAFKA_PREFIX" in answer.stderr) == (1, True)


def test_who_writes_to_the_hub_meanwhile_is_found(lived: Hub, target: Target) -> None:
    def meanwhile(done: int, of: int) -> None:
        says(lived, "late", "Am I too late?")

    with pytest.raises(NotTheSame, match="Something was written meanwhile"):
        copied(lived, target, meanwhile)
    until_quiet(lived.recorder, lived.lane)
    assert copied(lived, target).events == len(archived(lived))


def test_who_writes_to_the_topics_meanwhile_is_found(lived: Hub, target: Target) -> None:
    other = KafkaLog(target.brokers, target.access)
    meddled: list[int] = []

    def meanwhile(done: int, of: int) -> None:
        if not meddled:
            meddled.append(done)
            other.append([numbered(1, "order:77")])

    with pytest.raises(NotTheSame, match=r"Something was written meanwhile|somebody else writes to these topics"):
        copied(lived, target, meanwhile)
    other.close()
