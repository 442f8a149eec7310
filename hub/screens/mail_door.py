"""Where mail is brought to this hub, for pages that say how."""

from __future__ import annotations

from hub.home import read_run
from hub.screens.asked import Hub


def smtp_of(hub: Hub) -> str | None:
    """`host:port`; null where no mail server of the hub listens."""
    run = read_run(hub.settings.home)
    return run.get("smtp") if run else None
