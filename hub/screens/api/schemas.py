"""The schemas of the events, as others may read them."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path

from hub.events import schemas
from hub.events.catalogue import catalogue
from hub.screens.answers import Json
from hub.screens.asked import Text
from hub.screens.problems import Problem
from hub.screens.shapes import Schemas

router = APIRouter(tags=["schemas"])


class SchemaJson(Json):
    media_type = "application/schema+json"


@cache
def documents() -> dict[str, Any]:
    return dict(schemas.documents())


@router.get("/v1/schemas", response_model=Schemas, summary="The names of all schemas")
async def listed() -> Json:
    items = [{"name": name, "url": f"/v1/schemas/{name}"} for name in sorted(documents())]
    return Json({"items": items, "next": None})


@router.get(
    "/v1/schemas/{name:path}", summary="A schema (JSON Schema), by TYPE/VERSION; TYPE alone is its newest",
    response_class=SchemaJson, responses={200: {"content": {SchemaJson.media_type: {"schema": {"type": "object"}}}}},
)  # fmt: skip
async def one(name: Annotated[Text, Path(examples=["order.placed/1"])]) -> Json:
    found = documents().get(name) or documents().get(_newest(name))
    if found is None:
        raise Problem(404, "No schema has this name.")
    return SchemaJson(found)


def _newest(name: str) -> str:
    kind = catalogue().get(name)
    return f"{name}/{kind.version}" if kind else name
