"""`hub --help` leads a newcomer to every command, and every command says what it does and what can be said to it."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.cli_help import GROUPS


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, f"{path} {name}")


ALL = dict(commands(main, "hub"))


def test_every_command_stands_in_one_group_of_the_help() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(main.commands)
    printed = CliRunner().invoke(main, ["--help"]).output.splitlines()
    assert [line[:-1] for line in printed if line.endswith(":") and line[0] != " "][1:] == list(GROUPS)
    for name in main.commands:
        assert any(line.startswith(f"  {name} ") for line in printed), name


@pytest.mark.parametrize("path", ALL)
def test_a_command_and_each_of_its_options_say_what_they_are_for(path: str) -> None:
    command = ALL[path]
    assert (command.help or "").strip(), path
    assert [one.opts for one in command.params if isinstance(one, click.Option) and not one.help] == []
    first = command.get_short_help_str(limit=500)
    assert first.endswith("."), f"the first sentence of {path} has no end: {first}"
    assert len(first) <= 130, f"the first sentence of {path} is long: {first}"


@pytest.mark.parametrize("path", [path for path, command in ALL.items() if not isinstance(command, click.Group)])
def test_what_a_command_must_be_told_is_explained(path: str) -> None:
    told = ALL[path].help or ""
    for argument in (one for one in ALL[path].params if isinstance(one, click.Argument) and one.name in ("who", "folder")):
        assert (argument.metavar or str(argument.name).upper()) in told, f"{path} does not say what {argument.name} is"
