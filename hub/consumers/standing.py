"""Tickets as they stand while somebody decides about them: the row that is shown, and what was decided since."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hub.consumers.decode import decode
from hub.consumers.project import folded
from hub.consumers.record import Recorder
from hub.events.envelope import Event
from hub.projections.tickets import Ticket, projection
from hub.store import archive, decisions, projected
from hub.store.database import Connection


def every_step(recorder: Recorder, tx: Connection, streams: Collection[str]) -> list[Event]:
    """Everything that was decided about these tickets, each in its order."""
    return decode(recorder.keys, decisions.steps(tx, streams), projection.types)


def words(step: Event) -> str | None:
    """What somebody wrote in a step, as far as the keys are left: a note, how it was resolved, why it was reopened."""
    said = (step.personal.get(name) for name in ("text", "how", "why"))  # what a kind does not know may be anything
    return next((text for text in said if isinstance(text, str) and text), None)


def with_words(recorder: Recorder, tx: Connection, ticket: dict[str, Any]) -> dict[str, Any]:
    """A ticket in the contract's shape, with the `text` of its steps. An answer's is in the customer's timeline."""
    recorder.enter(tx)
    steps = every_step(recorder, tx, [f"ticket:{ticket['id']}"])
    said = {step.root: words(step) for step in steps if step.type != "ticket.answered"}
    return ticket | {"history": [step | {"text": said.get(step["id"])} for step in ticket["history"]]}


def standing(recorder: Recorder, tx: Connection, streams: Collection[str]) -> dict[str, Ticket]:
    """These tickets by their streams, without those of which nothing stands. Raises TakenOver.

    What is not folded yet is read before the rows: folded in between it is found twice, rather than not at all. Where
    it is a second thought about an earlier step, the ticket is folded from its first one.
    """
    projected.live(tx)
    late = decisions.not_folded(tx, streams)
    again = archive.to_refold(tx, streams) | {found.document["stream"] for found in late if "replaces" in found.document}
    rows: dict[str, Ticket] = projected.load(tx, projection, projection.name, set(streams) - again)
    there = {step[2] for row in rows.values() for step in row.steps}
    since = [event for event in decode(recorder.keys, late, projection.types) if event.stream not in again]
    tickets = folded(projection, rows, (event for event in since if event.id not in there))
    return tickets | (folded(projection, {}, every_step(recorder, tx, again)) if again else {})
