"""The calls that ring now, and what is known of each caller before anybody answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from hub.store import customers as who
from hub.store import reads
from hub.store.changes import Changed, rings_at
from hub.store.database import Connection

Json = dict[str, Any]
LONGEST = timedelta(minutes=2)  # a call that nobody ended and nobody answered rings no longer than this
MOST = 200  # calls that are looked at, the newest
SHARING = 6  # of those who share a number, the last that were heard of
_LASTS = 3
_AT_ONCE = timedelta(seconds=1)  # other legs of a call may be said to ring so long after one was taken
_ANYBODYS = ("link:", "person:")  # streams
_UNWRITTEN = ("call.", "visit.", "page.")  # types of events


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call that rings, or that somebody just took. `rang`: when it last began to ring somewhere, or was taken; `rings`: the
    extensions, queues and numbers at which it does, "" among them where for all; `taken`: when it was answered, `by` whom.

    `known` is the answer of `/v1/lookup` for the caller, null for a withheld number; `kind` and `value`: how he calls;
    `evidence`: the link that ties his number to the customer, with the kind of what it is tied to (`beside`); `lasts`: his last
    contacts; `order`: the likely one; `named`: the contact that names it; `ticket`: the likely one or else the newest open;
    `until`: what it waits for.
    `earlier`: calls of this number before. `sharing`: customers, where many share the number. `members`: all parties that are
    him, as far as it is known. `awaits`: whether he named the number of an order that is not there yet.
    """

    call: str
    time: datetime
    rang: datetime
    party: str | None
    rings: frozenset[str]
    taken: datetime | None
    by: str | None
    value: str | None
    caller_name: str | None
    known: Json | None
    evidence: Json | None
    lasts: list[Json]
    order: Json | None
    named: Json | None
    ticket: Json | None
    until: datetime | None
    earlier: Earlier | None
    sharing: list[Json]
    members: frozenset[str] = frozenset()
    awaits: bool = False

    def concerned(self, changed: Changed) -> bool:
        """Whether what is shown here may be another: the call, him, who he is, those who share his number, an order of his
        or one that he named before it was there."""
        anybodys = (*_ANYBODYS, "order:") if self.awaits else _ANYBODYS
        return (
            changed.everything
            or f"call:{self.call}" in changed.streams
            or bool(self.sharing)
            or not changed.parties.isdisjoint(self.members)
            or any(stream.startswith(anybodys) for stream in changed.streams)
        )

    @property
    def person(self) -> Json | None:
        """The customer who calls, where it can be one only."""
        sure = self.known is not None and self.known["match"] == "one" and not self.sharing
        return self.known["customers"][0] if sure and self.known else None

    @property
    def likely_ticket(self) -> bool:
        """Whether he most likely calls about `ticket`."""
        likely = self.known["likely"] if self.person and self.known else None
        return likely is not None and self.ticket is not None and likely["id"] == self.ticket["id"]

    @property
    def shows(self) -> list[str]:
        """The ids of those whom it shows: customers, else the number that nobody knows."""
        people = [one["id"] for one in (self.sharing or (self.known or {}).get("customers", ()))]
        return people or ([self.party] if self.party else [])

    def heard_by(self, places: Sequence[str], names: Sequence[str] = ()) -> bool:
        """Whether it is shown to somebody to whom these places belong (without any he hears all) and who bears these
        names: he still sees it once he took it, the others do not."""
        if self.taken:
            return self.by is not None and (self.by in places or self.by in names)
        return not places or "" in self.rings or not self.rings.isdisjoint(places)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Calls of a number before this one."""

    count: int
    first: datetime | None
    answered: int


def ringing(tx: Connection, now: datetime, known: Mapping[str, Ringing] = MappingProxyType({})) -> list[Ringing]:
    """The calls that ring now, the first first. `known`: those by their ids of which nothing changed since they were read."""
    rows = tx.execute(
        "SELECT stream, time, rang, party::text, caller_name, parts, answered, agent FROM calls"
        " WHERE state <> 'ended' AND rang > %s AND direction = 'in' ORDER BY rang DESC LIMIT %s",
        [now - LONGEST, MOST],
    ).fetchall()
    calls = ((row[0].removeprefix("call:"), row) for row in sorted(rows, key=lambda row: (row[1], row[0])))
    return [known.get(call) or _told(tx, now, call, *row) for call, row in calls]


def _told(
    tx: Connection, now: datetime, call: str, stream: str, time: datetime, rang: datetime, party: str | None,
    name: str | None, parts: Any, taken: datetime | None, by: str | None,
) -> Ringing:  # fmt: skip
    handed_on = _after(taken, parts) if taken else []
    if handed_on:
        taken = by = None
    rings = rings_at(handed_on or [part[4] for part in parts])
    if party is None:
        return Ringing(
            call, time, rang, None, rings, taken, by, None, name, None, None, [], None, None, None, None, None, []
        )
    members = who.shown_with(tx, party)
    known, recent, awaited = reads.looked_up(tx, [members], now)
    person = known["customers"][0] if known["match"] == "one" else None
    items = [item for item in recent if item["channel"] != "order"]
    order, ticket = _likely(person, known["likely"])
    return Ringing(
        call, time, rang, party, rings, taken, by, _value(tx, party, person), name, known, _evidence(person, party),
        _lasts(items, call), order, _naming(items, order), ticket, _until(ticket), _earlier(tx, party, stream),
        _sharing(tx, party) if len(members) == 1 else [], frozenset(members), bool(awaited),
    )  # fmt: skip


def _after(taken: datetime, parts: Sequence[Any]) -> list[Json]:
    """What was told of each place at which it rings although it was taken: it is being handed on."""
    at = (taken + _AT_ONCE).isoformat()
    return [facts for _, _, time, _, facts in parts if facts["state"] == "ringing" and time > at]


def _value(tx: Connection, party: str, person: Json | None) -> str | None:
    """What is dialled or written to reach this party."""
    own = [one for one in (person or {}).get("identifiers", ()) if one["party"] == party] or who.identifiers(tx, [party])
    return own[0]["value"] if own else None


def _evidence(person: Json | None, party: str) -> Json | None:
    """The newest link that ties this number to the rest of the customer; `beside`: the kind of what it is tied to."""
    links = [link for link in (person or {}).get("links", ()) if party in (link["a"], link["b"])]
    if not person or not links:
        return None
    link: Json = max(links, key=lambda link: (link["by"] is not None, link["time"] is not None, link["time"] or 0))
    kinds = {one["party"]: one["kind"] for one in person["identifiers"]}
    return link | {"beside": kinds.get(link["b"] if link["a"] == party else link["a"])}


def _lasts(items: Sequence[Json], call: str) -> list[Json]:
    """The last contacts but this call; of calls that nobody took only the last, for they would hide what he wrote before.
    What he wrote last is always among them: that is what people call about."""
    found: list[Json] = []
    in_vain = False
    for item in items:
        vain = item["type"].startswith("call.") and not item["answered"]
        if item["id"] != call and not (vain and in_vain):
            found.append(item)
            in_vain |= vain
    last = found[:_LASTS]
    wrote = next((item for item in found if item["direction"] == "in" and not item["type"].startswith(_UNWRITTEN)), None)
    return last if wrote is None or wrote in last else [*last[:-1], wrote]


def _likely(person: Json | None, likely: Json | None) -> tuple[Json | None, Json | None]:
    """The order and the ticket that he may call about; the newest open ticket where none is likelier."""
    if person is None:
        return None, None
    orders = [one for one in person["orders"] if likely and likely["kind"] == "order" and one["number"] == likely["id"]]
    ticket = max(person["open_tickets"], key=lambda one: (one["opened"], one["id"]), default=None)
    return (orders[0] if orders else None), ticket


def _naming(items: Sequence[Json], order: Json | None) -> Json | None:
    """The contact by which he most likely calls about this order."""
    return next((item for item in items if order and order["number"] in item["orders"]), None)


def _until(ticket: Json | None) -> datetime | None:
    """Until when a ticket waits, which is what was promised."""
    return datetime.fromisoformat(ticket["until"]) if ticket and ticket["until"] else None


def _earlier(tx: Connection, party: str, stream: str) -> Earlier:
    row = tx.execute(
        "SELECT count(*), min(time), count(*) FILTER (WHERE taken) FROM ("
        " SELECT stream, time, taken FROM calls WHERE party = %(party)s::uuid"
        " UNION ALL SELECT stream, time, taken FROM calls WHERE others ? %(party)s::text AND others <> '[]') c"
        " WHERE stream <> %(stream)s",
        {"party": party, "stream": stream},
    ).fetchone()
    assert row is not None
    return Earlier(*row)


def _sharing(tx: Connection, party: str) -> list[Json]:
    """Who was seen with a number that stands alone because many share it."""
    people = who.sharers(tx, party, SHARING)
    return [{"id": parties[0], "name": who.name(tx, parties), "identifiers": who.identifiers(tx, parties)} for parties in people]
