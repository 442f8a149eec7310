"""Who is who, as people say it: two parties are one customer, or are not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from hub.consumers import decide
from hub.events.catalogue import Party
from hub.events.prepare import NotValid
from hub.screens.access import Keyed, may, needs
from hub.screens.answers import Json
from hub.screens.asked import Text, TheHub, id_of
from hub.screens.linking import cut_link, linked
from hub.screens.problems import Problem
from hub.screens.shapes import Made
from hub.store.access import Caller

router = APIRouter(tags=["links"], route_class=Keyed)
ByWhom = Annotated[Caller, Depends(may("link"))]


class Asked(BaseModel):
    """`evidence`: why these two are one."""

    model_config = ConfigDict(title="Link two parties", json_schema_extra={"example": {
        "a": {"kind": "phone", "value": "0912 123 4567"}, "b": {"kind": "email", "value": "sara@example.com"},
        "evidence": "she said so on the phone",
    }})  # fmt: skip
    a: Party
    b: Party
    evidence: Annotated[Text, Field(max_length=10_000)] | None = None


@router.post("/v1/links", status_code=201, response_model=Made, summary="Two parties are one customer", **needs("link"))
def link(hub: TheHub, asked: Asked, caller: ByWhom) -> Json:
    """Answers once the two are shown as one."""
    try:
        id = linked(hub, asked.a.model_dump(), asked.b.model_dump(), asked.evidence, caller.name)
    except NotValid as error:
        raise Problem(422, "These two cannot be linked.", [(error.at.replace("$.data", "$"), error.why)]) from None
    return Json({"id": id}, 201)


@router.delete(
    "/v1/links/{id}", status_code=204, response_class=Response, summary="Two parties are not one customer",
    **needs("link"),
)  # fmt: skip
def cut(hub: TheHub, id: Text, caller: ByWhom) -> Response:
    """Also a link that was only seen. Answers once the two are shown apart."""
    link_id = id_of(id)
    if link_id is None:
        raise Problem(404, "No link has this id.")
    try:
        cut_link(hub, link_id, caller.name)
    except decide.NoSuchLink:
        raise Problem(404, "No link has this id.") from None
    except decide.Forgotten as error:
        raise Problem(409, str(error)) from None
    return Response(status_code=204)
