"""A customer stands at the counter and shows her club card."""

from __future__ import annotations

from uuid import uuid4

from hub.demo.diary import Event
from hub.demo.doors import now
from hub.demo.people import phone
from hub.demo.shop import PARISA
from hub.demo.stage import Play, Stage, Told
from hub.demo.stories.two_addresses import DANIEL


def run(stage: Stage) -> None:
    party = [phone(DANIEL.phones[0]), {"kind": "badge", "value": f"club-{(DANIEL.account or '')[3:]}"}]
    said = {
        "visit": uuid4().hex, "place": "shop in Valiasr Street", "party": party, "agent": PARISA.name, "outcome": "follow_up",
        "reason": "wants to exchange a tea set", "note": "One cup has a chip. Parisa put a new set aside for him.",
    }  # fmt: skip
    stage.doors.tell(Event(uuid4().hex, "front-desk", "visit.recorded", now(), said))
    stage.tell(Told("walk_in", {"who": DANIEL.latin}, stage.page_of(DANIEL)))


play = Play(2, run)
