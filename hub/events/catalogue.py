"""What can happen, by name and version; the shape of each; and how yesterday's words are read today.

A kind is a pydantic model of the fields as adapters send them (the contract's table). How its fields are split is said
once, beside them: `personal` fields go under the key of whom they concern, fields in `parties` hold identifiers, all
others are plain data. Fields that the model does not know are kept as personal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from hub.discover import discover
from hub.events.envelope import MAIN, Json
from hub.events.ids import secret_id
from hub.events.moments import instant
from hub.events.text import digits, storable


class UnknownKind(Exception):
    """No event of this name is in the catalogue."""


class NewerVersion(Exception):
    """This event was written by a newer hub than this one; update this one before it reads on."""


_DECIMALS = 30  # of an amount: a float written out has up to 17, and "1e-999999" would have a million
LONGEST_NAME = 2_000  # bytes in UTF-8; an index of PostgreSQL's holds some 2,700
_MOST = 10**15  # of what is counted: bigint ends at some 10^19, and the sequence of tickets goes on above its numbers


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class Party(BaseModel):
    """An identifier as it is written down outside: `kind` email, phone, account, cookie, badge, extension, ..."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)
    kind: Annotated[str, BeforeValidator(_lower), Field(max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]
    value: Annotated[str, BeforeValidator(lambda v: str(v) if isinstance(v, int) else v), Field(max_length=2000)]


def _listed(value: Any) -> Any:
    return [] if value is None else value if isinstance(value, list | tuple) else [value]


# The default of a list: pydantic copies one that is written out with `deepcopy`, for each field of each event.
NONE: Any = Field(default_factory=list, json_schema_extra={"default": []})


def _money(text: str) -> str:
    try:
        amount = Decimal(digits(text).strip())
    except InvalidOperation:
        raise ValueError("money is a decimal number as text, such as 12.50") from None
    if not amount.is_finite() or abs(amount) > 10**15:
        raise ValueError("money is a finite decimal number below 10^15")
    if -int(amount.as_tuple().exponent) > _DECIMALS:
        raise ValueError(f"money has at most {_DECIMALS} decimals")
    return decimals(amount)


def decimals(amount: Decimal) -> str:
    """Two decimals, more where the amount has more."""
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount.normalize():f}"


def _counted(number: int) -> int:
    if not 0 <= number < _MOST:
        raise ValueError("is not a number from 0 to 10^15")
    return number


def _event_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("is not an event's id, a UUID") from None


def _found_by(text: str) -> str:
    if len(text.encode()) > LONGEST_NAME:
        raise ValueError(f"longer than {LONGEST_NAME:,} bytes")
    return text


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text), AfterValidator(storable)]
Id = Annotated[str, BeforeValidator(_as_text), AfterValidator(storable), Field(min_length=1, max_length=998)]
Money = Annotated[str, BeforeValidator(_as_text), AfterValidator(_money)]
Moment = Annotated[datetime, BeforeValidator(instant, json_schema_input_type=datetime)]
Count = Annotated[int, AfterValidator(_counted)]
EventId = AfterValidator(_event_id)
FoundBy = AfterValidator(_found_by)  # what rows are found by
_OneOrMore = Annotated[list[Party], Field(min_length=1)]
Parties = Annotated[list[Party], BeforeValidator(_listed, json_schema_input_type=Party | list[Party])]
SomeParties = Annotated[_OneOrMore, BeforeValidator(_listed, json_schema_input_type=Party | _OneOrMore)]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a stream's name may be computed from besides the fields: who says it, under which id, and who is meant."""

    secret: bytes
    source: str
    event: str
    parties: tuple[str, ...]

    def keyed(self, kind: str, *parts: str) -> str:
        """A stream of this kind under a name that cannot be guessed from its parts."""
        return f"{kind}:{secret_id(self.secret, kind, *parts)}"


