"""The decide step: what contacts set off by themselves, and what people decide about tickets and about who is who.

Decisions are serialised by the heads of their streams (`hub.store.decisions`) and read the archive, not the
projections: each follows the one before it, shown or not. It never runs in a rebuild or in an import of history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from hub.consumers import answers
from hub.consumers.decode import decode, opened
from hub.consumers.measured import measured, telling
from hub.consumers.ours import our_addresses
from hub.consumers.project import LaneStopped, folded
from hub.consumers.record import Outgoing, Recorder
from hub.consumers.standing import every_step, standing
from hub.consumers.waiting import STAND, Poisoned, alone, reason
from hub.desk import commands, opening_hours, policies, returned
from hub.desk._shape import Decision, Refused
from hub.desk.answers import Letter, answered
from hub.desk.commands import Attach, Command, read
from hub.desk.decide import decide
from hub.events.catalogue import Origin, kind_of
from hub.events.draft import Draft
from hub.events.envelope import MAIN, Event, Json, Named
from hub.events.identifiers import Identifier
from hub.events.ids import event_id, named, topic_of
from hub.events.kinds import messages
from hub.events.prepare import prepare
from hub.log._protocol import Place, Recorded
from hub.projections.owners import identifier
from hub.projections.tickets import Ticket, apply, projection
from hub.store import archive, decisions, deliveries, options
from hub.store.checkpoints import claim_lanes, move, pass_gaps
from hub.store.database import Connection

log = structlog.get_logger()
STEP = "decide"
BATCH = 500
UNDO = timedelta(seconds=10)  # an answer waits so long before it goes out
LATE = timedelta(days=1)  # who wrote before that is not told any more that nobody was here
_TOLERATED = 50  # dead letters that nobody has seen to
Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a command: 200, 404 (no such ticket), 409 (changed meanwhile) or 422 (refused), and why not.

    `places`: where its events lie, for who waits until they are shown; empty where nothing was written just now.
    """

    status: int
    why: str | None = None
    at: str | None = None
    places: tuple[Place, ...] = ()


class NoSuchLink(Exception):
    """No link between two parties has this id."""


class NoSuchParty(Exception):
    """No party has this id."""


class Forgotten(Exception):
    """One of the two was forgotten: there is nobody left to say this of."""


@dataclass(frozen=True, slots=True)
class About:
    """Whom a decision concerns, and how he is known; `value` is null once he was forgotten."""

    id: str
    kind: str
    value: str | None

    def written(self) -> Json:
        return {"kind": self.kind, "value": self.value}


def _about(event: Event, party: Named) -> About:
    return About(party.id, party.kind, identifier(event, party))


# -- contacts ----------------------------------------------------------------------------------------------------------


def decide_waiting(recorder: Recorder, limit: int = BATCH, now: Clock = _now) -> int:
    """Show what waits, about `limit` events, to the policies; how many it was. A poisoned one is set aside alone."""
    with telling(recorder.database, STEP, LaneStopped):
        return _insist(recorder, limit, now)


