"""What waits for a step, and that it is written down where the log is not the archive itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from hub.consumers.decode import opened
from hub.consumers.record import Outgoing, Recorder, payload_of_bytes
from hub.events.catalogue import NewerVersion, shape
from hub.events.envelope import shown
from hub.events.ids import lanes
from hub.log import gate
from hub.log._protocol import LogAway, LogLost, LogRefused, Recorded
from hub.log.headers import from_outside
from hub.store import archive, outbox
from hub.store.checkpoints import claim_lanes, lock, positions
from hub.store.database import STEPS, Connection, DatabaseError, Unavailable

Lane = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Share:
    """Every `of`th partition, from the `number`th on, of `lanes` (None: of all that the step has). A row has one
    partition, so shares can be folded beside one another."""

    number: int = 0
    of: int = 1
    lanes: Collection[Lane] | None = None


ALL = Share()


def waiting(recorder: Recorder, tx: Connection, step: str, limit: int, least: int, share: Share = ALL) -> list[Recorded]:
    """About `limit` events, of each partition `least`, from the step's checkpoints on, which stay locked."""
    if recorder.log.in_store:
        starts = claim_lanes(tx, step, share.number, share.of)
        return recorder.log.read(starts, max(least, limit // len(starts)), tx) if starts else []
    next_ = positions(tx, step)
    starts = recorder.log.ahead({lane: next_[lane] for lane in _lanes(step, share)})
    if not starts:
        return []
    # Read first, then lock: a broker that does not answer shall hold up nobody else.
    return unseen(tx, step, recorder.log.read(starts, max(least, limit // len(starts))))


class Behind(Exception):
    """What was pushed lies after events that this step has not seen: they are read from the log first."""


STAND = (Unavailable, NewerVersion, Behind, LogAway, LogLost, LogRefused)  # no event's fault


class Poisoned(Exception):
    """An event failed that was the only one of its batch. `error`: why."""

    def __init__(self, event: Recorded, error: Exception) -> None:
        super().__init__(f"{event.place}: {type(error).__name__}")
        self.event, self.error = event, error

    def lies_first(self, waiting: Sequence[Recorded]) -> bool:
        """Whether it is what comes next. Since it failed others may have been at it, or an event may have come before it."""
        return [one.place for one in waiting[:1]] == [self.event.place]


@contextmanager
def alone(batch: Sequence[Recorded]) -> Iterator[None]:
    """Around what is done with a batch: of one event it is known which one fails. Raises Poisoned."""
    try:
        yield
    except STAND:
        raise
    except Exception as error:
        if len(batch) == 1:
            raise Poisoned(batch[0], error) from error
        raise


def unseen(tx: Connection, step: str, pushed: Sequence[Recorded]) -> list[Recorded]:
    """What a step has not done yet of events that somebody else read from the log; the checkpoints stay locked.

    What lies below them was done before. Raises Behind where something is missing in between.
    """
    starts = lock(tx, step, {recorded.place[:2] for recorded in pushed})
    new = [one for one in pushed if one.place.position >= starts[one.place[:2]]]
    for one in new:
        if one.place.position != starts[one.place[:2]]:
            raise Behind(Behind.__doc__)
        starts[one.place[:2]] += 1
    return new


def _lanes(step: str, share: Share) -> list[Lane]:
    mine = lanes(STEPS[step]) if share.lanes is None else share.lanes
    return [lane for lane in mine if lane[0] in STEPS[step] and lane[1] % share.of == share.number]


def admitted(recorder: Recorder, tx: Connection, batch: Sequence[Recorded]) -> list[Recorded]:
    """Those of a batch that are new, archived. What says something else under a known id is kept as a payload, which is
    rejected as conflicting."""
    if recorder.log.in_store:
        return list(batch)
    events = [recorded for recorded in batch if not recorded.is_gap]
    if not events:
        return []
    found = gate.admit(tx, events)
    if decided := [recorded.document["id"] for recorded in events if not from_outside(recorded)]:
        outbox.archived(tx, decided)
    if found.conflicts:
        recorder.enter(tx)
        recorder.append_entered([_kept(recorder, recorded) for recorded in found.conflicts], tx)
    return found.fresh


def reason(error: Exception) -> str:
    """What a dead letter says of itself. An error may quote an event, and so anything."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:500].replace("\0", "")


def bury(recorder: Recorder, tx: Connection, step: str, recorded: Recorded, why: str) -> None:
    """Set an event aside as a dead letter; where the log is elsewhere it is archived with it, as far as it can be read."""
    if not recorder.log.in_store:
        try:
            with tx.transaction():
                admitted(recorder, tx, [recorded])
        except (ValueError, KeyError, TypeError, DatabaseError):  # not even an envelope
            archive.bury_unread(tx, step, recorded, why)
            return
    archive.bury(tx, step, [recorded], why)


def _kept(recorder: Recorder, recorded: Recorded) -> Outgoing:
    event = opened(recorder.keys, recorded)
    body = orjson.dumps(shown(event, shape(event.type)))
    return payload_of_bytes(recorder, "events", event.source, body, {"conflict": "true"}, event.recorded)