class Kind(BaseModel):
    """An event's fields as they come from outside. Subclasses say name, version, and which fields are what."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True, defer_build=True)
    type: ClassVar[str]
    version: ClassVar[int] = 1
    personal: ClassVar[frozenset[str]] = frozenset()
    parties: ClassVar[tuple[str, ...]] = (MAIN,)
    texts: ClassVar[tuple[str, ...]] = ()
    sender: ClassVar[str] = "anyone"
    # The channel under which the timeline shows it, where it needs no words of its own.
    shown_as: ClassVar[str | None] = None
    upcasts: ClassVar[Mapping[int, Callable[[Json], Json]]] = {}
    # Personal fields that lay in the open in a version: they are read as long as the personal part beside them is.
    once_open: ClassVar[Mapping[int, frozenset[str]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        nothing = _where_empty_is_absent(cls) if "" in fields.values() else ()
        return {name: said for name, said in fields.items() if said is not None and not (said == "" and name in nothing)}

    def stream(self, origin: Origin) -> str:
        raise NotImplementedError(f"{self.type} does not say its stream")

    def derived(self, origin: Origin) -> Json:
        """Further data that is computed from the fields, as a stream's name is."""
        return {}

    def identifiers(self) -> Iterator[tuple[str, str, Party]]:
        """Who is named: (role, path in the personal part, identifier); the main parties first."""
        for name in self.parties:
            value = getattr(self, name)
            if isinstance(value, Party):
                yield name, name, value
            elif isinstance(value, list):
                for n, party in enumerate(value):
                    yield name, f"{name}/{n}", party


@cache
def _where_empty_is_absent(kind: type[Kind]) -> frozenset[str]:
    """The optional fields that an empty text is no value of: a program that fills a form in sends it where it knows nothing."""
    return frozenset(
        field.alias or name
        for name, field in kind.model_fields.items()
        if not field.is_required() and not _takes_empty(field)
    )


def _takes_empty(field: FieldInfo) -> bool:
    said: Any = Annotated[field.annotation, Field(), *field.metadata]
    try:
        TypeAdapter(said).validate_python("")
    except ValidationError:
        return False
    return True


@cache
def catalogue() -> dict[str, type[Kind]]:
    """Every kind of event, by name."""
    found: dict[str, type[Kind]] = {}
    for module, kinds in discover("hub.events.kinds", "KINDS").items():
        for kind in kinds:
            if kind.type in found:
                raise ValueError(f"two kinds of event are called {kind.type}; the second in kinds/{module}.py")
            found[kind.type] = kind
    return found


def kind_of(name: str) -> type[Kind]:
    try:
        return catalogue()[name]
    except KeyError:
        raise UnknownKind(name) from None


def current(document: Json) -> Json:
    """A decoded log value in the words of its kind's newest version; steps through every version in between.

    `open`, where it is there: what is personal now and was not when it was written (see `unseal`).
    """
    kind = kind_of(document["type"])
    version = document["version"]
    if version == kind.version:
        return document
    if version > kind.version:
        raise NewerVersion(f"{kind.type} version {version}; this hub knows version {kind.version}")
    data = dict(document["data"])  # whoever reads the document again finds it as it was
    lay_open = {name: data[name] for name in kind.once_open.get(version, ()) if name in data}
    for step in range(version, kind.version):
        data = kind.upcasts[step](data)
    return document | {"data": data, "version": kind.version} | ({"open": lay_open} if lay_open else {})


@cache
def shape(name: str) -> dict[str, Json]:
    """The fields of a kind as `data` and `personal` hold them, each as it is where nothing was said: null or empty."""
    kind = kind_of(name)
    parts: dict[str, Json] = {"data": {"parties": []}, "personal": {}}
    for short, field in sorted(kind.model_fields.items()):
        held = field.alias or short
        part = "personal" if held in kind.personal or held in kind.parties else "data"
        parts[part][held] = [] if field.default_factory is list else None
    if "attachments" in parts["data"]:
        parts["personal"]["attachments"] = []
    if kind.texts:
        parts["data"]["orders"] = []
    return parts
