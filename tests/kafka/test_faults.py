"""Law 8 where the log is Kafka: whatever dies, stands still, is cut off or comes back empty, nothing acknowledged is lost or
doubled, in the log or on a screen.

Ten rounds, each fault once, in any order; HUB_CHAOS says how many, or HUB_SOAK for how many seconds. HUB_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path

import pytest

from tests.kafka import faults
from tests.kafka.farm import Farm, farm
from tests.kafka.sound import assert_read_elsewhere, assert_sound, await_shown
from tests.kill.running import until
from tests.kill.writer import in_flight, journal_of
from tests.told import Tell

pytestmark = pytest.mark.real

ROUNDS = int(os.environ.get("HUB_CHAOS", "10"))
SOAK = float(os.environ.get("HUB_SOAK", "0"))  # seconds within which rounds begin; 0: until it were ROUNDS
SEED = int(os.environ.get("HUB_SEED", "0")) or secrets.randbelow(1_000_000) + 1


def rounds(dice: random.Random) -> Iterator[faults.Fault]:
    """Each fault once, in any order, then again in another."""
    end = time.monotonic() + SOAK
    for number in count():
        if number % len(faults.ALL) == 0:
            order = dice.sample(faults.ALL, len(faults.ALL))
        if time.monotonic() > end if SOAK else number == ROUNDS:
            return
        yield order[number % len(faults.ALL)]


class Writer:
    """The process that sends, and its journal."""

    def __init__(self, running: Farm, journal: Path) -> None:
        self._journal, self._rounds = journal, 0
        command = [sys.executable, "-m", "tests.kafka.writer", running.url, running.key, str(journal), str(SEED)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": os.getcwd()})

    def await_flow(self) -> None:
        before = self._answered()
        until(lambda: self._answered() > before + 10, 60, "the writer writes")

    def in_flight(self) -> int:
        return in_flight(journal_of(self._journal))

    def pause(self) -> None:
        """Returns once all that it began is acknowledged."""
        self.process.send_signal(signal.SIGUSR1)
        self._rounds += 1
        until(lambda: sum("paused" in line for line in journal_of(self._journal)) == self._rounds, 90, "all is acknowledged")

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGUSR2)

    def _answered(self) -> int:
        return sum("answered" in line for line in journal_of(self._journal)) if self._journal.exists() else 0


@contextmanager
def writing(running: Farm, journal: Path) -> Iterator[Writer]:
    writer = Writer(running, journal)
    try:
        yield writer
    finally:
        writer.process.kill()
        writer.process.wait()


def strike(running: Farm, writer: Writer, fault: faults.Fault, dice: random.Random) -> int:
    """One round, up to where all is whole and shown again; how many requests were in flight."""
    writer.await_flow()
    time.sleep(dice.uniform(0, 0.5))
    flying = writer.in_flight()
    took = [time.monotonic()]
    fault(running, dice)
    running.mend()
    took.append(time.monotonic())
    until(lambda: not running.lagging(), 90, "every broker has all that the others have")
    took.append(time.monotonic())
    members = running.await_members(len(running.workers))
    took.append(time.monotonic())
    assert {member["client_id"].split("-")[0] for member in members} == {"faust"}
    writer.pause()
    took.append(time.monotonic())
    await_shown(running)
    took.append(time.monotonic())
    print(f"  took {[round(b - a, 1) for a, b in pairwise(took)]}", flush=True)
    return flying


def test_what_was_acknowledged_is_in_the_log_and_on_a_screen_once_whatever_happens(tmp_path: Path, tell: Tell) -> None:
    dice = random.Random(SEED)
    tell(f"seed {SEED} (HUB_SEED repeats it), {f'{SOAK:.0f} seconds' if SOAK else f'{ROUNDS} rounds'}")
    journal = tmp_path / "journal"
    struck: list[tuple[str, int]] = []
    sound, started = 0, time.monotonic()
    with farm() as running, writing(running, journal) as writer:
        try:
            for number, fault in enumerate(rounds(dice)):
                if number:
                    writer.go_on()
                begun = time.monotonic()
                struck.append((fault.__name__, strike(running, writer, fault, dice)))
                sound = assert_sound(running, journal_of(journal))
                print(f"round {number + 1}: {fault.__name__} with {struck[-1][1]} requests in flight;"
                      f" {sound} events sound after {time.monotonic() - begun:.0f} s", flush=True)  # fmt: skip
            assert_read_elsewhere(running, journal_of(journal))
        except BaseException:
            print(f"seed {SEED}\n{running.told()}")
            raise
        finally:
            tell(story(struck, sound, time.monotonic() - started))
    assert sum(flying > 0 for _, flying in struck) >= 0.8 * len(struck)


def story(struck: Sequence[tuple[str, int]], sound: int, seconds: float) -> str:
    """A run in a line: how often each fault struck, how many requests were in flight in each round, what was found sound."""
    flying = [number for _, number in struck]
    faults = ", ".join(f"{times} {name.replace('_', ' ')}" for name, times in Counter(name for name, _ in struck).items())
    return (f"{len(struck)} rounds in {seconds:.0f} s: {faults}; requests in flight in {sum(number > 0 for number in flying)}"
            f" of them: {flying}; {sound} events sound")  # fmt: skip
