"""A cluster that allows only what was said: what docs/operating.md names is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from kafka import KafkaAdminClient  # type: ignore[import-untyped]
from kafka.admin import (  # type: ignore[import-untyped]
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from hub.log._protocol import LogRefused
from hub.log.headers import sealed
from hub.log.kafka import KafkaLog, KafkaTopics, make_missing
from hub.log.topics import Step, names, plan
from hub.settings import KafkaAccess
from tests.conftest import reachable_folder
from tests.kafka.brokers import KafkaBroker
from tests.kafka.events import all_of, numbered
from tests.kafka.test_tail import following
from tests.kill.running import until

DOCUMENT = Path(__file__).parents[2] / "docs/operating.md"
PASSWORD = "hush"
GUARDED = {
    "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "listener.name.clients.scram-sha-512.sasl.jaas.config": (
        f'org.apache.kafka.common.security.scram.ScramLoginModule required username="broker" password="{PASSWORD}";'
    ),
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:broker;User:ANONYMOUS",  # the controller's listener asks nobody who he is
}
PREFIX = "shop."


def rights(of: str) -> Iterator[tuple[str, str, list[str]]]:
    """Kind of resource, what its name begins with, operations: the rows of the document's table that are about `of`."""
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith(f"| {of} |"):
            _, kind, name, operations = (cell.strip() for cell in line.strip("|").split("|"))
            yield kind, name.strip("`").replace("PREFIX", PREFIX), re.findall(r"\w+", operations)


def allow(admin: KafkaAdminClient, user: str, of: str) -> None:
    kinds = {"topics": ResourceType.TOPIC, "consumer groups": ResourceType.GROUP}
    rows = list(rights(of))
    assert rows, f"nothing is said about {of}"
    answer = admin.create_acls([
        ACL(f"User:{user}", "*", ACLOperation[_constant(operation)], ACLPermissionType.ALLOW,
            ResourcePattern(kinds[kind], name, ACLResourcePatternType.PREFIXED))
        for kind, name, operations in rows for operation in operations
    ])  # fmt: skip
    assert not answer["failed"], answer


def _constant(operation: str) -> str:
    """DescribeConfigs -> DESCRIBE_CONFIGS."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()


def access(user: str) -> KafkaAccess:
    return KafkaAccess(security="SASL_PLAINTEXT", user=user, password=PASSWORD, prefix=PREFIX)


@pytest.fixture(scope="module")
def guarded() -> Iterator[KafkaBroker]:
    """It knows the hub and an operator, and allows each what the document says."""
    accounts = [f"SCRAM-SHA-512=[name={name},password={PASSWORD}]" for name in ("broker", "hub", "operator", "nobody")]
    with reachable_folder() as folder, KafkaBroker(folder / "kafka", GUARDED, accounts) as broker:
        admin = KafkaAdminClient(
            bootstrap_servers=broker.brokers, security_protocol="SASL_PLAINTEXT", sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username="broker", sasl_plain_password=PASSWORD,
        )  # fmt: skip
        try:
            allow(admin, "operator", "`hub topics`, `hub up` and `hub log copy`")
            allow(admin, "hub", "every command")
            make_missing(broker.brokers, access("operator"))
            yield broker
        finally:
            admin.close()


@pytest.mark.real
def test_topics_are_made_looked_at_and_changed(guarded: KafkaBroker) -> None:
    with KafkaTopics(guarded.brokers, access("operator")) as topics:
        assert {step.action for step in _planned(topics)} == {"keep"}
        topics.apply([Step(f"{PREFIX}orders", "change", 16, 1, {"retention.ms": ("-1", "60000")})])
        (changed,) = until(lambda: [step for step in _planned(topics) if step.action == "change"], 10, "it is another one")
        topics.apply([changed])
        until(lambda: {step.action for step in _planned(topics)} == {"keep"}, 10, "it is as it has to be")


def _planned(topics: KafkaTopics) -> Sequence[Step]:
    return plan(topics.brokers(), topics.found(list(names(PREFIX))), PREFIX)


@pytest.mark.real
def test_the_hub_writes_reads_and_follows(guarded: KafkaBroker, tmp_path: Path) -> None:
    log = KafkaLog(guarded.brokers, access("hub"))
    log.append([numbered(n) for n in range(3)])
    assert all_of(log, ["order:1"]) == {"order:1": [0, 1, 2]}

    def pushes() -> bool:
        log.append([numbered(0)])
        return bool(pushed.events)

    with following(guarded.brokers, access("hub"), tmp_path) as pushed:
        until(pushes, 60, "Faust pushes what comes")
    assert {sealed(one).id for one in pushed.events} == {numbered(0).id}
    log.close()


@pytest.mark.real
def test_to_whom_nothing_was_allowed_the_topics_are_missing(guarded: KafkaBroker) -> None:
    log = KafkaLog(guarded.brokers, access("nobody"), patience=5.0)
    with pytest.raises(LogRefused, match=r"topic shop\.inbound is missing"):
        log.append([numbered(1)])
