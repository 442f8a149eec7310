"""Files into the log: walked, cut into payloads by their channel, written down raw in groups, then understood."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hub.channels._shape import Channel, Piece
from hub.channels.email import bundle
from hub.consumers.record import Outgoing, Recorder, payload_of_bytes, payload_of_file
from hub.log._protocol import Appended
from hub.store import ledger

SOURCE = "files"
GROUP, GROUP_BYTES = 1_000, 8 * 1024 * 1024  # what one transaction writes down


class NoSuchPath(Exception):
    """There is no file or folder of this name."""


@dataclass
class Counts:
    """What an ingest did, in the contract's words."""

    received: int = 0
    understood: int = 0
    ignored: int = 0
    rejected: int = 0
    duplicates: int = 0
    payloads: list[str] = field(default_factory=list, repr=False)

    def shown(self) -> dict[str, int]:
        return {n: getattr(self, n) for n in ("received", "understood", "ignored", "rejected", "duplicates")}


def pieces(channel: Channel, paths: Sequence[Path]) -> Iterator[Piece]:
    """The payloads of these files and folders, in the order of their names. Raises NoSuchPath before the first."""
    if missing := [str(path) for path in paths if not path.exists()]:
        raise NoSuchPath(f"{NoSuchPath.__doc__} ({', '.join(missing)})")
    for path in paths:
        yield from _pieces(channel, path)


def _pieces(channel: Channel, path: Path, within: frozenset[Path] = frozenset()) -> Iterator[Piece]:
    """`within`: the folders that lead here; a link back to one of them is not followed."""
    assert channel.split is not None
    if not path.is_dir() or (channel.name == "email" and ((path / "cur").is_dir() or bundle(path))):
        yield from channel.split(path)
    else:
        within |= {path.resolve()}
        for below in sorted(path.iterdir()):
            if below.resolve() not in within if below.is_dir() else below.suffix.lower() in channel.suffixes:
                yield from _pieces(channel, below, within)


def write_down(
    recorder: Recorder, channel: Channel, found: Iterable[Piece], now: Callable[[], datetime], *, history: bool,
    progress: Callable[[int], None] = lambda done: None,
) -> Counts:  # fmt: skip
    """Append these payloads, raw; what they say is found later. Durable when it returns."""
    counts = Counts()
    group: list[Outgoing] = []
    held = 0
    for piece in found:
        outgoing = _outgoing(recorder, channel.name, piece, now(), history)
        group.append(outgoing)
        held += outgoing.event.data["size"] if "body" in outgoing.event.personal else 0
        if len(group) >= GROUP or held > GROUP_BYTES:
            _append(recorder, group, counts)
            group, held = [], 0
            progress(counts.received + counts.duplicates)
    _append(recorder, group, counts)
    return counts


def outcomes(recorder: Recorder, counts: Counts) -> Counts:
    """Count what became of the payloads, once they were understood."""
    with recorder.database.transaction() as tx:
        for kind, number in ledger.tally(tx, counts.payloads).items():
            setattr(counts, kind, getattr(counts, kind) + number)
    return counts


def _outgoing(recorder: Recorder, channel: str, piece: Piece, now: datetime, history: bool) -> Outgoing:
    if piece.body is not None:
        return payload_of_bytes(recorder, channel, SOURCE, piece.body, piece.meta, now, history=history)
    assert piece.path is not None
    return payload_of_file(recorder, channel, SOURCE, piece.path, piece.meta, now, history=history)


def _append(recorder: Recorder, group: list[Outgoing], counts: Counts) -> None:
    answers: list[Appended] = recorder.record(lambda _: group) if group else []
    for outgoing, answer in zip(group, answers, strict=True):
        if answer.verdict == "new":
            counts.received += 1
            counts.payloads.append(outgoing.event.id)
        else:
            counts.duplicates += 1
