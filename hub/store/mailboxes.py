"""Mailboxes: what customers write to, how far each was fetched, and what answers go out through.

Passwords lie in the table sealed with the key "mailboxes" of the key database. Those of HUB_IMAP_URLS have a row too,
which remembers how far they were fetched; all else about them, passwords too, is in the environment alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import orjson
from cryptography.exceptions import InvalidTag

from hub.events.ids import named
from hub.events.seal import shut, unshut
from hub.store.database import Connection, Database
from hub.store.keys import Keys
from hub.transport.servers import Server, server_of
from hub.transport.trouble import Trouble

KEY = "mailboxes"
_ENTERING = 7_201_544_014  # advisory lock


class NoSuchMailbox(Exception):
    """There is no mailbox of this id, or it is one of HUB_IMAP_URLS, which are changed there."""


class SameMailbox(Exception):
    """This folder of this server is fetched already, by another mailbox."""


class SameSender(SameMailbox):
    """Answers from this address go out by this server already, by another mailbox."""


class Moved(Exception):
    """Somebody else has fetched from this mailbox meanwhile, or it was deleted: nothing was written down twice."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`given`: by HUB_IMAP_URLS. `trouble`: what was wrong when it was last looked at (`checked`)."""

    id: str
    name: str
    address: str
    imap: Server | None
    smtp: Server | None
    active: bool
    given: bool
    checked: datetime | None
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person enters. A password None: the one that is saved, which goes to no other server or user."""

    name: str
    address: str
    imap: Server | None = None
    imap_password: str | None = field(default=None, repr=False)
    smtp: Server | None = None
    smtp_password: str | None = field(default=None, repr=False)
    active: bool = True


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mailbox that is to be fetched from. `source` is the ledger's."""

    id: str
    source: str
    server: Server
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a folder was fetched: its UIDVALIDITY, None before the first time, and the first UID that was not."""

    validity: int | None
    next: int


@dataclass(frozen=True, slots=True)
class Way:
    """What an answer goes out through. `tls` none, starttls or tls; `user` is empty where nobody signs in."""

    mailbox: str
    name: str
    address: str
    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)


_COLUMNS = "id::text, name, address, imap, smtp, active, given, checked, error"


def listed(database: Database, given: Sequence[str] = ()) -> list[Mailbox]:
    """All mailboxes, by name. `given`: HUB_IMAP_URLS; those that were taken out of it are not shown."""
    rows = database.rows(f"SELECT {_COLUMNS} FROM mailbox ORDER BY name, id")
    mine = {_given_id(url) for url in given}
    return [mailbox for mailbox in map(_mailbox, rows) if not mailbox.given or mailbox.id in mine]


def one(database: Database, id: str) -> Mailbox:
    rows = database.rows(f"SELECT {_COLUMNS} FROM mailbox WHERE id = %s", [id])
    if not rows:
        raise NoSuchMailbox(f"{NoSuchMailbox.__doc__} ({id})")
    return _mailbox(rows[0])


def _mailbox(row: Sequence[Any]) -> Mailbox:
    id, name, address, imap, smtp, active, given, checked, error = row
    return Mailbox(
        id, name, address, imap and server_of(imap)[0], smtp and server_of(smtp)[0], active, given, checked,
        Trouble.loaded(error) if error else None,
    )  # fmt: skip


# -- what a person changes ---------------------------------------------------------------------------------------------


def add(database: Database, keys: Keys, entered: Entered) -> str:
    """The id of the new mailbox. Raises SameMailbox."""
    id = str(uuid4())
    passwords = {"imap": entered.imap_password or "", "smtp": entered.smtp_password or ""}
    with database.transaction() as tx:
        _only(tx, id, entered)
        tx.execute(
            "INSERT INTO mailbox (id, name, address, imap, smtp, active, secret) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [id, *_said(entered), _sealed(keys, id, passwords)],
        )
    return id


def _only(tx: Connection, id: str, entered: Entered) -> None:
    """Nobody adds the same one at the same time; one that only sends is the same by its address. Raises SameMailbox."""
    tx.execute("SELECT pg_advisory_xact_lock(%s)", [_ENTERING])
    if entered.imap:
        found = tx.execute("SELECT id FROM mailbox WHERE imap = %s AND id <> %s", [entered.imap.url, id]).fetchone()
    else:
        found = tx.execute(
            "SELECT id FROM mailbox WHERE imap IS NULL AND smtp = %s AND lower(address) = lower(%s) AND id <> %s",
            [entered.smtp and entered.smtp.url, entered.address, id],
        ).fetchone()
    if found:
        same = SameMailbox if entered.imap else SameSender
        raise same(same.__doc__)


def change(database: Database, keys: Keys, id: str, entered: Entered) -> None:
    """Raises NoSuchMailbox and SameMailbox. Another server or folder is fetched from its beginning."""
    with _changing(database, id) as (tx, imap):
        _only(tx, id, entered)
        again = imap != (entered.imap and entered.imap.url)
        tx.execute(
            "UPDATE mailbox SET name = %s, address = %s, imap = %s, smtp = %s, active = %s, secret = %s, error = NULL,"
            " uid_validity = CASE WHEN %s THEN NULL ELSE uid_validity END,"
            " uid_next = CASE WHEN %s THEN NULL ELSE uid_next END WHERE id = %s",
            [*_said(entered), _sealed(keys, id, _kept(tx, keys, id, entered)), again, again, id],
        )


def activate(database: Database, id: str, active: bool) -> None:
    with _changing(database, id) as (tx, _):
        tx.execute("UPDATE mailbox SET active = %s, error = NULL WHERE id = %s", [active, id])


def delete(database: Database, id: str) -> None:
    """What came from it stays."""
    with _changing(database, id) as (tx, _):
        tx.execute("DELETE FROM mailbox WHERE id = %s", [id])


@contextmanager
def _changing(database: Database, id: str) -> Iterator[tuple[Connection, str | None]]:
    """A transaction in which nobody else changes it, and the URL that it was fetched from. Raises NoSuchMailbox."""
    with database.transaction() as tx:
        row = tx.execute("SELECT imap FROM mailbox WHERE id = %s AND NOT given FOR UPDATE", [id]).fetchone()
        if row is None:
            raise NoSuchMailbox(f"{NoSuchMailbox.__doc__} ({id})")
        yield tx, row[0]


def _said(entered: Entered) -> list[Any]:
    urls = (entered.imap and entered.imap.url, entered.smtp and entered.smtp.url)
    return [entered.name, entered.address, *urls, entered.active]


def passwords_for(database: Database, keys: Keys, id: str, entered: Entered) -> dict[str, str]:
    """What was entered, else what is saved for the same server and user; an empty one where there is none."""
    with database.transaction() as tx:
        return _kept(tx, keys, id, entered)


def passwords_of(database: Database, keys: Keys, id: str, given: Sequence[str] = ()) -> dict[str, str]:
    """Of a mailbox as it is saved, or as HUB_IMAP_URLS says. Raises Trouble where they cannot be opened."""
    for url in given:
        if _given_id(url) == id:
            return {"imap": server_of(url)[1], "smtp": ""}
    rows = database.rows("SELECT secret FROM mailbox WHERE id = %s", [id])
    saved = _unsealed(keys, id, bytes(rows[0][0])) if rows and rows[0][0] else {}
    return {"imap": "", "smtp": ""} | saved


def _kept(tx: Connection, keys: Keys, id: str, entered: Entered) -> dict[str, str]:
    row = tx.execute("SELECT imap, smtp, secret FROM mailbox WHERE id = %s AND NOT given", [id]).fetchone()
    saved: dict[str, str] = {}
    if row and row[2] and None in (entered.imap_password, entered.smtp_password):
        saved = _unsealed(keys, id, bytes(row[2]))
    before: dict[str, str | None] = {"imap": row[0], "smtp": row[1]} if row else {"imap": None, "smtp": None}
    wanted = {"imap": (entered.imap, entered.imap_password), "smtp": (entered.smtp, entered.smtp_password)}
    return {
        kind: password if password is not None else saved.get(kind, "") if _same(before[kind], server) else ""
        for kind, (server, password) in wanted.items()
    }


def _same(before: str | None, now: Server | None) -> bool:
    """A saved password is shown to no server, and sent over no less safe a wire, that it was not entered for."""
    if before is None or now is None:
        return False
    old = server_of(before)[0]
    return (old.host, old.port, old.user, old.tls) == (now.host, now.port, now.user, now.tls)


def _sealed(keys: Keys, id: str, passwords: dict[str, str]) -> bytes:
    return shut(keys.ensure([KEY])[KEY], orjson.dumps(passwords), f"mailbox/{id}")


def _unsealed(keys: Keys, id: str, secret: bytes) -> dict[str, str]:
    """Raises Trouble where the key database is another one than the mailbox was entered with."""
    try:
        passwords: dict[str, str] = orjson.loads(unshut(keys.ensure([KEY])[KEY], secret, f"mailbox/{id}"))
    except InvalidTag as error:
        raise Trouble("unopened") from error
    return passwords


# -- fetching ----------------------------------------------------------------------------------------------------------


def _given_id(url: str) -> str:
    return named("mailbox", server_of(url)[0].url)


def _source(server: Server) -> str:
    user = server.user if "@" in server.user else f"{server.user}@{server.host}"
    return f"imap:{user}/{server.folder}"


def give(database: Database, urls: Sequence[str]) -> None:
    """Make sure that each mailbox of HUB_IMAP_URLS has a row that remembers how far it was fetched."""
    with database.transaction() as tx:
        for url in sorted(urls):
            server, _ = server_of(url)
            address = server.user if "@" in server.user else f"{server.user}@{server.host}"
            tx.execute(
                "INSERT INTO mailbox (id, name, address, imap, given) VALUES (%s, %s, %s, %s, true)"
                " ON CONFLICT (id) DO NOTHING",
                [_given_id(url), address, address, server.url],
            )


def incoming(database: Database, keys: Keys, given: Sequence[str] = ()) -> list[Incoming]:
    """The mailboxes that are to be fetched from now. One whose password cannot be opened says so in the table."""
    passwords = {_given_id(url): server_of(url)[1] for url in given}
    found = []
    rows = database.rows(
        "SELECT id::text, imap, secret, given, error FROM mailbox WHERE active AND imap IS NOT NULL ORDER BY id"
    )
    for id, imap, secret, is_given, error in rows:
        if is_given and id not in passwords:
            continue
        server = server_of(imap)[0]
        try:
            password = passwords[id] if is_given else _unsealed(keys, id, bytes(secret)).get("imap", "")
        except Trouble as trouble:
            if error != trouble.stored:
                checked(database, id, trouble)
            continue
        found.append(Incoming(id, _source(server), server, password))
    return found


def troubled(tx: Connection) -> list[tuple[str, Trouble]]:
    """The addresses of those that are fetched with something wrong, and what. (What HUB_IMAP_URLS names no more is not.)"""
    rows = tx.execute(
        "SELECT address, error FROM mailbox WHERE active AND error IS NOT NULL AND checked > now() - interval '1 day' ORDER BY 1"
    ).fetchall()
    return [(address, Trouble.loaded(error)) for address, error in rows]


def place(database: Database, id: str) -> Place:
    """How far it was fetched. Raises Moved where the mailbox is no more."""
    rows = database.rows("SELECT uid_validity, uid_next FROM mailbox WHERE id = %s", [id])
    if not rows:
        raise Moved(Moved.__doc__)
    validity, following = rows[0]
    return Place(validity, following or 1)


def move(tx: Connection, id: str, before: Place, after: Place) -> None:
    """Move on, in the transaction that writes down what was fetched. Raises Moved unless it is still at `before`."""
    done = tx.execute(
        "UPDATE mailbox SET uid_validity = %s, uid_next = %s"
        " WHERE id = %s AND uid_validity IS NOT DISTINCT FROM %s AND coalesce(uid_next, 1) = %s",
        [after.validity, after.next, id, before.validity, before.next],
    )
    if not done.rowcount:
        raise Moved(Moved.__doc__)


def checked(database: Database, id: str, trouble: Trouble | None) -> None:
    """It was looked at just now, and this was wrong, if anything was."""
    with database.transaction() as tx:
        tx.execute(
            "UPDATE mailbox SET checked = now(), error = %s WHERE id = %s", [trouble.stored if trouble else None, id]
        )


# -- sending -----------------------------------------------------------------------------------------------------------


def outgoing(database: Database, keys: Keys, address: str | None = None, url: str | None = None) -> Way | None:
    """The way out from this address; else from the oldest mailbox that has one; else HUB_SMTP_URL (`url`); else None.

    Raises Trouble where its password cannot be opened.
    """
    rows = database.rows(
        "SELECT id::text, name, address, smtp, secret FROM mailbox WHERE active AND NOT given AND smtp IS NOT NULL"
        " ORDER BY lower(address) = lower(%s) DESC, created, id LIMIT 1",
        [address or ""],
    )
    if not rows:
        return _way_of(url) if url else None
    id, name, own, smtp, secret = rows[0]
    server = server_of(smtp)[0]
    password = _unsealed(keys, id, bytes(secret)).get("smtp", "") if server.user else ""
    return Way(id, name, own, server.host, server.port, server.tls, server.user, password)


def _way_of(url: str) -> Way:
    server, password = server_of(url)
    address = dict(parse_qsl(urlsplit(url).query)).get("from") or server.user
    return Way(_given_id(url), address, address, server.host, server.port, server.tls, server.user, password)


def address_of(url: str) -> str:
    """The address that HUB_SMTP_URL sends from."""
    return _way_of(url).address
