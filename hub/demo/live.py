"""The demo while the hub runs: the day, the callers, the customers' mailboxes, the panel's stories."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from hub.demo import control, imap_server
from hub.demo.agenda import Agenda
from hub.demo.answering import Answering
from hub.demo.callers import Callers
from hub.demo.day import BOUNCING
from hub.demo.doors import Address, Away, Doors
from hub.demo.history import cast
from hub.demo.imap_server import Mailbox
from hub.demo.mail_server import Mailboxes, serve
from hub.demo.shop import MAIL
from hub.demo.stage import Play, Stage, Told
from hub.demo.telephone import Telephone
from hub.demo.today import Today
from hub.discover import discover


@dataclass(frozen=True, slots=True)
class Given:
    """What the supervisor hands down: bound sockets, the doors of the hub, which history was loaded. `password`: with it
    the hub opens the shop's mailbox, which is served on `imap`."""

    home: Path
    mail: socket.socket
    control: socket.socket
    imap: socket.socket
    password: str = field(repr=False)
    token: str = field(repr=False)
    address: Address = field(repr=False)
    since: str
    people: int


def live(given: Given, stop: Event) -> None:
    """Play until `stop`."""
    scene = cast(datetime.fromisoformat(given.since), people=given.people)
    agenda = Agenda()
    mailbox = Mailbox(MAIL, given.password)
    Thread(target=imap_server.serve, args=(given.imap, mailbox, stop), name="mailbox", daemon=True).start()
    with closing(Doors(given.address, mailbox)) as doors:
        telephone = Telephone(doors, agenda)
        stage = Stage(given.home, doors, agenda, telephone, scene.people, scene.orders)
        answering = Answering(scene.people, doors, agenda, stage)
        callers = Callers(scene, agenda, telephone, stage)
        mailboxes = Mailboxes(frozenset(scene.people[BOUNCING].emails), answering.arrived)
        Thread(target=serve, args=(given.mail, mailboxes, stop), name="mailboxes", daemon=True).start()
        panel = Panel(stage, callers)
        server = control.listen(given.control, given.token, panel.look, panel.play)
        Today(given.home, scene, doors, agenda, telephone, answering).begin()
        agenda.run(stop)
        server.shutdown()


class Panel:
    """What the stories panel asks for."""

    def __init__(self, stage: Stage, callers: Callers) -> None:
        self._stage, self._callers = stage, callers

    def look(self) -> dict[str, Any]:
        """Somebody watches, and is told what there is to play and how the last stories went."""
        self._callers.look()
        names = sorted(plays(), key=lambda name: plays()[name].order)
        return {"plays": names, "told": [asdict(told) for told in self._stage.told]}

    def play(self, name: str) -> bool:
        """Whether there is such a story. Where the hub does not answer, that is told."""
        if name not in plays():
            return False
        try:
            plays()[name].run(self._stage)
        except Away:
            self._stage.tell(Told("away"))
        return True


def plays() -> Mapping[str, Play]:
    return discover("hub.demo.plays", "play")
