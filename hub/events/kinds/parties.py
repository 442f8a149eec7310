"""Who parties are, and which of them are one person."""

from __future__ import annotations

from hub.events.catalogue import Kind, Origin, Party, SomeParties, Text
from hub.events.ids import link_stream


class PartyDescribed(Kind):
    """What is known of a party: name, language, company and whatever else; all but the language is personal."""

    type = "party.described"
    personal = frozenset({"name", "company"})

    party: SomeParties
    name: Text | None = None
    language: Text | None = None
    company: Text | None = None

    def stream(self, origin: Origin) -> str:
        return f"person:{origin.parties[0] if origin.parties else origin.event}"


class Pair(Kind):
    """`a` and `b` as a person or a machine sees them; `by` is the person, null where a machine found it."""

    personal = frozenset({"evidence"})
    parties = ("a", "b")

    a: Party
    b: Party
    evidence: Text | None = None
    by: Text | None = None

    def stream(self, origin: Origin) -> str:
        if len(set(origin.parties)) < 2:
            raise ValueError("a and b are two parties, not one")
        return link_stream(*origin.parties[:2])


class PartyLinked(Pair):
    """These two are one customer."""

    type = "party.linked"


class PartyCut(Pair):
    """These two are not one customer, whatever else says so."""

    type = "party.cut"


class PartyForgotten(Kind):
    """The person asked to be forgotten: the keys of this party are gone."""

    type = "party.forgotten"
    sender = "hub"
    parties = ()
    forgotten: str

    def stream(self, origin: Origin) -> str:
        return f"person:{self.forgotten}"


KINDS = (PartyDescribed, PartyLinked, PartyCut, PartyForgotten)
