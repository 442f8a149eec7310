"""Tests that hold whatever the log is: `from tests.both_logs import where_the_log_is` in a folder's conftest.py, and every
`hub` and `new_hub` there comes once on the log in PostgreSQL and once on Kafka.

One broker serves the whole run. Hubs that are open at the same time have topics of their own, under a prefix; one that
is opened later takes the topics of one that was closed, and begins at their ends.
"""

from __future__ import annotations

from typing import Any, Protocol
from uuid import uuid4

import pytest

from hub.settings import KafkaAccess
from hub.wiring import Hub
from tests.conftest import make_topics
from tests.kafka.brokers import KafkaBroker

_of: dict[str, list[tuple[str, Hub]]] = {}  # the prefixes that a broker has, and whose each was last


def told(broker: KafkaBroker) -> dict[str, str]:
    """What a process of a hub finds in its environment, so that its log is on this broker, under names that nobody has."""
    return {"HUB_KAFKA": broker.brokers, "HUB_KAFKA_PREFIX": f"{uuid4().hex}."}


class WhereTheLogIs(Protocol):
    def settings(self) -> dict[str, Any]: ...
    def opened(self, hub: Hub) -> None: ...


class OnKafka:
    """Logs of a broker."""

    def __init__(self, broker: KafkaBroker) -> None:
        self._brokers = broker.brokers
        self._taken = _of.setdefault(broker.brokers, [])

    def settings(self) -> dict[str, Any]:
        """Of a log that nobody uses; made where there is none."""
        free = next((one for one in self._taken if one[1].database.pool.closed), None)
        if free:
            self._taken.remove(free)
            access = KafkaAccess(prefix=free[0])
        else:
            access = KafkaAccess(prefix=f"{uuid4().hex}.")
            make_topics(self._brokers, access)
        return {"kafka": self._brokers, "kafka_access": access}

    def opened(self, hub: Hub) -> None:
        """What an earlier test wrote there is none of this one's."""
        self._taken.append((hub.settings.kafka_access.prefix, hub))
        begin_at_the_ends(hub)


def begin_at_the_ends(hub: Hub) -> None:
    """An empty hub does not read what lies in its log."""
    ends = [(end, *lane) for lane, end in hub.recorder.log.ends().items() if end]
    with hub.database.transaction() as tx, tx.cursor() as cursor:
        for table in ("log_head", "checkpoint"):
            cursor.executemany(f"UPDATE {table} SET next = %s WHERE topic = %s AND part = %s", ends)


@pytest.fixture(params=["embedded", "kafka"])
def where_the_log_is(request: pytest.FixtureRequest) -> WhereTheLogIs:
    if request.param == "embedded":
        in_postgres: WhereTheLogIs = request.getfixturevalue("in_postgres")
        return in_postgres
    return OnKafka(request.getfixturevalue("kafka_broker"))
