"""Taking in events as others send them: good ones go straight to their topics, refused ones are kept as raw payloads, so
that `understand` finds the same fault and the ledger counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.channels import cloudevents
from hub.channels._shape import Channel, Piece, Rejected
from hub.channels.cloudevents import CONFLICT
from hub.consumers.ingest import GROUP, GROUP_BYTES, SOURCE, Counts
from hub.consumers.record import Outgoing, Recorder, payload_of_bytes, payload_of_file
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.ids import digest
from hub.events.prepare import Installation, NotValid, prepare
from hub.events.seal import key_name
from hub.log._protocol import Appended
from hub.portions import portions
from hub.store import ledger
from hub.store.keys import Destroyed


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came in. `draft`: the event that it says; without one the bytes are kept as a payload of `channel`.

    `refused`: why it is no event. `said`: what tells it from another event under the same id.
    `recorded`, `history`: of an import of the past. `payload`: what is kept of it, where that was made already.
    """

    channel: str
    source: str
    body: bytes = field(repr=False)
    received: datetime
    meta: Mapping[str, str] = field(default_factory=dict)
    draft: Draft | None = None
    refused: Rejected | None = None
    said: bytes = field(default=b"", repr=False)
    recorded: datetime | None = None
    history: bool = False
    payload: Outgoing | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`verdict`: accepted, duplicate or rejected (`refused` says why). `fresh`: written down just now."""

    verdict: str
    id: str
    position: str | None
    refused: Rejected | None = None
    fresh: bool = True


def groups(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """As many at a time as one transaction may hold; one that is larger comes alone."""
    return portions(arrivals, lambda arrival: len(arrival.body), GROUP_BYTES, GROUP)


def write(recorder: Recorder, arrivals: Sequence[Arrival]) -> list[Answer]:
    """Write these down in one transaction, all or nothing; conflicting ones are kept as payloads in a second."""
    try:
        answers = _written(recorder, arrivals)
    except Destroyed:  # somebody was forgotten meanwhile: his identifiers are a new person's now
        answers = _written(recorder, arrivals)
    conflicts = [n for n, answer in enumerate(answers) if answer.refused is CONFLICT]
    if conflicts:
        kept = _written(recorder, [_conflicting(arrivals[n]) for n in conflicts])
        for n, answer in zip(conflicts, kept, strict=True):
            answers[n] = answer
    return answers


def _conflicting(arrival: Arrival) -> Arrival:
    return replace(arrival, draft=None, refused=CONFLICT, meta={**arrival.meta, "conflict": "true"})


@dataclass(frozen=True, slots=True)
class _Made:
    outgoing: Outgoing
    refused: Rejected | None


def _written(recorder: Recorder, arrivals: Sequence[Arrival]) -> list[Answer]:
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        made = [_made(recorder, recorder.here, arrival) for arrival in arrivals]
        ledger.heads(tx, [one.outgoing.event for one in made if one.outgoing.event.data.get("history")])
        appended = recorder.append_entered([one.outgoing for one in made], tx)
    return [_answered(one, each) for one, each in zip(made, appended, strict=True)]


def _made(recorder: Recorder, here: Installation, arrival: Arrival) -> _Made:
    refused = arrival.refused
    if arrival.payload:
        return _Made(arrival.payload, refused)
    if arrival.draft:
        try:
            event = _event(recorder, here, arrival)
        except NotValid as error:
            refused = Rejected(error.why, error.at)
        else:
            direct = (arrival.draft.source, arrival.channel)
            return _Made(Outgoing(event, direct, digest(here.secret, arrival.said)), None)
    kept = payload_of_bytes(recorder, arrival.channel, arrival.source, arrival.body, arrival.meta, arrival.received)
    return _Made(kept, refused)


def _event(recorder: Recorder, here: Installation, arrival: Arrival) -> Event:
    """Files are kept under the key of whom the event concerns, so it is prepared once to know who that is."""
    assert arrival.draft is not None
    draft, recorded = arrival.draft, arrival.recorded or arrival.received
    event = prepare(draft, here, recorded, history=arrival.history)
    if not draft.files:
        return event
    kept = recorder.keep_files(event.id, key_name(event), draft.files)
    draft = replace(draft, fields=draft.fields | {"attachments": kept})
    return prepare(draft, here, recorded, history=arrival.history)


def _answered(made: _Made, appended: Appended) -> Answer:
    id, position = made.outgoing.event.id, str(appended.place) if appended.place else None
    if made.refused:
        return Answer("rejected", id, position, made.refused, appended.verdict == "new")
    if appended.verdict == "conflict":
        return Answer("rejected", id, None, CONFLICT)
    return Answer("accepted" if appended.verdict == "new" else "duplicate", id, position)


# -- from files --------------------------------------------------------------------------------------------------------


def write_down(
    recorder: Recorder, channel: Channel, found: Iterable[Piece], now: Callable[[], datetime], *, history: bool,
    progress: Callable[[int], None] = lambda done: None,
) -> Counts:  # fmt: skip
    """Append the events of these files; what is refused is kept and understood (that is, rejected) later."""
    counts = Counts()
    for group in groups(_arrival(recorder, channel.name, piece, now(), history) for piece in found):
        _count(recorder, group, counts)
        progress(counts.received + counts.duplicates)
    return counts


def _arrival(recorder: Recorder, channel: str, piece: Piece, now: datetime, history: bool) -> Arrival:
    body, meta = piece.body, {**piece.meta, "history": "true"} if history else piece.meta
    if body is None:  # too large to be held
        assert piece.path is not None
        kept = payload_of_file(recorder, channel, SOURCE, piece.path, meta, now)
        return Arrival(channel, SOURCE, b"", now, payload=kept, refused=Rejected("too large"))
    document = cloudevents.loaded(body)
    draft = document if isinstance(document, Rejected) else cloudevents.read(document, now, history=history)
    source = cloudevents.source_of(document) or SOURCE
    if isinstance(draft, Rejected):
        return Arrival(channel, source, body, now, meta, refused=draft)
    recorded = (cloudevents.recorded_of(document) or draft.time) if history else None
    said = cloudevents.digest_of(document)
    return Arrival(channel, source, body, now, meta, draft, said=said, recorded=recorded, history=history)


def _count(recorder: Recorder, group: Sequence[Arrival], counts: Counts) -> None:
    for answer in write(recorder, group):
        if answer.verdict == "duplicate":
            counts.duplicates += 1
        elif answer.verdict == "accepted":
            counts.received += 1
            counts.understood += 1
        elif answer.fresh:
            counts.received += 1
            counts.payloads.append(answer.id)
        else:
            counts.duplicates += 1
