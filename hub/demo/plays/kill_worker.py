"""kill -9 of the worker while a mail comes: the supervisor starts it again, and the mail is there."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime

from hub.demo.diary import Mail
from hub.demo.stage import Play, Stage, Told
from hub.demo.texts.today import WHILE_DEAD

WRITER = "en-2"
_LOOK = 0.5  # seconds between looks
_PATIENCE = 60.0


def run(stage: Stage) -> None:
    killed = stage.pid("worker")
    if killed is None:
        stage.tell(Told("no_worker"))
        return
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    mail = stage.mail(stage.people[WRITER], *WHILE_DEAD)
    stage.tell(Told("killed", {"pid": str(killed)}, pending=True))
    stage.doors.post(mail)
    stage.agenda.after(_LOOK, lambda: _look(stage, killed, began, mail))


def _look(stage: Stage, killed: int, began: float, mail: Mail) -> None:
    """Whether another worker is at work, nothing waits for it, and the mail is shown."""
    took = time.monotonic() - began
    alive = stage.pid("worker")
    if alive not in (None, killed) and _is_shown(stage, mail) and not any(lane["events"] for lane in stage.doors.lanes()):
        fields: dict[str, str | int] = {"pid": str(killed), "now": str(alive), "n": round(took)}
        stage.tell(Told("back", fields, stage.page_of(stage.people[WRITER])))
    elif took > _PATIENCE:
        stage.tell(Told("not_back", {"pid": str(killed), "n": round(took)}))
    else:
        stage.agenda.after(_LOOK, lambda: _look(stage, killed, began, mail))


def _is_shown(stage: Stage, mail: Mail) -> bool:
    """A mail's Date has no fractions of a second."""
    found = stage.doors.look_up(email=mail.address)["recent"]
    sent = mail.time.replace(microsecond=0)
    return any(item["title"] == mail.subject and datetime.fromisoformat(item["time"]) >= sent for item in found)


play = Play(6, run)
