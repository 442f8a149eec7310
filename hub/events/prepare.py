"""From a draft to an event: validated, identifiers replaced by party ids, the personal part apart, ids computed.

Pure: who a party is (and whether he was forgotten) and what time it is now come in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from hub.events.catalogue import Kind, Origin, kind_of
from hub.events.draft import Draft
from hub.events.envelope import MAIN, Event, Json
from hub.events.identifiers import KIND, Identifier, NotAnIdentifier, normalise
from hub.events.ids import digest, event_id
from hub.events.order_numbers import DEFAULT, order_numbers
from hub.events.text import storable, storable_all


class NotValid(Exception):
    """This draft is no valid event. `at` is the path of what is wrong, `why` what is wrong with it (never the value)."""

    def __init__(self, why: str, at: str) -> None:
        super().__init__(f"{at}: {why}")
        self.why, self.at = why, at


@dataclass(frozen=True, slots=True)
class Installation:
    """What differs between installations: the secret of its ids, the region of national numbers, its order numbers, the zone
    of times that name no offset (None: UTC)."""

    secret: bytes
    party_id: Callable[[Identifier], str]
    region: str = "IR"
    order_pattern: str = DEFAULT
    timezone: str | None = None


def prepare(
    draft: Draft, here: Installation, recorded: datetime, *, cause: str | None = None, history: bool = False
) -> Event:
    """The event that a draft says, unsealed. Raises NotValid and UnknownKind."""
    kind = kind_of(draft.type)
    fields = _validated(kind, draft.fields)
    own = event_id(draft.source, draft.key)
    named, spelt, unusable = _named(fields, here, draft.forgives)
    main = tuple(party for party, seat in named if seat[0] in (MAIN, "a", "b"))
    origin = Origin(here.secret, draft.source, own, main)
    try:
        stream = fields.stream(origin)
    except ValueError as error:
        raise NotValid(str(error), "$.data") from None
    data, personal = _split(kind, fields)
    data |= fields.derived(origin)
    _respell(personal, spelt)
    if named:
        data["parties"] = [party for party, _ in named]
        data["named"] = [seat for _, seat in named]
    if unusable:
        data["unusable"] = unusable
    if kind.texts:
        texts = [_as_text(said) for name in kind.texts if (said := getattr(fields, name))]
        data["orders"] = order_numbers(texts, here.order_pattern)
    if history:
        data["history"] = True
    return Event(
        id=own, type=kind.type, version=kind.version, time=draft.time.astimezone(UTC),
        recorded=recorded.astimezone(UTC), source=draft.source,
        stream=storable(stream), data=data, personal=personal,
        subject=main[0] if main else None, cause=cause,
    )  # fmt: skip


def fingerprint(event: Event, secret: bytes) -> bytes:
    """What distinguishes this event from another that came under the same id."""
    said = [event.type, event.time.isoformat(), event.stream, event.data, event.personal]
    return digest(secret, orjson.dumps(said, option=orjson.OPT_SORT_KEYS))


def problem(error: ValidationError, root: str = "$.data") -> NotValid:
    """The first thing that a validation found, without the value that was wrong."""
    first = error.errors(include_url=False)[0]
    path = root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    return NotValid(in_words(first), path)


_TYPES = {
    "string": "text", "list": "a list", "int": "a whole number", "float": "a number", "bool": "true or false", "uuid": "a UUID",
    "model": "an object", "dataclass": "an object", "dict": "an object",
}  # fmt: skip
_LIMITS = {"greater_than_equal": ("least", "ge"), "less_than_equal": ("most", "le")}
_NOTHING = {"missing": "missing", "too_short": "must not be empty", "string_unicode": "holds what is no character"}


def in_words(found: Mapping[str, Any]) -> str:
    """For whoever sent it: pydantic speaks of its own classes, and counts the characters of a text as items."""
    kind, is_text, limits = found["type"], isinstance(found["input"], str), found.get("ctx") or {}
    if is_text and kind in ("too_short", "string_too_short"):
        return "must be text and not empty"
    if is_text and kind in ("too_long", "string_too_long"):
        return f"longer than {limits['max_length']} characters"
    if kind in _NOTHING:
        return _NOTHING[kind]
    if kind in _LIMITS:
        word, name = _LIMITS[kind]
        return f"must be at {word} {limits[name]}"
    if kind == "literal_error":
        return f"must be {limits['expected']}"
    if kind == "string_pattern_mismatch" and found["loc"][-1] == "kind":
        return KIND
    if kind.startswith(("datetime_", "timezone_")):
        return "is not a time with its offset (ISO 8601), such as 2026-01-31T10:00:00+03:30"
    if (named := kind.partition("_")[0]) in _TYPES and kind.endswith(("_type", "_parsing", "_from_float", "_parsing_size")):
        return f"must be {_TYPES[named]}"
    return str(found["msg"]).removeprefix("Value error, ")


def _validated(kind: type[Kind], fields: Json) -> Kind:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise problem(error) from None


def _named(
    fields: Kind, here: Installation, forgives: Set[str]
) -> tuple[list[tuple[str, list[str]]], dict[str, Identifier], list[str]]:
    """Who is named, each party once in a role; the normal spelling at each path; the paths that name nobody.

    A main party that cannot be read makes the event invalid; an unreadable address in a header does not, nor what is forgiven:
    a call was made, whatever the switchboard wrote of the number.
    """
    named: dict[tuple[str, str], list[str]] = {}
    spelt, unusable = {}, []
    for role, path, party in fields.identifiers():
        try:
            who = normalise(party.kind, party.value, here.region)
        except NotAnIdentifier as error:
            if role in (MAIN, "a", "b") and party.kind not in forgives:
                raise NotValid(str(error), f"$.data.{path.replace('/', '[') + ']' if '/' in path else path}") from None
            who = None
        if who is None and role in ("a", "b"):  # a withheld number, say
            raise NotValid("names nobody", f"$.data.{path}")
        if who is None:
            unusable.append(path)
        else:
            spelt[path] = who
            named.setdefault((here.party_id(who), role), [role, who.kind, path])
    return [(party, seat) for (party, _), seat in named.items()], spelt, unusable


def _as_text(said: Any) -> str:
    """A text, or the fields of a form as lines."""
    return "\n".join(f"{name}: {value}" for name, value in said.items()) if isinstance(said, dict) else str(said)


def _respell(personal: Json, spelt: dict[str, Identifier]) -> None:
    """Identifiers are kept in their normal spelling; how they were written, and as what, stays beside it. Headers stay as
    they are."""
    for path, who in spelt.items():
        name, _, n = path.partition("/")
        place = personal[name][int(n)] if n else personal[name]
        if "value" in place:
            said = {"said": place["kind"]} if place["kind"] != who.kind else {}
            written = {"written": place["value"]} if place["value"] != who.value else {}
            place |= {"kind": who.kind, "value": who.value} | said | written


def _split(kind: type[Kind], fields: Kind) -> tuple[Json, Json]:
    whole = _adapter(kind).dump_python(fields, mode="json", by_alias=True, exclude_none=True)
    private = kind.personal.union(kind.parties, fields.model_extra or ())
    data = {name: value for name, value in whole.items() if name not in private}
    personal = {name: value for name, value in whole.items() if name in private and value != []}
    if data.get("attachments"):
        personal["attachments"] = [a.pop("name", None) for a in data["attachments"]]
    for name in fields.model_extra or ():
        if name in personal:
            personal[storable(name)] = storable_all(personal.pop(name))
    return data, personal


@cache
def _adapter(kind: type[Kind]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
