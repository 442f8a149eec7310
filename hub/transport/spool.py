"""A mail on its way in: in memory while it is small, in a file when it is not, so that many large ones do no harm."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

IN_MEMORY = 64 * 1024  # bytes
_PREFIX = "mail-"


class Spool:
    """Grows by `write`; then `body`, or `path` where it has become a file. Closing it deletes the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self.size = 0

    def write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._file is None and self.size <= IN_MEMORY:
            self._held += piece
            return
        if self._file is None:
            self._file = NamedTemporaryFile(dir=self._folder, prefix=_PREFIX)  # noqa: SIM115 - closed by `close`
            self._file.write(self._held)
            self._held = bytearray()
        self._file.write(piece)

    @property
    def body(self) -> bytes | None:
        return None if self._file else bytes(self._held)

    @property
    def path(self) -> Path | None:
        if self._file is None:
            return None
        self._file.flush()
        return Path(self._file.name)

    def close(self) -> None:
        if self._file:
            self._file.close()


def prepared(folder: Path) -> Path:
    """The folder, nobody else's to read, without what a killed process left in it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{_PREFIX}*"):
        left.unlink(missing_ok=True)
    return folder
