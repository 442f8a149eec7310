"""Decisions over a real database: policies, commands, links."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from typing import Any
from uuid import uuid4

import pytest

from hub.consumers import decide as steps
from hub.consumers.decide import (
    Answer,
    Forgotten,
    NoSuchLink,
    NoSuchParty,
    command,
    cut,
    cut_link,
    cut_parties,
    decide_waiting,
    link,
)
from hub.consumers.decode import opened
from hub.consumers.rebuild import verify
from hub.consumers.record import Outgoing
from hub.consumers.relay import relay
from hub.events.draft import Draft
from hub.events.envelope import Event
from hub.events.identifiers import Identifier
from hub.events.ids import event_id, named
from hub.events.prepare import NotValid, prepare
from hub.log._protocol import Recorded
from hub.store.checkpoints import claim_lanes
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MARYAM = {"kind": "email", "value": "maryam@example.org"}
BY_PHONE = {"kind": "phone", "value": "+989121234567"}


def write(hub: Hub, name: str, thread: str = "t", after: timedelta = timedelta(0), **fields: Any) -> str:
    """A customer's message comes in; its id."""
    return come(hub, "message.received", name, after, **{"message": name, "thread": thread, "channel": "chat"} | fields)


def come(
    hub: Hub, type: str, name: str, after: timedelta = timedelta(0), *, history: bool = False, **fields: Any
) -> str:  # fmt: skip
    draft = Draft(type, NOW + after, "test", name, {"party": MARYAM, "text": "Where is my order 1042?"} | fields)
    hub.recorder.record(lambda here: [Outgoing(prepare(draft, here, NOW + after, history=history))])
    return event_id("test", name)


def settle(hub: Hub) -> None:
    """Where the log is not the database, decisions go there and come back."""
    while decide_waiting(hub.recorder, now=lambda: NOW) + relay(hub.recorder) + hub.lane.run():
        pass


def fold(hub: Hub) -> None:
    """Nothing is decided."""
    while relay(hub.recorder) + hub.lane.run():
        pass


def tickets(hub: Hub) -> list[dict[str, Any]]:
    names = ("ticket", "number", "state", "subject", "owner", "priority", "contacts", "follows", "revision", "party")
    rows = hub.database.rows(f"SELECT {', '.join(names)} FROM tickets ORDER BY opened, number")
    return [dict(zip(names, [str(row[0]), *row[1:]], strict=True)) for row in rows]


def only(hub: Hub) -> dict[str, Any]:
    [ticket] = tickets(hub)
    return ticket


def do(hub: Hub, ticket: str, document: Any, expects: int | None = None, id: str | None = None) -> Answer:
    return command(hub.recorder, ticket, id or str(uuid4()), document, expects, "sara", NOW)


def decided(hub: Hub) -> list[Event]:
    fold(hub)
    rows = hub.database.rows("SELECT value FROM event WHERE topic = 'tickets' ORDER BY part, position")
    return [opened(hub.keys, Recorded(None, row[0].encode())) for row in rows]  # type: ignore[arg-type]


def test_a_message_opens_one_numbered_ticket_and_the_next_joins_it(hub: Hub) -> None:
    first = write(hub, "1", subject="My order")
    settle(hub)
    second = write(hub, "2", after=timedelta(hours=1))
    settle(hub)
    ticket = only(hub)
    assert (ticket["number"], ticket["state"], ticket["subject"]) == (1001, "new", "My order")
    assert ticket["contacts"] == [first, second]
    assert ticket["revision"] == 2
    assert verify(hub.recorder)["clean"]


def test_messages_of_one_batch_share_their_ticket_and_other_conversations_have_their_own(hub: Hub) -> None:
    for n in range(60):
        write(hub, str(n), thread=str(n % 20), after=timedelta(minutes=n))
    settle(hub)
    assert sorted(len(ticket["contacts"]) for ticket in tickets(hub)) == [3] * 20
    assert sorted(ticket["number"] for ticket in tickets(hub)) == list(range(1001, 1021))


def test_an_opened_ticket_says_where_it_comes_from(hub: Hub) -> None:
    contact = write(hub, "1", subject="My order")
    settle(hub)
    [event] = decided(hub)
    conversation = hub.database.rows("SELECT stream FROM event WHERE topic = 'touchpoints'")[0][0]
    ticket = named("ticket", conversation, "0")
    assert event.stream == f"ticket:{ticket}"
    assert (event.cause, event.correlation, event.source, event.revision) == (contact, ticket, "hub", 1)
    assert (event.time, event.recorded) == (NOW, NOW)
    assert event.subject == event.party
    assert event.personal == {"subject": "My order", "party": [MARYAM]}
    assert "My order" not in hub.database.rows("SELECT value FROM event WHERE topic = 'tickets'")[0][0]


