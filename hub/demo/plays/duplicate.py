"""A mail program sends the same mail twice; the ledger says what came of it."""

from __future__ import annotations

from hub.demo.stage import Play, Stage, Told
from hub.demo.texts.today import TWICE

SOURCE = "smtp"
WRITER = "en-2"


def run(stage: Stage) -> None:
    writer = stage.people[WRITER]
    with stage.doors.posting:
        before = stage.ledger(SOURCE)
        mail = stage.mail(writer, *TWICE)
        stage.doors.post(mail)
        stage.doors.post(mail)
        after = stage.ledger(SOURCE)
    counted = {name: after[name] - before[name] for name in ("received", "duplicates")}
    stage.tell(Told("duplicate", {"who": writer.latin, **counted}, stage.page_of(writer)))


play = Play(4, run)
