"""Payloads become events: parsed by their channel, claimed, appended, and the outcome of each written down.

Everything of a batch is one transaction: claims, events (embedded log), outcomes, the checkpoint. A payload that a
mended parser reads anew goes the same way; what it says differently replaces what it said before.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import orjson
import structlog

from hub.channels._shape import Channel, Ignored, Outcome, Payload, Rejected, Understood
from hub.consumers import blocked, ours
from hub.consumers.decode import opened, unseal_all
from hub.consumers.measured import measured, telling
from hub.consumers.project import LaneStopped
from hub.consumers.record import Outgoing, Recorder
from hub.consumers.waiting import STAND, Behind, Poisoned, Share, admitted, alone, reason, unseen, waiting
from hub.discover import discover
from hub.events.catalogue import UnknownKind, current
from hub.events.draft import Draft
from hub.events.envelope import Event, Json
from hub.events.ids import named
from hub.events.kinds.inbound import PayloadReceived
from hub.events.prepare import NotValid, fingerprint, prepare
from hub.log._protocol import Recorded
from hub.portions import portions
from hub.store import archive, deliveries, ledger, options
from hub.store.blobs import Damaged, Missing
from hub.store.checkpoints import move
from hub.store.database import Connection

log = structlog.get_logger()
STEP = "understand"
BATCH = 32  # payloads of a partition: all partitions together are held at once, each payload may be 64 KB
HELD = 8 * 1024 * 1024  # bytes of payloads that are understood at once
_TOLERATED = 50  # dead letters that nobody has seen to
Source = Callable[[Connection], Sequence[Recorded]]


class NoPayload(Exception):
    """What lies here is no payload that the hub wrote."""


def channels() -> dict[str, Channel]:
    return {channel.name: channel for channel in discover("hub.channels", "channel").values()}


def understand(
    recorder: Recorder, limit: int = BATCH, lanes: Collection[tuple[str, int]] | None = None
) -> int:  # fmt: skip
    """Understand what waits (in these partitions), at most `limit` payloads of each; how many there were."""
    return _understand(recorder, lambda tx: waiting(recorder, tx, STEP, limit, limit, Share(lanes=lanes)))


def take(recorder: Recorder, pushed: Sequence[Recorded]) -> int:
    """Understand what somebody else read from the log; how many payloads there were. What is missing is read first."""
    done = 0
    while True:
        try:
            part = _understand(recorder, lambda tx: unseen(tx, STEP, pushed))
        except Behind:
            part = understand(recorder, lanes={recorded.place[:2] for recorded in pushed})
        if not part:
            return done
        done += part


def _understand(recorder: Recorder, source: Source) -> int:
    """Some of what the source has. Where something is no payload the batch is halved until that stands alone and is set
    aside."""
    with telling(recorder.database, STEP, LaneStopped):
        count: int | None = None
        while True:
            try:
                return _see(recorder, source, count)
            except Poisoned as poisoned:
                if _set_aside(recorder, source, poisoned):
                    return 1
                count = None
            except NoPayload:
                count = max(1, (count or BATCH) // 2)


def _see(recorder: Recorder, source: Source, count: int | None) -> int:
    with measured(recorder.batches, STEP) as known, recorder.database.transaction() as tx:
        batch = source(tx)[:count]
        if not batch:
            return 0
        portion = next(portions(batch, _size, HELD))
        known.of(portion)
        with alone(portion):
            payloads = _payloads(recorder, tx, portion)
        _settle(recorder, tx, payloads)
        move(tx, STEP, portion)
        log.info("payloads understood", payloads=len(portion))
        return len(portion)


def _payloads(recorder: Recorder, tx: Connection, batch: Sequence[Recorded]) -> list[Event]:
    """Those of a batch that are new. Raises NoPayload: anybody who may write to the log can write anything there."""
    try:
        documents = {recorded.place: _document(recorded) for recorded in batch if not recorded.is_gap}
        return unseal_all(recorder.keys, [documents[one.place] for one in admitted(recorder, tx, batch)])
    except STAND:
        raise
    except Exception as error:
        raise NoPayload(reason(error)) from error


def _document(recorded: Recorded) -> Json:
    document = current(orjson.loads(recorded.value))
    if document["type"] != PayloadReceived.type:
        raise ValueError(f"{document['type']} is none")
    data = document["data"]
    if type(data["size"]) is not int or data["size"] not in range(2**63) or "\0" in data["channel"] + document["source"]:
        raise ValueError("what it says of its size, its channel or its source cannot be")
    return document


def _set_aside(recorder: Recorder, source: Source, poisoned: Poisoned) -> bool:
    event, error = poisoned.event, poisoned.error
    with recorder.database.transaction() as tx:
        if not poisoned.lies_first(source(tx)):
            return False
        if archive.count_dead(tx, STEP) >= _TOLERATED:
            raise LaneStopped(LaneStopped.__doc__) from error
        _bury(recorder, tx, event, str(error))
        move(tx, STEP, [event])
    log.error("what is no payload set aside as dead letter", place=str(event.place), error=str(error))
    return True


def _bury(recorder: Recorder, tx: Connection, recorded: Recorded, why: str) -> None:
    """Where the log is elsewhere it is not archived: the ledger counts what was received, which this was not."""
    if recorder.log.in_store:
        archive.bury(tx, STEP, [recorded], why)
    else:
        archive.bury_unread(tx, STEP, recorded, why)


def read_again(recorder: Recorder, id: str) -> int:
    """Understand a dead letter after the repair; 0 where there is none. It stays one where that raises."""
    with recorder.database.transaction() as tx:
        letter = archive.take_unread(tx, STEP, [id]) or archive.take_dead(tx, STEP, id)
        if letter:
            _settle(recorder, tx, _payloads(recorder, tx, letter))
    return len(letter)


def again(recorder: Recorder, payloads: Sequence[str]) -> int:
    """Parse these payloads once more, as the channels read them today; how many were found."""
    with recorder.database.transaction() as tx:
        found = ledger.payloads(tx, payloads)
        for portion in portions(found, _size, HELD):
            _settle(recorder, tx, unseal_all(recorder.keys, [_document(one) for one in portion]), anew=True)
        return len(found)


def _size(recorded: Recorded) -> int:
    """A payload's bytes; those of the record where it is none."""
    try:
        return int(orjson.loads(recorded.value)["data"]["size"])
    except (ValueError, KeyError, TypeError):
        return len(recorded.value)


