"""A process that does nothing but send answers, until somebody kills it.

    python -m tests.kill.deliverer DSN HOME
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path

from hub.consumers.deliver import deliver_waiting
from hub.consumers.runner import clock, forever
from hub.settings import Settings
from hub.store.mailboxes import outgoing
from hub.wiring import open_hub


def main(dsn: str, home: str) -> None:
    hub = open_hub(Settings(home=Path(home), blobs_url=f"{home}/blobs"), dsn)
    ways = partial(outgoing, hub.database, hub.keys)
    print("ready", flush=True)
    forever(hub.database, lambda: deliver_waiting(hub.recorder, ways, clock), threading.Event(), frozenset())


if __name__ == "__main__":
    main(*sys.argv[1:])
