"""Who a customer is: the connected parties, found when somebody asks; only links are stored.

A party that automatic evidence ties to many others of one kind (a switchboard number, info@) ties nobody together; what
a person said of a pair beats what was seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from hub.events.identifiers import Identifier, NotAnIdentifier, may_be_dialled, normalise
from hub.events.ids import link_stream
from hub.events.order_numbers import order_number
from hub.events.text import undirected
from hub.store.database import Connection
from hub.store.keys import Keys

LARGEST = 1_000  # parties of one customer
_AT_ONCE = 100  # parties about which a statement asks
SHARED = 5  # more e-mail addresses, phones or accounts than this on one identifier: it is shared by many

# No more than needed is counted: with a switchboard thousands were seen, and each of them asks whether it is shared.
_SHARED = f"""EXISTS (SELECT FROM unnest('{{{{email,phone,account}}}}'::text[]) AS k(kind) WHERE (SELECT count(*) FROM (
  SELECT DISTINCT b FROM seen WHERE a = {{0}} AND kind = k.kind LIMIT {SHARED + 1}) many) > {SHARED})"""
_COMPONENTS = f"""
WITH RECURSIVE c(of, p) AS (
  SELECT r.p, r.p FROM unnest(%s::uuid[]) AS r(p)
  UNION
  SELECT c.of, n.p FROM c CROSS JOIN LATERAL (
    SELECT s.b AS p FROM (SELECT DISTINCT b FROM seen WHERE a = c.p UNION
      SELECT b FROM (SELECT DISTINCT b, first FROM beside WHERE a = c.p) t WHERE {_SHARED.format("t.first")}) s
    WHERE NOT EXISTS (SELECT FROM links l WHERE l.a = least(c.p, s.b) AND l.b = greatest(c.p, s.b) AND l.verdict = 'cut')
      AND NOT {_SHARED.format("c.p")} AND NOT {_SHARED.format("s.b")}
    UNION ALL SELECT l.b FROM links l WHERE l.a = c.p AND l.verdict = 'linked'
    UNION ALL SELECT l.a FROM links l WHERE l.b = c.p AND l.verdict = 'linked'
  ) n
)
SELECT of::text, p::text FROM c LIMIT {LARGEST + 1}
"""
# The same of all parties at once: every pair that is one customer.
_PAIRS = f"""
WITH shared AS MATERIALIZED (SELECT a FROM (SELECT DISTINCT a, b, kind FROM seen WHERE kind IN ('email', 'phone', 'account')) k
  GROUP BY a, kind HAVING count(*) > {SHARED})
SELECT s.a::text, s.b::text
FROM (SELECT a, b FROM seen UNION ALL SELECT a, b FROM beside WHERE first IN (SELECT a FROM shared)) s WHERE s.a < s.b
  AND NOT EXISTS (SELECT FROM links l WHERE l.a = s.a AND l.b = s.b AND l.verdict = 'cut')
  AND NOT EXISTS (SELECT FROM shared WHERE shared.a IN (s.a, s.b))
