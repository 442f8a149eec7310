"""Writing events down: who is who now, keys made first, personal parts sealed, then appended - all or nothing."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.consumers.measured import Batches
from hub.events.catalogue import kind_of
from hub.events.draft import File
from hub.events.envelope import Event, Json, Sealed
from hub.events.ids import named
from hub.events.order_numbers import DEFAULT
from hub.events.prepare import Installation
from hub.events.seal import key_name, key_names, seal
from hub.log import gate
from hub.log._protocol import Appended, Log
from hub.log.embedded import EmbeddedLog
from hub.store import outbox
from hub.store.blobs import Blobs, pieces
from hub.store.database import Connection, Database
from hub.store.keys import Destroyed, Keys

IDENTIFYING = ("x-shopify-topic",)  # what the wire says besides the bytes and makes another payload of them
INLINE = 64 * 1024  # bytes; larger payloads go to the blob store
_EPOCH = 7_201_544_011  # advisory lock: shared by who writes, alone for who forgets


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way to the log. `direct`: the ledger's (source, channel) where it comes from outside just now."""

    event: Event
    direct: tuple[str, str] | None = None
    digest: bytes | None = None


class Recorder:
    """The only writer of events. Between the choice of party ids and the commit nobody can be forgotten."""

    def __init__(
        self, database: Database, keys: Keys, log: Log, blobs: Blobs, region: str = "IR", pattern: str | None = None,
        sends_from: str | None = None, timezone: str | None = None,
    ) -> None:  # fmt: skip
        """`sends_from`: the address that answers come from where no mailbox can send (HUB_SMTP_URL)."""
        self.database, self.keys, self.log, self.blobs = database, keys, log, blobs
        self.archive = EmbeddedLog(database)
        self.batches = Batches(database)
        self.sends_from = sends_from
        self.here = Installation(keys.secret, keys.party_id, region, pattern or DEFAULT, timezone)
        self._pattern = self.here.order_pattern
        self._epoch = -1

    def record(
        self, build: Callable[[Installation], Sequence[Outgoing]], tx: Connection | None = None
    ) -> list[Appended]:
        """Append what `build` makes; it is called once the ids of parties hold until the commit.

        Durable when it returns (with `tx`: when that commits).
        """
        with self.database.transaction() if tx is None else nullcontext(tx) as connection:
            self.enter(connection)
            return self.append_entered(build(self.here), connection)

    def decide(self, build: Callable[[Installation], Sequence[Outgoing]], tx: Connection | None = None) -> None:
        """The same for what is decided here."""
        with self.database.transaction() if tx is None else nullcontext(tx) as connection:
            self.enter(connection)
            self.append_decided(build(self.here), connection)

    def append_entered(self, outgoing: Sequence[Outgoing], tx: Connection) -> list[Appended]:
        """Append in a transaction that has entered already."""
        sealed = self._sealed(outgoing)
        return self.log.append(sealed, tx) if self.log.in_store or not sealed else self._appended_elsewhere(sealed, tx)

    def _appended_elsewhere(self, events: Sequence[Sealed], tx: Connection) -> list[Appended]:
        """To a log that knows no ids. What is known goes there all the same, so that it is counted where all is; what
        says something else under a known id does not."""
        foreseen = gate.foreseen(tx, events)
        sent = [n for n, answer in enumerate(foreseen) if answer is None or answer.verdict == "duplicate"]
        places = dict(zip(sent, self.log.append([events[n] for n in sent], tx), strict=True))
        return [answer or places[n] for n, answer in enumerate(foreseen)]

    def append_decided(self, outgoing: Sequence[Outgoing], tx: Connection) -> list[Appended]:
        """Append what was decided in this transaction, with it or not at all: a log outside the database gets it by the
        outbox."""
        if self.log.in_store or not outgoing:
            return self.append_entered(outgoing, tx)
        sealed = self._sealed(outgoing)
        places = outbox.put(tx, [(event, each.event.revision) for event, each in zip(sealed, outgoing, strict=True)])
        return [Appended(place, "new") for place in places]

    def enter(self, connection: Connection) -> bool:
        """Until this transaction ends nobody is forgotten; whoever was before is known. Whether any event was replaced.

        From here on order numbers are what an administrator says they are now: the settings page needs no restart.
        """
        with connection.pipeline():  # with the BEGIN before it: one round trip
            # A statement of its own: one that waits for the lock sees the epoch as it was before it waited.
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_EPOCH])
            row = connection.execute(
                "SELECT forgets, replaced, (SELECT value #>> '{}' FROM setting WHERE name = 'order_pattern') FROM epoch"
            ).fetchone()
        assert row is not None
        if row[0] != self._epoch:
            self.keys.reload()
            self._epoch = row[0]
        if (pattern := row[2] or self._pattern) != self.here.order_pattern:
            self.here = replace(self.here, order_pattern=pattern)
        return bool(row[1])

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A transaction during which nobody else writes. Whoever writes after it asks anew who was forgotten, even where it
        comes to no end: the keys, which are in another database, may be destroyed by then."""
        with self.database.transaction() as tx:
            tx.execute("SELECT pg_advisory_xact_lock(%s)", [_EPOCH])
            with self.database.transaction() as at_once:
                at_once.execute("UPDATE epoch SET forgets = forgets + 1")
            yield tx

    def forgettings(self) -> int:
        """How many there were so far; whoever was forgotten is known. Waits for one that is under way, and afterwards keeps
        none waiting."""
        with self.database.transaction() as tx:
            self.enter(tx)
            return self._epoch

    def keep_files(self, owner: str, key: str, files: Sequence[File]) -> list[Json]:
        """Put attachments into the blob store under their owner's name; what the event says of each."""
        if not files:
            return []
        secret = self.keys.ensure([key])[key]
        return [self._kept(owner, secret, file) for file in files]

    def _kept(self, owner: str, secret: bytes, file: File) -> Json:
        sha256 = hashlib.sha256(file.content).hexdigest()
        blob = f"{owner}/{sha256}"
        self.blobs.put(blob, secret, [file.content])
        return {"name": file.name, "type": file.type, "size": len(file.content), "sha256": sha256, "blob": blob}

    def _sealed(self, outgoing: Sequence[Outgoing]) -> list[Sealed]:
        try:
            keys = self._keys_of(outgoing)
        except Destroyed:
            self.keys.reload()
            outgoing = [self._as_far_as_known(each) for each in outgoing]
            keys = self._keys_of(outgoing)
        return [_sealed(each, keys) for each in outgoing]

    def _keys_of(self, outgoing: Sequence[Outgoing]) -> dict[str, bytes]:
        return self.keys.ensure(set().union(*(key_names(each.event) for each in outgoing)))

    def _as_far_as_known(self, outgoing: Outgoing) -> Outgoing:
        """The same, with nothing personal where its own key was destroyed: it came before, whom it concerned was forgotten since,
        and that it came again is all there is."""
        event = outgoing.event
        if not event.personal or key_name(event) != event.id:
            return outgoing
        try:
            self.keys.ensure([event.id])
        except Destroyed:
            return replace(outgoing, event=replace(event, personal={}))
        return outgoing


