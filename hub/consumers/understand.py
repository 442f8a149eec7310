"""Payloads become events: parsed by their channel, claimed, appended, and the outcome of each written down.

Everything of a batch is one transaction: claims, events (embedded log), outcomes, the checkpoint. A payload that a
mended parser reads anew goes the same way; what it says differently replaces what it said before.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from hub.channels._shape import Channel, Ignored, Outcome, Payload, Rejected, Understood
from hub.consumers.record import Outgoing, Recorder
from hub.discover import discover
from hub.consumers.decode import opened
from hub.events.catalogue import UnknownKind
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.ids import named
from hub.events.prepare import NotValid, fingerprint, prepare
from hub.store import ledger
from hub.store.blobs import Damaged, Missing
from hub.store.checkpoints import claim_lanes, move
from hub.store.database import Connection

log = structlog.get_logger()
STEP = "understand"
BATCH = 200


def channels() -> dict[str, Channel]:
    return {channel.name: channel for channel in discover("hub.channels", "channel").values()}


def understand(recorder: Recorder, limit: int = BATCH) -> int:
    """Understand what waits, at most `limit` payloads a partition; how many there were."""
    with recorder.database.transaction() as tx:
        lanes = claim_lanes(tx, STEP)
        batch = recorder.log.read(lanes, limit, tx) if lanes else []
        if batch:
            _settle(recorder, tx, [opened(recorder.keys, recorded) for recorded in batch])
            move(tx, STEP, batch)
            log.info("payloads understood", payloads=len(batch))
        return len(batch)


def again(recorder: Recorder, payloads: Sequence[str]) -> int:
    """Parse these payloads once more, as the channels read them today; how many were found."""
    with recorder.database.transaction() as tx:
        found = [opened(recorder.keys, recorded) for recorded in ledger.payloads(tx, payloads)]
        _settle(recorder, tx, found, anew=True)
        return len(found)


@dataclass(frozen=True, slots=True)
class Read:
    """A payload and what it says: events, or why there are none."""

    payload: Event
    events: tuple[Event, ...]
    outcome: Outcome


def _settle(recorder: Recorder, tx: Connection, payloads: Sequence[Event], *, anew: bool = False) -> None:
    recorder.enter(tx)
    read = [_read(recorder, payload) for payload in payloads]
    wanted = {event.id: (event, one.payload.id) for one in read for event in reversed(one.events)}
    digests = {id: fingerprint(event, recorder.keys.secret) for id, (event, _) in wanted.items()}
    before = ledger.events_of(tx, [p.id for p in payloads]) if anew else {}
    owners = ledger.claim(tx, {id: (payload, digests[id]) for id, (_, payload) in wanted.items()})
    streams = ledger.streams_of(tx, [id for ids in before.values() for id in ids])
    outgoing: list[Outgoing] = []
    outcomes: list[ledger.Settled] = []
    for one in read:
        mine = [event for event in one.events if owners[event.id].payload == one.payload.id]
        old = before.get(one.payload.id, [])
        outgoing += _news(mine, old, owners, digests)
        outgoing += [_withdrawal(lost, streams[lost], one.payload) for lost in set(old) - {event.id for event in mine}]
        outcomes.append(_outcome(one, mine, owners))
    ledger.heads(tx, [each.event for each in outgoing])
    ledger.settle(tx, outcomes)
    ledger.tie(tx, {one.payload.id: {n.id for e in one.events for n in e.named} for one in read})
    recorder.record(lambda _: outgoing, tx)


def _news(
    mine: list[Event], old: list[str], owners: dict[str, ledger.Claim], digests: dict[str, bytes]
) -> list[Outgoing]:
    """What is to be appended: new events, and replacements of those that read otherwise now."""
    news = []
    for event in mine:
        claim = owners[event.id]
        if claim.fresh or event.id not in old:
            news.append(Outgoing(event))
        elif claim.digest != digests[event.id]:
            other = named("replacement", event.id, digests[event.id].hex())
            news.append(Outgoing(replace(event, id=other, replaces=event.id)))
    return news


def _withdrawal(lost: str, stream: str, payload: Event) -> Outgoing:
    """The payload no longer says this event: something that shows nothing takes its place."""
    return Outgoing(replace(
        payload, id=named("withdrawal", lost, payload.id), type="event.withdrawn", version=1, stream=stream,
        data={}, personal={}, cause=payload.id, replaces=lost,
    ))  # fmt: skip


def _outcome(one: Read, mine: list[Event], owners: dict[str, ledger.Claim]) -> ledger.Settled:
    payload, outcome = one.payload, one.outcome
    if one.events and not mine:
        outcome = Ignored(f"same {payload.data['channel']} as {one.events[0].id}")
    kind, why, at = _verdict(outcome)
    ids = [event.id for event in mine]
    data = payload.data
    return ledger.Settled(payload.id, payload.source, data["channel"], kind, why, at, ids, data["size"], payload.recorded)


def _verdict(outcome: Outcome) -> tuple[str, str | None, str | None]:
    match outcome:
        case Understood():
            return "understood", None, None
        case Ignored(reason):
            return "ignored", reason, None
        case Rejected(why, at):
            return "rejected", why, at


def _read(recorder: Recorder, payload: Event) -> Read:
    channel = channels().get(payload.data["channel"])
    if channel is None:
        return Read(payload, (), Rejected(f"no channel is called {payload.data['channel']!r}"))
    if payload.data["size"] > channel.limit:
        megabytes = channel.limit // 1024**2
        return Read(payload, (), Rejected(f"too large: {payload.data['size']:,} bytes, read up to {megabytes} MB", "byte 0"))
    try:
        body = body_of(recorder, payload)
    except (Missing, Damaged) as error:
        return Read(payload, (), Rejected(str(error)))
    if body is None:
        return Read(payload, (), Ignored("whom it concerned was forgotten"))
    outcome = _parsed(channel, payload, body)
    del body
    if not isinstance(outcome, Understood):
        return Read(payload, (), outcome)
    try:
        events = tuple(_event_of(recorder, payload, draft) for draft in outcome.drafts)
    except NotValid as error:
        return Read(payload, (), Rejected(error.why, error.at))
    except UnknownKind as error:
        return Read(payload, (), Rejected(f"no event is called {error}", "$.type"))
    return Read(payload, events, outcome) if events else Read(payload, (), Ignored("it says nothing"))


def _parsed(channel: Channel, payload: Event, body: bytes) -> Outcome:
    """A parser should not fail, whatever comes; if one does the payload is kept for the day it is mended."""
    meta = payload.personal.get("meta") or {}
    try:
        return channel.parse(Payload(body, payload.source, payload.recorded, meta))
    except Exception as error:
        log.exception("a parser failed", channel=channel.name, payload=payload.id)
        return Rejected(f"the parser of {channel.name} failed with {type(error).__name__}: a fault of the hub")


def body_of(recorder: Recorder, payload: Event) -> bytes | None:
    """A payload's bytes; None once its key was destroyed."""
    if "blob" not in payload.data:
        inline = payload.personal.get("body")
        return None if inline is None else b64decode(inline)
    key = recorder.keys.find([payload.id])[payload.id]
    return None if key is None else b"".join(recorder.blobs.get(payload.data["blob"], key))


def raw_of(recorder: Recorder, tx: Connection, payload: str) -> Iterator[bytes] | None:
    """A payload's bytes in pieces, however large; None where there is no such payload or its key was destroyed."""
    found = ledger.payloads(tx, [payload])
    if not found:
        return None
    event = opened(recorder.keys, found[0])
    if "blob" not in event.data:
        body = body_of(recorder, event)
        return None if body is None else iter([body])
    key = recorder.keys.find([event.id])[event.id]
    return None if key is None else recorder.blobs.get(event.data["blob"], key)


def _event_of(recorder: Recorder, payload: Event, draft: Draft) -> Event:
    history = bool(payload.data.get("history"))
    if draft.files:
        kept = recorder.keep_files(payload.id, payload.id, draft.files)
        draft = replace(draft, fields=draft.fields | {"attachments": kept})
    recorded = draft.time if history else payload.recorded
    return prepare(draft, recorder.here, recorded, cause=payload.id, history=history)


__all__ = ["again", "body_of", "channels", "opened", "raw_of", "understand"]

