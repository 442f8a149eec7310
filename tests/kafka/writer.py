"""The sender of `tests.kill.writer`, in rounds: pauses once all that it began is acknowledged, and goes on when told.

    python -m tests.kafka.writer URL KEY JOURNAL SEED

SIGUSR1: pause; the journal says so. SIGUSR2: go on. SIGTERM: end.
"""

from __future__ import annotations

import signal
import sys
import threading
from itertools import count
from pathlib import Path

from tests.kill import writer
from tests.kill.writer import Journal, write

CONNECTIONS = 4
writer.PAUSE = 0.03  # three brokers, a database and five processes share two cores


def main(url: str, key: str, path: str, seed: str) -> None:
    pause, go, end = threading.Event(), threading.Event(), threading.Event()
    signal.signal(signal.SIGUSR1, lambda number, frame: pause.set())
    signal.signal(signal.SIGUSR2, lambda number, frame: go.set())

    def stop(*_: object) -> None:
        for event in (end, pause, go):
            event.set()

    signal.signal(signal.SIGTERM, stop)
    journal = Journal(Path(path))
    for round_ in count():
        names = [f"r{round_}w{n}" for n in range(CONNECTIONS)]
        threads = [threading.Thread(target=write, args=(url, key, journal, name, int(seed), pause)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pause.clear()
        journal.write(paused=round_)
        go.wait()
        go.clear()
        if end.is_set():
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
