"""Two agents command one ticket at the same instant, through two web processes: one wins, the other is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hub.consumers.rebuild import verify
from hub.wiring import Hub
from tests.kafka.beside import Beside, asked, await_sharing, await_shown
from tests.kafka.test_modes import PARTY
from tests.kill.running import cloud_event

TICKETS, ROUNDS = 50, 20  # a thousand times
_TICKETS = "SELECT ticket::text, revision FROM tickets"
_REVISIONS = """
SELECT split_part(stream, ':', 2), array_agg((value::json ->> 'revision')::int ORDER BY position) FROM event
WHERE topic = 'tickets' GROUP BY 1
"""
_CAUSES = "SELECT value::json ->> 'cause' FROM event WHERE type = 'ticket.noted'"


@pytest.fixture
def agents(hub: Hub, beside: Beside) -> Iterator[list[httpx.Client]]:
    """Each with a web process of his own; one worker shows what they do."""
    urls = [beside.serve(hub), beside.serve(hub)]
    beside.start(hub, "worker")
    await_sharing(hub, 1)
    key = asked(hub, "keys", "create", "agents").stdout.strip()
    with ExitStack() as open_:
        yield [
            open_.enter_context(httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60))
            for url in urls
        ]


def written_to(hub: Hub, agents: Sequence[httpx.Client]) -> dict[str, int]:
    """Tickets and their revisions."""
    events = [
        cloud_event(f"e{n}", "message.received", {"channel": "chat", "message": f"m{n}", "thread": f"t{n}", "party": PARTY})
        for n in range(TICKETS)
    ]
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    assert agents[0].post("/v1/events", json=events, headers=kind).json()["accepted"] == TICKETS
    await_shown(hub)
    return dict(hub.database.rows(_TICKETS))


@dataclass
class Told:
    """What the agents were told, all rounds together."""

    statuses: Counter[int] = field(default_factory=Counter)
    won: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    stale: int = 0

    def take(self, pair: Sequence[tuple[str, httpx.Response]], expects: int) -> None:
        """One won and one was told; both have the ticket as the winner left it, unless it could not be shown in time."""
        winner, loser = sorted(pair, key=lambda one: one[1].status_code)
        assert (winner[1].status_code in (200, 202), loser[1].status_code) == (True, 409), [one[1].text for one in pair]
        self.statuses.update(one[1].status_code for one in pair)
        self.won.add(winner[0])
        self.lost.add(loser[0])
        seen: list[dict[str, Any]] = [winner[1].json(), loser[1].json()["ticket"]]
        self.stale += any(ticket["revision"] != expects + 1 for ticket in seen)


def at_once(pool: ThreadPoolExecutor, agents: Sequence[httpx.Client], ticket: str, expects: int) -> list[Any]:
    """Each agent writes a note; the ids of their commands and the answers."""
    start = threading.Barrier(len(agents))

    def ask(agent: httpx.Client) -> tuple[str, httpx.Response]:
        id = str(uuid4())
        body = {"id": id, "expects": expects, "command": {"note": {"text": f"This is {id}."}}}
        start.wait()
        return id, agent.post(f"/v1/tickets/{ticket}/commands", json=body)

    return list(pool.map(ask, agents))


def test_of_two_at_the_same_instant_one_wins_and_the_other_is_told(hub: Hub, agents: list[httpx.Client]) -> None:
    revisions, told = written_to(hub, agents), Told()
    assert len(revisions) == TICKETS
    with ThreadPoolExecutor(len(agents)) as pool:
        for n in range(ROUNDS):
            for ticket, opened in revisions.items():
                told.take(at_once(pool, agents, ticket, opened + n), opened + n)
    await_shown(hub)
    assert told.statuses[409] == TICKETS * ROUNDS
    assert told.statuses[200] >= 0.99 * TICKETS * ROUNDS, "what an agent did is on his screen when he is answered"
    assert told.stale <= 0.01 * TICKETS * ROUNDS
    assert not told.won & told.lost
    assert {cause for (cause,) in hub.database.rows(_CAUSES)} == told.won
    for ticket, found in hub.database.rows(_REVISIONS):
        assert found == list(range(1, revisions[ticket] + ROUNDS + 1))
    assert verify(hub.recorder)["clean"]
