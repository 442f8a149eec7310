"""`hub export` and `hub sql`: the archive for analysts, as Parquet in a folder, and questions to it."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click

from hub import printing

NAME = "export"  # of the folder in HUB_HOME, where no other is named


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--personal", is_flag=True, help="With the personal part readable: texts, addresses, names.")
@click.option("--anew", is_flag=True, help="Write everything again, in place of what is there.")
def export(folder: Path | None, personal: bool, anew: bool) -> None:
    """Write the events into FOLDER as Parquet, by type and day, for `hub sql`, a notebook, or whatever reads Parquet.

    Without FOLDER they go to HUB_HOME/export. The same command again adds what came since. Without --personal nobody can be
    read out of it: parties are ids there. What a forgetting takes away stays in copies that were made with --personal until the
    next export.
    """
    from hub.cli import No, Progress, now, opened, settings
    from hub.consumers.export import export as write
    from hub.store.exported import Refused

    chosen = settings()
    place = folder or chosen.home / NAME
    with opened(chosen) as hub:
        try:
            made = write(hub.recorder, place, now(), personal=personal, anew=anew, progress=Progress("events"))
        except Refused as error:
            raise No(str(error)) from None
    if made.anew:
        click.echo(f"Everything was written again: {made.anew}.", err=True)
    click.echo(f"events={made.events} files={made.files} folder={place}")


@click.command()
@click.argument("query", required=False)
@click.option("--in", "folder", type=click.Path(path_type=Path, file_okay=False),
              help="The folder of the export; without it HUB_HOME/export.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True,
              help="A drawn table, or all rows as CSV or as JSON, one a line.")  # fmt: skip
def sql(query: str | None, folder: Path | None, form: str) -> None:
    """Ask an export with SQL (DuckDB's). Without QUERY the statements are read from stdin.

    There are `events` (what stands now), `all_events` (with what was replaced since) and `customers` (party, customer); `DESCRIBE
    events` lists the columns, docs/analysts.md has examples. Of the hub only the export is read: it need not be up.
    """
    from hub.cli import No, in_words, settings
    from hub.store import exported

    try:
        with in_words(), exported.opened(folder or settings().home / NAME) as connection:
            if query is None and sys.stdin.isatty():
                _converse(connection, form)
            else:
                _answer(connection, sys.stdin.read() if query is None else query, form)
    except exported.NoExport as error:
        raise No(str(error)) from None
    except exported.WrongQuery as error:
        raise click.UsageError(str(error)) from None


def _converse(connection: Any, form: str) -> None:
    """Statements as they are typed, each up to its semicolon, until Ctrl-D; a wrong one costs nothing."""
    import readline  # noqa: F401  # gives `input` its history

    from hub.store.exported import WrongQuery

    click.echo("SQL, each statement with a semicolon at its end; DESCRIBE events; lists the columns. Ctrl-D ends.", err=True)
    typed = ""
    while True:
        try:
            typed += input("  -> " if typed else "sql> ") + "\n"
        except EOFError:
            return
        if typed.rstrip().endswith(";"):
            try:
                _answer(connection, typed, form)
            except WrongQuery as error:
                click.echo(str(error), err=True)
            typed = ""


def _answer(connection: Any, text: str, form: str) -> None:
    from hub.store import exported

    for statement in exported.statements(text):
        if not statement.answers:
            click.echo(exported.done(connection, statement), nl=False)
        elif form == "csv":
            csv.writer(sys.stdout, lineterminator="\n").writerows(exported.rows(connection, statement))
        elif form == "json":
            for line in exported.objects(connection, statement):
                click.echo(line)
        else:
            for line in exported.drawn(connection, statement).splitlines():
                click.echo(printing.plain(line))