UNION SELECT a::text, b::text FROM links WHERE verdict = 'linked'
"""
_FORCED = re.compile(r"(?P<kind>[a-z][a-z0-9_]*):(?P<value>.+)", re.DOTALL | re.IGNORECASE)


class TooLarge(Exception):
    """More than 1,000 parties hang together here: review their links before they are shown as one customer."""


def component(tx: Connection, party: str) -> list[str]:
    """The parties that are one customer with this one, smallest first: that one's id is the customer's."""
    parties = sorted(row[1] for row in tx.execute(_COMPONENTS, [[party]]).fetchall())
    if len(parties) > LARGEST:
        raise TooLarge(TooLarge.__doc__)
    return parties


def shown_with(tx: Connection, party: str) -> list[str]:
    """The same where much is shown beside it: of a customer too large to be one each party stands alone."""
    try:
        return component(tx, party)
    except TooLarge:
        return [party]


def each_shown_with(tx: Connection, parties: Collection[str]) -> dict[str, list[str]]:
    """The same for each of these, in one statement unless very many hang together with them."""
    asked = sorted(set(parties))
    rows = tx.execute(_COMPONENTS, [asked]).fetchall()
    if len(rows) > LARGEST:
        return {party: shown_with(tx, party) for party in asked}
    found: dict[str, list[str]] = {party: [] for party in asked}
    for of, party in sorted(rows):
        found[of].append(party)
    return found


def sharers(tx: Connection, party: str, most: int) -> list[list[str]]:
    """The customers who were seen with an identifier that stands alone because many share it; whoever was heard of last
    first."""
    rows = tx.execute(
        "SELECT s.b::text, max(t.time) FROM (SELECT DISTINCT b FROM seen WHERE a = %(party)s::uuid) s"
        " CROSS JOIN LATERAL (SELECT time FROM timeline WHERE party = s.b ORDER BY time DESC LIMIT 1) t"
        " WHERE (SELECT count(DISTINCT b) FROM seen WHERE a = %(party)s::uuid) > %(shared)s"
        " GROUP BY 1 ORDER BY 2 DESC LIMIT %(most)s",
        {"party": party, "shared": SHARED, "most": most},
    ).fetchall()
    return customers(tx, [row[0] for row in rows], shown_with)


def everybody(tx: Connection) -> Iterator[tuple[str, str]]:
    """Every party with the id of the customer with whom he is shown, in two statements; all ids are held in memory."""
    together = {row[0]: [row[0]] for row in tx.execute("SELECT DISTINCT party::text FROM owners WHERE party IS NOT NULL")}
    for a, b in tx.execute(_PAIRS).fetchall():
        small, large = sorted((together.setdefault(a, [a]), together.setdefault(b, [b])), key=len)
        if small is not large:
            large += small
            together |= dict.fromkeys(small, large)
    for party, members in together.items():
        yield party, min(members) if len(members) <= LARGEST else party


class Whose:
    """The id of the customer with whom a party is shown, asked once for all of his parties."""

    def __init__(self, tx: Connection, known: Sequence[str] = ()) -> None:
        """`known`: parties that are one customer."""
        self._tx = tx
        self._found = dict.fromkeys(known, min(known, default=""))

    def __call__(self, party: str) -> str:
        if party not in self._found:
            self.ask([party])
        return self._found[party]

    def ask(self, parties: Iterable[str]) -> None:
        """Find out about all of these, many in one statement."""
        unknown = sorted({party for party in parties if party not in self._found})
        for n in range(0, len(unknown), _AT_ONCE):
            for members in each_shown_with(self._tx, unknown[n : n + _AT_ONCE]).values():
                self._found |= dict.fromkeys(members, members[0])


def customers(
    tx: Connection, parties: Iterable[str], of: Callable[[Connection, str], list[str]] = component
) -> list[list[str]]:
    """The customers to whom these parties belong, each as its parties, in the order in which he is met first."""
    found: list[list[str]] = []
    for party in parties:
        if not any(party in members for members in found):
            found.append(of(tx, party))
    return found


def known(tx: Connection, parties: Collection[str]) -> list[str]:
    """Those of these parties that the hub has met."""
    rows = tx.execute(
        "SELECT n.p::text FROM unnest(%s::uuid[]) AS n(p) WHERE EXISTS (SELECT FROM owners o WHERE o.party = n.p)",
        [sorted(set(parties))],
    ).fetchall()
    return [row[0] for row in rows]


def who(tx: Connection, keys: Keys, region: str, text: str) -> list[list[str]]:
    """The customers that `text` may mean: an id, an e-mail address, a phone, an account or an order number; all are
    tried, `kind:value` forces one. Empty where nobody is known."""
    text = undirected(text).strip()
    forced = _FORCED.fullmatch(text)
    if forced and (found := _of_kind(tx, keys, region, forced["kind"].lower(), forced["value"])):
        return customers(tx, found)
    parties: list[str] = []
    for kind in ("party", "email", "phone", "account", "order"):
        if kind == "phone" and not may_be_dialled(text) and _short(text, region):
            continue  # the digits of "Shop 24" are no telephone
        parties += _of_kind(tx, keys, region, kind, text)
    return customers(tx, parties)


def _short(text: str, region: str) -> bool:
    found = identified("phone", text, region)
    return found is not None and found.kind == "extension"


def _of_kind(tx: Connection, keys: Keys, region: str, kind: str, value: str) -> list[str]:
    if kind in ("party", "customer"):
        try:
            return known(tx, [str(UUID(value))])
        except ValueError:
            return []
    if kind == "order":
        return of_order(tx, value)
    identifier = identified(kind, value, region)
    return known(tx, [keys.party_id(identifier)]) if identifier else []


def identified(kind: str, value: str, region: str) -> Identifier | None:
    try:
        return normalise(kind, value, region)
    except NotAnIdentifier:
        return None


def identifier(tx: Connection, keys: Keys, region: str, text: str) -> Identifier | None:
    """The identifier that a person typed: kind:value, a party's id, an e-mail address, a phone; else an account."""
    text = undirected(text).strip()
    forced = _FORCED.fullmatch(text)
    if forced:
        return identified(forced["kind"].lower(), forced["value"], region)
    try:
        found = identifiers(tx, [str(UUID(text))])
        return Identifier(found[0]["kind"], found[0]["value"]) if found and found[0]["value"] else None
    except ValueError:
        pass
    kinds = ("email", "phone", "account") if may_be_dialled(text) else ("email", "account")
    tried = [one for kind in kinds if (one := identified(kind, text, region))]
    plain = [one for one in tried if one.kind in ("email", "phone")]
    if plain:
        return plain[0]
    return next((one for one in tried if known(tx, [keys.party_id(one)])), None)