@dataclass(frozen=True, slots=True)
class Read:
    """A payload and what it says: events, or why there are none."""

    payload: Event
    events: tuple[Event, ...]
    outcome: Outcome


def _settle(recorder: Recorder, tx: Connection, payloads: Sequence[Event], *, anew: bool = False) -> None:
    recorder.enter(tx)
    addresses = ours.our_addresses(recorder, tx)
    said = ledger.events_of(tx, [one.id for one in payloads if one.data["channel"] == "email"]) if anew else {}
    found = [_read(recorder, one, addresses | ours.sent_from(recorder, tx, said.get(one.id, ()))) for one in payloads]
    ledger.tie(tx, {one.payload.id: {n.id for e in one.events for n in e.named} for one in found})
    read = _without_answers(tx, _wanted(tx, found))
    wanted = {event.id: (event, one.payload.id) for one in read for event in reversed(one.events)}
    digests = {id: fingerprint(event, recorder.keys.secret) for id, (event, _) in wanted.items()}
    owners = ledger.claim(tx, {id: (payload, digests[id]) for id, (_, payload) in wanted.items()})
    mine = {one.payload.id: [e for e in one.events if owners[e.id].payload == one.payload.id] for one in read}
    fresh = [Outgoing(event) for events in mine.values() for event in events if owners[event.id].fresh]
    outgoing = fresh + (_second_thoughts(tx, read, mine, owners, digests) if anew else [])
    ledger.heads(tx, [each.event for each in outgoing])
    ledger.settle(tx, [_outcome(one, mine[one.payload.id]) for one in read])
    recorder.append_entered(outgoing, tx)


def _wanted(tx: Connection, read: Sequence[Read]) -> list[Read]:
    """Mails of blocked senders say nothing. What was shown before its sender was blocked stays, read anew or not."""
    unwanted: list[str] = options.read(tx, "blocked", [])
    mails = [one for one in read if one.payload.data["channel"] == "email" and one.events] if unwanted else []
    found = {one.payload.id for one in mails if blocked.is_blocked(one.payload, one.events, unwanted)}
    found -= {id for id, events in ledger.events_of(tx, sorted(found)).items() if events} if found else set()
    ignored = Ignored(blocked.REASON)
    return [Read(one.payload, (), ignored) if one.payload.id in found else one for one in read]


