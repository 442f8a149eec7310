"""Answers on their way out: taken back in time, sent again, or said to have arrived."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from hub.consumers import deliver
from hub.consumers.deliver import Wish
from hub.consumers.runner import clock
from hub.screens.access import may, needs
from hub.screens.answers import NOT_KEPT, Json
from hub.screens.asked import NOW_ONLY, Text, TheHub, id_of, reading, wait_until_shown
from hub.screens.problems import Problem
from hub.screens.shapes import DeliveryAsked
from hub.store import deliveries
from hub.store.access import Caller

router = APIRouter(tags=["tickets"], dependencies=[NOW_ONLY])


@router.post(
    "/v1/deliveries/{id}/{wish}", response_model=DeliveryAsked, summary="Take an answer back, or see to a lost one",
    responses={404: {"description": "No answer has this id"}, 409: {"description": "Too late; `detail` says why"}},
    **needs("command"),
)  # fmt: skip
def ask(hub: TheHub, id: Text, wish: Wish, caller: Annotated[Caller, Depends(may("command"))]) -> Json:
    """`undo` before it goes out; `again` where it failed or nobody knows; `arrived` where somebody does know.

    The id is the answer's. Undone, the answer's words come back.
    """
    answer_id = id_of(id)
    if answer_id is None:
        raise Problem(404, "No answer has this id.")
    reply = deliver.ask(hub.recorder, answer_id, wish, caller.name, clock())
    if reply.status != 200:
        raise Problem(reply.status, reply.why or "")
    wait_until_shown(hub, reply.places)
    with reading(hub) as tx:
        now = deliveries.of_answers(tx, [answer_id])[answer_id]
    return Json(now | {"text": reply.text}, headers=NOT_KEPT)