def _insist(recorder: Recorder, limit: int, now: Clock) -> int:
    count: int | None = None
    while True:
        try:
            return _see(recorder, limit, count, now())
        except STAND:
            raise
        except Poisoned as poisoned:
            if _set_aside(recorder, limit, poisoned):
                return 1
            count = None
        except Exception:
            if count == 1:
                raise
            count = max(1, (count or limit) // 2)


def _see(recorder: Recorder, limit: int, count: int | None, now: datetime) -> int:
    with measured(recorder.batches, STEP) as known:
        with recorder.database.transaction() as tx:
            batch = _waiting(recorder, tx, limit)[:count]
            if not batch:
                return 0
            known.of(batch)
            with alone(batch):
                made = _show(recorder, tx, batch, now)
                move(tx, STEP, batch)
        log.info("contacts seen to", events=len(batch), decisions=made)
        return len(batch)


def _show(recorder: Recorder, tx: Connection, batch: Sequence[Recorded], now: datetime) -> int:
    """Show these events to the policies; how many decisions that made."""
    recorder.enter(tx)
    events = decode(recorder.keys, batch, policies.CONTACTS)
    contacts = [event for event in events if policies.concerns(event) and not _forgotten(event)]
    contacts.sort(key=lambda contact: (policies.moment(contact), contact.root))  # of several lanes, what answers comes later
    bounces = [event for event in events if _came_back(event)]
    return _follow(recorder, tx, contacts, bounces, now) if contacts or bounces else 0


def _waiting(recorder: Recorder, tx: Connection, limit: int) -> list[Recorded]:
    lanes = claim_lanes(tx, STEP)
    found = recorder.archive.read(lanes, max(50, limit // len(lanes)), tx) if lanes else []
    if len({recorded.place[:2] for recorded in found}) < len(lanes):
        pass_gaps(tx, STEP)
    return found


def _forgotten(contact: Event) -> bool:
    """Nobody is left to be answered: the box with the identifiers can no longer be opened."""
    return contact.subject is not None and not contact.personal


def _set_aside(recorder: Recorder, limit: int, poisoned: Poisoned) -> bool:
    event, error = poisoned.event, poisoned.error
    with recorder.database.transaction() as tx:
        if not poisoned.lies_first(_waiting(recorder, tx, limit)):
            return False
        if archive.count_dead(tx, STEP) >= _TOLERATED:
            raise LaneStopped(LaneStopped.__doc__) from error
        archive.bury(tx, STEP, [event], reason(error))
        move(tx, STEP, [event])
    log.error("contact set aside as dead letter", place=str(event.place), error=type(error).__name__)
    return True


def show_again(recorder: Recorder, id: str, now: datetime) -> int:
    """Show a dead letter to the policies again; 0 where there is none. It stays one where that raises."""
    with recorder.database.transaction() as tx:
        letter = archive.take_dead(tx, STEP, id)
        if letter:
            _show(recorder, tx, letter, now)
    return len(letter)


@dataclass
class Desk:
    """Tickets as they stand while a batch is decided, what was decided so far, and which joined which conversation.
    `threads`: of each contact, see `_threads`."""

    of: dict[str, list[str]]
    tickets: dict[str, Ticket]
    threads: dict[str, list[str]]
    events: list[Event] = field(default_factory=list)
    joined: list[tuple[str, str]] = field(default_factory=list)

    def take(self, event: Event) -> None:
        self.events.append(event)
        ticket = event.data["ticket"]
        self.tickets[ticket] = apply(self.tickets.get(ticket), event)

    def join(self, conversation: str, ticket: str) -> None:
        if ticket not in self.of[conversation]:
            self.of[conversation].append(ticket)
            self.joined.append((conversation, ticket))

    def find(self, contact: Event) -> None:
        """A mail of which the first reference is not known belongs where those are that it answers."""
        if not self.of[contact.stream]:
            for stream in self.threads[contact.id]:
                for ticket in self.of.get(stream, ()):
                    self.join(contact.stream, ticket)

    def expect_answers(self, contact: Event) -> None:
        """Some programs name only the mail that they answer, no thread."""
        for stream in self.threads[contact.id][:1]:
            for ticket in self.of[contact.stream]:
                self.join(stream, ticket)


def _follow(
    recorder: Recorder, tx: Connection, contacts: Sequence[Event], bounces: Sequence[Event], now: datetime
) -> int:  # fmt: skip
    """What these contacts set off, appended; how many decisions that were."""
    threads = {contact.id: _threads(recorder, contact) for contact in contacts}
    own = {contact.stream for contact in contacts} | {streams[0] for streams in threads.values() if streams}
    of = decisions.lock(tx, own | decisions.known(tx, {stream for streams in threads.values() for stream in streams}))
    ours = deliveries.answered(tx, {id for event in (*contacts, *bounces) for id in _answers(event)})
    desk = Desk(of, {}, threads)
    for contact in contacts:
        for id in _answers(contact):
            if id in ours:
                desk.join(contact.stream, ours[id].ticket)
    lost = [(bounce, ours[id]) for bounce in bounces for id in _answers(bounce) if id in ours]
    tickets = {ticket for known in of.values() for ticket in known} | {delivery.ticket for _, delivery in lost}
    streams = {f"ticket:{ticket}" for ticket in tickets}
    decisions.lock(tx, streams)
    desk.tickets = {row.ticket: row for row in standing(recorder, tx, streams).values()}
    hours, addresses = options.read(tx, "hours", options.HOURS), our_addresses(recorder, tx)
    here = opening_hours.open_at(hours, now)
    for contact in contacts:
        ticket = _see_to(desk, contact, recorder.keys.forgotten(), now)
        if ticket and not here and (text := opening_hours.reply(contact, hours, addresses, policies.moment(contact))):
            _answer_by_itself(recorder, tx, desk, contact, ticket, text, now)
    beside = [one for bounce, delivery in lost for one in _lost(recorder, tx, desk, bounce, delivery, now)]
    append_steps(recorder, tx, desk.events, desk.joined, beside)
    return len(desk.events)


def _see_to(desk: Desk, contact: Event, forgotten: Set[str], now: datetime) -> str | None:
    """Decide what this contact sets off; the ticket that it belongs to now."""
    desk.find(contact)
    known = [desk.tickets[ticket] for ticket in desk.of[contact.stream] if ticket in desk.tickets]
    ticket = None
    for decision in policies.on_contact(contact, known, forgotten):
        ticket = decision.ticket or named("ticket", contact.stream, str(len(desk.of[contact.stream])))
        desk.take(_set_off(contact, decision, ticket, desk.tickets.get(ticket), now))
        desk.join(contact.stream, ticket)
    desk.expect_answers(contact)
    return ticket


def _threads(recorder: Recorder, contact: Event) -> list[str]:
    """The conversations that are named after this mail and after those that it answers. The first is where an answer is
    expected that names this mail alone."""
    if contact.data.get("channel") != "email":
        return []
    origin = Origin(recorder.here.secret, contact.source, contact.id, ())
    own, *answered = (contact.data.get("message_id"), *_answers(contact))
    return [messages.conversation(origin, "email", own) if own else contact.stream,
            *(messages.conversation(origin, "email", id) for id in answered)]  # fmt: skip


def _answers(event: Event) -> list[str]:
    """The Message-IDs of the mails that this one answers or returns."""
    if event.data.get("automatic") == "bounce":
        original = (event.data.get("bounce") or {}).get("original")
        return [original] if original else []
    return [id for id in (event.data.get("in_reply_to"), *(event.data.get("references") or ())) if id]


def _came_back(event: Event) -> bool:
    """Whether it says that a mail is lost. History said it long ago."""
    data = event.data
    if data.get("automatic") != "bounce" or data.get("history") or event.replaces:
        return False
    return returned.failed(data.get("bounce"))


def _answer_by_itself(
    recorder: Recorder, tx: Connection, desk: Desk, contact: Event, ticket: str, text: str, now: datetime
) -> None:  # fmt: skip
    """Who writes when nobody is here is told so, once a day; where he wants his answer elsewhere, that address too has one a
    day, whoever names it."""
    if contact.party is None or now - contact.recorded > LATE:
        return
    answer = named("decision", contact.id, ticket, "ticket.answered")
    if archive.known(tx, [answer]):  # by a hub of which the log is left, and a backup from before
        return
    letter = answers.letter_by_itself(recorder, tx, contact, answer)
    if letter is None:
        return
    asks, gets = contact.party, recorder.here.party_id(answers.addressee(recorder, letter))
    if not deliveries.first_today(tx, {asks, gets}, now):
        return
    decision = answers.with_orders(recorder, answered(ticket, letter, text, None, None, "reply"))
    desk.take(_set_off(contact, decision, ticket, desk.tickets[ticket], now))
    deliveries.add(tx, answer, ticket, letter.conversation, letter.message_id, now, now)


def _lost(
    recorder: Recorder, tx: Connection, desk: Desk, bounce: Event, delivery: deliveries.Delivery, now: datetime
) -> list[Outgoing]:  # fmt: skip
    """One of our answers came back: its delivery failed, and its ticket is open again."""
    row, answer = deliveries.lock(tx, delivery.id), answers.event_of(recorder, tx, delivery.id)
    if row is None or answer is None or row.state not in ("sent", "uncertain", "sending"):
        return []
    why = returned.reason(bounce.data["bounce"])
    deliveries.change(tx, row.id, "failed", now, reason=why)
    ticket = desk.tickets.get(row.ticket)
    if ticket and answer.data.get("automatic") != "reply":
        id = named("decision", bounce.id, row.ticket, "ticket.reopened")
        steps = every_step(recorder, tx, [ticket.stream])
        for event in _added(steps, ticket, policies.on_undelivered(ticket, why), id, bounce.id, now):
            desk.take(event)
    return [answers.delivery_step(answer, "delivery.failed", row, now, about=bounce.id, reason=why, bounce=bounce.root)]


def steps_of_ticket(
    recorder: Recorder, tx: Connection, ticket_id: str, policy: Callable[[Ticket], Sequence[Decision]], id: str, cause: str,
    now: datetime,
) -> list[Event]:  # fmt: skip
    """What a policy adds to a ticket, which stays locked; not appended yet."""
    stream = f"ticket:{ticket_id}"
    decisions.lock(tx, [stream])
    steps = every_step(recorder, tx, [stream])
    ticket = folded(projection, {}, steps).get(stream)
    return _added(steps, ticket, policy(ticket), id, cause, now) if ticket else []


def _added(
    steps: Sequence[Event], ticket: Ticket, made: Sequence[Decision], id: str, cause: str, now: datetime
) -> list[Event]:  # fmt: skip
    """Decisions about a ticket as events; of somebody who was forgotten they say nothing personal."""
    about = _whose(steps, ticket)
    forgotten = about is not None and about.value is None
    return [
        _event(
            replace(decision, personal={}) if forgotten else decision, ticket.ticket, id=id if n == 0 else named(id, str(n)),
            cause=cause, about=about, revision=ticket.revision + 1 + n, time=max(now, ticket.changed), recorded=now,
        )
        for n, decision in enumerate(made)
    ]  # fmt: skip


def _whose(steps: Sequence[Event], ticket: Ticket) -> About | None:
    """Whom a ticket is about, and how he is known."""
    return next((_about(step, party) for step in steps for party in step.named if party.id == ticket.party), None)


def _set_off(contact: Event, decision: Decision, ticket: str, before: Ticket | None, now: datetime) -> Event:
    at = policies.moment(contact)
    return _event(
        decision, ticket, id=named("decision", contact.id, ticket, decision.type), cause=contact.id,
        about=_about(contact, contact.named[0]) if contact.party else None,
        revision=before.revision + 1 if before else 1, time=max(at, before.changed) if before else at, recorded=now,
    )  # fmt: skip


def _event(
    decision: Decision, ticket: str, *, id: str, cause: str, about: About | None, revision: int, time: datetime,
    recorded: datetime,
) -> Event:  # fmt: skip
    """The ticket's event that a decision means."""
    data: Json = {"ticket": ticket} | decision.data
    personal = decision.personal
    if about:
        data |= {"parties": [about.id], "named": [[MAIN, about.kind, f"{MAIN}/0" if about.value else ""]]}
        personal = personal | {MAIN: [about.written()]} if about.value else personal
    return Event(
        id=id, type=decision.type, version=kind_of(decision.type).version, time=time, recorded=recorded, source="hub",
        stream=f"ticket:{ticket}", data=data, personal=personal, revision=revision,
        subject=about.id if about else None, cause=cause, correlation=ticket,
    )  # fmt: skip


def append_steps(
    recorder: Recorder, tx: Connection, events: Sequence[Event], joined: Sequence[tuple[str, str]] = (),
    beside: Sequence[Outgoing] = (),
) -> tuple[Place, ...]:  # fmt: skip
    """Append decisions, new tickets with their numbers, and move the heads on; where they lie. `beside`: what else is
    said in the same breath."""
    if not events and not beside and not joined:
        return ()
    fresh = [event.id for event in events if event.type == "ticket.opened"]
    numbers = dict(zip(fresh, decisions.numbers(tx, len(fresh)), strict=True))
    whole = [replace(e, data=e.data | {"number": numbers[e.id]}) if e.id in numbers else e for e in events]
    appended = recorder.append_decided([*(Outgoing(event) for event in whole), *beside], tx)
    decisions.keep(tx, joined, {event.stream: event.revision or 0 for event in events})
    return tuple(one.place for one in appended if one.place)


# -- commands ----------------------------------------------------------------------------------------------------------


def command(
    recorder: Recorder, ticket_id: str, command_id: str, document: Any, expects: int | None, by: str | None,
    now: datetime,
) -> Answer:  # fmt: skip
    """Do what an agent asks of a ticket. `document`: his command as JSON; the same `command_id` (a UUID) again gives
    the same answer and does nothing twice. `expects`: the revision that he saw."""
    ticket_id = ticket_id.lower()
    stream = f"ticket:{ticket_id}"
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        earlier = decisions.claim_command(tx, command_id, stream)
        if earlier:
            return _repeated(earlier, stream)
        answer = _answer(recorder, tx, ticket_id, command_id, read(document), expects, by, now)
        decisions.answer_command(tx, command_id, answer.status, answer.why, answer.at)
        return answer


def _repeated(earlier: decisions.Answered, stream: str) -> Answer:
    if earlier.stream != stream:
        return Answer(422, "This command's id was used for another ticket.", "$.id")
    return Answer(earlier.status, earlier.why, earlier.at)


def _answer(
    recorder: Recorder, tx: Connection, ticket_id: str, command_id: str, wish: Command | Refused, expects: int | None,
    by: str | None, now: datetime,
) -> Answer:  # fmt: skip
    stream = f"ticket:{ticket_id}"
    if not decisions.exists(tx, stream):
        return Answer(404, "No ticket has this id.")
    if isinstance(wish, Attach):
        wish = _looked_up(recorder, tx, wish)
    if isinstance(wish, Refused):
        return Answer(422, wish.why, wish.at)
    letter = _letter(recorder, tx, ticket_id, command_id, wish) if isinstance(wish, commands.Answer) else None
    conversation = _conversation(wish, letter)
    joins = decisions.lock(tx, [conversation]) if conversation else {}
    decisions.lock(tx, [stream])
    steps = every_step(recorder, tx, [stream])
    if not steps:
        return Answer(404, "This ticket was withdrawn.")
    ticket: Ticket = folded(projection, {}, steps)[stream]
    if expects is not None and expects != ticket.revision:
        return Answer(409, f"changed meanwhile: it is at revision {ticket.revision}, not {expects}")
    outcome = decide(ticket, wish, by, now, letter)
    if isinstance(outcome, Refused):
        return Answer(422, outcome.why, outcome.at)
    about = _whose(steps, ticket)
    if about and not about.value and any(decision.personal for decision in outcome):
        return Answer(422, "The person was forgotten: nothing can be written about him any more.")
    if isinstance(letter, Letter):
        about = _addressee(recorder, letter)
        outcome = tuple(answers.with_orders(recorder, decision) for decision in outcome)
    events = [
        _event(
            decision, ticket_id, id=named("command", command_id, str(n)), cause=command_id, about=about,
            revision=ticket.revision + 1 + n, time=now, recorded=now,
        )
        for n, decision in enumerate(outcome)
    ]  # fmt: skip
    joined = [(stream, ticket_id) for stream, tickets in joins.items() if ticket_id not in tickets]
    places = append_steps(recorder, tx, events, joined)
    if isinstance(letter, Letter):
        deliveries.add(tx, events[0].id, ticket_id, letter.conversation, letter.message_id, now + UNDO, now)
    return Answer(200, places=places)


def _letter(
    recorder: Recorder, tx: Connection, ticket_id: str, command_id: str, wish: commands.Answer
) -> Letter | Refused | None:  # fmt: skip
    stream = f"ticket:{ticket_id}"
    steps = every_step(recorder, tx, [stream])
    if not steps:
        return None
    ticket: Ticket = folded(projection, {}, steps)[stream]
    return answers.letter(recorder, tx, ticket, steps, wish.to, named("command", command_id, "0"))


def _conversation(wish: Command, letter: Letter | Refused | None) -> str | None:
    """The conversation that joins the ticket by this command."""
    if isinstance(letter, Letter):
        return letter.conversation
    return wish.conversation if isinstance(wish, Attach) else None


def _addressee(recorder: Recorder, letter: Letter) -> About:
    who = answers.addressee(recorder, letter)
    return About(recorder.here.party_id(who), who.kind, who.value)


def _looked_up(recorder: Recorder, tx: Connection, wish: Attach) -> Attach | Refused:
    """The contact under its lasting id, with its conversation where it has one."""
    found = decisions.event(tx, wish.event)
    contact = opened(recorder.keys, found) if found else None
    if contact is None or topic_of(contact.stream) != "touchpoints":
        return Refused("No contact has this id.", "$.command.attach.event")
    conversation = contact.stream if contact.stream.startswith("conversation:") else None
    return replace(wish, event=contact.root, conversation=conversation)


# -- who is who --------------------------------------------------------------------------------------------------------


def link(
    recorder: Recorder, a: Mapping[str, Any], b: Mapping[str, Any], evidence: str | None, by: str | None, now: datetime,
    id: str | None = None,
) -> str:  # fmt: skip
    """Say that two parties, each `{"kind", "value"}`, are one customer; the event's id. Raises NotValid."""
    return _said(recorder, "party.linked", {"a": a, "b": b, "evidence": evidence, "by": by}, now, id)


def cut(
    recorder: Recorder, a: Mapping[str, Any], b: Mapping[str, Any], evidence: str | None, by: str | None, now: datetime,
    id: str | None = None,
) -> str:  # fmt: skip
    """Say that two parties are not one customer, whatever else says so; the event's id. Raises NotValid."""
    return _said(recorder, "party.cut", {"a": a, "b": b, "evidence": evidence, "by": by}, now, id)


def _said(
    recorder: Recorder, kind: str, fields: Json, now: datetime, id: str | None, tx: Connection | None = None
) -> str:  # fmt: skip
    draft = Draft(kind, now, "hub", f"{kind} {id or uuid4()}", fields)
    recorder.decide(lambda here: [Outgoing(prepare(draft, here, now))], tx)
    return event_id(draft.source, draft.key)


def cut_link(recorder: Recorder, link_id: str, by: str | None, now: datetime) -> str:
    """Take a link back: cut the pair that the event `link_id` linked; the cut's id. Again is the same cut.

    Raises NoSuchLink and Forgotten. An automatic link has no event: find its parties and use `cut_parties`.
    """
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        found = decisions.event(tx, link_id)
        event = opened(recorder.keys, found) if found else None
        if event is None or event.type != "party.linked":
            raise NoSuchLink(NoSuchLink.__doc__)
        a, b = (_about(event, party) for party in event.named if party.role in ("a", "b"))
        later = max(now, event.time + timedelta(microseconds=1))  # of two decisions the later one counts
        return _apart(recorder, tx, a, b, None, by, later, event.id)


def cut_parties(
    recorder: Recorder, party_a: str, party_b: str, evidence: str | None, by: str | None, now: datetime,
    id: str | None = None,
) -> str:  # fmt: skip
    """Cut two parties by their ids; the event's id. Raises NoSuchParty, Forgotten and NotValid."""
    with recorder.database.transaction() as tx:
        recorder.enter(tx)
        known = decisions.identifiers(tx, [party_a, party_b])
        if missing := [party for party in (party_a, party_b) if party not in known]:
            raise NoSuchParty(f"{NoSuchParty.__doc__} {missing[0]}")
        a, b = (About(party, *known[party]) for party in (party_a, party_b))
        return _apart(recorder, tx, a, b, evidence, by, now, id)


def _apart(
    recorder: Recorder, tx: Connection, a: About, b: About, evidence: str | None, by: str | None, now: datetime,
    id: str | None,
) -> str:  # fmt: skip
    """Cut two parties; whoever was forgotten is none any more, and his address belongs to a new one."""
    for party in (a, b):
        who = Identifier(party.kind, party.value) if party.value else None
        if who is None or recorder.here.party_id(who) != party.id:
            raise Forgotten(Forgotten.__doc__)
    fields = {"a": a.written(), "b": b.written(), "evidence": evidence, "by": by}
    return _said(recorder, "party.cut", fields, now, id, tx)
