"""`schemas/` is the contract as files, and `hub schemas check` lets nobody break it unnoticed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from pydantic import ValidationError

import hub.events.kinds
from hub.channels import cloudevents
from hub.channels._shape import Payload, Understood
from hub.discover import discover
from hub.events import ids
from hub.events.catalogue import Kind, NewerVersion, catalogue, current, shape
from hub.events.prepare import Installation, prepare
from hub.schema_files import PUBLISHED, check, examples, write

SCHEMAS = Path(__file__).parents[1] / "schemas"
SECRET = bytes(32)
HERE = Installation(SECRET, lambda who: ids.party_id(SECRET, who))
NOW = datetime(2100, 1, 1, tzinfo=UTC)  # after every example, whenever somebody adds one

PARCELS = '''
from __future__ import annotations

from hub.events.catalogue import Id, Kind, Origin


class ParcelWeighed(Kind):
    """A parcel was weighed."""

    type = "parcel.weighed"
    version = {version}
    parties = ()
    upcasts = {upcasts}
    parcel: Id
    {field}: float

    def stream(self, origin: Origin) -> str:
        return origin.keyed("contact", self.parcel)


KINDS = (ParcelWeighed,)
'''
FIRST = {"version": 1, "upcasts": "{}", "field": "kilos"}
SECOND = {
    "version": 2, "field": "grams",
    "upcasts": "{1: lambda data: {'parcel': data['parcel'], 'grams': data['kilos'] * 1000}}",
}  # fmt: skip

Install = Callable[[dict[str, object]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of `schemas/` that a test may spoil."""
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


@pytest.fixture
def parcels(tmp_path: Path) -> Iterator[Install]:
    """Adds a kind of event as a programmer does, by a file in a folder of kinds; again: his next version."""
    kinds = tmp_path / "kinds"
    kinds.mkdir()
    hub.events.kinds.__path__.append(str(kinds))

    def install(words: dict[str, object]) -> None:
        (kinds / "parcels.py").write_text(PARCELS.format(**words))
        _find_again()

    yield install
    hub.events.kinds.__path__.remove(str(kinds))
    _find_again()


def _find_again() -> None:
    sys.modules.pop("hub.events.kinds.parcels", None)
    sys.path_importer_cache.clear()
    for cached in (discover, catalogue, shape):
        cached.cache_clear()


def _example(folder: Path, name: str, version: int, data: object, type: str | None = None) -> Path:
    path = folder / "examples" / name / str(version) / "one.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"specversion": "1.0", "id": "1", "source": "urn:scales", "type": type or name, "data": data}
    path.write_bytes(orjson.dumps(document))
    return path


def test_the_schemas_of_the_repository_are_complete_and_unchanged() -> None:
    assert check(SCHEMAS) == []


@pytest.mark.parametrize(("name", "path"), [(f"{n}/{p.stem}", p) for n, _, p in examples(SCHEMAS)])
def test_an_example_is_understood_as_it_would_be_when_sent(name: str, path: Path) -> None:
    outcome = cloudevents.parse(Payload(path.read_bytes(), "urn:examples", NOW, {"history": "true"}))
    assert isinstance(outcome, Understood), outcome
    event = prepare(outcome.drafts[0], HERE, NOW, history=True)
    assert event.type == name.split("/")[0]
    assert ids.place(event.stream)[0] in ids.TOPICS


@pytest.mark.parametrize(("name", "path"), [(f"{n}/{v}", p) for n, v, p in examples(SCHEMAS)])
def test_an_example_fits_its_published_schema(name: str, path: Path) -> None:
    schema = orjson.loads((SCHEMAS / "events" / f"{name}.json").read_bytes())
    data = orjson.loads(path.read_bytes())["data"]
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize("name", [kind.type for kind in catalogue().values() if kind.sender != "hub"])
def test_what_is_not_required_may_be_null(name: str) -> None:
    kind = catalogue()[name]
    least = orjson.loads((SCHEMAS / "examples" / name / "1" / "minimal.json").read_bytes())["data"]
    nulls = {field.alias or short: None for short, field in kind.model_fields.items()}
    assert kind.model_validate(nulls | least) == kind.model_validate(least)


def test_a_contact_of_nobody_is_refused() -> None:
    parties: list[object] = [None, []]
    for party in parties:
        with pytest.raises(ValidationError):
            catalogue()["visit.recorded"].model_validate({"visit": "1", "party": party})


