"""Tickets: the list, one ticket, and what agents ask of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from hub.consumers import decide
from hub.consumers.runner import clock
from hub.consumers.standing import with_words
from hub.desk.commands import described
from hub.screens.access import Keyed, may, needs
from hub.screens.answers import NOT_KEPT, Json
from hub.screens.asked import (
    NOT_ASKED,
    NOW_ONLY,
    Before,
    Hub,
    Limit,
    MaybeText,
    Text,
    TheHub,
    id_of,
    reading,
    wait_for_ticket,
)
from hub.screens.looking import Looked
from hub.screens.problems import Problem, ProblemShape
from hub.screens.shapes import TICKET_ID, Ticket, Tickets
from hub.store import reads
from hub.store.access import Caller

router = APIRouter(tags=["tickets"], dependencies=[NOW_ONLY], route_class=Keyed)
State = Literal["new", "open", "waiting", "resolved", "closed"]


class ChangedMeanwhile(ProblemShape):
    """RFC 9457, with the ticket as it is now."""

    model_config = ConfigDict(extra="allow", title="ChangedMeanwhile", json_schema_extra={})
    ticket: Ticket


class Command(BaseModel):
    """`id`: a UUID of the client's; sent again it does nothing twice. `expects`: the ticket's revision that was seen.

    `command`: one of assign, note, answer, wait, resolve, close, reopen, attach and prioritise, with its fields.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra={"example": {
        "id": TICKET_ID, "expects": None, "command": {"note": {"text": "Called back, will pay tomorrow."}},
    }})  # fmt: skip
    id: UUID
    expects: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    command: Annotated[Any, WithJsonSchema(described())]

    def wish(self) -> Any:
        """`{"command": "note", "text": ...}` is read too."""
        if isinstance(self.command, str):
            return {"type": self.command} | (self.model_extra or {})
        return self.command


@router.get("/v1/tickets", response_model=Tickets, summary="Tickets, the last changed first", **needs("read"))
def tickets(
    hub: TheHub, state: Annotated[State | None, Query(), NOT_ASKED] = None,
    owner: Annotated[MaybeText, NOT_ASKED] = None, limit: Limit = 50, before: Before = None,
) -> Json:  # fmt: skip
    """`text` in their history is null: what people wrote is in the answer for one ticket. A ticket that changes while others
    are paged through comes to the front: who wants all begins there once more."""
    with reading(hub) as tx:
        return Json(reads.tickets(tx, state, owner, limit, before), headers=NOT_KEPT)


@router.get("/v1/tickets/{id}", response_model=Ticket, summary="One ticket, by its id or number", **needs("read"))
def ticket(hub: TheHub, looked: Looked, id: Text) -> Json:
    found = _ticket(hub, id)
    looked("ticket", found["id"])
    return Json(found, headers=NOT_KEPT)


@router.post(
    "/v1/tickets/{id}/commands", response_model=Ticket, summary="Do something to a ticket",
    responses={202: {"model": Ticket, "description": "Done, and not visible yet"},
               409: {"model": ChangedMeanwhile, "description": "Changed meanwhile; `ticket` is as it is now"},
               422: {"description": "Refused; `detail` says why"}},
    **needs("command"),
)  # fmt: skip
def command(hub: TheHub, id: Text, asked: Command, caller: Annotated[Caller, Depends(may("command"))]) -> Json:
    """Answers with the ticket as it is then, once what was done is visible."""
    ticket_id = id_of(id) or _ticket(hub, id)["id"]
    answer = decide.command(hub.recorder, ticket_id, str(asked.id), asked.wish(), asked.expects, caller.name, clock())
    why = answer.why or ""
    if answer.status == 409:
        wait_for_ticket(hub, ticket_id)  # for what the other one did: it may be on its way still
        raise Problem(409, why, more={"ticket": _ticket(hub, ticket_id)})
    if answer.status != 200:
        raise Problem(answer.status, why, [(answer.at, why)] if answer.at else [])
    seen = wait_for_ticket(hub, ticket_id, answer.places)
    return Json(_ticket(hub, ticket_id), 200 if seen else 202, NOT_KEPT)


def _ticket(hub: Hub, id: str) -> dict[str, Any]:
    with reading(hub) as tx:
        found = reads.ticket(tx, id)
        if found is None:
            raise Problem(404, "No ticket has this id or number.")
        return with_words(hub.recorder, tx, found)
