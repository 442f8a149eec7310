"""The envelope: CloudEvents 1.0 attributes around `data` and the personal part, and its form in the log."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

Json = dict[str, Any]

MAIN = "party"  # the role of those whose contact it is; other roles are only mentioned


class Named(NamedTuple):
    """A party that an event names: in which role, and where in the personal part its identifier lies."""

    id: str
    role: str
    kind: str
    at: str


@dataclass(frozen=True)
class Event:
    """Something that happened. Immutable; what corrects it is another event that `replaces` it.

    `time`: when it happened; `recorded`: when the hub learnt it. `revision`: its place among the decided events of its
    stream. `subject`: whose key protects `personal`. `cause`: the event or payload it came from.
    """

    id: str
    type: str
    version: int
    time: datetime
    recorded: datetime
    source: str
    stream: str
    data: Json
    personal: Json = field(default_factory=dict)
    revision: int | None = None
    subject: str | None = None
    cause: str | None = None
    correlation: str | None = None
    replaces: str | None = None

    @property
    def root(self) -> str:
        """The id under which it is shown: a replacement takes the place of what it replaces."""
        return self.replaces or self.id

    @property
    def named(self) -> tuple[Named, ...]:
        """Who is named, the main party first. `data` has the ids in `parties` and the rest beside them in `named`."""
        kept: tuple[Named, ...] | None = self.__dict__.get("_named")  # asked for by every projection
        if kept is None:
            ids = self.data.get("parties")
            kept = tuple(Named(id, *rest) for id, rest in zip(ids, self.data["named"], strict=True)) if ids else ()
            self.__dict__["_named"] = kept
        return kept

    @property
    def party(self) -> str | None:
        """The party whose timeline it belongs to."""
        ids = self.data.get("parties")
        return ids[0] if ids and self.data["named"][0][0] == MAIN else None


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event as the log holds it: `value` is its JSON with the personal part in boxes.

    `direct`: (source, channel) of the ledger where it came from outside and is counted as received.
    """

    id: str
    type: str
    stream: str
    time: datetime
    recorded: datetime
    value: bytes
    digest: bytes | None = None
    replaces: str | None = None
    direct: tuple[str, str] | None = None


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


_CONTEXT = (
    "id", "type", "version", "time", "recorded", "source", "stream", "revision", "subject", "cause", "correlation",
    "replaces",
)  # fmt: skip


_attributes = attrgetter(*_CONTEXT)


def context(event: Event) -> Json:
    """The attributes around the data, absent ones left out; times are in UTC."""
    return {name: value for name, value in zip(_CONTEXT, _attributes(event), strict=True) if value is not None}


def dumped(event: Event, boxes: list[Json]) -> bytes:
    """An event's form in the log: context, data, and the personal part as boxes (see `seal`)."""
    document = context(event)
    document["data"] = event.data
    if boxes:
        document["boxes"] = boxes
    return orjson.dumps(document)


def loaded(document: Mapping[str, Any], personal: Json) -> Event:
    get = document.get
    return Event(
        id=document["id"],
        type=document["type"],
        version=document["version"],
        time=datetime.fromisoformat(document["time"]),
        recorded=datetime.fromisoformat(document["recorded"]),
        source=document["source"],
        stream=document["stream"],
        data=document["data"],
        personal=personal,
        revision=get("revision"),
        subject=get("subject"),
        cause=get("cause"),
        correlation=get("correlation"),
        replaces=get("replaces"),
    )


def shown(event: Event, shape: Mapping[str, Any]) -> Json:
    """The envelope of the contract: every attribute present, fields that do not apply null, lists empty (`shape`)."""
    whole = dict.fromkeys(_CONTEXT) | context(event)
    for part, known in (("data", event.data), ("personal", event.personal)):
        whole[part] = deepcopy(shape.get(part, {})) | {
            name: value for name, value in known.items() if value is not None
        }
    return whole
