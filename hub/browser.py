"""A page for whoever sits in front of this machine, in the browser that he uses."""

from __future__ import annotations

import webbrowser
from collections.abc import Mapping


def show(url: str, environ: Mapping[str, str], terminal: bool) -> bool:
    """Whether it was opened: not where nobody sees a screen, or the hub's words are read by another program."""
    if not terminal or not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(found) is webbrowser.GenericBrowser:  # one in the terminal would take it over, and hold up the hub
        return False
    return found.open(url)