def of_order(tx: Connection, number: str) -> list[str]:
    """The parties whose order this is."""
    rows = tx.execute(
        "SELECT DISTINCT w.party::text FROM orders o JOIN owners w ON w.stream = o.stream WHERE o.number = %s",
        [order_number(number)],
    ).fetchall()
    return [row[0] for row in rows]


# -- what is shown of a customer ---------------------------------------------------------------------------------------


def identifiers(tx: Connection, parties: Sequence[str]) -> list[dict[str, Any]]:
    rows = tx.execute(
        "SELECT o.kind, o.value, n.p::text FROM unnest(%s::uuid[]) AS n(p) CROSS JOIN LATERAL"
        " (SELECT kind, value FROM owners WHERE party = n.p ORDER BY value NULLS LAST LIMIT 1) o ORDER BY 1, 2, 3",
        [list(parties)],
    ).fetchall()
    return [{"kind": kind, "value": value, "party": party} for kind, value, party in rows]


_NAMES = """
WITH n AS (SELECT * FROM unnest(%s::int[], %s::uuid[]) AS n(customer, p))
SELECT customer, coalesce(
  (SELECT r.name FROM n JOIN parties r ON r.party = n.p WHERE n.customer = who.customer AND r.name IS NOT NULL
    ORDER BY r.facts -> 'name' ->> 0 DESC, r.stream LIMIT 1),
  (SELECT c.name FROM n CROSS JOIN LATERAL (SELECT v.names -> n.p::text ->> 2 AS name
    FROM owners o JOIN conversations v USING (stream)
    WHERE o.party = n.p AND o.stream LIKE 'conversation:%%' AND v.names ? n.p::text
    ORDER BY v.last DESC LIMIT 1) c WHERE n.customer = who.customer LIMIT 1),
  (SELECT caller_name FROM n JOIN calls c ON c.party = n.p WHERE n.customer = who.customer AND caller_name IS NOT NULL
    ORDER BY time DESC LIMIT 1),
  (SELECT r.company FROM n JOIN parties r ON r.party = n.p WHERE n.customer = who.customer AND r.company IS NOT NULL
    ORDER BY r.facts -> 'company' ->> 0 DESC, r.stream LIMIT 1))
FROM (SELECT DISTINCT customer FROM n) who
"""


def name(tx: Connection, parties: Sequence[str]) -> str | None:
    """How the customer is called: as described, else as he signs his mails, else as the telephone shows him, else as his
    company is."""
    return names(tx, [parties])[0]


def names(tx: Connection, people: Sequence[Sequence[str]]) -> list[str | None]:
    """The same of many customers, each as his parties, in one statement."""
    pairs = [(n, party) for n, parties in enumerate(people) for party in parties]
    found: dict[int, str | None] = dict(tx.execute(_NAMES, [[n for n, _ in pairs], [party for _, party in pairs]]).fetchall())
    return [found.get(n) for n in range(len(people))]


