"""Which log a hub has is written down: with other settings it would write where the log is not, or pass over what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient  # type: ignore[import-untyped]

from hub.settings import KafkaAccess
from hub.store import which_log
from hub.store.which_log import Which, WrongLog
from hub.wiring import Hub, open_hub
from tests.journeys.story import NOW, letter, mail
from tests.kafka.beside import commanded, environ
from tests.kafka.brokers import KafkaBroker
from tests.kafka.events import numbered
from tests.kafka.test_modes import said


@pytest.fixture
def lived(hub: Hub) -> Hub:
    """A hub on Kafka in which something has happened."""
    mail(hub, letter("Sara <sara@example.com>", "Hello", "Where is it?", NOW))
    return hub


def without_kafka(hub: Hub) -> dict[str, str]:
    return environ(hub.settings, hub.database.dsn) | {"HUB_KAFKA": "", "HUB_KAFKA_PREFIX": ""}


def refused(environ: Mapping[str, str], *words: str) -> str:
    """Why a command was wrong use."""
    answer = commanded(environ, *words)
    assert answer.returncode == 2, answer
    return " ".join(answer.stderr.split())


def events(hub: Hub) -> int:
    ((count,),) = hub.database.rows("SELECT count(*) FROM event")
    return int(count)


def test_what_is_on_kafka_is_not_started_without_it(lived: Hub, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(said(1)))
    before, bare = events(lived), without_kafka(lived)
    commands = (("ingest", "events", str(tmp_path / "one.json")), ("status",), ("serve", "--port", "0"), ("worker",),
                ("mail",), ("up", "--port", "0"))  # fmt: skip
    for words in commands:
        why = refused(bare, *words)
        assert "This hub's log is on the cluster" in why
        assert "Set HUB_KAFKA as it was." in why
        assert "docs/operating.md" in why
    assert events(lived) == before
    assert commanded(environ(lived.settings, lived.database.dsn), "ingest", "events", str(tmp_path / "one.json")).stdout


def test_what_is_in_postgres_is_not_started_on_kafka(
    lived: Hub, kafka_broker: KafkaBroker, kafka_access: KafkaAccess
) -> None:
    with lived.database.transaction() as tx:
        which_log.record(tx, None)
    settings = replace(lived.settings, kafka=kafka_broker.brokers, kafka_access=kafka_access)
    for words in (("status",), ("serve", "--port", "0"), ("worker",), ("up", "--port", "0")):
        why = refused(environ(settings, lived.database.dsn), *words)
        assert "This hub's log is in PostgreSQL, and HUB_KAFKA is set." in why
        assert "`hub log copy`" in why
    admin = KafkaAdminClient(bootstrap_servers=[kafka_broker.brokers])
    made = [name for name in admin.list_topics() if str(name).startswith(kafka_access.prefix)]
    admin.close()
    assert made == [], "nothing is made where it will not go on"


def test_other_topics_and_other_clusters_are_other_logs(lived: Hub) -> None:
    prefix = lived.settings.kafka_access.prefix
    there = environ(lived.settings, lived.database.dsn)
    assert f"set HUB_KAFKA_PREFIX={prefix}" in refused(there | {"HUB_KAFKA_PREFIX": "other."}, "status")
    with lived.database.transaction() as tx:
        which_log.record(tx, Which(prefix, "a-cluster-elsewhere"))
    why = refused(there, "status")
    assert "HUB_KAFKA names the cluster" in why
    assert "a-cluster-elsewhere" in why


def test_a_cluster_is_known_before_anything_is_asked_of_it(hub: Hub) -> None:
    """A process starts while its brokers are away."""
    with hub.database.transaction() as tx:
        which_log.record(tx, Which(hub.settings.kafka_access.prefix, "a-cluster-elsewhere"))
    before = hub.recorder.log.ends()
    started = open_hub(hub.settings, hub.database.dsn, connections=4)
    with pytest.raises(WrongLog, match="HUB_KAFKA names the cluster"):
        started.recorder.log.append([numbered(1)])
    with pytest.raises(WrongLog, match="HUB_KAFKA names the cluster"):
        started.lane.run()
    started.close()
    assert hub.recorder.log.ends() == before
    assert hub.database.rows("SELECT why FROM step_stands WHERE step = 'project' AND why LIKE '%%a-cluster-elsewhere%%'")


def test_a_hub_that_holds_nothing_yet_may_have_any_log(
    postgres_url: str, kafka_broker: KafkaBroker, kafka_access: KafkaAccess, tmp_path: Path, hub: Hub
) -> None:
    embedded = replace(hub.settings, kafka=None, kafka_access=KafkaAccess())
    on_kafka = replace(hub.settings, kafka_access=kafka_access)
    for settings in (embedded, on_kafka, embedded, on_kafka, replace(on_kafka, kafka_access=KafkaAccess(prefix="b."))):
        open_hub(settings, postgres_url, connections=4).close()


def test_it_is_the_log_of_a_hub_once_it_was_reached(hub: Hub, kafka_broker: KafkaBroker) -> None:
    prefix = hub.settings.kafka_access.prefix
    with hub.database.transaction() as tx:
        assert which_log.recorded(tx) == Which(prefix, kafka_broker.id)
    bare = replace(hub.settings, kafka=None, kafka_access=KafkaAccess())
    with pytest.raises(WrongLog, match="This hub's log is on the cluster"):
        open_hub(bare, hub.database.dsn, connections=4)
