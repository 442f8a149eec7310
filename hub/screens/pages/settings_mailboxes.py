"""Settings: the mailboxes that mail is fetched from and answers go out through, and what is wrong with each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from hub.screens.asked import Hub, TheHub
from hub.screens.forms import Form, Sent
from hub.screens.problems import Problem
from hub.screens.render import page
from hub.screens.session import Viewer, viewing
from hub.screens.words import say
from hub.store import mailboxes
from hub.store.mailboxes import Entered, Mailbox, NoSuchMailbox
from hub.transport.servers import INBOX, PORTS, TLS, Server, server_of
from hub.transport.trouble import Trouble
from hub.transport.try_out import try_imap, try_smtp

_SAME = {
    mailboxes.SameMailbox: {"imap_host": "wrong.mail.same"},
    mailboxes.SameSender: {"smtp_host": "wrong.mail.same_sender"},
}
router = APIRouter(include_in_schema=False)
Manager = Annotated[Viewer, viewing("manage")]
_NAME = 100
_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,128}@[^@\s<>,;\"]{1,190}")
_HOST = re.compile(r"[^\s/@?#\[\]]{1,253}")


@router.get("/settings/mailboxes")
def listed(request: Request, hub: TheHub, viewer: Manager) -> Response:
    found = mailboxes.listed(hub.database, hub.settings.imap_urls)
    way = hub.settings.smtp_url
    return page(
        request, viewer, "settings/mailboxes.html", mailboxes=found, done="done" in request.query_params,
        way=server_of(way)[0].host if way else None,
    )  # fmt: skip


@router.get("/settings/mailboxes/new")
def new(request: Request, viewer: Manager) -> Response:
    return _form(request, viewer, None, _typed(None))


@router.get("/settings/mailboxes/{id}")
def one(request: Request, hub: TheHub, viewer: Manager, id: UUID) -> Response:
    mailbox = _found(hub, id)
    return _form(request, viewer, mailbox, _typed(mailbox), done="done" in request.query_params)


@router.post("/settings/mailboxes/new")
def add(request: Request, hub: TheHub, viewer: Manager, form: Form) -> Response:
    """`do`: save or test what was typed."""
    read = _read(form)
    if read.errors:
        return _form(request, viewer, None, read.typed, read.errors)
    if form["do"] == "test":
        passwords = {"imap": read.entered.imap_password or "", "smtp": read.entered.smtp_password or ""}
        return _form(request, viewer, None, read.typed, tried=_tried(read.entered, passwords))
    try:
        id = mailboxes.add(hub.database, hub.keys, read.entered)
    except mailboxes.SameMailbox as error:
        return _form(request, viewer, None, read.typed, _SAME[type(error)])
    return RedirectResponse(f"/settings/mailboxes/{id}?done=1", 303)


@router.post("/settings/mailboxes/{id}")
def change(request: Request, hub: TheHub, viewer: Manager, form: Form, id: UUID) -> Response:
    """`do`: save or test what was typed, delete, activate, deactivate."""
    mailbox = _found(hub, id)
    if mailbox.given:
        return _given(request, hub, viewer, mailbox, form["do"])
    match form["do"]:
        case "delete":
            mailboxes.delete(hub.database, mailbox.id)
        case "activate" | "deactivate":
            mailboxes.activate(hub.database, mailbox.id, form["do"] == "activate")
        case "save" | "test":
            return _kept(request, hub, viewer, mailbox, form)
        case _:
            raise Problem(422, "This cannot be done to a mailbox.")
    return RedirectResponse("/settings/mailboxes?done=1", 303)


def _given(request: Request, hub: Hub, viewer: Viewer, mailbox: Mailbox, do: str) -> Response:
    """One of the environment can be tried out and nothing else."""
    if do != "test":
        raise Problem(422, "This mailbox is one of HUB_IMAP_URLS and is changed there.")
    assert mailbox.imap
    password = mailboxes.passwords_of(hub.database, hub.keys, mailbox.id, hub.settings.imap_urls)["imap"]
    tried = {"imap": try_imap(mailbox.imap, password)}
    return _form(request, viewer, mailbox, _typed(mailbox), tried=tried)


def _kept(request: Request, hub: Hub, viewer: Viewer, mailbox: Mailbox, form: Sent) -> Response:
    read = _read(form)
    if read.errors:
        return _form(request, viewer, mailbox, read.typed, read.errors)
    try:
        if form["do"] == "test":
            passwords = mailboxes.passwords_for(hub.database, hub.keys, mailbox.id, read.entered)
            return _form(request, viewer, mailbox, read.typed, tried=_tried(read.entered, passwords))
        mailboxes.change(hub.database, hub.keys, mailbox.id, read.entered)
    except mailboxes.SameMailbox as error:
        return _form(request, viewer, mailbox, read.typed, _SAME[type(error)])
    except Trouble as trouble:  # the saved password cannot be opened
        return _form(request, viewer, mailbox, read.typed, tried={"imap": trouble})
    return RedirectResponse(f"/settings/mailboxes/{mailbox.id}?done=1", 303)


def _found(hub: Hub, id: UUID) -> Mailbox:
    try:
        mailbox = mailboxes.one(hub.database, str(id))
    except NoSuchMailbox:
        raise Problem(404, "No mailbox has this id.") from None
    known = {one.id for one in mailboxes.listed(hub.database, hub.settings.imap_urls)} if mailbox.given else {mailbox.id}
    if mailbox.id not in known:
        raise Problem(404, "No mailbox has this id.")
    return mailbox


def _tried(entered: Entered, passwords: dict[str, str]) -> dict[str, Trouble | None]:
    """What is wrong with each server that was entered; null: nothing."""
    tried: dict[str, Trouble | None] = {}
    if entered.imap:
        tried["imap"] = try_imap(entered.imap, passwords["imap"])
    if entered.smtp:
        tried["smtp"] = try_smtp(entered.smtp, passwords["smtp"], entered.address)
    return tried


# -- the form ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Read:
    """What a form says; `errors`: words by field."""

    entered: Entered
    typed: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)


def _read(form: Sent) -> _Read:
    typed = {name: form[name].strip() for name in _typed(None)} | {"active": form["active"]}
    errors: dict[str, str] = {}
    if not 0 < len(typed["name"]) <= _NAME:
        errors["name"] = "wrong.mail.name"
    if not _ADDRESS.fullmatch(typed["address"]):
        errors["address"] = "wrong.mail.address"
    imap, smtp = _server("imap", typed, errors), _server("smtp", typed, errors)
    if imap is None and smtp is None and not errors:
        errors["imap_host"] = "wrong.mail.nothing"
    if imap and not imap.user:
        errors["imap_user"] = "wrong.mail.user"
    entered = Entered(
        typed["name"], typed["address"], imap, form["imap_password"] or None, smtp, form["smtp_password"] or None,
        bool(form["active"]),
    )  # fmt: skip
    return _Read(entered, typed, errors)


def _server(kind: str, typed: dict[str, str], errors: dict[str, str]) -> Server | None:
    """What was typed about one of the two; null where no host was."""
    host, port, tls = (typed[f"{kind}_{name}"] for name in ("host", "port", "tls"))
    if not host:
        return None
    if not _HOST.fullmatch(host):
        errors[f"{kind}_host"] = "wrong.mail.host"
    if tls not in TLS:
        errors[f"{kind}_tls"] = "wrong.mail.tls"
        tls = "tls"
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else PORTS[kind][tls] if not port else 0
    if not 0 < number < 65_536:
        errors[f"{kind}_port"] = "wrong.mail.port"
    folder = typed["imap_folder"] or INBOX
    return Server(kind, host.lower(), number, tls, typed[f"{kind}_user"], folder if kind == "imap" else INBOX)


def _typed(mailbox: Mailbox | None) -> dict[str, str]:
    """The form's fields as they stand before anybody types; never a password."""
    found = {"name": mailbox.name if mailbox else "", "address": mailbox.address if mailbox else ""}
    for kind, tls in (("imap", "tls"), ("smtp", "starttls")):
        server: Server | None = getattr(mailbox, kind, None)
        found |= {
            f"{kind}_host": server.host if server else "", f"{kind}_port": str(server.port) if server else "",
            f"{kind}_tls": server.tls if server else tls, f"{kind}_user": server.user if server else "",
        }  # fmt: skip
    found["imap_folder"] = mailbox.imap.folder if mailbox and mailbox.imap else INBOX
    return found | {"active": "yes" if mailbox is None or mailbox.active else ""}


def _form(
    request: Request, viewer: Viewer, mailbox: Mailbox | None, typed: dict[str, str],
    errors: dict[str, str] | None = None, *, tried: dict[str, Trouble | None] | None = None, done: bool = False,
) -> Response:  # fmt: skip
    told: dict[str, Any] = {name: say(viewer.language, why) for name, why in (errors or {}).items()}
    return page(
        request, viewer, "settings/mailbox.html", status=422 if errors else 200, mailbox=mailbox, typed=typed,
        errors=told, tried=tried or {}, done=done,
    )  # fmt: skip
