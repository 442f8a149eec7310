"""Events in, and events out in the order of the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool

from hub.channels import cloudevents
from hub.channels._shape import Rejected
from hub.consumers.accept import Answer, Arrival
from hub.consumers.decode import unseal_all
from hub.consumers.door import Door
from hub.consumers.runner import clock
from hub.events.catalogue import catalogue, current, shape
from hub.events.draft import Draft
from hub.events.envelope import shown
from hub.screens.access import may
from hub.screens.answers import NOT_KEPT, Json
from hub.screens.asked import (
    NOT_ASKED,
    NOW_ONLY,
    Hub,
    Limit,
    MaybeText,
    MaybeTime,
    Text,
    TheDoor,
    TheHub,
    body_of,
    turn_of,
)
from hub.screens.door import tally
from hub.screens.looking import Looked
from hub.screens.problems import Problem
from hub.screens.shapes import TIME, Envelopes, Taken
from hub.store import customers, reads
from hub.store.database import Connection
from hub.store.looks import EVERYTHING

router = APIRouter(tags=["events"])
CHANNEL = "events"
MOST = 100_000  # events of a request; each takes some 5 KB while it is written down, however short it is
_LONG = 64 * 1024  # bytes; longer bodies are read beside the event loop
_EXAMPLE = {
    "specversion": "1.0", "id": "chat-1", "source": "shop-chat", "type": "message.received", "time": TIME,
    "data": {"channel": "chat", "message": "m1", "thread": "t1", "text": "Where is order #1042?",
             "party": {"kind": "phone", "value": "0912 123 4567"}},
}  # fmt: skip
_EVENT = {"type": "object", "required": ["specversion", "id", "source", "type"], "properties": {
    "specversion": {"type": "string", "enum": ["1.0"]},
    "id": {"type": "string", "minLength": 1, "maxLength": 998, "description": "the sender's own; the same again is a duplicate"},
    "source": {"type": "string", "minLength": 1, "maxLength": 2_000, "description": "the system that sends, such as urn:pbx"},
    "type": {"type": "string", "minLength": 1, "maxLength": 200, "description": "one of those at `/v1/schemas`"},
    "time": {"type": "string", "format": "date-time", "description": "when it happened, with its offset; absent: now"},
    "data": {"type": "object", "description": "as `/v1/schemas/TYPE` says"}, "data_base64": {"type": "string"},
}}  # fmt: skip
_BINARY = [
    {"name": f"ce-{name}", "in": "header", "required": False, "schema": {"type": "string"}, "description": why}
    for name, why in (
        ("specversion", "binary mode: 1.0"), ("id", "binary mode, percent-encoded where it is not ASCII"),
        ("source", "the same"), ("type", "the same"), ("time", "binary mode; absent: now"),
    )
]  # fmt: skip
_BODY = {"parameters": _BINARY, "requestBody": {"required": True, "content": {
    "application/cloudevents+json": {"schema": _EVENT, "example": _EXAMPLE},
    "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _EVENT}, "example": [_EXAMPLE]},
    "application/json": {
        "schema": {"description": "binary mode: the data, with `ce-` headers", "type": "object"}, "example": _EXAMPLE["data"],
    },
}}}  # fmt: skip


@router.post(
    "/v1/events", status_code=202, response_model=Taken, summary="Take events in (CloudEvents 1.0)",
    response_description="All of it is written down; what was refused is in `rejected`, also where it came alone",
    dependencies=[Depends(may("send"))], openapi_extra={"x-permission": "send"} | _BODY,
)  # fmt: skip
async def send(request: Request, door: TheDoor) -> Json:
    """Structured, batch or binary mode. What is accepted is durable; what is refused is kept and counted.

    A contact says its own id (`message`, `call`, `visit`, `contact`) and its `party`; only a call may come without one: a
    caller's number may be withheld. What comes again under the same `source` and `id` is a duplicate; where it says
    something else it is refused as conflicting.

    A request brings 32 MB and 100,000 events at most, in UTF-8 and not compressed; an event is nested no deeper than 100
    levels, its `time` lies between 1900 and tomorrow. Files are `attachments` of a message: `{"name", "type", "base64"}`.
    """
    return await taken(request, door)


async def taken(request: Request, door: Door) -> Json:
    """The same, also for who came here past the framework (`hub.screens.straight`). Raises Problem."""
    async with body_of(request) as body, turn_of(request, body):
        answers, alone = await _through(door, dict(request.headers), body)
    refused = answers[0].refused if alone else None
    if refused and alone == "unreadable":
        raise Problem(400, "Nothing of the body can be read.", [(refused.at, refused.why)])
    if refused and alone == "forbidden":
        raise Problem(403, "Events of this type cannot be sent from outside.", [(refused.at, refused.why)])
    return Json(tally(answers), 202)


async def _through(door: Door, headers: Mapping[str, str], body: bytes) -> tuple[list[Answer], str | None]:
    received = clock()
    if len(body) < _LONG:
        came, alone = arrivals(headers, body, received)
    else:
        came, alone = await run_in_threadpool(arrivals, headers, body, received)
    return await door.take(came), alone


def arrivals(headers: Mapping[str, str], body: bytes, received: datetime) -> tuple[list[Arrival], str | None]:
    """What a request brings; and, where it is one thing alone, whether that is unreadable or forbidden. Raises Problem."""
    structured = "cloudevents" in headers.get("content-type", "").lower()
    if not structured and any(name.startswith("ce-") for name in headers):
        document = cloudevents.binary(headers, body)
        return [_arrival(document, orjson.dumps(document, option=orjson.OPT_SORT_KEYS), received)], _alone(document)
    document = cloudevents.loaded(body)
    if isinstance(document, Rejected):
        if some := cloudevents.parts(body):
            _bounded(some)
            return [_arrival(each, raw, received) for each, raw in some], None
        meta = {"content-type": headers.get("content-type", "")}
        return [Arrival(CHANNEL, "http", body, received, meta, refused=document)], "unreadable"
    if isinstance(document, list):
        _bounded(document)
        items = zip(document, cloudevents.items(body, document), strict=True)
        return [_arrival(each, raw, received) for each, raw in items], None
    return [_arrival(document, body, received)], _alone(document)


def _bounded(batch: Sequence[object]) -> None:
    if len(batch) > MOST:
        raise Problem(413, f"A request may bring {MOST:,} events; send less at a time.")


def _alone(document: Any) -> str | None:
    return "forbidden" if cloudevents.forbidden(document) else None


def _arrival(document: Any, raw: bytes, received: datetime) -> Arrival:
    outcome = document if isinstance(document, Rejected) else cloudevents.read(document, received)
    source = cloudevents.source_of(document) or "http"
    if isinstance(outcome, Draft):
        return Arrival(CHANNEL, source, raw, received, draft=outcome, said=cloudevents.digest_of(document))
    return Arrival(CHANNEL, source, raw, received, refused=outcome)


@router.get("/v1/events", response_model=Envelopes, summary="Events in the order of the log",
            dependencies=[Depends(may("export")), NOW_ONLY], openapi_extra={"x-permission": "export"})  # fmt: skip
def export(
    hub: TheHub,
    looked: Looked,
    type: Annotated[MaybeText, NOT_ASKED] = None,
    who: Annotated[
        # Empty is wrong here: a program that lost the name would take everybody's events for one person's.
        Text | None, Query(min_length=1, max_length=2_000, description="id, e-mail address, phone, account or order number")
    ] = None,
    since: Annotated[MaybeTime, Query(alias="from")] = None,
    until: Annotated[MaybeTime, Query(alias="to")] = None,
    limit: Limit = 100,
    after: Annotated[MaybeText, Query(description="`next` of the page before; also as `before` or `cursor`")] = None,
    before: Annotated[MaybeText, Query(include_in_schema=False)] = None,
    cursor: Annotated[MaybeText, Query(include_in_schema=False)] = None,
) -> Json:
    """Envelopes with their personal part readable. `from` and `to` are about `time`.

    It pages through what is in the log, partition after partition, once; what comes meanwhile may lie behind the page. To
    follow what comes, `/v1/stream` tells what changed, and on Kafka the topics can be read.
    """
    if type and type not in catalogue():
        raise Problem(422, "No event has this type.", [("?type", "unknown; `/v1/schemas` has them all")])
    onward = after or before or cursor
    place = reads.read_place(onward) if onward else None
    with hub.database.transaction() as tx:
        hub.recorder.enter(tx)  # so that a key destroyed by another process is not used from memory
        parties = None if who is None else _parties(hub, tx, who)
        found = list(reads.events(
            tx, kind=type, parties=parties, since=since, until=until, after=place, limit=limit + 1
        ))  # fmt: skip
        events = unseal_all(hub.keys, [current(orjson.loads(one.value)) for one in found[:limit]])
    looked("events", EVERYTHING if parties is None else parties)
    more = len(found) > limit
    items = [shown(event, shape(event.type)) for event in events]
    return Json({"items": items, "next": reads.cursor(*found[limit - 1].place) if more else None}, headers=NOT_KEPT)


def _parties(hub: Hub, tx: Connection, text: str) -> list[str]:
    found = customers.who(tx, hub.keys, hub.settings.region, text)
    if len(found) > 1:  # an account and an order, say: who asks for one person's events gets nobody else's
        meant = ", ".join(parties[0] for parties in found)
        raise Problem(422, f"{len(found)} customers may be meant; say which by an id.", [("?who", meant)])
    return [party for parties in found for party in parties]
