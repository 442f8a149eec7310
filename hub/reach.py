"""How a command reaches its hub: the running one, or a database started for as long as the command takes.

Where nobody else runs the steps the command runs them first: what a killed hub had acknowledged is shown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.consumers.project import LaneStopped
from hub.consumers.runner import until_quiet
from hub.events.catalogue import NewerVersion
from hub.home import HomeTaken, disk_full, lock, read_run
from hub.log._protocol import LogAway, LogLost, LogRefused
from hub.settings import Settings
from hub.store.database import Unavailable, in_use
from hub.store.embedded import DiskFull, EmbeddedPostgres
from hub.wiring import Hub, open_hub


@contextmanager
def reach(settings: Settings, progress: Callable[[int], None] = lambda done: None) -> Iterator[Hub]:
    """An opened hub. Waits while another command has the home and no hub runs there. `progress`: of the steps."""
    told = False
    while True:
        run = read_run(settings.home)
        if settings.database_url or run:
            dsn = settings.database_url or str(run and run["database"])
            yield from _opened(settings, dsn, None if run or in_use(dsn) else progress)
            return
        try:
            with lock(settings.home, wait=False), EmbeddedPostgres(settings.home) as server:
                yield from _opened(settings, server.dsn, progress)
                return
        except HomeTaken as taken:
            if not told:
                print(f"{taken} Waiting for it.", file=sys.stderr)
                told = True
            time.sleep(0.1)


def _opened(settings: Settings, dsn: str, alone: Callable[[int], None] | None) -> Iterator[Hub]:
    """`alone`: told of the steps that this process runs, for nobody else does; None where somebody does."""
    try:
        hub = open_hub(settings, dsn)
    except Unavailable as error:
        if not settings.database_url and (full := disk_full(settings.home)):
            raise DiskFull(full, said=str(error).strip()) from error
        raise
    try:
        if alone:
            _catch_up(hub, alone)
        yield hub
    finally:
        hub.close()


def _catch_up(hub: Hub, progress: Callable[[int], None]) -> None:
    """A lane that stands, or a log that is away, keeps nobody from looking at what is shown."""
    try:
        until_quiet(hub.recorder, hub.lane, progress)
    except (LaneStopped, NewerVersion, LogAway, LogLost, LogRefused) as error:
        print(f"Not all that came is shown: {error}", file=sys.stderr)
