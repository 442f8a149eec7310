"""The lasting tables: the archive and its gate, the log's heads, checkpoints, the ledger, decisions, access.

Projected tables are not here: they are made from the projections (`projected`) and can be made again from the archive.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)  # fmt: skip

hub = MetaData()
keys = MetaData()

TIME = DateTime(timezone=True)

event = Table(
    "event", hub,
    Column("topic", Text, primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("time", TIME, nullable=False),
    Column("recorded", TIME, nullable=False),
    Column("replaces", Uuid),
    Column("direct", Text, comment="the ledger's channel of an event that is its own raw form"),
    Column("value", Text, nullable=False, comment="the sealed envelope as JSON"),
    Index("event_stream", "stream"),
    Index("event_replaces", "replaces", postgresql_where=text("replaces IS NOT NULL")),
    comment="every event, as it is in the log",
)  # fmt: skip

event_id = Table(
    "event_id", hub,
    Column("id", Uuid, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("part", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", LargeBinary),
    comment="the gate against doubles: which events are known, and a keyed digest of each as it was sent",
)  # fmt: skip

log_head = Table(
    "log_head", hub,
    Column("topic", Text, primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("next", BigInteger, nullable=False),
    comment="where the next event of a partition goes",
)  # fmt: skip

checkpoint = Table(
    "checkpoint", hub,
    Column("step", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("next", BigInteger, nullable=False),
    comment="how far each step has come; moved in the transaction of the change",
)  # fmt: skip

epoch = Table(
    "epoch", hub, Column("forgets", BigInteger, nullable=False), comment="one row; rises with every forgetting"
)

refold = Table("refold", hub, Column("stream", Text, primary_key=True), comment="streams that are to be folded again")

dead_letter = Table(
    "dead_letter", hub,
    Column("step", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("time", TIME, nullable=False, server_default=func.now()),
    comment="events that a step could not take",
)  # fmt: skip

received = Table(
    "received", hub,
    Column("source", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    comment="the ledger's left side, counted where the log is written, apart from the outcomes",
)  # fmt: skip

outcome = Table(
    "outcome", hub,
    Column("payload", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("why", Text),
    Column("at", Text),
    Column("events", ARRAY(Uuid), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("time", TIME, nullable=False),
    Index("outcome_rejected", "time", "payload", postgresql_where=text("kind = 'rejected'")),
    Index("outcome_source", "source", "channel", "kind"),
    comment="what became of each payload: understood, ignored or rejected, and why",
)  # fmt: skip

claim = Table(
    "claim", hub,
    Column("event", Uuid, primary_key=True),
    Column("payload", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    comment="which payload an event came from first; a second one saying the same is the same contact",
)  # fmt: skip

payload_party = Table(
    "payload_party", hub,
    Column("payload", Uuid, primary_key=True),
    Column("party", Uuid, primary_key=True),
    Index("payload_party_party", "party"),
    comment="whom a raw payload speaks of: forgetting one of them destroys the payload's key",
)  # fmt: skip

stream_head = Table(
    "stream_head", hub,
    Column("stream", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("tickets", ARRAY(Uuid), nullable=False),
    comment="where decisions about a stream are serialised; a conversation's tickets, oldest first",
)  # fmt: skip

command = Table(
    "command", hub,
    Column("id", Uuid, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("why", Text),
    Column("time", TIME, nullable=False, server_default=func.now()),
    comment="commands that were answered: the same id gets the same answer",
)  # fmt: skip

api_key = Table(
    "api_key", hub,
    Column("name", Text, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created", TIME, nullable=False, server_default=func.now()),
    comment="who may call: the SHA-256 of each key",
)  # fmt: skip

projected = Table(
    "projected", hub,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("build", Integer, nullable=False),
    comment="which table each projection's rows are in now",
)  # fmt: skip

ticket_number = Sequence("ticket_number", metadata=hub, start=1001)

key = Table(
    "key", keys,
    Column("name", Text, primary_key=True),
    Column("secret", LargeBinary, comment="null once destroyed"),
    comment="one key for each party, payload and ownerless stream",
)  # fmt: skip

installation = Table(
    "installation", keys,
    Column("one", Integer, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    comment="the secret of the ids",
)  # fmt: skip

forgotten = Table(
    "forgotten", keys,
    Column("party", Uuid, primary_key=True),
    Column("time", TIME, nullable=False, server_default=func.now()),
    comment="parties that are no more; the same identifier gets the next generation",
)  # fmt: skip