def _without_answers(tx: Connection, read: Sequence[Read]) -> list[Read]:
    """Copies of answers that the hub itself sent say nothing: these stand on their tickets. A mail system may return one
    under its own Message-ID."""
    known = deliveries.answered(tx, {id for one in read for id in _message_ids(one)})
    ignored = Ignored(ours.REASON)
    return [Read(one.payload, (), ignored) if not known.keys().isdisjoint(_message_ids(one)) else one for one in read]


def _message_ids(one: Read) -> list[str]:
    if one.payload.data["channel"] != "email":
        return []
    said = (event.data for event in one.events if event.data.get("automatic") != "bounce")
    return [id for data in said if (id := data.get("message_id"))]


def _second_thoughts(
    tx: Connection, read: Sequence[Read], mine: dict[str, list[Event]], owners: dict[str, ledger.Claim],
    digests: dict[str, bytes],
) -> list[Outgoing]:  # fmt: skip
    """What payloads say otherwise now: replacements of what they said, and withdrawals of what they say no more."""
    before = ledger.events_of(tx, list(mine))
    said = {id for ids in before.values() for id in ids}
    streams = ledger.streams_of(tx, sorted(said))
    ranks = archive.replacements(tx, sorted(said | set(digests)))
    found = []
    changed: dict[str, bytes] = {}
    for one in read:
        events = mine[one.payload.id]
        for event in events:
            if not owners[event.id].fresh and (event.id not in said or owners[event.id].digest != digests[event.id]):
                changed[event.id] = digests[event.id]
                found.append(_in_place_of(event.id, event, ranks))
        for lost in sorted(set(before.get(one.payload.id, ())) - {event.id for event in events}):
            nothing = replace(one.payload, type="event.withdrawn", version=1, stream=streams[lost], data={}, personal={},
                              cause=one.payload.id)  # fmt: skip
            found.append(_in_place_of(lost, nothing, ranks))
    ledger.reclaim(tx, changed)
    return found


def _in_place_of(root: str, event: Event, ranks: dict[str, tuple[int, datetime]]) -> Outgoing:
    """This event replaces that one, and whatever replaced it before: learnt later, whatever the clock says."""
    count, last = ranks.get(root, (0, event.recorded))
    recorded = max(datetime.now(UTC), last + timedelta(microseconds=1))
    return Outgoing(replace(event, id=named("replacement", root, str(count)), replaces=root, recorded=recorded))


def _outcome(one: Read, mine: list[Event]) -> ledger.Settled:
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


def _read(recorder: Recorder, payload: Event, our_addresses: frozenset[str]) -> Read:
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
    outcome = _parsed(channel, payload, body, recorder.here.timezone, our_addresses)
    del body
    if not isinstance(outcome, Understood):
        return Read(payload, (), outcome)
    try:
        events = tuple(_event_of(recorder, payload, draft) for draft in outcome.drafts)
    except NotValid as error:
        return Read(payload, (), Rejected(error.why, error.at))
    except UnknownKind as error:
        return Read(payload, (), Rejected(f"no event is called {error}", "$.type"))
    if not events:
        return Read(payload, (), Ignored("it says nothing"))
    return Read(payload, events, Understood(()))  # the drafts hold attachments, which are in the blob store now


def _parsed(
    channel: Channel, payload: Event, body: bytes, timezone: str | None, our_addresses: frozenset[str]
) -> Outcome:  # fmt: skip
    """A parser should not fail, whatever comes; if one does the payload is kept for the day it is mended."""
    meta = ({"timezone": timezone} if timezone else {}) | (payload.personal.get("meta") or {})
    try:
        return channel.parse(Payload(body, payload.source, payload.recorded, meta, our_addresses))
    except Exception as error:
        log.exception("a parser failed", channel=channel.name, payload=payload.id)
        return Rejected(_fault(channel.name, error))


def _fault(channel: str, error: Exception) -> str:
    return f"the parser of {channel} failed with {type(error).__name__}: a fault of the hub"


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
    try:
        return prepare(draft, recorder.here, recorded, cause=payload.id, history=history)
    except (NotValid, UnknownKind):
        raise
    except Exception as error:  # as of a parser: one payload that nobody foresaw stops all that come after it no more
        log.exception("what a parser made is no event", channel=payload.data["channel"], payload=payload.id)
        raise NotValid(_fault(payload.data["channel"], error), "$") from error
