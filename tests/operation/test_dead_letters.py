"""Dead letters are tried again one by one: what was mended is taken, what was not stays and holds nothing up."""

from __future__ import annotations

import orjson
import pytest

from hub.consumers import dead_letters
from hub.consumers.rebuild import verify
from hub.consumers.record import payload_of_bytes
from hub.events.draft import Draft
from hub.events.envelope import Sealed
from hub.events.ids import named
from hub.events.prepare import prepare
from hub.events.seal import key_names, seal
from hub.log._protocol import LogAway, Place, Recorded
from hub.store import archive, ledger, reads
from hub.wiring import Hub
from tests.both_logs import where_the_log_is as where_the_log_is
from tests.consumers.test_project import dead, poison
from tests.journeys.story import EMAIL, NOW, letter, shown


def broken(hub: Hub, key: str) -> tuple[str, str]:
    """A customer's message that no step can take; its id, and what it was before."""
    said = {"channel": "chat", "message": key, "thread": key, "party": EMAIL, "text": "help"}
    event = prepare(Draft("message.received", NOW, "/test", key, said), hub.recorder.here, NOW)
    whole = seal(event, hub.keys.ensure(key_names(event)))
    half = orjson.dumps({name: part for name, part in orjson.loads(whole).items() if name != "data"})
    hub.recorder.log.append([Sealed(event.id, event.type, event.stream, event.time, event.recorded, half)])
    shown(hub)
    return event.id, whole.decode()


def change(hub: Hub, id: str, value: str) -> None:
    """Stands for the repair."""
    hub.database.rows("UPDATE event SET value = %s WHERE id = %s RETURNING 1", [value, id])


def no_payload(hub: Hub) -> tuple[str, bytes]:
    """What came in with nothing in it; its id, and what it was before."""
    body = letter("Sara <sara@example.com>", "Hello", "Where is it?", NOW)
    made = payload_of_bytes(hub.recorder, "email", "files", body, {}, NOW)
    event = made.event
    whole = orjson.loads(seal(event, hub.keys.ensure(key_names(event))))
    half = orjson.dumps(whole | {"data": {"channel": "email"}})
    hub.recorder.log.append(
        [Sealed(event.id, event.type, event.stream, event.time, event.recorded, half, direct=made.direct)]
    )
    shown(hub)
    return event.id, orjson.dumps(whole)


def repair(hub: Hub, id: str, whole: bytes) -> None:
    change(hub, id, whole.decode())
    hub.database.rows("UPDATE dead_letter SET value = %s WHERE value IS NOT NULL RETURNING 1", [whole])


def test_what_is_no_payload_is_understood_after_the_repair(hub: Hub) -> None:
    id, whole = no_payload(hub)
    assert len(dead(hub)) == 1
    assert dead_letters.retry(hub.recorder, [], NOW) == (0, 1)
    repair(hub, id, whole)
    assert dead_letters.retry(hub.recorder, [], NOW) == (1, 0)
    shown(hub)
    assert dead(hub) == []
    assert tickets(hub) == 1
    with hub.database.transaction() as tx:
        assert ledger.balance(tx)["balanced"]


def test_a_log_that_is_away_is_no_letters_fault(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    id, whole = no_payload(hub)
    repair(hub, id, whole)

    def away(*_: object) -> None:
        raise LogAway

    monkeypatch.setattr(hub.recorder.log, "append", away)
    with pytest.raises(LogAway):
        dead_letters.retry(hub.recorder, [], NOW)
    monkeypatch.undo()
    assert dead_letters.retry(hub.recorder, [], NOW) == (1, 0)


def tickets(hub: Hub) -> int:
    with hub.database.transaction() as tx:
        return len(reads.tickets(tx)["items"])


def test_a_contact_is_shown_to_the_policies_again(hub: Hub) -> None:
    id, whole = broken(hub, "1")
    assert dead(hub) == [id, id], "of the step that decides and of the one that shows"
    assert dead_letters.retry(hub.recorder, [], NOW) == (0, 2)
    assert dead(hub) == [id, id]
    change(hub, id, whole)
    assert dead_letters.retry(hub.recorder, [id], NOW) == (2, 0)
    shown(hub)
    assert dead(hub) == []
    assert tickets(hub) == 1
    assert dead_letters.retry(hub.recorder, [id], NOW) == (0, 0)
    shown(hub)
    assert tickets(hub) == 1


def test_one_that_fails_again_keeps_no_other_back(hub: Hub) -> None:
    bad, good = poison(hub, 1), poison(hub, 2)
    shown(hub)
    assert sorted(dead(hub)) == sorted([bad, good])
    value = orjson.loads(hub.database.rows("SELECT value FROM event WHERE id = %s", [good])[0][0])
    change(hub, good, orjson.dumps(value | {"data": {"order": "2", "lines": []}}).decode())
    assert dead_letters.retry(hub.recorder, [], NOW) == (1, 1)
    assert dead(hub) == [bad]
    assert verify(hub.recorder)["clean"]


def test_what_is_no_event_at_all_stays_on_the_list(hub: Hub) -> None:
    place = Place("orders", 3, 7)
    with hub.database.transaction() as tx:
        archive.bury_unread(tx, "project", Recorded(place, b"{"), "JSONDecodeError")
    assert dead_letters.retry(hub.recorder, [], NOW) == (0, 1)
    assert dead(hub) == [named("unread", str(place))]
