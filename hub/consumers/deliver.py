"""The deliver step: answers go out, and what became of each is said.

`sending` is committed before the wire is touched. What is found so without anybody at it may have arrived or not: it is
`uncertain`, and goes out again only when somebody asks. Nothing is sent twice by itself, and nothing is lost in silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import structlog

from hub.channels.email.render import Letter, Quoted, render
from hub.consumers.answers import delivery_step, event_of
from hub.consumers.decide import append_steps, steps_of_ticket
from hub.consumers.decode import decode
from hub.consumers.record import Recorder
from hub.desk import policies
from hub.desk._shape import Decision
from hub.desk.opening_hours import persian
from hub.events.envelope import Event, iso
from hub.events.ids import named
from hub.events.moments import zone
from hub.log._protocol import Place
from hub.projections.tickets import Ticket
from hub.store import decisions, deliveries, options
from hub.store.database import Connection, Unavailable
from hub.store.deliveries import Delivery
from hub.store.mailboxes import Way
from hub.transport import smtp_out
from hub.transport.smtp_out import Outcome, Patience
from hub.transport.trouble import Trouble

log = structlog.get_logger()
Clock = Callable[[], datetime]
Ways = Callable[[str | None], Way | None]
Wish = Literal["undo", "again", "arrived"]

AT_ONCE = 4  # answers on the wire at the same time
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))  # before the next try; then the last one
GIVEN_UP = timedelta(days=2)
STALE = timedelta(hours=1)  # after a restore nothing older goes out unasked
CRASHED = "The hub was stopped while it was sending. The mail may have arrived, or not."
RESTORED = "The hub was restored from a backup. The mail may have gone out before, or not."
GONE = "The person was forgotten; nothing of the answer is left."
NO_WAY = "No way out for e-mail is set up any more. An administrator adds one under Settings, Mailboxes."
_TOLD = 60  # tries, a second apart, to write down what became of a mail while the database is away


def _now() -> datetime:
    return datetime.now(UTC)


def deliver_waiting(recorder: Recorder, ways: Ways, now: Clock = _now, patience: Patience | None = None) -> int:
    """Send what is due, a few at a time; how many it was. `ways`: the way out from an address (`mailboxes.outgoing`)."""
    with recorder.database.transaction() as tx:
        ids = deliveries.due(tx, now(), AT_ONCE)
    if not ids:
        return 0
    deliver = partial(_deliver, recorder, ways, now, patience or Patience())
    with ThreadPoolExecutor(len(ids)) as pool:
        done = sum(pool.map(deliver, ids))
    if done:
        log.info("answers delivered", deliveries=done)
    return done


def _deliver(recorder: Recorder, ways: Ways, now: Clock, patience: Patience, id: str) -> int:
    """The lock is this process's claim: it ends with it, and tells others that nobody is at this delivery any more."""
    with deliveries.held(recorder.database, id) as mine:
        if not mine:
            return 0
        ready = _claim(recorder, ways, now(), id)
        if isinstance(ready, Ready):
            outcome = smtp_out.send(ready.way, ready.sender, ready.to, ready.mail, patience)
            _tell(partial(_settle, recorder, id, outcome, now))
        return int(ready is not None)


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that `sending` was written down for. `sender` is the envelope's."""

    way: Way
    sender: str
    to: str
    mail: bytes


def _claim(recorder: Recorder, ways: Ways, now: datetime, id: str) -> Ready | Literal["settled"] | None:
    """Take it for this process, if it is still to be sent; "settled" where it ends without the wire."""
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        row = deliveries.find(tx, id)
        if row and row.state == "sending":
            return _ended(recorder, tx, id, "uncertain", CRASHED, now)
        if row is None or row.state != "waiting" or row.due > now:
            return None
        answer = event_of(recorder, tx, id)
        if answer is None or not answer.personal.get("to"):
            return _ended(recorder, tx, id, "failed", GONE, now)
        try:
            way = ways(answer.data.get("mailbox"))
            ready = _ready(recorder, tx, way, answer, now) if way else None
        except Trouble as trouble:
            return _ended(recorder, tx, id, "waiting", str(trouble), now)
        except ValueError as error:
            return _ended(recorder, tx, id, "failed", f"The answer cannot be written as a mail: {error}.", now)
        if ready is None:
            return _ended(recorder, tx, id, "waiting", NO_WAY, now)
        return _started(recorder, tx, answer, ready, now)