OPEN = {
    "call", "contact", "message", "visit", "order", "order_ref", "document", "tracking", "carrier", "message_id", "in_reply_to",
    "channel", "desk", "queue", "agent", "by", "campaign", "language", "amount", "total", "currency", "as_of", "claimed_date",
    "raw",
}  # fmt: skip
"""Texts that say nothing of the customer himself: names that a system or the trade gave, sums, codes, who works here."""
OURS = {
    "ticket", "delivery", "contact", "conversation", "follows", "answers", "bounce", "mailbox", "to", "until", "priority",
    "department",
}  # fmt: skip
"""The same in what was decided here."""


@pytest.mark.parametrize("kind", [kind for kind in catalogue().values() if kind.sender != "hub"])
def test_what_somebody_may_write_freely_is_lost_with_the_key_of_whom_it_concerns(kind: type[Kind]) -> None:
    fields = kind.model_json_schema(by_alias=True)["properties"]
    open = {name for name, said in fields.items() if _is_text(said)} - kind.personal - {*kind.parties}
    unsaid = open - OPEN - (OURS if kind.sender == "history" else set())
    assert unsaid == set(), f"personal in {kind.type}, or of those in OPEN?"


def _is_text(said: Mapping[str, Any]) -> bool:
    either = said.get("anyOf", [said])
    return any(one.get("type") == "string" and not {"enum", "const", "format"} & {*one} for one in either)


def test_no_two_examples_are_the_same_event() -> None:
    found = [orjson.loads(path.read_bytes()) for _, _, path in examples(SCHEMAS)]
    assert len({(one["source"], one["id"]) for one in found}) == len(found)


def test_each_event_that_others_may_send_has_a_full_and_a_minimal_example() -> None:
    names = {(name, path.stem) for name, _, path in examples(SCHEMAS)}
    sent = [kind.type for kind in catalogue().values() if kind.sender != "hub"]
    assert [(name, which) for name in sent for which in ("full", "minimal") if (name, which) not in names] == []


def test_writing_again_writes_nothing(folder: Path) -> None:
    assert write(folder) == []


def test_a_changed_published_version_is_refused(folder: Path) -> None:
    path = folder / "events/visit.recorded/1.json"
    path.write_bytes(path.read_bytes().replace(b"face to face", b"in person"))
    assert check(folder) == ["visit.recorded/1: the published schema was changed or lost"]


def test_a_changed_published_version_is_not_mended_by_writing(folder: Path) -> None:
    (folder / "events/visit.recorded/1.json").write_text("{}")
    assert write(folder) == []
    assert len(check(folder)) == 1


def test_a_lost_published_version_is_refused(folder: Path) -> None:
    (folder / "events/visit.recorded/1.json").unlink()
    assert check(folder) == ["visit.recorded/1: the published schema was changed or lost"]


def test_an_event_that_changed_without_a_new_version_is_refused(folder: Path, parcels: Install) -> None:
    parcels(FIRST)
    write(folder)
    _example(folder, "parcel.weighed", 1, {"parcel": "P1", "kilos": 2.5})
    assert check(folder) == []
    parcels(FIRST | {"field": "pounds"})
    assert "parcel.weighed/1: the event's shape changed; give it a new version and an upcast" in check(folder)


def test_an_event_that_was_not_published_is_refused(folder: Path, parcels: Install) -> None:
    parcels(FIRST)
    assert "parcel.weighed/1: not published yet; run `hub schemas write`" in check(folder)


def test_a_schema_that_nobody_published_is_refused(folder: Path) -> None:
    (folder / "events/visit.recorded/3.json").write_text("{}")
    assert check(folder) == ["visit.recorded/3: a schema that nobody published"]


def test_the_schema_of_an_event_that_is_gone_is_refused(folder: Path, parcels: Install) -> None:
    parcels(FIRST)
    write(folder)
    hub.events.kinds.__path__.pop()
    try:
        _find_again()
        assert check(folder) == ["parcel.weighed/1: a schema of no event; old events could not be read any more"]
    finally:
        hub.events.kinds.__path__.append(str(folder.parent / "kinds"))


