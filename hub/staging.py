"""What a demo needs of the hub before it is played: an empty house or its own history in it, its people, their keys.

The demo itself comes in by the front door only; whoever starts it opens that door.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from hub.demo.shop import COLLEAGUES, FULL_NAME, MAIL, REZA
from hub.settings import Settings
from hub.store import access, accounts, options, today
from hub.store.accounts import Account
from hub.store.database import Database

MARK = "demo"
MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Staged:
    """The history that this hub holds, or gets (`loaded` False): up to when it tells, of how many people."""

    since: datetime
    people: int
    loaded: bool


def staged(database: Database, people: int, now: datetime) -> Staged | None:
    """What is played here; None where the hub holds something that is not the demo's: nothing may be mixed into that."""
    kept = options.read(database, MARK, None)
    if kept:
        return Staged(datetime.fromisoformat(kept["since"]), kept["people"], kept["loaded"])
    with database.transaction() as tx:
        empty = today.nothing_yet(tx)
    if not empty:
        return None
    new = Staged(now, people, loaded=False)
    mark(database, new)
    return new


def mark(database: Database, new: Staged) -> None:
    """A load that was interrupted is found again, and goes on with the same history."""
    value = {"since": new.since.isoformat(), "people": new.people, "loaded": new.loaded}
    with database.transaction() as tx:
        options.write(tx, MARK, value, "demo")


def colleagues(database: Database) -> Account:
    """Everybody who works in the shop; answers whoever watches, who may do everything so that everything can be tried."""
    for one in COLLEAGUES:
        if one is not REZA:
            accounts.ensure(database, one.login, one.name, "agent", [one.extension])
    return accounts.ensure(database, REZA.login, FULL_NAME, "admin", [REZA.extension])


def keys(database: Database) -> Mapping[str, str]:
    """New API keys: for the shop's systems, and for each colleague in his name. Those of the last time work no more."""
    roles = {MACHINE: "machine"} | {one.login: "agent" for one in COLLEAGUES if one is not REZA}
    made = {}
    for name, role in roles.items():
        access.delete(database, name)
        made[name] = access.create(database, name, role)
    return made


def environ(settings: Settings, mail: str, imap: str) -> dict[str, str]:
    """What the hub's processes are told besides: answers go to the customers of the demo and nowhere else (`mail` is
    their server, host:port), no mailbox is fetched but that of the shop (at `imap`), and webhooks are signed."""
    return {
        "HUB_HOME": str(settings.home),
        "HUB_SMTP_URL": f"smtp://{mail}?from={MAIL}",
        "HUB_IMAP_URLS": f"imap://{quote(MAIL, safe='')}:{secrets.token_urlsafe(24)}@{imap}/INBOX",
        "HUB_SHOPIFY_SECRET": settings.shopify_secret or secrets.token_urlsafe(24),
    }
