"""`hub users`: the people who work here, for whoever has the machine but no account, or nobody who could let him in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.store.accounts import Account

_WRONG = {
    "login": "A login is letters, digits and . _ - @ +, 64 at most.", "taken": "Somebody has this login already.",
    "name": "A name has 1 to 100 letters.", "role": "There is no such role for people.",
    "last": "Nobody would be left to administer the hub.",
}  # fmt: skip


@click.group()
def users() -> None:
    """The people who work here: list them, add one, let one in again, shut one out."""


@users.command("list")
@click.option("--json", "json_", is_flag=True, help="Print JSON instead of a page for people.")
def users_list(json_: bool) -> None:
    """All accounts, the active ones first."""
    from hub.cli import opened, show
    from hub.printing import table
    from hub.store import accounts

    with opened() as hub:
        items = [_shown(one) for one in accounts.everybody(hub.database)]
    show({"items": items, "next": None}, json_, lambda d: table([tuple(item.values()) for item in d["items"]]))


@users.command("add")
@click.argument("login")
@click.option(
    "--role", type=click.Choice(["admin", "supervisor", "agent", "analyst"]), required=True,
    help="What he may do; the roles are those of `hub keys create --help`.",
)  # fmt: skip
@click.option("--name", help="As colleagues call him; the login where it is not said.")
def users_add(login: str, role: str, name: str | None) -> None:
    """Add somebody. The last line is a link, good for 7 days, by which he chooses a password.

    Where `hub up` does not run on this home it is the link's path: put the address of the pages before it.
    """
    from hub.cli import now, opened
    from hub.store import accounts, sign_in_links

    with opened() as hub, _in_words():
        account = accounts.add(hub.database, login, name or login, role)
        _say(hub, sign_in_links.make(hub.database, account.id, "invite", now()))


@users.command("reset")
@click.argument("login")
def users_reset(login: str) -> None:
    """Take somebody's password away and sign him out everywhere. The last line is a link, good for a day, for a new one.

    Where `hub up` does not run on this home it is the link's path: put the address of the pages before it.
    """
    from hub.cli import now, opened
    from hub.store import accounts, sign_in_links

    with opened() as hub:
        account = _found(hub, login)
        accounts.reset(hub.database, account.id)
        accounts.activate(hub.database, account.id)
        _say(hub, sign_in_links.make(hub.database, account.id, "reset", now()))


@users.command("deactivate")
@click.argument("login")
def users_deactivate(login: str) -> None:
    """Shut somebody out at once; what he did stays, and `hub users reset` lets him in again."""
    from hub.cli import opened
    from hub.store import accounts

    with opened() as hub, _in_words():
        account = _found(hub, login)
        accounts.deactivate(hub.database, account.id)
    click.echo(f"{account.login} is signed out and cannot sign in any more.")


def _found(hub: Any, login: str) -> Account:
    from hub.cli import No
    from hub.store import accounts

    account = accounts.find(hub.database, login)
    if account is None:
        raise No(f"Nobody has the login {login!r}; see `hub users list`.")
    return account


@contextmanager
def _in_words() -> Iterator[None]:
    """What the store refuses becomes exit code 1 with a sentence."""
    from hub.cli import No
    from hub.store.accounts import NotPossible

    try:
        yield
    except NotPossible as error:
        raise No(_WRONG[error.why]) from None


def _say(hub: Any, path: str) -> None:
    """The whole address where the hub is up, else its path."""
    from hub.home import read_run

    run = read_run(hub.settings.home)
    click.echo((run["url"] if run else "") + path)


def _shown(account: Account) -> dict[str, Any]:
    state = "active" if account.active else "deactivated"
    return {
        "login": account.login, "name": account.name, "role": account.role,
        "state": state if account.has_password or not account.active else "no password yet",
    }  # fmt: skip
