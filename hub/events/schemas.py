"""The contract as documents: a JSON Schema (2020-12) for the `data` of each event, and what the topics are."""

from __future__ import annotations

from typing import Any

from hub.events.catalogue import Kind, catalogue
from hub.events.ids import TOPIC_OF_KIND, TOPICS

SAYS = {
    "inbound": "what came from outside, raw, before anyone understood it",
    "touchpoints": "contacts with customers, whatever the channel",
    "tickets": "what was decided about tickets",
    "orders": "orders and their steps in the back office",
    "identity": "who parties are, and which of them are one customer",
}
REPLICAS, IN_STEP = 3, 2  # on Kafka: copies of a partition, and how many of them have an event before it is acknowledged
DEAD = ".dead"  # what the name of a topic's twin for dead letters ends with


def document(kind: type[Kind]) -> dict[str, Any]:
    """The JSON Schema of one event's data, in the version that this hub writes."""
    schema = kind.model_json_schema(by_alias=True)
    for name, field in schema["properties"].items():
        if name not in schema.get("required", ()):
            schema["properties"][name] = _or_null(field)
    schema |= {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:hub:{kind.type}:{kind.version}",
        "title": f"{kind.type} version {kind.version}", "x-sender": kind.sender,
        "x-personal": sorted({*kind.personal, *kind.parties}),
    }  # fmt: skip
    return schema


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    """What is not required may be null as well as absent."""
    options = field.get("anyOf", [field])
    return field if {"type": "null"} in options else {"anyOf": [*options, {"type": "null"}]}


def documents() -> dict[str, dict[str, Any]]:
    """Every schema, by "type/version"."""
    return {f"{name}/{kind.version}": document(kind) for name, kind in sorted(catalogue().items())}


def topics() -> str:
    """`topics.yaml`."""
    lines = [
        "# Topics of the log. Partition counts are fixed at creation; a stream's partition is CRC-32 of its name.",
        "# On Kafka `hub topics apply` makes them so. On fewer brokers there are as many copies as brokers.",
        f"replication: {REPLICAS}",
        f"min_insync_replicas: {IN_STEP}",
        "topics:",
    ]
    for topic, partitions in TOPICS.items():
        kinds = ", ".join(kind for kind, of in TOPIC_OF_KIND.items() if of == topic)
        lines += [f"  {topic}:", f"    says: {SAYS[topic]}", f"    partitions: {partitions}", "    retention: forever",
                  f"    dead_letters: {topic}{DEAD}", f"    streams: [{kinds}]"]  # fmt: skip
    return "\n".join(lines) + "\n"
