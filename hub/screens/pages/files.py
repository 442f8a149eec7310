"""The files that came with a contact; always as a download, for they are of whoever sent them."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse

from hub.consumers.decode import opened
from hub.events.envelope import Event, Json
from hub.events.seal import key_name
from hub.screens.asked import Hub, Text, TheHub, id_of, reading
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.render import NOT_KEPT
from hub.screens.session import Viewer, viewing
from hub.store.blobs import Damaged, Missing
from hub.store.files import holding

router = APIRouter()
_FOLDERS = re.compile(r"[/\\]")
# Control characters, and what turns the direction of writing; half-spaces stay.
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@router.get("/files/{event}/{n}")
def file(
    hub: TheHub, viewer: Annotated[Viewer, viewing("read")], looked: Looked, event: Text,
    n: Annotated[int, Path(ge=0, le=10_000)],
) -> Response:  # fmt: skip
    """The n-th file of this contact, from 0. Pictures say what they are, so that a mail's text can show its own."""
    found, kept, name = _kept(hub, event, n)
    owner = kept["blob"].partition("/")[0]
    sealed_with = key_name(found) if owner == found.id else owner
    key = hub.keys.find([sealed_with])[sealed_with]
    if key is None:
        raise Problem(404, "This file was of somebody who was forgotten.")
    try:
        pieces = hub.recorder.blobs.get(kept["blob"], key)
    except (Missing, Damaged) as error:
        raise Problem(404, str(error)) from None
    looked("file", found.root)
    kind = kept.get("type") if kept.get("type") in PICTURES else "application/octet-stream"
    headers = NOT_KEPT | {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(plain(name), safe='')}"}
    return StreamingResponse(pieces, media_type=kind, headers=headers)


def plain(name: str | None) -> str:
    """What a file is called on the reader's disk: no folders, and no signs by which "exe.png" is read where "gnp.exe" stands."""
    return _NOT_SHOWN.sub("", _FOLDERS.split(name or "")[-1]).strip(" .") or "file"


def _kept(hub: Hub, id: str, n: int) -> tuple[Event, Json, str | None]:
    """The event, what it says of its n-th file, and that one's name."""
    item = id_of(id)
    with reading(hub) as tx:
        hub.recorder.enter(tx)
        recorded = holding(tx, item) if item else None
    event = opened(hub.keys, recorded) if recorded else None
    files = (event.data.get("attachments") or []) if event else []
    if event is None or n >= len(files) or "blob" not in files[n]:
        raise Problem(404, "No contact has this file.")
    names = event.personal.get("attachments") or []
    return event, files[n], names[n] if n < len(names) else None