def _sealed(outgoing: Outgoing, keys: Mapping[str, bytes]) -> Sealed:
    event = outgoing.event
    return Sealed(
        event.id, event.type, event.stream, event.time, event.recorded, seal(event, keys),
        digest=outgoing.digest, replaces=event.replaces, direct=outgoing.direct,
    )  # fmt: skip


def payload_of_bytes(
    recorder: Recorder, channel: str, source: str, body: bytes, meta: Mapping[str, str], received: datetime,
    *, history: bool = False,
) -> Outgoing:  # fmt: skip
    """The event that says these bytes came; large ones are in the blob store when it returns."""
    sha256 = hashlib.sha256(body).hexdigest()
    return _payload(recorder, channel, source, sha256, len(body), lambda: [body], meta, received, history)


def payload_of_file(
    recorder: Recorder, channel: str, source: str, path: Path, meta: Mapping[str, str], received: datetime,
    *, history: bool = False,
) -> Outgoing:  # fmt: skip
    """The same for a file that may be too large to hold: read twice, a piece at a time."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def content() -> Iterable[bytes]:
        with path.open("rb") as again:
            yield from pieces(again)

    size = path.stat().st_size
    return _payload(recorder, channel, source, sha256, size, content, meta, received, history)


def _payload(
    recorder: Recorder, channel: str, source: str, sha256: str, size: int, content: Callable[[], Iterable[bytes]],
    meta: Mapping[str, str], received: datetime, history: bool,
) -> Outgoing:  # fmt: skip
    own = named("payload", channel, source, sha256, *(meta[name] for name in IDENTIFYING if name in meta))
    data: Json = {"payload": own, "channel": channel, "size": size, "sha256": sha256}
    personal: Json = {"meta": dict(meta)} if meta else {}
    if size > INLINE:
        try:
            key = recorder.keys.ensure([own])[own]
        except Destroyed:  # it came before, and whom it concerned was forgotten since: that it came again is all there is
            personal = {}
        else:
            data["blob"] = f"{own}/{sha256}"
            recorder.blobs.put(data["blob"], key, content())
    else:
        personal["body"] = b64encode(b"".join(content())).decode()
    if history:
        data["history"] = True
    event = Event(
        id=own, type="inbound.payload_received", version=kind_of("inbound.payload_received").version, time=received,
        recorded=received, source=source, stream=f"payload:{own}", data=data, personal=personal,
    )  # fmt: skip
    return Outgoing(event, direct=(source, channel))


def decided(
    kind: str, stream: str, fields: Mapping[str, Any], personal: Json, *, id: str, time: datetime,
    subject: str | None = None, cause: str | None = None, correlation: str | None = None,
) -> Outgoing:  # fmt: skip
    """An event that the hub itself decided; its fields are in their stored form already."""
    event = Event(
        id=id, type=kind, version=kind_of(kind).version, time=time, recorded=time, source="hub", stream=stream,
        data=dict(fields), personal=personal, subject=subject, cause=cause, correlation=correlation,
    )  # fmt: skip
    return Outgoing(event)
