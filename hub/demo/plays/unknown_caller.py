"""The number that nobody knows rings for the fourth time; whoever links it to its owner sees the three calls before."""

from __future__ import annotations

from hub.demo.shop import REZA
from hub.demo.stage import Play, Stage, Told
from hub.demo.stories.unknown import NUMBER
from hub.demo.telephone import Ring
from hub.demo.texts.today import UNKNOWN_ASKS

OWNER = "en-0"


def run(stage: Stage) -> None:
    owner = stage.people[OWNER]
    if not stage.telephone.ring(Ring(NUMBER, REZA, 30, 30, UNKNOWN_ASKS)):
        stage.tell(Told("busy"))
        return
    page, caller = stage.page_of(owner), stage.doors.look_up(phone=NUMBER)["recent"][0]["party"]
    stage.tell(Told("unknown_caller", {"who": owner.latin, "number": NUMBER}, f"{page}?link={caller}#side"))


play = Play(3, run)
