"""Sara calls about the order of which she e-mailed last week."""

from __future__ import annotations

from hub.demo.shop import REZA
from hub.demo.stage import Play, Stage, Told
from hub.demo.stories.sara import SARA
from hub.demo.telephone import Ring
from hub.demo.texts.today import SARA_ASKS


def run(stage: Stage) -> None:
    rings = stage.telephone.ring(Ring(SARA.phones[0], REZA, 25, 30, SARA_ASKS))
    stage.tell(Told("ring" if rings else "busy", {"who": SARA.latin}))


play = Play(1, run)
