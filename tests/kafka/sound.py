"""What must hold after every fault: acknowledged = archived = shown, decided = archived, nothing twice, each stream in its
order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from hub.consumers import health
from hub.consumers.rebuild import verify
from hub.events.ids import event_id
from hub.log._protocol import LogAway
from hub.store import ledger
from hub.store.database import Unavailable
from tests.kafka.farm import Farm
from tests.kill.running import pages, until
from tests.kill.writer import in_flight

SOURCE = "/kill"
CALLS = ("-ringing", "-ended")  # a call is shown as one, however many events it has
_IDS = "SELECT id::text FROM event WHERE value::json ->> 'source' = %s"
_SHOWN = "SELECT item::text FROM timeline WHERE n = 0 AND type IN ('message.received', 'order.placed', 'order.paid')"
_CALLS = "SELECT stream FROM calls"
_PARTIES = "SELECT DISTINCT value::json -> 'data' -> 'parties' ->> 0 FROM event WHERE value::json ->> 'source' = %s"
_REVISIONS = """
SELECT stream, array_agg((value::json ->> 'revision')::int ORDER BY position) FROM event WHERE topic = 'tickets' GROUP BY 1
"""
_HEADS = "SELECT stream, revision FROM stream_head WHERE revision > 0"
_CONVERSATIONS = """
SELECT stream, array_agg(id::text ORDER BY position) FROM event WHERE type = 'message.received' GROUP BY 1
"""
_TICKETS = "SELECT conversation, contacts FROM tickets"
_STEPS = """
SELECT stream, array_agg(type ORDER BY position) FROM event WHERE topic IN ('touchpoints', 'orders')
AND (stream LIKE 'call:%%' OR stream LIKE 'order:%%') GROUP BY 1
"""


def await_shown(farm: Farm, seconds: float = 90) -> None:
    """All lanes are at their ends, and all that was decided has come back from the log.

    In two looks: where the archive ends is read before the checkpoints, and may have moved by then.
    """
    for _ in range(2):
        until(lambda: not _behind(farm), seconds, "the lag is back to 0 and the outbox is empty")


def _behind(farm: Farm) -> list[str]:
    try:
        late = [lane["name"] for lane in health.lanes(farm.hub.recorder) if lane["events"]]
        return late or [id for (id,) in farm.hub.database.rows("SELECT id::text FROM outbox")]
    except (Unavailable, LogAway) as error:
        return [str(error)]


def assert_sound(farm: Farm, journal: list[dict[str, Any]]) -> int:
    """How many events were acknowledged so far, all of which are where they belong."""
    acknowledged = [id for line in journal if "sent" in line for id in line["ids"]]
    assert in_flight(journal) == 0
    assert not any(line["rejected"] for line in journal if "answered" in line)
    refusals = {(line["refused"], line["type"]) for line in journal if "refused" in line}
    assert refusals <= {(503, "application/problem+json")}, [line for line in journal if "refused" in line][:3]
    _assert_archived(farm, acknowledged)
    _assert_shown(farm, acknowledged)
    _assert_decided(farm)
    _assert_in_order(farm, journal)
    with farm.hub.database.transaction() as tx:
        balance = ledger.balance(tx)
    (ours,) = (line for line in balance["sources"] if line["source"] == SOURCE)
    assert (balance["balanced"], ours["received"]) == (True, len(acknowledged)), balance
    report = verify(farm.hub.recorder)
    assert report["clean"], report
    assert farm.hub.database.rows("SELECT * FROM dead_letter") == []
    return len(acknowledged)


def _assert_archived(farm: Farm, acknowledged: list[str]) -> None:
    archived = Counter(id for (id,) in farm.hub.database.rows(_IDS, [SOURCE]))
    due = {event_id(SOURCE, id) for id in acknowledged}
    assert set(archived) == due, f"{len(due - set(archived))} lost, {len(set(archived) - due)} that nobody sent"
    assert max(archived.values()) == 1


def _assert_shown(farm: Farm, acknowledged: list[str]) -> None:
    shown = Counter(id for (id,) in farm.hub.database.rows(_SHOWN))
    due = {event_id(SOURCE, id) for id in acknowledged if not id.endswith(CALLS)}
    assert set(shown) == due
    assert max(shown.values()) == 1
    calls = len(farm.hub.database.rows(_CALLS))
    assert calls == sum(id.endswith("-ringing") for id in acknowledged)


def _assert_decided(farm: Farm) -> None:
    """Every revision that was given is in the archive, and each conversation has one ticket, with all its messages."""
    revisions = dict(farm.hub.database.rows(_REVISIONS))
    for stream, found in revisions.items():
        assert found == list(range(1, len(found) + 1)), (stream, found)
    _assert_same({stream: len(found) for stream, found in revisions.items()}, dict(farm.hub.database.rows(_HEADS)))
    said = {stream: sorted(ids) for stream, ids in farm.hub.database.rows(_CONVERSATIONS)}
    tickets = farm.hub.database.rows(_TICKETS)
    _assert_same(Counter(conversation for conversation, _ in tickets), Counter(said.keys()))
    _assert_same({conversation: sorted(contacts) for conversation, contacts in tickets}, said)


def _assert_same(found: Mapping[str, Any], due: Mapping[str, Any]) -> None:
    other = [(one, found.get(one), due.get(one)) for one in found.keys() | due.keys() if found.get(one) != due.get(one)]
    assert not other, f"{len(other)} are not what is due, as these (name, found, due): {other[:3]}"


def _assert_in_order(farm: Farm, journal: list[dict[str, Any]]) -> None:
    for stream, types in farm.hub.database.rows(_STEPS):
        assert types in (["call.ringing", "call.ended"], ["order.placed", "order.paid"]), (stream, types)
    order = _acknowledged(journal)
    for stream, ids in farm.hub.database.rows(_CONVERSATIONS):
        for connection in {order[id][0] for id in ids}:
            mine = [order[id][1] for id in ids if order[id][0] == connection]
            assert mine == sorted(mine), (stream, connection)


def _acknowledged(journal: list[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    """Of each event the connection that it came by, and the how manieth it was there. A connection begins a request once
    the one before it is acknowledged."""
    ids = {line["sent"]: line["ids"] for line in journal if "sent" in line}
    answered = [line["answered"] for line in journal if "answered" in line]
    return {
        event_id(SOURCE, id): (request.partition("-")[0], n)
        for n, (request, id) in enumerate((request, id) for request in answered for id in ids[request])
    }


def assert_read_elsewhere(farm: Farm, journal: list[dict[str, Any]]) -> None:
    """The web process that nobody wrote to reads out all of it, each once, on its customers' timelines."""
    shown: Counter[str] = Counter()
    headers = {"Authorization": f"Bearer {farm.key}"}
    with httpx.Client(base_url=farm.urls[1], headers=headers, timeout=60) as client:
        for (party,) in farm.hub.database.rows(_PARTIES, [SOURCE]):
            shown.update(item["id"] for item in pages(client, f"/v1/customers/{party}/timeline", "before"))
    calls = [stream.removeprefix("call:") for (stream,) in farm.hub.database.rows(_CALLS)]
    others = [event_id(SOURCE, id) for line in journal if "sent" in line for id in line["ids"] if not id.endswith(CALLS)]
    _assert_same(shown, Counter(calls + others))
