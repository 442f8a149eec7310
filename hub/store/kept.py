"""A part of a backup as it lies in a folder: files, their digests as `sha256sum -c` reads them, and a manifest.

The manifest is written last: without it there is no backup, only the beginning of one that the next run goes on with.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import orjson

MANIFEST, SUMS, BEGUN = "manifest.json", "SHA256SUMS", "begun.json"
_HALF = ".half"
_BLOCK = 1024 * 1024


class BackupThere(Exception):
    """There is a backup in this folder already, and it is not written over: name another folder."""


class NoBackup(Exception):
    """There is no whole backup in this folder: it is another one, or the backup did not come to its end."""


class Spoilt(Exception):
    """A file of the backup is not what was written: use another backup."""


class Part:
    """One folder. Only its owner may enter."""

    def __init__(self, folder: Path, sums: dict[str, str] | None = None, manifest: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.manifest: Mapping[str, Any] = manifest or {}
        self._sums = sums or {}

    # -- writing -------------------------------------------------------------------------------------------------------

    @classmethod
    def begin(cls, folder: Path, backup: str) -> Self:
        """A folder to write to. One that a killed run of the same backup left is gone on with. Raises BackupThere."""
        there = _json(folder / MANIFEST) or _json(folder / BEGUN)
        if there and there["backup"] != backup:
            raise BackupThere(f"{BackupThere.__doc__} ({folder})")
        if not there and folder.exists() and any(folder.iterdir()):
            raise BackupThere(f"{folder} is not empty: name another folder.")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / MANIFEST).unlink(missing_ok=True)
        _replace(folder / BEGUN, [orjson.dumps({"backup": backup})])
        return cls(folder)

    @staticmethod
    def begun(folder: Path) -> str | None:
        """The backup that was begun here and did not come to its end. Raises BackupThere where one did."""
        if _json(folder / MANIFEST):
            raise BackupThere(f"{BackupThere.__doc__} ({folder})")
        there = _json(folder / BEGUN)
        return there["backup"] if there else None

    def write(self, name: str, content: Iterable[bytes]) -> int:
        """A file, there as a whole when this returns; its bytes."""
        self._sums[name], size = _replace(self.folder / name, content)
        return size

    def has(self, name: str, size: int) -> bool:
        """Whether a killed run wrote this file already, of which only one content of this size is possible."""
        path = self.folder / name
        if not path.is_file() or path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            self._sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
        return True

    def end(self, manifest: Mapping[str, Any]) -> None:
        """From now on it is a backup; on the disk as well."""
        for half in self.folder.rglob(f"*{_HALF}"):  # of a killed run, what nobody wanted any more in this one
            half.unlink()
        sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items())).encode()
        digest, _ = _replace(self.folder / SUMS, [sums])
        os.sync()
        whole = dict(manifest) | {"files": len(self._sums), "sums": digest}
        _replace(self.folder / MANIFEST, [orjson.dumps(whole, option=orjson.OPT_INDENT_2)])
        (self.folder / BEGUN).unlink(missing_ok=True)
        os.sync()

    # -- reading -------------------------------------------------------------------------------------------------------

    @classmethod
    def found(cls, folder: Path) -> Self:
        """A whole backup. Raises NoBackup and Spoilt."""
        manifest = _json(folder / MANIFEST)
        if not manifest:
            raise NoBackup(f"{NoBackup.__doc__} ({folder})")
        text = (folder / SUMS).read_bytes()
        if hashlib.sha256(text).hexdigest() != manifest["sums"]:
            raise Spoilt(f"{Spoilt.__doc__} ({folder / SUMS})")
        lines = (line.partition("  ") for line in text.decode().splitlines())
        return cls(folder, {name: digest for digest, _, name in lines}, manifest)

    def names(self, folder: str) -> list[str]:
        """The files of one folder of it, however deep."""
        return [name for name in self._sums if name.startswith(f"{folder}/")]

    def read(self, name: str) -> Iterator[bytes]:
        """A file in blocks. Raises Spoilt, at the latest after the last block: use nothing of it before."""
        wanted, digest = self._sums.get(name), hashlib.sha256()
        try:
            with (self.folder / name).open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    yield block
        except FileNotFoundError:
            raise Spoilt(f"{self.folder / name} is missing. {Spoilt.__doc__}") from None
        if digest.hexdigest() != wanted:
            raise Spoilt(f"{Spoilt.__doc__} ({self.folder / name})")


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return found


def _replace(path: Path, content: Iterable[bytes]) -> tuple[str, int]:
    """Write a file beside its place, then put it there; its digest and its size."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half, digest, size = path.with_name(f"{path.name}{_HALF}"), hashlib.sha256(), 0
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with saying_where(path), os.fdopen(descriptor, "wb") as file:
        for block in content:
            digest.update(block)
            size += len(block)
            file.write(block)
    half.replace(path)
    return digest.hexdigest(), size


@contextmanager
def saying_where(path: Path) -> Iterator[None]:
    """A disk that is full says so without saying where; what the content's own source says goes through as it is."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
