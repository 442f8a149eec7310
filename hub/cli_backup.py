"""`hub backup` and `hub restore`: the whole hub into a folder, while it runs, and out of it into an empty one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.settings import Settings

_KEYS = click.option(
    "--keys", "keys_folder", type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the keys, elsewhere than FOLDER/keys: without it nothing in the backup can be read.",
)  # fmt: skip
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.command()
@_FOLDER
@_KEYS
def backup(folder: Path, keys_folder: Path | None) -> None:
    """Back up into FOLDER, which must be empty: the data into FOLDER/data, the keys into FOLDER/keys.

    The hub goes on meanwhile. The same command goes on with a backup that was killed.
    """
    from hub.cli import No, Progress, now, opened
    from hub.consumers.backup import take
    from hub.store.kept import BackupThere

    with opened() as hub:
        try:
            taken = take(hub.recorder, folder / "data", keys_folder or folder / "keys", now(), Progress("bytes"))
        except BackupThere as error:
            raise No(str(error)) from None
    click.echo(" ".join(f"{name}={value}" for name, value in taken._asdict().items()))


@click.command()
@_FOLDER
@_KEYS
def restore(folder: Path, keys_folder: Path | None) -> None:
    """Make a hub of the backup in FOLDER, in an empty home (HUB_HOME) or database (HUB_DATABASE_URL, HUB_KEYS_URL).

    Nothing is restored over what is there. Answers that waited for more than an hour go out only when somebody asks for
    it. What Kafka has beyond the backup is read, too. The same command goes on with a restore that was killed.
    """
    from hub.cli import No, Progress, in_words, now, settings
    from hub.consumers import restore as restoring
    from hub.store.blobs import Blobs
    from hub.store.copying import NotEmpty, WrongBackup
    from hub.store.database import keys_dsn
    from hub.store.kept import NoBackup, Spoilt
    from hub.store.which_log import WrongLog
    from hub.wiring import open_hub, which

    chosen = settings()
    with in_words():
        try:
            with _server(chosen) as dsn:
                restoring.load(
                    dsn, chosen.keys_url or keys_dsn(dsn), Blobs(chosen.blobs_url), folder / "data",
                    keys_folder or folder / "keys", now(), Progress("blobs"),
                )  # fmt: skip
                restoring.settle_log(dsn, which(chosen))
                hub = open_hub(chosen, dsn)
                try:
                    restored = restoring.finish(hub.recorder, hub.lane, now(), Progress("events"))
                finally:
                    hub.close()
        except (NotEmpty, WrongBackup, NoBackup, Spoilt) as error:
            raise No(str(error)) from None
        except WrongLog as error:
            raise click.UsageError(f"{error} First give the same `hub restore` again without HUB_KAFKA.") from None
    click.echo(" ".join(f"{name}={value}" for name, value in restored._asdict().items()))


@contextmanager
def _server(settings: Settings) -> Iterator[str]:
    """The database to restore into, which no running hub has; the hub's own is started for as long as it takes."""
    from hub.cli import Unreachable
    from hub.home import HomeTaken, lock
    from hub.store.embedded import EmbeddedPostgres

    try:
        with lock(settings.home, wait=False):
            if settings.database_url:
                yield settings.database_url
                return
            with EmbeddedPostgres(settings.home) as server:
                yield server.dsn
    except HomeTaken as taken:
        raise Unreachable(f"{taken} Stop it first: it would work on what is restored before that is whole.") from None
