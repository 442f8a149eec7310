"""Copies a log and is killed in the middle of a portion: some of it is on Kafka, and nobody was told.

    python -m tests.kafka.killed_copy DSN BROKERS PREFIX
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from hub.events.envelope import Sealed
from hub.log._protocol import Appended
from hub.log.copy import copy
from hub.log.kafka import KafkaLog
from hub.settings import KafkaAccess
from hub.store.database import Database


class KilledHalfway(KafkaLog):
    """Lives until it has appended half of the first portion."""

    def append(self, events: Sequence[Sealed], tx: Any = None) -> list[Appended]:
        super().append(events[: len(events) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def main(dsn: str, brokers: str, prefix: str) -> None:
    copy(Database(dsn), KilledHalfway(brokers, KafkaAccess(prefix=prefix)), print, print)


if __name__ == "__main__":
    main(*sys.argv[1:])
