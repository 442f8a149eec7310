"""The customers: their names, addresses and numbers, and the many ways in which they write a number down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from hub.demo import names

Party = dict[str, str]

PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
MOBILE_PREFIXES = ("912", "919", "935", "936", "901", "990")
MAIL_HOSTS = ("example.com", "example.org", "example.net")
# London and Washington numbers that the regulators keep free for films and examples.
FOREIGN_RANGES = (("+442079460", 3), ("+442079460", 3), ("+120255501", 2))
EVERYDAY = 168
"""How many customers have no story of their own; half of them write Persian."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as the shop could know him; the first of several addresses or numbers is the usual one.

    `formal` is how a polite letter addresses him. `abroad` customers order in euros.
    """

    key: str
    name: str
    latin: str
    language: str
    formal: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    account: str | None = None
    company: str | None = None
    city: str | None = None
    abroad: bool = False

    @property
    def parties(self) -> list[Party]:
        """All that identifies him, as a list of parties seen together."""
        found = [email(address) for address in self.emails[:1]] + [phone(number) for number in self.phones[:1]]
        return [*found, *([{"kind": "account", "value": self.account}] if self.account else [])]

    @property
    def greeted(self) -> str:
        """What a friend would call him: the given name."""
        return self.name.split()[0]


def email(address: str) -> Party:
    return {"kind": "email", "value": address}


def phone(number: str) -> Party:
    return {"kind": "phone", "value": number}


def spelled(number: str, rng: Random) -> str:
    """An E.164 number as its owner might write it: national, international, spaced, in Persian digits."""
    if not number.startswith("+98"):
        return rng.choice((number, _spaced(number)))
    national = f"0{number[3:]}"
    spaced = f"{national[:4]} {national[4:7]} {national[7:]}"
    return rng.choice(
        (
            national,
            spaced,
            number,
            f"+98 {spaced[1:]}",
            f"0098{number[3:]}",
            spaced.replace(" ", "-"),
            national.translate(PERSIAN_DIGITS),
            spaced.translate(PERSIAN_DIGITS),
        )
    )


def _spaced(number: str) -> str:
    """A London or Washington number in the groups of its country."""
    if number.startswith("+1"):
        return f"+1 {number[2:5]} {number[5:8]} {number[8:]}"
    return f"+44 20 {number[5:9]} {number[9:]}"


def everyday_people(rng: Random, how_many: int = EVERYDAY) -> list[Person]:
    """The customers without a story of their own; nobody shares anything with anybody."""
    taken = _Taken()
    persian = how_many // 2
    return [_persian(rng, taken, n) for n in range(persian)] + [
        _english(rng, taken, n) for n in range(how_many - persian)
    ]


class _Taken:
    """Names and numbers that are already somebody's."""

    def __init__(self) -> None:
        # The people of the stories are named in their files.
        self.names: set[str] = {
            "Sara Karimi", "Nasrin Kaviani", "Maryam Ahmadi", "Peyman Rostami", "Farhad Moradi", "Emma Clarke",
        }  # fmt: skip
        self.addresses: set[str] = set()
        self.numbers: set[str] = set()

    def name(self, draw: str) -> bool:
        """Whether it was still free; it is taken from now on."""
        if draw in self.names:
            return False
        self.names.add(draw)
        return True

    def address(self, rng: Random, latin: str) -> str:
        while (address := _address(rng, latin)) in self.addresses:
            continue
        self.addresses.add(address)
        return address

    def number(self, rng: Random, prefix: str, digits: int) -> str:
        while (number := f"{prefix}{rng.randrange(10**digits):0{digits}d}") in self.numbers:
            continue
        self.numbers.add(number)
        return number


def _persian(rng: Random, taken: _Taken, n: int) -> Person:
    woman = rng.random() < 0.5
    while True:
        given = rng.choice(names.PERSIAN_WOMEN if woman else names.PERSIAN_MEN)
        family = rng.choice(names.PERSIAN_FAMILIES)
        if taken.name(f"{given[1]} {family[1]}"):
            break
    latin = f"{given[1]} {family[1]}"
    return Person(
        key=f"fa-{n}",
        name=f"{given[0]} {family[0]}",
        latin=latin,
        language="fa",
        formal=f"{'خانم' if woman else 'آقای'} {family[0]}",
        emails=() if n % 13 == 0 else (taken.address(rng, latin),),
        phones=(taken.number(rng, f"+98{rng.choice(MOBILE_PREFIXES)}555", 4),),
        account=f"BH-{20000 + 7 * n}" if rng.random() < 0.75 else None,
        city=rng.choice(names.PERSIAN_CITIES),
    )


def _english(rng: Random, taken: _Taken, n: int) -> Person:
    while not taken.name(latin := f"{rng.choice(names.ENGLISH_GIVEN)} {rng.choice(names.ENGLISH_FAMILIES)}"):
        continue
    abroad = n % 5 != 0
    return Person(
        key=f"en-{n}",
        name=latin,
        latin=latin,
        language="en",
        formal=latin.split()[0],
        emails=(taken.address(rng, latin),),
        phones=(taken.number(rng, *(rng.choice(FOREIGN_RANGES) if abroad else ("+98912555", 4))),),
        account=f"BH-{40000 + 11 * n}",
        city=rng.choice(names.ENGLISH_CITIES),
        abroad=abroad,
    )


def _address(rng: Random, latin: str) -> str:
    given, family = re.sub(r"[^a-z ]", "", latin.lower()).split(" ", 1)
    user = rng.choice((f"{given}.{family}", f"{given}.{family}", f"{given[0]}.{family}", f"{given}{family}"))
    year = rng.choice(("", "", "", str(rng.randrange(60, 99))))
    return f"{user}{year}@{rng.choice(MAIL_HOSTS)}"