def test_a_gap_in_the_versions_is_refused(folder: Path, parcels: Install) -> None:
    parcels(SECOND)
    write(folder)
    _example(folder, "parcel.weighed", 1, {"parcel": "P1", "kilos": 2.5})
    _example(folder, "parcel.weighed", 2, {"parcel": "P1", "grams": 2500})
    assert check(folder) == ["parcel.weighed: version 1 is missing"]


def test_a_version_without_an_upcast_is_refused(folder: Path, parcels: Install) -> None:
    parcels(FIRST)
    write(folder)
    parcels(SECOND | {"upcasts": "{}"})
    write(folder)
    _example(folder, "parcel.weighed", 2, {"parcel": "P1", "grams": 2500})
    found = check(folder)
    assert "parcel.weighed: no upcast from version 1" in found
    assert "parcel.weighed/1: no example" in found


def test_a_published_version_that_the_event_does_not_have_is_refused(folder: Path, parcels: Install) -> None:
    parcels(FIRST)
    write(folder)
    parcels(SECOND)
    write(folder)
    parcels(FIRST)
    _example(folder, "parcel.weighed", 1, {"parcel": "P1", "kilos": 2.5})
    assert check(folder) == ["parcel.weighed/2: a version that the event does not have"]


def test_an_event_without_an_example_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "examples/visit.recorded")
    assert check(folder) == ["visit.recorded/1: no example", "visit.recorded/2: no example"]


@pytest.mark.parametrize(
    ("data", "type", "why"),
    [
        ({"place": "Tehran", "party": []}, None, "data.visit: Field required"),
        ({"visit": "1", "party": [{"kind": "a phone", "value": "1"}]}, None, "data.party.0.kind: String should match"),
        ({"visit": "1"}, None, "data.party: Field required"),
        ([], None, "not a CloudEvent of type visit.recorded"),
        ({"visit": "1"}, "page.viewed", "not a CloudEvent of type visit.recorded"),
    ],
)
def test_a_broken_example_is_refused_with_its_place(folder: Path, data: object, type: str | None, why: str) -> None:
    path = _example(folder, "visit.recorded", 1, data, type)
    (found,) = check(folder)
    assert found.startswith(f"{path}: {why}")


def test_an_example_that_is_no_json_is_refused(folder: Path) -> None:
    path = _example(folder, "visit.recorded", 1, {})
    path.write_text("{")
    (found,) = check(folder)
    assert found.startswith(f"{path}: not JSON")


@pytest.mark.parametrize("place", ["visit.recorded/7", "visit.recorded/one", "visit.imagined/1"])
def test_an_example_of_no_event_is_refused(folder: Path, place: str) -> None:
    path = folder / "examples" / place / "one.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert check(folder) == [f"{path}: an example of no event"]


def test_topics_that_are_not_the_hubs_are_refused(folder: Path) -> None:
    path = folder / "topics.yaml"
    path.write_text(path.read_text().replace("partitions: 16", "partitions: 32"))
    assert check(folder) == ["topics.yaml is not what the hub uses"]


def test_without_the_list_of_what_was_published_nothing_counts_as_published(folder: Path) -> None:
    (folder / PUBLISHED).unlink()
    assert "page.viewed/1: not published yet; run `hub schemas write`" in check(folder)


def test_an_old_version_is_read_in_the_words_of_the_newest(parcels: Install) -> None:
    parcels(SECOND)
    stored = {"type": "parcel.weighed", "version": 1, "data": {"parcel": "P1", "kilos": 2.5}, "id": "e1"}
    assert current(stored) == stored | {"version": 2, "data": {"parcel": "P1", "grams": 2500}}


def test_an_event_of_a_newer_hub_is_not_guessed_at(parcels: Install) -> None:
    parcels(FIRST)
    with pytest.raises(NewerVersion, match=r"parcel\.weighed version 2"):
        current({"type": "parcel.weighed", "version": 2, "data": {}})


def test_an_old_example_is_checked_through_its_upcasts(folder: Path, parcels: Install) -> None:
    parcels(FIRST)
    write(folder)
    parcels(SECOND)
    write(folder)
    _example(folder, "parcel.weighed", 2, {"parcel": "P1", "grams": 2500})
    path = _example(folder, "parcel.weighed", 1, {"parcel": "P1"})
    assert check(folder) == [f"{path}: the upcast from version 1 finds no 'kilos'"]
    _example(folder, "parcel.weighed", 1, {"parcel": "P1", "kilos": 2.5})
    assert check(folder) == []