def test_bounces_and_history_open_nothing_but_are_done(hub: Hub) -> None:
    write(hub, "1", automatic="bounce")
    come(hub, "message.received", "2", history=True, message="2", channel="email")
    settle(hub)
    assert tickets(hub) == []
    with hub.database.transaction() as tx:
        assert claim_lanes(tx, "decide") == {}


def test_deciding_the_same_contacts_again_decides_nothing_twice(hub: Hub) -> None:
    write(hub, "1")
    write(hub, "2", after=timedelta(hours=1))
    settle(hub)
    hub.database.rows("UPDATE checkpoint SET next = 0 WHERE step = 'decide' RETURNING 1")
    settle(hub)
    assert len(decided(hub)) == 2
    assert only(hub)["revision"] == 2


def test_a_reply_reopens_for_14_days_and_then_opens_a_ticket_that_follows(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    first = only(hub)["ticket"]
    assert do(hub, first, {"resolve": {"how": "told her"}}).status == 200
    again = write(hub, "2", after=timedelta(days=14))
    settle(hub)
    assert only(hub)["state"] == "open"
    assert again in only(hub)["contacts"]
    assert do(hub, first, {"close": {}}).status == 200
    write(hub, "3", after=timedelta(days=15))
    settle(hub)
    assert [ticket["state"] for ticket in tickets(hub)] == ["closed", "new"]
    assert tickets(hub)[1]["follows"] == first


def test_a_call_opens_a_ticket_only_where_its_outcome_asks(hub: Hub) -> None:
    come(hub, "call.ended", "1", call="1", outcome="sold", reason="a lamp")
    come(hub, "call.ended", "2", call="2", outcome="callback", reason="a broken lamp")
    settle(hub)
    assert only(hub)["subject"] == "a broken lamp"


def test_an_answer_in_the_chat_itself_is_the_tickets_and_waits_for_the_customer(hub: Hub) -> None:
    first = write(hub, "1")
    settle(hub)
    said: dict[str, Any] = {"thread": "t", "channel": "chat", "text": "It is on its way."}
    answer = come(hub, "message.sent", "2", timedelta(hours=1), message="2", agent="reza", **said)
    settle(hub)
    ticket = only(hub)
    assert (ticket["state"], ticket["owner"], ticket["contacts"]) == ("waiting", "reza", [first, answer])
    more = come(hub, "message.sent", "3", timedelta(hours=2), message="3", agent="reza", **said)
    settle(hub)
    assert (only(hub)["state"], only(hub)["contacts"]) == ("waiting", [first, answer, more])
    write(hub, "4", after=timedelta(hours=3))
    settle(hub)
    assert (only(hub)["state"], only(hub)["owner"]) == ("open", "reza")
    assert verify(hub.recorder)["clean"]


def test_what_we_write_first_opens_no_ticket(hub: Hub) -> None:
    come(hub, "message.sent", "1", message="1", thread="t", channel="chat", agent="reza")
    settle(hub)
    assert tickets(hub) == []


def test_a_form_with_a_message_opens_one_ticket_and_a_newsletters_none(hub: Hub) -> None:
    contact = come(hub, "form.submitted", "1", text=None, title="Contact", fields={"message": "My lamp is broken, please call"})
    come(hub, "form.submitted", "2", text=None, title="News", fields={"email": "maryam@example.org"})
    come(hub, "form.submitted", "3", text=None, title="Contact", fields={"message": "Long ago"}, history=True)
    settle(hub)
    hub.database.rows("UPDATE checkpoint SET next = 0 WHERE step = 'decide' RETURNING 1")
    settle(hub)
    ticket = only(hub)
    assert (ticket["subject"], ticket["contacts"]) == ("My lamp is broken, please call", [contact])
    assert str(ticket["party"]) == hub.keys.party_id(Identifier("email", MARYAM["value"]))


def test_commands_change_the_ticket_one_revision_each(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    ticket = only(hub)["ticket"]
    wishes: list[dict[str, Any]] = [
        {"assign": {"to": "sara"}}, {"prioritise": {"priority": "high"}}, {"note": {"text": "called her"}},
        {"wait": {"for": "us"}}, {"resolve": {"how": "sent"}}, {"reopen": {"why": "wrong one"}}, {"close": {}},
    ]  # fmt: skip
    for n, wish in enumerate(wishes):
        answer = do(hub, ticket, wish, expects=n + 1)
        assert answer.status == 200
        assert [place.topic for place in answer.places] == ["tickets" if hub.recorder.log.in_store else "outbox"]
    settle(hub)
    row = only(hub)
    assert (row["state"], row["owner"], row["priority"], row["revision"]) == ("closed", "sara", "high", 8)
    heads = hub.database.rows("SELECT revision FROM stream_head WHERE stream = %s", [f"ticket:{ticket}"])
    assert heads == [(8,)]
    assert verify(hub.recorder)["clean"]


def test_the_same_command_again_gets_the_same_answer_and_does_nothing_twice(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    ticket = only(hub)["ticket"]
    good, bad = str(uuid4()), str(uuid4())
    assert [do(hub, ticket, {"note": {"text": "hm"}}, id=good).status for _ in range(2)] == [200, 200]
    assert do(hub, ticket, {"reopen": {}}, id=bad).why == "It is already open."
    assert do(hub, ticket, {"close": {}}).status == 200
    assert do(hub, ticket, {"reopen": {}}, id=bad).why == "It is already open."
    wrong = str(uuid4())
    assert {do(hub, ticket, {"note": {}}, id=wrong) for _ in range(2)} == {Answer(422, "missing", "$.command.note.text")}
    assert [event.type for event in decided(hub)] == ["ticket.opened", "ticket.noted", "ticket.closed"]


def test_a_commands_id_belongs_to_one_ticket(hub: Hub) -> None:
    write(hub, "1", thread="a")
    write(hub, "2", thread="b")
    settle(hub)
    one, other = (ticket["ticket"] for ticket in tickets(hub))
    id = str(uuid4())
    assert do(hub, one, {"note": {"text": "hm"}}, id=id).status == 200
    assert do(hub, other, {"note": {"text": "hm"}}, id=id).status == 422


def test_refusals_have_their_status_and_their_reason(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    ticket = only(hub)["ticket"]
    assert do(hub, str(uuid4()), {"close": {}}).status == 404
    assert do(hub, ticket, {"close": {}}, expects=7).status == 409
    assert do(hub, ticket, {"note": {}}) == Answer(422, "missing", "$.command.note.text")
    refused = do(hub, ticket, {"answer": {"channel": "sms", "to": "0912", "text": "Hi"}})
    assert refused == Answer(
        422, "Answers go out by e-mail; there is no way out for sms.", "$.command.answer.channel"
    )


def test_of_two_commands_that_saw_the_same_revision_exactly_one_wins(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    ticket = only(hub)["ticket"]
    with ThreadPoolExecutor(4) as pool:
        for revision in range(1, 11):
            doing = [pool.submit(do, hub, ticket, {"note": {"text": f"{n}"}}, revision) for n in range(4)]
            assert sorted(one.result().status for one in doing) == [200, 409, 409, 409]
    assert [event.revision for event in decided(hub)] == list(range(1, 12))


def test_one_command_sent_four_times_at_once_is_done_once(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    ticket, id = only(hub)["ticket"], str(uuid4())
    with ThreadPoolExecutor(4) as pool:
        doing = [pool.submit(do, hub, ticket, {"note": {"text": "hm"}}, None, id) for _ in range(4)]
        assert [one.result().status for one in doing] == [200] * 4
    assert len(decided(hub)) == 2


def test_policies_and_commands_at_once_leave_no_revision_out_and_none_twice(hub: Hub) -> None:
    write(hub, "0")
    settle(hub)
    ticket = only(hub)["ticket"]

    def contacts() -> None:
        for n in range(1, 21):
            write(hub, str(n), after=timedelta(minutes=n))
            decide_waiting(hub.recorder, now=lambda: NOW)

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(contacts)
        noting = pool.submit(lambda: [do(hub, ticket, {"note": {"text": f"{n}"}}).status for n in range(20)])
        writing.result()
        assert noting.result() == [200] * 20
    settle(hub)
    assert sorted(event.revision or 0 for event in decided(hub)) == list(range(1, 42))
    assert len(only(hub)["contacts"]) == 21


def test_an_attached_conversation_goes_on_in_the_ticket(hub: Hub) -> None:
    write(hub, "1", thread="a")
    stray = write(hub, "2", thread="b", automatic="reply")
    settle(hub)
    ticket = only(hub)["ticket"]
    assert do(hub, ticket, {"attach": {"event": stray}}).status == 200
    assert do(hub, ticket, {"attach": {"event": stray}}).why == "That contact already belongs to it."
    later = write(hub, "3", thread="b", after=timedelta(hours=1))
    settle(hub)
    assert only(hub)["contacts"][1:] == [stray, later]


def test_only_a_contact_can_be_attached(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    ticket = only(hub)["ticket"]
    for event in (str(uuid4()), decided(hub)[0].id):
        assert do(hub, ticket, {"attach": {"event": event}}).why == "No contact has this id."


def test_a_call_is_attached_without_a_conversation(hub: Hub) -> None:
    write(hub, "1")
    call = come(hub, "call.ended", "2", call="2")
    settle(hub)
    assert do(hub, only(hub)["ticket"], {"attach": {"event": call}}).status == 200
    settle(hub)
    assert only(hub)["contacts"][1] == call


def test_nothing_is_written_about_a_forgotten_person_but_work_goes_on(hub: Hub) -> None:
    write(hub, "1")
    settle(hub)
    ticket = only(hub)
    forget(hub, str(ticket["party"]))
    refused = do(hub, ticket["ticket"], {"note": {"text": "she was angry"}})
    assert refused == Answer(422, "The person was forgotten: nothing can be written about him any more.")
    assert do(hub, ticket["ticket"], {"resolve": {}}).status == 200


def test_who_was_forgotten_and_writes_again_in_the_same_thread_has_a_ticket_of_his_own(hub: Hub) -> None:
    write(hub, "1", subject="My order")
    settle(hub)
    forget(hub, str(only(hub)["party"]))
    write(hub, "2", after=timedelta(days=1))
    settle(hub)
    old, new = tickets(hub)
    assert (old["state"], len(old["contacts"]), new["follows"]) == ("new", 1, None)
    assert str(new["party"]) == hub.keys.party_id(Identifier("email", MARYAM["value"]))
    assert do(hub, new["ticket"], {"note": {"text": "a new matter"}}).status == 200
    hub.database.rows("UPDATE checkpoint SET next = 0 WHERE step = 'decide' RETURNING 1")
    settle(hub)
    assert len(tickets(hub)) == 2


def test_a_contact_of_somebody_forgotten_meanwhile_opens_nothing(hub: Hub) -> None:
    write(hub, "1")
    fold(hub)
    [(party,)] = hub.database.rows("SELECT value::json -> 'data' -> 'parties' ->> 0 FROM event")
    forget(hub, party)
    settle(hub)
    assert tickets(hub) == []


def forget(hub: Hub, party: str) -> None:
    with hub.recorder.alone():
        hub.keys.destroy([party], [party])


def test_a_poisoned_contact_is_set_aside_alone(hub: Hub) -> None:
    write(hub, "1", thread="a")
    write(hub, "2", thread="b")
    write(hub, "3", thread="c")
    fold(hub)
    broken = "UPDATE event SET value = (value::jsonb - 'data')::text WHERE id = %s::uuid RETURNING 1"
    hub.database.rows(broken, [event_id("test", "2")])
    while decide_waiting(hub.recorder, now=lambda: NOW):
        pass
    assert len(decided(hub)) == 2
    assert len(hub.database.rows("SELECT FROM dead_letter WHERE step = 'decide'")) == 1


def test_only_the_contact_that_failed_is_set_aside_though_another_comes_before_it_meanwhile(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        write(hub, str(n), thread=str(n))
    fold(hub)
    *_, last = hub.database.rows("SELECT id::text, value FROM event WHERE topic = 'touchpoints' ORDER BY part, position")
    hub.database.rows("UPDATE event SET value = (value::jsonb - 'data')::text WHERE id = %s RETURNING 1", [last[0]])
    aside, seen = steps._set_aside, Flag()

    def once_another_came(*args: Any) -> Any:
        if not seen.is_set():
            seen.set()
            for n in range(10, 20):
                write(hub, str(n), thread=str(n))
            fold(hub)
        return aside(*args)

    monkeypatch.setattr(steps, "_set_aside", once_another_came)
    while decide_waiting(hub.recorder, now=lambda: NOW):
        pass
    assert hub.database.rows("SELECT id::text FROM dead_letter WHERE step = 'decide'") == [(last[0],)]
    assert len(decided(hub)) == 13


def verdicts(hub: Hub) -> list[str]:
    settle(hub)
    return [row[0] for row in hub.database.rows("SELECT verdict FROM links ORDER BY stream")]


def test_people_link_and_cut_and_take_links_back(hub: Hub) -> None:
    first = link(hub.recorder, MARYAM, BY_PHONE, "she said so", "sara", NOW)
    assert verdicts(hub) == ["linked"]
    cut(hub.recorder, BY_PHONE, MARYAM, "her sister's", "reza", NOW + timedelta(hours=1))
    assert verdicts(hub) == ["cut"]
    second = link(hub.recorder, MARYAM, BY_PHONE, "no, hers", "sara", NOW + timedelta(hours=2))
    assert verdicts(hub) == ["linked"]
    assert cut_link(hub.recorder, second, "sara", NOW) == cut_link(hub.recorder, second, "sara", NOW)
    assert verdicts(hub) == ["cut"]
    assert first != second
    assert verify(hub.recorder)["clean"]


def test_a_link_with_an_id_is_said_once(hub: Hub) -> None:
    assert len({link(hub.recorder, MARYAM, BY_PHONE, None, "sara", NOW, id="42") for _ in range(2)}) == 1
    fold(hub)
    assert len(hub.database.rows("SELECT FROM event")) == 1


def test_an_automatic_link_is_cut_by_its_parties(hub: Hub) -> None:
    write(hub, "1", party=[MARYAM, BY_PHONE])
    settle(hub)
    a, b = (str(row[0]) for row in hub.database.rows("SELECT DISTINCT party FROM owners WHERE stream LIKE 'conv%%'"))
    cut_parties(hub.recorder, a, b, "a shared telephone", "sara", NOW)
    assert verdicts(hub) == ["cut"]
    link(hub.recorder, MARYAM, BY_PHONE, "no, hers", "sara", NOW + timedelta(hours=1))
    assert verdicts(hub) == ["linked"]
    known = hub.database.rows("SELECT DISTINCT kind, value FROM owners WHERE value IS NOT NULL ORDER BY 1")
    assert known == [("email", MARYAM["value"]), ("phone", BY_PHONE["value"])]
    assert verify(hub.recorder)["clean"]


def test_an_imported_ticket_goes_on_here(hub: Hub) -> None:
    ticket = str(uuid4())
    write(hub, "1", history=True)
    fold(hub)
    conversation = hub.database.rows("SELECT stream FROM event")[0][0]
    fields = {"ticket": ticket, "party": MARYAM, "conversation": conversation, "subject": "Old", "number": 7}
    come(hub, "ticket.opened", "2", history=True, **fields)
    come(hub, "ticket.assigned", "3", history=True, ticket=ticket, to="reza")
    hub.database.rows(
        "INSERT INTO stream_head VALUES (%s, 0, ARRAY[%s::uuid]) RETURNING 1", [conversation, ticket]
    )  # as `understand` does
    settle(hub)
    assert do(hub, ticket, {"note": {"text": "hm"}}, expects=2).status == 200
    later = write(hub, "4", after=timedelta(days=1))
    settle(hub)
    row = only(hub)
    assert (row["number"], row["owner"], row["contacts"], row["revision"]) == (7, "reza", [later], 4)
    assert verify(hub.recorder)["clean"]


def test_a_ticket_is_found_by_whom_it_concerns_and_links_nobody(hub: Hub) -> None:
    write(hub, "1", party=[MARYAM, BY_PHONE])
    settle(hub)
    assert len(hub.database.rows("SELECT FROM owners WHERE stream LIKE 'ticket:%%'")) == 1
    assert hub.database.rows("SELECT FROM seen WHERE stream LIKE 'ticket:%%'") == []


def test_what_cannot_be_linked_or_cut_is_refused(hub: Hub) -> None:
    with pytest.raises(NotValid):
        link(hub.recorder, MARYAM, MARYAM, None, "sara", NOW)
    with pytest.raises(NotValid):
        link(hub.recorder, MARYAM, {"kind": "phone", "value": "anonymous"}, None, "sara", NOW)
    with pytest.raises(NoSuchLink):
        cut_link(hub.recorder, str(uuid4()), "sara", NOW)
    with pytest.raises(NoSuchLink):
        cut_link(hub.recorder, write(hub, "1"), "sara", NOW)
    with pytest.raises(NoSuchParty):
        cut_parties(hub.recorder, str(uuid4()), str(uuid4()), None, "sara", NOW)


def test_a_link_of_a_forgotten_person_cannot_be_cut(hub: Hub) -> None:
    linked = link(hub.recorder, MARYAM, BY_PHONE, None, "sara", NOW)
    settle(hub)
    forget(hub, str(hub.database.rows("SELECT party FROM owners WHERE kind = 'email'")[0][0]))
    with pytest.raises(Forgotten):
        cut_link(hub.recorder, linked, "sara", NOW)
    a, b = (str(row[0]) for row in hub.database.rows("SELECT party FROM owners"))
    with pytest.raises(Forgotten):
        cut_parties(hub.recorder, a, b, None, "sara", NOW)
