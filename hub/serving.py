"""What the processes beside the worker do: answer requests, carry mail."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from hub.consumers.runner import clock, forever
from hub.memory import settle
from hub.settings import Settings
from hub.store.database import Unavailable
from hub.wiring import Hub, open_hub
from hub.working import together

log = structlog.get_logger()
_LOOK = 0.2  # seconds between two tries to open the database
_DESCRIPTORS = 65_536


def serve(hub: Hub, listening: socket.socket) -> None:
    """Answer what comes to this socket until a signal ends the process. Nothing is kept here: any number may do it."""
    import uvicorn

    from hub.screens.app import create_app
    from hub.screens.heads import Bounded

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, f: sys.exit())  # when all is answered uvicorn sends what ended it once more
    _let_many_in()
    config = uvicorn.Config(
        create_app(hub), http=Bounded, log_config=None, access_log=False, timeout_graceful_shutdown=2,
        forwarded_allow_ips=list(hub.settings.proxies),
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listening])


def _let_many_in() -> None:
    """Each open screen is a descriptor. A process begins with 1,024 of them, for the sake of programs that ask by `select`,
    which knows no more; it may have as many as the machine allows."""
    most, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if allowed == resource.RLIM_INFINITY else min(allowed, _DESCRIPTORS)
    if most != resource.RLIM_INFINITY and most < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed))


def carry_mail(hub: Hub, doors: Mapping[str, socket.socket], stop: threading.Event) -> None:
    """Take in what is brought to these sockets (`smtp`, `lmtp`), fetch from mailboxes, send answers, until `stop`."""
    from hub.channels.email import channel
    from hub.consumers.deliver import deliver_waiting
    from hub.consumers.fetch import Fetcher, fetch_all
    from hub.consumers.mail_in import Post
    from hub.store.mailboxes import outgoing
    from hub.transport.smtp_in import Reception, receive
    from hub.transport.spool import prepared

    spool, post = prepared(hub.settings.home / "spool"), Post(hub.recorder)
    fetcher = Fetcher(hub.recorder, hub.settings.imap_urls, spool)
    ways = partial(outgoing, hub.database, hub.keys, url=hub.settings.smtp_url)
    reception = Reception(post.take, channel.limit, spool, hostname=socket.gethostname())
    steps: dict[str, Callable[[], None]] = {
        "receive": lambda: receive(doors, reception, stop),
        "fetch": lambda: fetch_all(fetcher, stop, lambda: os._exit(1)),
        "deliver": lambda: forever(hub.database, lambda: deliver_waiting(hub.recorder, ways, clock), stop, frozenset()),
    }
    together(steps, stop)
    post.close()


def once_up(settings: Settings, dsn: str) -> Hub:
    """The hub, as soon as its database answers: it may be starting just now."""
    told = False
    while True:
        try:
            hub = open_hub(settings, dsn, connections=16)
            settle()
            return hub
        except Unavailable as error:
            if not told:
                log.warning("the database cannot be reached; trying again", error=str(error).strip()[:200])
                told = True
            time.sleep(_LOOK)
