"""`hub mailboxes`: what mail is fetched from and answers go out through, for whoever has no page at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.store.mailboxes import Mailbox


@click.group()
def mailboxes() -> None:
    """Mailboxes that mail is fetched from and answers go out by: list them, add one, try one out, delete one."""


@mailboxes.command("list")
@click.option("--json", "json_", is_flag=True, help="Print JSON instead of a page for people.")
def mailboxes_list(json_: bool) -> None:
    """All mailboxes, those of HUB_IMAP_URLS too, and what is wrong with each."""
    from hub.cli import opened, show
    from hub.printing import table
    from hub.store import mailboxes as boxes

    with opened() as hub:
        items = [_shown(one) for one in boxes.listed(hub.database, hub.settings.imap_urls)]
    show({"items": items, "next": None}, json_, lambda d: table([_row(item) for item in d["items"]]))


@mailboxes.command("add")
@click.argument("address")
@click.option("--name", help="As customers see it; the address where it is not said.")
@click.option("--imap", help="imaps://user@host:port/folder to fetch from (or imap+starttls://, imap://).")
@click.option("--smtp", help="smtps://user@host:port to send by (or smtp+starttls://, smtp://).")
def mailboxes_add(address: str, name: str | None, imap: str | None, smtp: str | None) -> None:
    """Add a mailbox and print its id. Passwords that the URLs do not bring are asked for."""
    from hub.cli import No, opened
    from hub.store import mailboxes as boxes
    from hub.store.mailboxes import Entered

    if not imap and not smtp:
        raise click.UsageError("Say --imap, --smtp or both.")
    fetched, fetched_password = _server("imap", imap)
    sent, sent_password = _server("smtp", smtp)
    entered = Entered(name or address, address, fetched, fetched_password, sent, sent_password)
    with opened() as hub:
        try:
            click.echo(boxes.add(hub.database, hub.keys, entered))
        except boxes.SameMailbox as error:
            raise No(str(error)) from None


@mailboxes.command("test")
@click.argument("id")
def mailboxes_test(id: str) -> None:
    """Sign in at a mailbox's servers, by its id or address, and say what is wrong. Exit 1 if anything is."""
    from hub.cli import No, opened
    from hub.store import mailboxes as boxes
    from hub.transport.trouble import Trouble
    from hub.transport.try_out import try_imap, try_smtp

    with opened() as hub:
        mailbox = _found(hub, id)
        try:
            passwords = boxes.passwords_of(hub.database, hub.keys, mailbox.id, hub.settings.imap_urls)
        except Trouble as error:
            raise No(str(error)) from None
    tried = {"imap": try_imap(mailbox.imap, passwords["imap"])} if mailbox.imap else {}
    tried |= {"smtp": try_smtp(mailbox.smtp, passwords["smtp"], mailbox.address)} if mailbox.smtp else {}
    for kind, trouble in tried.items():
        click.echo(f"{kind}: {trouble or 'it works'}")
    if any(tried.values()):
        raise click.exceptions.Exit(1)


@mailboxes.command("delete")
@click.argument("id")
def mailboxes_delete(id: str) -> None:
    """Delete a mailbox, by its id or address. What came from it stays."""
    from hub.cli import No, opened
    from hub.store import mailboxes as boxes

    with opened() as hub:
        mailbox = _found(hub, id)
        try:
            boxes.delete(hub.database, mailbox.id)
        except boxes.NoSuchMailbox as error:
            raise No(str(error)) from None
    click.echo(f"{mailbox.address} is deleted.")


def _server(kind: str, url: str | None) -> tuple[Any, str | None]:
    from hub.transport.servers import TLS, server_of

    if url is None:
        return None, None
    try:
        server, password = server_of(url)
    except (ValueError, KeyError):
        raise click.UsageError(f"--{kind}: {kind}s://user@host:port is meant") from None
    if server.kind != kind or server.tls not in TLS or not server.host:
        raise click.UsageError(f"--{kind}: {kind}s://user@host:port is meant")
    if server.user and not password:
        password = click.prompt(f"Password of {server.user} at {server.host}", hide_input=True, err=True)
    return server, password


def _found(hub: Any, text: str) -> Mailbox:
    from hub.cli import No
    from hub.store import mailboxes as boxes

    known = boxes.listed(hub.database, hub.settings.imap_urls)
    found = [one for one in known if text.lower() in (one.id, one.address.lower())]
    if len(found) != 1:
        raise No(f"{len(found) or 'No'} mailboxes are meant by {text!r}; see `hub mailboxes list`.")
    return found[0]


def _shown(one: Mailbox) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "address": one.address, "imap": one.imap.url if one.imap else None,
        "smtp": one.smtp.url if one.smtp else None, "active": one.active, "given": one.given,
        "checked": one.checked.isoformat() if one.checked else None, "error": str(one.trouble) if one.trouble else None,
    }  # fmt: skip


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    state = "off" if not item["active"] else item["error"] or (item["checked"] and "works") or "not looked at yet"
    return item["id"], item["address"], item["imap"] or "-", item["smtp"] or "-", state
