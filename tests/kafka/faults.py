"""What befalls a hub on several machines. Each fault strikes, and returns once what it broke may be mended; `mend` of the
farm starts again what died, as whoever watches over the processes does."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

from tests.kafka.farm import Farm, Part
from tests.kill.running import until

SESSION = 6.0  # seconds after which the group takes a worker for dead of which it hears nothing
Fault = Callable[[Farm, random.Random], None]


def worker_killed(farm: Farm, dice: random.Random) -> None:
    dice.choice(farm.workers).kill()


def web_killed(farm: Farm, dice: random.Random) -> None:
    """The one that the writer speaks to."""
    farm.parts["web"].kill()
    time.sleep(dice.uniform(0, 1))


def relay_killed(farm: Farm, dice: random.Random) -> None:
    """The worker that is sending decided events to the log in this very moment."""
    relaying: Part = until(farm.relaying, 30, "somebody relays")
    relaying.kill()


def postgres_killed(farm: Farm, dice: random.Random) -> None:
    farm.kill_server()
    time.sleep(dice.uniform(0, 2))


def broker_killed(farm: Farm, dice: random.Random) -> None:
    """It stays away until the others have taken over."""
    dice.choice(farm.brokers.nodes).kill()
    time.sleep(dice.uniform(1, 8))


def leader_killed(farm: Farm, dice: random.Random) -> None:
    """The broker that takes what a busy partition gets, back at once."""
    farm.brokers.leader("touchpoints", dice.randrange(16)).kill()


def worker_stands_still(farm: Farm, dice: random.Random) -> None:
    """Longer than its session: its partitions are given away, and then it goes on where it was."""
    zombie = dice.choice(farm.workers)
    zombie.signal(signal.SIGSTOP)
    time.sleep(SESSION + dice.uniform(2, 4))
    zombie.signal(signal.SIGCONT)


def two_join_and_leave(farm: Farm, dice: random.Random) -> None:
    """Under load, and in order: who is asked to leave ends by itself."""
    names = ("third", "fourth")
    for name in names:
        farm.add(name, ["worker"])
        time.sleep(dice.uniform(0, 1))
    farm.await_members(4)
    for name in names:
        assert farm.remove(name) == 0


def wire_cut(farm: Farm, dice: random.Random) -> None:
    """One worker no longer reaches the database, and everybody else does."""
    farm.wire.cut()
    time.sleep(dice.uniform(3, 8))
    farm.wire.mend()


def broker_back_empty(farm: Farm, dice: random.Random) -> None:
    """Its disk was replaced: it has to get everything from the others again."""
    node = dice.choice(farm.brokers.nodes)
    node.kill()
    time.sleep(dice.uniform(0, 8))
    node.empty(farm.brokers.id, farm.brokers.voters)
    node.start()
    node.wait()


ALL: tuple[Fault, ...] = (
    worker_killed, web_killed, relay_killed, postgres_killed, broker_killed, leader_killed, worker_stands_still,
    two_join_and_leave, wire_cut, broker_back_empty,
)  # fmt: skip
