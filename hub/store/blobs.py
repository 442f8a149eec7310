"""Large bytes apart from the log: raw payloads above 64 KB and attachments, in a folder or S3 (obstore).

A blob is encrypted in pieces of 1 MiB with its owner's key (AES-256-GCM; the associated data are the blob's path, the
piece's number and whether it is the last), so that memory stays small and a cut file is noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import obstore
from cryptography.exceptions import InvalidTag
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from hub.events.seal import NONCE, shut, unshut

PIECE = 1024 * 1024
_SEALED = PIECE + NONCE + 16


class Missing(Exception):
    """The blob is not in the store."""


class Away(OSError):
    """The blob store does not answer, or does not let the hub in. Nothing acknowledged is lost: it is tried again."""


class Full(Away):
    """No space left on device: the blob store takes nothing more. Nothing acknowledged is lost: make room."""


class Damaged(Exception):
    """The blob cannot be opened: it was changed or cut, or the key is another one."""


class Blobs:
    """`where`: a folder's path or a URL such as s3://bucket/prefix. Raises Away where there is no such place."""

    def __init__(self, where: str) -> None:
        try:
            self._store: Any = from_url(where) if "://" in where else _folder(Path(where))
        except (BaseError, OSError) as error:
            raise Away(f"The blobs' place cannot be had (HUB_BLOBS): {where}: {error}") from error

    def put(self, path: str, key: bytes, content: Iterable[bytes]) -> None:
        """Write a blob; there when it returns. The same path again is overwritten with the same content."""
        self._write(path, sealed(path, key, content))

    def _write(self, path: str, sealed: Iterable[bytes]) -> None:
        with _reached(path):
            obstore.put(self._store, path, sealed, use_multipart=True, chunk_size=8 * PIECE, max_concurrency=1)

    def get(self, path: str, key: bytes) -> Iterator[bytes]:
        """The blob's bytes in pieces. Raises Missing, Damaged and Away."""
        return opened(path, key, self.sealed(path))

    def listed(self) -> Iterator[tuple[str, int]]:
        """The path and the size of every blob, as they are kept."""
        with _reached("all of it"):
            for batch in obstore.list(self._store):
                yield from ((found["path"], found["size"]) for found in batch)

    def sealed(self, path: str) -> Iterator[bytes]:
        """A blob as it is kept, without its key. Raises Missing and Away."""
        try:
            with _reached(path):
                return _pieces(path, obstore.get(self._store, path).stream(min_chunk_size=PIECE))
        except FileNotFoundError:
            raise Missing(f"{Missing.__doc__} ({path})") from None

    def put_sealed(self, path: str, content: Iterable[bytes]) -> None:
        """What `sealed` gave; there when it returns."""
        self._write(path, content)

    def delete(self, owner: str) -> None:
        """Delete all blobs of an owner."""
        with _reached(owner):
            for batch in obstore.list(self._store, prefix=owner):
                obstore.delete(self._store, [found["path"] for found in batch])


def _folder(path: Path) -> LocalStore:
    """One that is made only its owner may enter: names and sizes of files tell who knows a file that it came."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalStore(path)


@contextmanager
def _reached(what: str) -> Iterator[None]:
    """The library's own errors as Full and Away; it has no class for ENOSPC, only a word."""
    try:
        yield
    except BaseError as error:
        kind = Full if "StorageFull" in str(error) else Away
        raise kind(f"{kind.__doc__} ({what}: {str(error)[:200]})") from error


def _pieces(path: str, stream: Iterable[Any]) -> Iterator[bytes]:
    with _reached(path):
        yield from (bytes(chunk) for chunk in stream)


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def sealed(path: str, key: bytes, content: Iterable[bytes]) -> Iterator[bytes]:
    """Content of any length in sealed pieces. It should come in pieces that are not small."""
    held, number = b"", 0
    for chunk in content:
        left = memoryview(held + chunk if held else chunk)
        while len(left) > PIECE:
            yield shut(key, left[:PIECE], f"{path}/{number}/more")
            left, number = left[PIECE:], number + 1
        held = bytes(left)
    yield shut(key, held, f"{path}/{number}/last")


def opened(path: str, key: bytes, stream: Iterable[Any]) -> Iterator[bytes]:
    """What `sealed` was given. Raises Damaged."""
    held, number = b"", 0
    try:
        for chunk in stream:
            held += bytes(chunk)
            while len(held) > _SEALED:
                yield unshut(key, held[:_SEALED], f"{path}/{number}/more")
                held, number = held[_SEALED:], number + 1
        yield unshut(key, held, f"{path}/{number}/last")
    except InvalidTag:
        raise Damaged(f"{Damaged.__doc__} ({path})") from None