def facts(tx: Connection, parties: Sequence[str]) -> dict[str, Any]:
    """What else than his name was told of the customer, under the teller's words for it; where several tell it, the latest."""
    rows = tx.execute(
        "SELECT f.name, f.fact -> 2 FROM parties r JOIN unnest(%s::uuid[]) AS n(p) ON r.party = n.p"
        " CROSS JOIN LATERAL jsonb_each(r.facts) AS f(name, fact) WHERE r.forgotten IS NULL AND f.name <> 'name'"
        " ORDER BY f.fact ->> 0, f.fact ->> 1",
        [list(parties)],
    ).fetchall()
    return dict(rows)


def links(tx: Connection, parties: Sequence[str]) -> list[dict[str, Any]]:
    """Why these parties are one: what persons and machines said, and where they were seen together."""
    if len(parties) < 2:
        return []
    said = tx.execute(
        "SELECT l.item::text, l.a::text, l.b::text, l.evidence, l.by, l.time, l.verdict FROM links l"
        " JOIN unnest(%s::uuid[]) AS n(p) ON l.a = n.p ORDER BY l.time, l.item",
        [list(parties)],
    ).fetchall()
    seen = tx.execute(
        "SELECT s.a::text, s.b::text, min(s.stream) FROM unnest(%s::uuid[]) AS n(p) CROSS JOIN LATERAL ("
        " SELECT a, b, min(stream) AS stream FROM seen WHERE a = n.p GROUP BY 1, 2 UNION ALL"
        " SELECT a, b, stream FROM (SELECT a, b, first, min(stream) AS stream FROM beside WHERE a = n.p GROUP BY 1, 2, 3) t"
        f" WHERE {_SHARED.format('t.first')}) s WHERE s.a < s.b GROUP BY 1, 2 ORDER BY 1, 2",
        [list(parties)],
    ).fetchall()
    ours, judged = set(parties), {(row[1], row[2]) for row in said}
    shown = [
        {"id": id, "a": a, "b": b, "evidence": evidence, "by": by, "time": time}
        for id, a, b, evidence, by, time, verdict in said
        if verdict == "linked" and b in ours
    ]
    tied = [(a, b, stream) for a, b, stream in seen if b in ours and (a, b) not in judged]
    times = _first_times(tx, [stream for _, _, stream in tied])
    return shown + [
        {"id": link_stream(a, b).removeprefix("link:"), "a": a, "b": b, "evidence": f"seen together in {_told(stream)}",
         "by": None, "time": times.get(stream)} for a, b, stream in tied
    ]  # fmt: skip


def _told(stream: str) -> str:
    kind, _, id = stream.partition(":")
    return f"order {id}" if kind == "order" else {"person": "a description", "party": "the web"}.get(kind, f"a {kind}")


def _first_times(tx: Connection, streams: Sequence[str]) -> dict[str, Any]:
    if not streams:
        return {}
    rows = tx.execute(
        "SELECT n.s, least((SELECT min(time) FROM timeline WHERE stream = n.s), (SELECT time FROM calls WHERE stream = n.s))"
        " FROM unnest(%s::text[]) AS n(s)",
        [list(streams)],
    ).fetchall()
    return dict(rows)


def contacts(tx: Connection, parties: Sequence[str]) -> tuple[int, Any, Any]:
    """How many contacts (streams), the first and the last."""
    row = tx.execute(
        "SELECT count(DISTINCT stream), min(first), max(last) FROM ("
        " SELECT t.stream, min(t.time) AS first, max(t.time) AS last FROM timeline t JOIN unnest(%s::uuid[]) AS n(p)"
        "  ON t.party = n.p WHERE split_part(t.stream, ':', 1) IN ('conversation', 'contact', 'visit') GROUP BY 1"
        " UNION ALL SELECT c.stream, c.time, c.time FROM calls c JOIN unnest(%s::uuid[]) AS n(p) ON c.party = n.p"
        " UNION ALL SELECT c.stream, c.time, c.time FROM calls c JOIN unnest(%s::text[]) AS n(p)"
        "  ON c.others ? n.p AND c.others <> '[]') x",
        [list(parties)] * 3,
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
