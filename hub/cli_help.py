"""The list of commands as `hub --help` shows it: by what one wants to do, what a newcomer needs first."""

from __future__ import annotations

import click

GROUPS: dict[str, tuple[str, ...]] = {
    "Start": ("up",),
    "What comes in": ("ingest", "ledger", "rejected"),
    "What is known": ("customer", "timeline", "ticket", "order", "events"),
    "Analyse": ("export", "sql"),
    "What people decide": ("link", "cut", "forget"),
    "Who and what may come in": ("users", "keys", "mailboxes"),
    "Is all well": ("status", "doctor", "verify", "dead-letters", "rebuild", "refold"),
    "Keep it safe": ("backup", "restore"),
    "More than one machine": ("serve", "worker", "mail", "topics", "log"),
    "For developers": ("schemas",),
}


class Commands(click.Group):
    """Says the first sentence of each command, whole."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=200)) for name in names])
