"""What a decision follows is what the log says of a ticket: however much of it is shown, and whatever was put right."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from hub.consumers import decode, project
from hub.consumers.decide import decide_waiting
from hub.consumers.decode import opened
from hub.consumers.project import folded
from hub.consumers.record import Outgoing
from hub.consumers.relay import relay
from hub.consumers.standing import every_step, standing
from hub.events.ids import named
from hub.log._protocol import Place, Recorded
from hub.projections.tickets import Ticket, projection
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.consumers.test_decide import NOW, do, only, settle, write


def from_the_first_step(hub: Hub, tx: Any, streams: set[str]) -> dict[str, Ticket]:
    return folded(projection, {}, every_step(hub.recorder, tx, streams))


def streams(hub: Hub) -> set[str]:
    return {row[0] for row in hub.database.rows("SELECT stream FROM stream_head WHERE stream LIKE 'ticket:%%'")}


def put_right(hub: Hub, chance: random.Random) -> None:
    """A step that is archived is taken back, or says something else."""
    rows = hub.database.rows("SELECT value FROM event WHERE topic = 'tickets' AND replaces IS NULL ORDER BY id")
    if not rows:
        return
    step = opened(hub.keys, Recorded(Place("tickets", 0, 0), chance.choice(rows)[0].encode()))
    thought = replace(
        step, id=named("replacement", step.id, "0"), replaces=step.id, recorded=step.recorded + timedelta(seconds=1)
    )
    if chance.random() < 0.5:
        thought = replace(thought, type="event.withdrawn", version=1, data={}, personal={}, subject=None)
    else:
        thought = replace(thought, type="ticket.prioritised", data=step.data | {"priority": "low"})
    hub.recorder.record(lambda here: [Outgoing(thought)])


@pytest.mark.parametrize("seed", range(4))
def test_a_ticket_stands_as_if_folded_from_its_first_step(hub: Hub, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)

    numbers = count()

    def message() -> None:
        n = next(numbers)
        write(hub, f"{n}", thread=f"{chance.randrange(3)}", after=timedelta(hours=n))

    def command() -> None:
        if known := sorted(streams(hub)):
            wish = chance.choice([{"note": {"text": "hm"}}, {"resolve": {}}, {"close": {}}, {"assign": {"to": "sara"}}])
            do(hub, chance.choice(known).removeprefix("ticket:"), wish)

    def fold_and_die() -> None:
        """Before the streams that wait for it are folded again."""
        with monkeypatch.context() as dead:
            dead.setattr(project, "refold", lambda recorder: 0)
            hub.lane.run()

    ways: list[Callable[[], Any]] = [
        message, message, command, command, lambda: put_right(hub, chance), lambda: hub.lane.run(), fold_and_die,
        lambda: decide_waiting(hub.recorder, now=lambda: NOW), lambda: relay(hub.recorder),
    ]  # fmt: skip
    seen = 0
    for _ in range(60):
        chance.choice(ways)()
        with hub.database.transaction() as tx:
            hub.recorder.enter(tx)
            asked = streams(hub)
            found = standing(hub.recorder, tx, asked)
            assert found == from_the_first_step(hub, tx, asked)
            seen += len(found)
    assert seen > 60


def test_only_what_is_not_shown_yet_is_read(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(30):
        write(hub, f"{n}", after=timedelta(hours=n))
        settle(hub)
    assert only(hub)["revision"] == 30
    read: list[str] = []
    unseal_all = decode.unseal_all

    def counted(keys: Any, documents: Any) -> Any:
        read.extend(document["type"] for document in documents)
        return unseal_all(keys, documents)

    monkeypatch.setattr(decode, "unseal_all", counted)
    write(hub, "30", after=timedelta(hours=30))
    write(hub, "31", after=timedelta(hours=31))
    settle(hub)
    assert only(hub)["revision"] == 32
    assert [type for type in read if type == "ticket.opened"] == []
