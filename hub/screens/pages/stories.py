"""The demo's panel: stories that one plays to see what the hub makes of them. Without a demo there is none."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.screens import playing
from hub.screens.asked import Hub, Text, TheHub
from hub.screens.mail_door import smtp_of
from hub.screens.problems import Problem
from hub.screens.render import part
from hub.screens.session import Viewer, viewing

router = APIRouter()
Watcher = Annotated[Viewer, viewing("ring")]


@router.get("/stories")
def stories(request: Request, hub: TheHub, viewer: Watcher) -> Response:
    if not playing.is_played(hub.settings.home):
        raise Problem(404, "No demo runs.")
    return _panel(request, hub, viewer, playing.look(hub.settings.home))


@router.post("/stories/{name}")
def play(request: Request, hub: TheHub, viewer: Watcher, name: Text) -> Response:
    if not playing.is_played(hub.settings.home) or not name.isidentifier():
        raise Problem(404, "There is no such story.")
    try:
        panel = playing.play(hub.settings.home, name)
    except playing.NoSuchStory:
        raise Problem(404, "There is no such story.") from None
    if "hx-request" not in request.headers:
        return RedirectResponse("/", 303)
    return _panel(request, hub, viewer, panel)


def _panel(request: Request, hub: Hub, viewer: Viewer, panel: playing.Panel) -> Response:
    return part(request, viewer, "stories.html", panel=panel, smtp=smtp_of(hub))
