"""What is left of a mail after a disk failed: kept, refused, and shown with the byte that was wrong."""

from __future__ import annotations

from hub.demo.doors import now
from hub.demo.stage import Play, Stage, Told
from hub.demo.texts.today import BROKEN


def run(stage: Stage) -> None:
    # The time makes it another one each time: the same bytes again would be a duplicate.
    stage.doors.bring(BROKEN + f"{now():%H:%M:%S.%f}\r\n".encode(), "disk@example.org")
    stage.tell(Told("broken_mail", href="/rejected/newest"))


play = Play(5, run)