def _started(recorder: Recorder, tx: Connection, answer: Event, ready: Ready, now: datetime) -> Ready | None:
    row = deliveries.lock(tx, answer.id)
    if row is None or row.state != "waiting":
        return None  # taken back a moment ago
    row = row._replace(attempts=row.attempts + 1)
    deliveries.change(tx, row.id, "sending", now, attempts=row.attempts)
    append_steps(recorder, tx, (), (), [delivery_step(answer, "delivery.started", row, now)])
    return ready


def _ready(recorder: Recorder, tx: Connection, way: Way, answer: Event, now: datetime) -> Ready:
    said, data = answer.personal, answer.data
    automatic = data.get("automatic") == "reply"
    signature = options.read(tx, "signature", {"text": ""}).get("text")
    letter = Letter(
        mailbox=way.address, name=way.name if way.name != way.address else "", to=said["to"],
        subject=said.get("subject") or "", date=now, message_id=data["message_id"], text=said.get("text") or "",
        html=said.get("html"), in_reply_to=data.get("in_reply_to"), references=data.get("references") or (),
        signature=signature, quoted=None if automatic else _quoted(recorder, tx, answer), automatic=automatic,
    )  # fmt: skip
    return Ready(way, "" if automatic else way.address, said["to"], render(letter))


def _quoted(recorder: Recorder, tx: Connection, answer: Event) -> Quoted | None:
    """What the customer wrote last, at the time of day that it was here."""
    last = event_of(recorder, tx, answer.data["answers"]) if answer.data.get("answers") else None
    if last is None or not last.personal.get("text"):
        return None
    sender = last.personal.get("from") or {}
    who, text = sender.get("name") or sender.get("address") or "", last.personal["text"]
    here = zone(recorder.here.timezone, recorder.here.region)
    return Quoted(who, last.time.astimezone(here), text, persian(text)) if who else None


# -- what became of it -------------------------------------------------------------------------------------------------


def _tell(write: Callable[[], None]) -> None:
    """What is known is written down even where the database is away for a moment; else it would be uncertain."""
    for left in reversed(range(_TOLD)):
        try:
            return write()
        except Unavailable:
            if not left:
                raise
            time.sleep(1)


def _settle(recorder: Recorder, id: str, outcome: Outcome, now: Clock) -> None:
    state = {"sent": "sent", "later": "waiting", "refused": "failed", "unknown": "uncertain"}[outcome.state]
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        _ended(recorder, tx, id, state, outcome.why, now())


def _ended(
    recorder: Recorder, tx: Connection, id: str, state: str, reason: str | None, now: datetime
) -> Literal["settled"]:  # fmt: skip
    """Write down the end of an attempt, with what it means for the ticket."""
    row = deliveries.find(tx, id)
    assert row is not None
    answer = event_of(recorder, tx, id)
    since, before = _wanted(recorder, tx, row) if state == "waiting" else (now, 0)
    if state == "waiting" and now - since >= GIVEN_UP:
        state, reason = "failed", f"Given up after two days. {reason or ''}".strip()
    steps = []
    if answer and state in ("failed", "uncertain") and answer.data.get("automatic") != "reply":
        id_of_step = named("delivery", id, state, str(row.attempts), "ticket")
        policy = partial(policies.on_undelivered, why=reason or "")
        steps = steps_of_ticket(recorder, tx, row.ticket, policy, id_of_step, id, now)
    locked = deliveries.lock(tx, id)
    if locked is None or locked.state not in ("waiting", "sending", "uncertain") or answer is None:
        return "settled"
    attempts = locked.attempts if locked.state == "sending" or state != "waiting" else locked.attempts + 1
    locked = locked._replace(attempts=attempts)
    until = now + WAITS[min(attempts - before, len(WAITS)) - 1] if state == "waiting" else None
    deliveries.change(tx, id, state, now, due=until, reason=reason, attempts=attempts)
    kind = "delivery.delayed" if state == "waiting" else f"delivery.{state}"
    step = delivery_step(answer, kind, locked, now, reason=reason, until=iso(until) if until else None)
    append_steps(recorder, tx, steps, (), [step])
    return "settled"


