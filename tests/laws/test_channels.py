"""What every channel keeps, whatever comes in. Each finds every channel by itself, and what it may be sent in `samples/`.

A channel is fuzzed with its own words: the short texts in its source, and its samples mangled.
"""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.channels._shape import Channel, Ignored, Outcome, Payload, Piece, Rejected, Understood
from hub.discover import discover
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.prepare import NotValid, prepare
from tests.laws.worlds import HERE, kept

CHANNELS: dict[str, Channel] = discover("hub.channels", "channel")
every_channel = pytest.mark.parametrize("name", CHANNELS)
SAMPLES = Path(__file__).parent / "samples"
RECEIVED = datetime(2026, 11, 1, tzinfo=UTC)
PART = re.compile(rb"[^,;:\t\r\n\"{}\[\]=<>/]+")
CUTS = [b",", b";", b"\t", b"\n", b"\r\n", b": ", b'"', b"{", b"}", b"[", b"]", b"=", b"\x00", b"\xff", b"\xd9\x87", b"--"]


# -- what may come in --------------------------------------------------------------------------------------------------


@cache
def words(name: str) -> list[str]:
    """The short texts in a channel's source: its columns, headers, topics, and what `meta` is asked for."""
    module = import_module(f"hub.channels.{name}")
    assert module.__file__
    own = Path(module.__file__)
    found = set()
    for file in own.parent.glob("*.py") if own.stem == "__init__" else [own]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) <= 40:
                found.add(node.value)
    return sorted(found | {"line", "broken"})


def pieces(channel: Channel, file: Path) -> list[Piece]:
    """The payloads of a file; of a channel that has none in files, the file is one."""
    return list(channel.split(file)) if channel.split else [Piece(file.read_bytes())]


def payload(piece: Piece) -> Payload:
    body = piece.path.read_bytes() if piece.path else piece.body
    assert body is not None
    return Payload(body, "files", RECEIVED, piece.meta)


@cache
def samples(name: str) -> list[Payload]:
    channel = CHANNELS[name]
    return [payload(piece) for file in sorted((SAMPLES / channel.name).glob("*")) for piece in pieces(channel, file)]


def meant(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words(name)) | st.sampled_from(["true", "", "UTC", "Asia/Tehran", "../x"]) | st.text(max_size=20)


def metas(name: str) -> st.SearchStrategy[dict[str, str]]:
    none: dict[str, str] = {}
    return st.just(none) | st.dictionaries(st.sampled_from(words(name)), meant(name), max_size=4)


def strewn(name: str) -> st.SearchStrategy[bytes]:
    """Bytes, with the channel's own words among them."""
    spelt = meant(name).map(lambda word: word.encode("utf-8", "surrogatepass"))
    return st.lists(st.binary(max_size=30) | st.sampled_from(CUTS) | spelt, max_size=25).map(b"".join)


@st.composite
def mangled(draw: st.DrawFn, name: str, body: bytes) -> bytes:
    """This body, with up to three of its parts (cells, values, header fields) or of any spans lost, doubled, overwritten."""
    for _ in range(draw(st.integers(0, 3))):
        parts = [part.span() for part in PART.finditer(body)]
        any_span = st.tuples(*[st.integers(0, len(body))] * 2).map(lambda ends: (min(ends), max(ends)))
        start, end = draw(st.sampled_from(parts) | any_span if parts else any_span)
        other = draw(st.sampled_from([b"", body[start:end] * 2, *(body[a:b] for a, b in parts)]) | strewn(name))
        body = body[:start] + other + body[end:]
    return body


@st.composite
def payloads(draw: st.DrawFn, name: str) -> Payload:
    if draw(st.booleans()):
        return Payload(draw(strewn(name)), "files", RECEIVED, draw(metas(name)))
    sample = draw(st.sampled_from(samples(name)))
    return replace(sample, body=draw(mangled(name, sample.body)), meta={**sample.meta, **draw(metas(name))})


# -- what must come out ------------------------------------------------------------------------------------------------


def event(draft: Draft) -> Event | NotValid:
    """The event of a draft as the hub makes it, its attachments kept apart; or why it is none."""
    found = [{"name": file.name, "type": file.type, "content": file.content} for file in draft.files]
    fields = draft.fields | ({"attachments": [kept(file) for file in found]} if found else {})
    try:
        return prepare(replace(draft, fields=fields), HERE, RECEIVED)
    except NotValid as refused:
        return refused


def holds(outcome: Outcome) -> None:
    """An outcome is one that can be written down and told."""
    match outcome:
        case Understood(drafts):
            for draft in drafts:
                assert draft.time.tzinfo, "a time without zone"
                can_be_written(draft)
        case Ignored(reason):
            assert reason.strip()
        case Rejected(why, at):
            assert why.strip(), "rejected without a reason"
            assert at, f"rejected without a place: {why}"
        case other:
            raise AssertionError(f"no outcome: {other!r}")


def can_be_written(draft: Draft) -> None:
    """It is a valid event that PostgreSQL's text can hold, or what makes it none has a reason and a place."""
    made = event(draft)
    if isinstance(made, NotValid):
        assert made.why, "refused without a reason"
        assert made.at, f"refused without a place: {made.why}"
        return
    written = orjson.dumps([made.stream, made.source, made.data, made.personal])
    assert b"\\u0000" not in written


@every_channel
@settings(max_examples=150)
@given(data=st.data())
def test_whatever_comes_has_an_outcome_and_again_the_same(name: str, data: st.DataObject) -> None:
    come = data.draw(payloads(name))
    outcome = CHANNELS[name].parse(come)
    holds(outcome)
    assert CHANNELS[name].parse(come) == outcome


@every_channel
def test_what_is_understood_is_a_valid_event(name: str) -> None:
    outcomes = [CHANNELS[name].parse(sample) for sample in samples(name)]
    assert outcomes, f"put files that {name} understands into {SAMPLES / CHANNELS[name].name}"
    for outcome in outcomes:
        assert isinstance(outcome, Understood), outcome
        assert outcome.drafts
        assert [made for draft in outcome.drafts if isinstance(made := event(draft), NotValid)] == []


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def files(name: str) -> st.SearchStrategy[bytes]:
    whole = sorted((SAMPLES / CHANNELS[name].name).glob("*"))
    return strewn(name) | st.sampled_from([file.read_bytes() for file in whole]).flatmap(lambda body: mangled(name, body))


@pytest.mark.parametrize("name", [name for name, channel in CHANNELS.items() if channel.split])
@given(data=st.data())
def test_any_file_is_cut_into_payloads_that_have_an_outcome(name: str, folder: Path, data: st.DataObject) -> None:
    channel = CHANNELS[name]
    file = folder / f"{name}{data.draw(st.sampled_from(channel.suffixes))}"
    file.write_bytes(data.draw(files(name)))
    cut = pieces(channel, file)
    assert pieces(channel, file) == cut
    for piece in cut:
        assert (piece.body is None) != (piece.path is None)
        holds(channel.parse(payload(piece)))


def test_samples_are_of_a_channel() -> None:
    assert {each.name for each in SAMPLES.iterdir()} <= {channel.name for channel in CHANNELS.values()}


def test_a_draft_that_cannot_be_written_is_noticed() -> None:
    broken = Understood((Draft("page.viewed", datetime(2026, 1, 1), "/t", "1", {}),))
    with pytest.raises(AssertionError, match="without zone"):
        holds(broken)
