"""How a command reaches its hub: the running one, or a database started for as long as the command takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hub.home import HomeTaken, disk_full, lock, read_run
from hub.settings import Settings
from hub.store.database import Unavailable
from hub.store.embedded import DiskFull, EmbeddedPostgres
from hub.wiring import Hub, open_hub


@contextmanager
def reach(settings: Settings) -> Iterator[Hub]:
    """An opened hub. Waits while another command has the home and no hub runs there."""
    told = False
    while True:
        run = read_run(settings.home)
        if settings.database_url or run:
            yield from _opened(settings, settings.database_url or str(run and run["database"]))
            return
        try:
            with lock(settings.home, wait=False), EmbeddedPostgres(settings.home) as server:
                yield from _opened(settings, server.dsn)
                return
        except HomeTaken as taken:
            if not told:
                print(f"{taken} Waiting for it.", file=sys.stderr)
                told = True
            time.sleep(0.1)


def _opened(settings: Settings, dsn: str) -> Iterator[Hub]:
    try:
        hub = open_hub(settings, dsn)
    except Unavailable as error:
        if full := disk_full(settings.home):
            raise DiskFull(full, said=str(error).strip()) from error
        raise
    try:
        yield hub
    finally:
        hub.close()