def _wanted(recorder: Recorder, tx: Connection, row: Delivery) -> tuple[datetime, int]:
    """When somebody last wanted it sent, and how many attempts had been made by then."""
    wishes = decode(recorder.keys, decisions.steps(tx, [f"delivery:{row.id}"]), {"delivery.repeated"})
    return max(((wish.time, wish.data.get("attempt") or 0) for wish in wishes), default=(row.created, 0))


def hold_back(recorder: Recorder, now: datetime) -> int:
    """After a restore, before anything is sent: what is older than an hour may have gone out. How many."""
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        old = deliveries.hold(tx, now - STALE, RESTORED)
        for id in old:
            _ended(recorder, tx, id, "uncertain", RESTORED, now)
    return len(old)


# -- what people ask for -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """200, 404 (no such answer) or 409 (too late for it), and why not. `text`: the answer's words, where it was undone.

    `places`: where its events lie, for who waits until they are shown.
    """

    status: int
    why: str | None = None
    text: str | None = None
    places: tuple[Place, ...] = ()


IS = {
    "waiting": "it has not gone out yet.", "sending": "it is going out just now.", "sent": "it has gone out already.",
    "failed": "it did not go out.", "uncertain": "it may have gone out.", "undone": "it was taken back.",
}  # fmt: skip
FROM = {"undo": ("waiting",), "again": ("uncertain", "failed"), "arrived": ("uncertain",)}
MADE = {
    "undo": ("undone", "delivery.undone"), "again": ("waiting", "delivery.repeated"), "arrived": ("sent", "delivery.sent"),
}  # fmt: skip


def ask(recorder: Recorder, id: str, wish: Wish, by: str | None, now: datetime) -> Reply:
    """Take an answer back, send it again, or say that it arrived. Of two who ask, or of one and the deliverer, one wins;
    asking again for what was done is answered as before."""
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        row, answer = deliveries.find(tx, id), event_of(recorder, tx, id)
        if row is None or answer is None:
            return Reply(404, "No answer has this id.")
        state, kind = MADE[wish]
        step_id = named("delivery", id, wish, str(row.attempts), "ticket")
        steps = steps_of_ticket(recorder, tx, row.ticket, partial(_meaning, tx, wish, id, by), step_id, id, now)
        row = deliveries.lock(tx, id)
        assert row is not None
        if row.state not in FROM[wish]:
            return _as_before(row, wish, answer)
        deliveries.change(tx, id, state, now, due=now if wish == "again" else None)
        about = "by a person" if wish == "arrived" else ""
        step = delivery_step(answer, kind, row, now, about=about, by=by)
        own = _not_automatic(answer, steps)
        places = append_steps(recorder, tx, own, (), [step])
        return Reply(200, None, answer.personal.get("text") if wish == "undo" else None, places)


def _meaning(tx: Connection, wish: Wish, id: str, by: str | None, ticket: Ticket) -> list[Decision]:
    """What it means for the ticket."""
    if wish != "undo":
        return policies.on_settled(ticket, by, id)
    others = deliveries.of_tickets(tx, [ticket.ticket]).get(ticket.ticket, [])
    return policies.on_undone(ticket, by, {id} | {one["id"] for one in others if one["state"] == "undone"})


def _not_automatic(answer: Event, steps: Sequence[Event]) -> Sequence[Event]:
    """What the hub answered by itself changes nothing about whose turn it is."""
    return () if answer.data.get("automatic") == "reply" else steps


def _as_before(row: Delivery, wish: Wish, answer: Event) -> Reply:
    if wish == "undo" and row.state == "undone":
        return Reply(200, None, answer.personal.get("text"), ())
    return Reply(409, f"{'Too late' if wish == 'undo' else 'Not now'}: {IS[row.state]}")
