"""The command `hub`. Every command finds the running hub by HUB_HOME; without one it starts the database, runs, stops."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hub import printing
from hub.cli_backup import backup, restore
from hub.cli_export import export, sql
from hub.cli_help import Commands
from hub.cli_log import log
from hub.cli_mailboxes import mailboxes
from hub.cli_run import mail, serve, worker
from hub.cli_topics import topics
from hub.cli_users import users
from hub.printing import as_json

NO, UNREACHABLE = 1, 3  # and 2 for a wrong use, as Click has it
JSON = click.option("--json", "json_", is_flag=True, help="Print JSON instead of a page for people.")


class No(click.ClickException):
    """The answer is no: not found, not clean, several."""

    exit_code = NO


class Unreachable(click.ClickException):
    """The hub or its database cannot be reached."""

    exit_code = UNREACHABLE


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="hub")
@click.option("--verbose", is_flag=True, help="Log what happens, on stderr.")
def main(verbose: bool) -> None:
    """The customer interaction hub: every contact and every step of an order, in one timeline per customer.

    Begin with `hub up`, or with `hub up --demo` to see a shop at work. The other commands find that hub by HUB_HOME;
    where none is up they start its database, do their work and stop it again.

    WHO is a customer or party id, an e-mail address, a phone in any spelling, an account or an order number; all are
    tried, kind:value forces one (phone:0912...). Times are shown in this machine's time zone. The settings are
    environment variables: see the README.

    Exit codes: 0 good, 1 the answer is no (not found, not clean, several), 2 wrong use or a wrong setting, 3 the hub,
    its database or its log cannot be reached, or another or a newer hub has them.
    """
    from hub.logs import configure
    from hub.memory import settle

    configure(sys.stderr if verbose else None)
    settle()


def settings(home: Path | None = None, port: int | None = None) -> Any:
    from hub.settings import Settings, WrongSetting, strange

    for name, meant in strange(os.environ).items():
        click.echo(f"{name} is no setting and changes nothing{f': is {meant} meant?' if meant else '.'}", err=True)
    try:
        return Settings.read(os.environ, home=home, port=port)
    except WrongSetting as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def opened(chosen: Any = None) -> Iterator[Any]:
    """The hub (of these settings)."""
    from hub.reach import reach

    with in_words(), reach(chosen or settings(), Progress("events")) as hub:
        yield hub


@contextmanager
def in_words() -> Iterator[None]:
    """What keeps a command from its work becomes an exit code and a sentence: 3 where the hub cannot be reached."""
    from hub.consumers.project import LaneStopped
    from hub.events.catalogue import NewerVersion
    from hub.home import HomeTaken
    from hub.log._protocol import LogAway, LogLost, LogRefused
    from hub.store.blobs import Away
    from hub.store.customers import TooLarge
    from hub.store.database import TakenOver, Unavailable, Unfit
    from hub.store.embedded import PostgresFailed
    from hub.store.which_log import WrongLog

    try:
        yield
    except BrokenPipeError:
        raise
    except UnicodeEncodeError:
        if any(not _readable(word) for word in sys.argv):
            raise click.UsageError("An argument is no text in UTF-8.") from None
        raise
    except TooLarge as error:
        raise No(str(error)) from None
    except WrongLog as error:
        raise click.UsageError(str(error)) from None
    except (HomeTaken, PostgresFailed, Unfit, TakenOver, Away, LogAway, LogLost, LogRefused) as error:
        raise Unreachable(str(error)) from error
    except (LaneStopped, NewerVersion) as error:
        raise No(f"What came in is kept, and not shown yet: {error}") from None
    except (Unavailable, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise Unreachable(f"{error.filename}: {error.strerror}") from error
        raise Unreachable(f"The hub or its database cannot be reached: {str(error).strip()}") from error


def _readable(word: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in word)


def show(document: Any, json_: bool, lines: Callable[[Any], Iterable[str]]) -> None:
    if json_:
        click.echo(as_json(document))
    else:
        for line in lines(document):
            click.echo(printing.plain(line))


def tell_of_more(page: Any, json_: bool) -> None:
    """Beside the rows, on stderr; in JSON `next` says it."""
    if page["next"] and not json_:
        click.echo(f"There is more: --before {page['next']}", err=True)


def now() -> datetime:
    return datetime.now(UTC)


class ChannelName(click.ParamType):
    """A channel that reads files. The channels are found when one is asked for, so that other commands start quickly."""

    name = "channel"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from hub.consumers.understand import channels

        names = sorted(name for name, channel in channels().items() if channel.split)
        return value if value in names else self.fail(f"{value!r} is none of {', '.join(names)}", param, ctx)


class Progress:
    """A count on stderr, once a second; silent where everything is quick."""

    def __init__(self, what: str) -> None:
        self.what, self._next = what, time.monotonic() + 1.0

    def __call__(self, done: int, of: int | None = None) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 1.0
            click.echo(f"{self.what}: {done:,}" + (f" of {of:,}" if of else ""), err=True)


def run_steps(hub: Any) -> None:
    from hub.consumers.runner import until_quiet

    until_quiet(hub.recorder, hub.lane, Progress("events"))


def one_customer(hub: Any, tx: Any, text: str, json_: bool = False) -> list[str]:
    """The parties of the one customer that WHO means; else exit 1 with the candidates."""
    from hub.store import customers, reads

    found = customers.who(tx, hub.keys, hub.settings.region, text)
    if not found:
        raise No(f"Nobody is known as {text!r}. Try another spelling, or kind:value.")
    if len(found) > 1:
        people = [reads.customer(tx, parties) for parties in found]
        if json_:
            click.echo(as_json({"candidates": people}))
        else:
            for person in people:
                line = f"{person['id']}  {person['name'] or '-'}  {person['contacts']} contacts"
                click.echo(printing.plain(line))
        raise No(f"{len(found)} customers may be meant by {text!r}; ask again with one of these ids.")
    return found[0]


# -- running -----------------------------------------------------------------------------------------------------------


@main.command()
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="The folder of this installation (HUB_HOME)."
)
@click.option("--port", type=int, help="HTTP port on loopback (HUB_PORT); 0 picks a free one.")
@click.option("--demo", is_flag=True, help="Load a shop's last 30 days, if the hub is empty, and play its day.")
def up(home: Path | None, port: int | None, demo: bool) -> None:
    """Start the hub: its database, web pages, a worker, mail; whatever dies is started again. Ctrl-C stops it.

    Prints one line of JSON when it is ready: `url` is where the pages and the API are, `sign_in` a link that lets you in
    once, within 15 minutes, as the administrator. `hub users` makes other links.
    """
    from hub.supervisor import PortTaken, supervise

    with in_words():
        try:
            supervise(settings(home, port), demo=demo, verbose=click.get_current_context().find_root().params["verbose"])
        except PortTaken as error:
            raise Unreachable(str(error)) from error


@main.command()
@JSON
def status(json_: bool) -> None:
    """How far behind each step is, in events and seconds; all 0: all that came is shown."""
    from hub.consumers import health
    from hub.home import read_run

    with opened() as hub:
        run = read_run(hub.settings.home)
        document = {
            "ready": not health.not_ready(hub.recorder), "lanes": health.lanes(hub.recorder),
            "processes": (run or {}).get("processes", []),
            "database": "external" if hub.settings.database_url else "embedded",
            "log": "kafka" if hub.settings.kafka else "embedded",
        }  # fmt: skip
    show(
        document,
        json_,
        lambda d: printing.table(
            [(x["name"], f"{x['events']} events", f"{x['seconds']} s behind") for x in d["lanes"]]
        ),
    )


@main.command()
def doctor() -> None:
    """Say in words what is wrong, and what to do about it. Exit 1 if anything is."""
    from hub.consumers import health
    from hub.store import ledger

    with opened() as hub, hub.database.transaction() as tx:
        balanced = ledger.balance(tx)["balanced"]
        found, rest = health.wrong(hub.recorder), health.worth_a_look(tx)
    if not balanced:
        found.insert(0, "the ledger is not balanced: something that was received has no outcome; see `hub ledger`")
    for line in [*(found or ["All is well."]), *rest]:
        click.echo(line)
    if found:
        sys.exit(NO)


# -- events in ---------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("channel", type=ChannelName())
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--history", is_flag=True, help="An import of the past: opens no tickets and sends nothing.")
@JSON
def ingest(channel: str, paths: tuple[Path, ...], history: bool, json_: bool) -> None:
    """Take in files and folders; it ends when all that they bring is shown.

    \b
    email   *.eml, *.mbox, Maildir folders
    cdr     *.csv, Asterisk call detail records
    orders  *.csv (order,stage,time,email,phone,account,total,currency,tracking), Shopify *.json, *.ndjson
    events  *.json, *.ndjson: CloudEvents 1.0
    """
    from hub.channels._shape import Channel
    from hub.consumers import accept, ingest
    from hub.consumers.understand import channels

    kind: Channel = channels()[channel]
    with opened() as hub:
        write = accept.write_down if channel == "events" else ingest.write_down
        try:
            found = ingest.pieces(kind, paths)
            counts = write(hub.recorder, kind, found, now, history=history, progress=Progress("payloads"))
        except ingest.NoSuchPath as error:
            raise click.UsageError(str(error)) from None
        run_steps(hub)
        done = ingest.outcomes(hub.recorder, counts).shown()
    if not any(done.values()):
        names = ", ".join(f"*{end}" for end in kind.suffixes)
        click.echo(f"Nothing was found. In folders, files of these names are looked at: {names}", err=True)
    click.echo(as_json(done) if json_ else " ".join(f"{name}={n}" for name, n in done.items()))


@main.command()
@JSON
def ledger(json_: bool) -> None:
    """What came and what became of it: received = understood + ignored + rejected + waiting, for each source."""
    from hub.store import ledger as books

    with opened() as hub, hub.database.transaction() as tx:
        balance = books.balance(tx)
    show(balance, json_, printing.ledger)
    if not balance["balanced"]:
        sys.exit(NO)


@main.group()
def rejected() -> None:
    """Payloads that nobody understood: list them, look at one, try again after a repair."""


@rejected.command("list")
@click.option("--limit", default=100_000, show_default=True, type=click.IntRange(1, 1_000_000), help="How many, newest first.")
@click.option("--ignored", is_flag=True, help="Those that were understood to be of no interest.")
@JSON
def rejected_list(limit: int, ignored: bool, json_: bool) -> None:
    """Rejected payloads, newest first, each with why and where."""
    from hub.store import ledger as books

    with opened() as hub, hub.database.transaction() as tx:
        items = books.rejected(tx, limit=limit, kind="ignored" if ignored else "rejected")
    show({"items": items, "next": None}, json_, printing.rejected)


@rejected.command("show")
@click.argument("id")
@click.option("--raw", is_flag=True, help="Write the payload's bytes as they came, whether it was rejected or not.")
@JSON
def rejected_show(id: str, raw: bool, json_: bool) -> None:
    """One payload: why it was rejected and where, or why it was ignored; with --raw its bytes."""
    from hub.consumers.understand import raw_of
    from hub.store import ledger as books

    own = _uuid(id)
    with opened() as hub, hub.database.transaction() as tx:
        if raw:
            found = raw_of(hub.recorder, tx, own)
            if found is None:
                raise No(f"There is no payload {id}, or its key was destroyed.")
            for piece in found:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        items = books.rejected(tx, own) or books.rejected(tx, own, kind="ignored")
    if not items:
        raise No(f"No rejected or ignored payload is called {id}.")
    show(items[0], json_, lambda i: (f"{name}: {value}" for name, value in i.items()))


@rejected.command("retry")
@click.argument("ids", nargs=-1)
@JSON
def rejected_retry(ids: tuple[str, ...], json_: bool) -> None:
    """Parse payloads again as the channels read them today: these, or all that are rejected.

    Also the id of an understood or ignored payload is taken: what it says otherwise now takes the place of what it said.
    """
    from hub.consumers.understand import again
    from hub.store import ledger as books

    with opened() as hub:
        with hub.database.transaction() as tx:
            chosen = list(dict.fromkeys(map(_uuid, ids))) or [i["id"] for i in books.rejected(tx, limit=1_000_000)]
        done = sum(again(hub.recorder, chosen[n : n + 100]) for n in range(0, len(chosen), 100))
        if ids and not done:
            raise No(f"There is no payload {', '.join(ids)}.")
        run_steps(hub)
        with hub.database.transaction() as tx:
            kinds = books.tally(tx, chosen)
    document = {"retried": done, **{kind: kinds.get(kind, 0) for kind in ("understood", "ignored", "rejected")}}
    click.echo(as_json(document) if json_ else " ".join(f"{k}={v}" for k, v in document.items()))


@main.group("dead-letters")
def dead_letters() -> None:
    """Events that a step could not take: list them, look at one, fold their streams again after a repair."""


@dead_letters.command("list")
@JSON
def dead_list(json_: bool) -> None:
    """Dead letters, newest first."""
    from hub.store import archive

    with opened() as hub, hub.database.transaction() as tx:
        items = archive.dead(tx)
    show({"items": items, "next": None}, json_, printing.dead_letters)


@dead_letters.command("show")
@click.argument("id")
@JSON
def dead_show(id: str, json_: bool) -> None:
    """One dead letter and its event."""
    from hub.consumers.decode import shown_events
    from hub.store import archive

    own = _uuid(id)
    with opened() as hub, hub.database.transaction() as tx:
        items = [item for item in archive.dead(tx) if item["id"] == own]
        if not items:
            raise No(f"No dead letter is called {id}.")
        document = items[0] | {"event": next(shown_events(hub.keys, archive.by_id(tx, [own])), None)}
    show(document, json_, lambda i: (f"{name}: {value}" for name, value in i.items()))


@dead_letters.command("retry")
@click.argument("ids", nargs=-1)
def dead_retry(ids: tuple[str, ...]) -> None:
    """Try these dead letters again, or all.

    Their streams are folded again, their contacts shown to the policies again, and what was no payload is read again.
    """
    from hub.consumers import dead_letters

    with opened() as hub:
        tried = dead_letters.retry(hub.recorder, [_uuid(id) for id in ids], now())
        run_steps(hub)
    click.echo(f"retried={tried.done} dead={tried.dead}")


# -- what is shown -----------------------------------------------------------------------------------------------------


@main.command()
@click.argument("who")
@JSON
def customer(who: str, json_: bool) -> None:
    """Who a customer is: identifiers and why they belong together, contacts, open tickets, orders.

    WHO: an id, an e-mail address, a phone, an account or an order number (see `hub --help`).
    """
    from hub.store import reads

    with opened() as hub, hub.database.transaction() as tx:
        document = reads.customer(tx, one_customer(hub, tx, who, json_))
    show(document, json_, printing.customer)


@main.command()
@click.argument("who")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Items a page.")
@click.option("--before", metavar="CURSOR", help="Go on after a page: its `next`.")
@JSON
def timeline(who: str, limit: int, before: str | None, json_: bool) -> None:
    """All contacts of a customer and the steps of his orders, newest first.

    WHO: an id, an e-mail address, a phone, an account or an order number (see `hub --help`).
    """
    from hub.store import reads

    with opened() as hub, hub.database.transaction() as tx:
        parties = one_customer(hub, tx, who, json_)
        try:
            page = reads.timeline(tx, parties, limit, before)
        except reads.WrongCursor as error:
            raise click.UsageError(str(error)) from None
    show(page, json_, lambda p: printing.table([printing.item_row(item) for item in p["items"]]))
    tell_of_more(page, json_)


@main.group()
def ticket() -> None:
    """Tickets: list them, look at one. People work on them in the pages."""


@ticket.command("list")
@click.option("--state", type=click.Choice(["new", "open", "waiting", "resolved", "closed"]), help="Only these.")
@click.option("--limit", default=10_000, show_default=True, type=click.IntRange(1, 100_000), help="Tickets a page.")
@click.option("--before", metavar="CURSOR", help="Go on after a page: its `next`.")
@JSON
def ticket_list(state: str | None, limit: int, before: str | None, json_: bool) -> None:
    """Tickets, the latest changed first."""
    from hub.store import reads

    with opened() as hub, hub.database.reading() as tx:
        try:
            page = reads.tickets(tx, state, limit=limit, before=before)
        except reads.WrongCursor as error:
            raise click.UsageError(str(error)) from None
    show(page, json_, lambda p: printing.table([printing.ticket_row(one) for one in p["items"]]))
    tell_of_more(page, json_)


@ticket.command("show")
@click.argument("id")
@JSON
def ticket_show(id: str, json_: bool) -> None:
    """One ticket, by its id or its number."""
    from hub.consumers.standing import with_words
    from hub.store import reads

    with opened() as hub, hub.database.transaction() as tx:
        document = reads.ticket(tx, id)
        if document is None:
            raise No(f"There is no ticket {id}.")
        document = with_words(hub.recorder, tx, document)
    show(document, json_, printing.ticket)


@main.command()
@click.argument("number")
@JSON
def order(number: str, json_: bool) -> None:
    """One order: its stage, lines and history."""
    from hub.store import reads

    with opened() as hub, hub.database.transaction() as tx:
        document = reads.order(tx, number)
    if document is None:
        raise No(f"There is no order {number}.")
    show(document, json_, printing.order)


@main.command()
@click.option("--type", "kind", help="Only events of this type, such as message.received.")
@click.option("--who", help="Only events of this customer.")
@click.option("--from", "since", metavar="T", help="From this time on (ISO 8601; UTC where it has no offset).")
@click.option("--to", "until", metavar="T", help="Before this time (ISO 8601; UTC where it has no offset).")
@click.option("--format", "form", type=click.Choice(["ndjson", "json"]), default="ndjson", show_default=True,
              help="One event a line, or one list.")  # fmt: skip
def events(kind: str | None, who: str | None, since: str | None, until: str | None, form: str) -> None:
    """Events as they are in the log, in its order, the personal part readable.

    --who: an id, an e-mail address, a phone, an account or an order number (see `hub --help`).
    """
    from hub.consumers.decode import shown_events
    from hub.events.catalogue import catalogue
    from hub.store import reads

    if kind and kind not in catalogue():
        raise click.UsageError(f"No event has the type {kind!r}; there are {', '.join(sorted(catalogue()))}.")
    first, last = _moment("--from", since), _moment("--to", until)
    with opened() as hub, hub.database.transaction() as tx:
        parties = one_customer(hub, tx, who) if who else None
        found = shown_events(hub.keys, reads.events(tx, kind=kind, parties=parties, since=first, until=last))
        if form == "ndjson":
            for event in found:
                click.echo(as_json(event))
        else:
            click.echo(as_json({"items": list(found), "next": None}))


# -- decisions ---------------------------------------------------------------------------------------------------------


def _pair(name: str, a: str, b: str, why: str) -> None:
    from hub.consumers import decide
    from hub.events.prepare import NotValid

    with opened() as hub:
        with hub.database.transaction() as tx:
            parties = [_identified(hub, tx, text) for text in (a, b)]
        try:
            done = getattr(decide, name)(hub.recorder, *parties, why, _user(), now())
        except NotValid as error:
            raise click.UsageError(error.why) from None
        run_steps(hub)
    click.echo(
        as_json({"id": done, "a": parties[0], "b": parties[1], "verdict": "linked" if name == "link" else "cut"})
    )


@main.command()
@click.argument("a")
@click.argument("b")
@click.option("--why", required=True, help="Why they are one customer; kept with the link.")
def link(a: str, b: str, why: str) -> None:
    """Say that two identifiers are one customer: their contacts become one timeline.

    A and B: kind:value, an e-mail address, a phone or a party's id.
    """
    _pair("link", a, b, why)


@main.command()
@click.argument("a")
@click.argument("b")
@click.option("--why", required=True, help="Why they are not one customer; kept with the cut.")
def cut(a: str, b: str, why: str) -> None:
    """Say that two identifiers are not one customer, whatever else says so. Undoes exactly what a link did.

    A and B: kind:value, an e-mail address, a phone or a party's id.
    """
    _pair("cut", a, b, why)


@main.command()
@click.argument("who")
def forget(who: str) -> None:
    """Forget a customer: destroy the keys of all his parties and show him nowhere any more. It cannot be undone.

    WHO: an id, an e-mail address, a phone, an account or an order number (see `hub --help`).

    Counts, order totals and the times of contacts stay. A new contact of the same address starts a new person.
    """
    from hub.consumers import forget as forgetting

    with opened() as hub:
        forgetting.finish(hub.recorder, now())
        run_steps(hub)  # what waits may speak of him, and could not be found yet
        with hub.database.transaction() as tx:
            parties = one_customer(hub, tx, who)
        done = forgetting.forget(hub.recorder, parties, now())
        run_steps(hub)
    click.echo(" ".join(f"{name}={n}" for name, n in done.items()))


# -- second thoughts ---------------------------------------------------------------------------------------------------


@main.command()
@JSON
def verify(json_: bool) -> None:
    """Fold the whole archive again and compare with what is shown, row by row. Exit 1 if anything differs."""
    from hub.consumers import rebuild

    with opened() as hub:
        document = rebuild.verify(hub.recorder, Progress("events"))
    names = ("name", "rows", "missing", "extra", "different")
    show(document, json_, lambda d: [*printing.table([names, *([p[n] for n in names] for p in d["projections"])]),
                                     "clean" if d["clean"] else "NOT CLEAN"])  # fmt: skip
    if not document["clean"]:
        sys.exit(NO)


@main.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All projections.")
def rebuild(names: tuple[str, ...], every: bool) -> None:
    """Fold projections from zero beside the live ones, then swap; readers notice nothing.

    NAMES are those that `hub verify` lists.
    """
    from hub.consumers import rebuild as building
    from hub.store.projected import projections

    if bool(names) == every:
        raise click.UsageError("Name the projections, or say --all.")
    with opened() as hub:
        start = time.monotonic()
        try:
            done = building.rebuild(hub.recorder, list(projections()) if every else names, Progress("events"))
        except building.NoSuchProjection as error:
            raise click.UsageError(f"{building.NoSuchProjection.__doc__} ({error})") from None
    click.echo(f"events={done} seconds={time.monotonic() - start:.1f}")


@main.command()
@click.argument("streams", nargs=-1, required=True)
def refold(streams: tuple[str, ...]) -> None:
    """Fold these streams (ticket:..., order:1047, ...) again from the archive.

    `hub events` says of each event which `stream` it belongs to.
    """
    from hub.consumers.project import refold as again

    with opened() as hub:
        start = time.monotonic()
        done = 0
        progress = Progress("events")
        for stream in streams:
            folded = again(hub.recorder, [stream])
            if not folded:
                raise No(f"There is no stream {stream}.")
            done += folded
            progress(done)
    click.echo(f"events={done} seconds={time.monotonic() - start:.1f}")


@main.group()
def keys() -> None:
    """API keys, with which programs come in: make one."""


@keys.command("create")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["admin", "supervisor", "agent", "analyst", "machine"]),
    default="admin",
    show_default=True,
    help="What it may do, see below.",
)
def keys_create(name: str, role: str) -> None:
    """Make an API key and print it: once, here, never again. NAME says what uses it; on the pages keys are deleted by it.

    \b
    admin       everything
    supervisor  read, look up, work on tickets, link, send events, see what was rejected
    agent       read, look up, work on tickets, link, send events
    analyst     read, look up, take out all events
    machine     look up, send events
    """
    from hub.store import access

    if not 0 < len(name.strip()) <= 200:
        raise click.UsageError("NAME must have 1 to 200 characters.")
    with opened() as hub:
        try:
            key = access.create(hub.database, name, role)
        except access.NameTaken as error:
            raise No(str(error)) from None
    click.echo(key)


main.add_command(topics)
for command in (serve, worker, mail, log):
    main.add_command(command)
main.add_command(users)
main.add_command(mailboxes)
main.add_command(export)
main.add_command(sql)
main.add_command(backup)
main.add_command(restore)


@main.group()
def schemas() -> None:
    """The contract as files: the JSON Schema of every event version, the topics, examples."""


@schemas.command("write")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=Path("schemas"), show_default=True, help="Into this folder."
)
def schemas_write(folder: Path) -> None:
    """Write the schemas of versions that are not there yet. Published ones are never changed."""
    from hub import schema_files as contract

    for path in contract.write(folder):
        click.echo(f"written {path}")


@schemas.command("check")
@click.option(
    "--in", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("schemas"), show_default=True,
    help="Of this folder.",
)  # fmt: skip
def schemas_check(folder: Path) -> None:
    """Refuse a change of a published version, an orphan, a gap, an example that does not fit. Exit 1 if there is one."""
    from hub import schema_files as contract

    problems = contract.check(folder)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(NO)
    click.echo("the schemas are complete and unchanged")


def _uuid(text: str) -> str:
    from uuid import UUID

    try:
        return str(UUID(text))
    except ValueError:
        raise click.UsageError(f"{text!r} is not an id") from None


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"{option}: {text!r} is not ISO 8601, such as 2026-11-23 or 2026-11-23T12:00:00+03:30"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _identified(hub: Any, tx: Any, text: str) -> dict[str, str]:
    """An identifier from what a person typed: kind:value, a party's id, an address, a phone."""
    from hub.store import customers

    found = customers.identifier(tx, hub.keys, hub.settings.region, text)
    if found is None:
        raise No(f"{text!r} names no identifier. Say kind:value, such as email:a@example.com.")
    return {"kind": found.kind, "value": found.value}


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


if __name__ == "__main__":
    main()
