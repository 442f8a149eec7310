"""The lasting tables: the archive and its gate, the log's heads, checkpoints, the ledger, decisions, access, mail.

Projected tables are not here: they are made from the projections (`projected`) and can be made again from the archive.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

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
    Index("event_type", "type", "topic", "part", "position"),
    Index("event_time", "time", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
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
    "epoch", hub,
    Column("forgets", BigInteger, nullable=False, comment="rises with every forgetting"),
    Column("replaced", Boolean, nullable=False, server_default=text("false"), comment="whether any event replaces another"),
    comment="one row: what every writer must know",
)  # fmt: skip

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
    Column("value", LargeBinary, nullable=True, comment="of what could not be read: the archive has not got it"),
    Column("headers", Text, nullable=True, comment="what stood beside it, as JSON: names and base64 of the values"),
    Column("copied", Boolean, nullable=False, server_default=text("false")),
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
    Column("at", Text, comment="the place in the command that is wrong, where one is"),
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

account = Table(
    "account", hub,
    Column("id", Uuid, primary_key=True),
    Column("login", Text, nullable=False, unique=True, comment="lower case"),
    Column("name", Text, nullable=False, comment="as colleagues call him"),
    Column("role", String(16), nullable=False),
    Column("password", Text, comment="argon2id; null until it was chosen"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("rings", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="extensions and queues; none: all"),
    Column("language", String(8), comment="as he chose it; null: his browser's"),
    Column("theme", String(8), nullable=False, server_default=text("'system'")),
    Column("failed", SmallInteger, nullable=False, server_default=text("0")),
    Column("locked", TIME, comment="until when signing in is refused"),
    Column("created", TIME, nullable=False, server_default=func.now()),
    comment="the people who work here",
)  # fmt: skip

session = Table(
    "session", hub,
    Column("hash", LargeBinary, primary_key=True, comment="SHA-256 of the cookie"),
    Column("account", Uuid, nullable=False),
    Column("created", TIME, nullable=False, server_default=func.now()),
    Column("seen", TIME, nullable=False, server_default=func.now()),
    Column("expires", TIME, nullable=False),
    Index("session_account", "account"),
    comment="browsers that are signed in",
)  # fmt: skip

sign_in = Table(
    "sign_in", hub,
    Column("hash", LargeBinary, primary_key=True, comment="SHA-256 of the link's token"),
    Column("account", Uuid, nullable=False),
    Column("purpose", String(8), nullable=False, comment="enter, invite or reset"),
    Column("expires", TIME, nullable=False),
    comment="links that let somebody in once",
)  # fmt: skip

look = Table(
    "look", hub,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("time", TIME, nullable=False, server_default=func.now()),
    Column("who", Text, nullable=False, comment="a login, or the name of an API key"),
    Column("what", Text, nullable=False, comment="customer, ticket, order, search, file, events or rejected"),
    Column("which", Text, nullable=False, comment="its id; never a personal value"),
    Index("look_time", "time"),
    Index("look_which", "which", "id"),
    Index("look_who", "who", "id"),
    comment="who looked at whom",
)  # fmt: skip

setting = Table(
    "setting", hub,
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    Column("by", Text, nullable=False),
    Column("changed", TIME, nullable=False, server_default=func.now()),
    comment="what an administrator set on the settings pages",
)  # fmt: skip

mailbox = Table(
    "mailbox", hub,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False, comment="what customers write to, and what answers come from"),
    Column("imap", Text, comment="imaps://user@host:port/folder, without the password; null: nothing is fetched"),
    Column("smtp", Text, comment="smtp(s)://user@host:port, without the password; null: nothing is sent"),
    Column("secret", LargeBinary, comment="the passwords, sealed with a key of the key database"),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("given", Boolean, nullable=False, server_default=text("false"), comment="by HUB_IMAP_URLS, not on the pages"),
    Column("uid_validity", BigInteger, comment="of the folder, RFC 9051 2.3.1.1"),
    Column("uid_next", BigInteger, comment="the first UID that was not fetched"),
    Column("checked", TIME),
    Column("error", Text, comment="what was wrong the last time, in words"),
    Column("created", TIME, nullable=False, server_default=func.now()),
    comment="mailboxes, and how far each was fetched",
)  # fmt: skip

delivery = Table(
    "delivery", hub,
    Column("id", Uuid, primary_key=True, comment="the answer's event"),
    Column("ticket", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("message_id", Text, nullable=False, unique=True, comment="the Message-ID that it goes out under"),
    Column("state", String(12), nullable=False, comment="waiting, sending, sent, failed, uncertain or undone"),
    Column("due", TIME, nullable=False, comment="not before"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("reason", Text),
    Column("created", TIME, nullable=False, server_default=func.now()),
    Column("changed", TIME, nullable=False, server_default=func.now()),
    Index("delivery_due", "due", postgresql_where=text("state IN ('waiting', 'sending')")),
    Index("delivery_ticket", "ticket"),
    comment="answers on their way out",
)  # fmt: skip

answered_by_itself = Table(
    "answered_by_itself", hub,
    Column("party", Uuid, primary_key=True),
    Column("time", TIME, nullable=False),
    comment="when somebody last got an automatic reply: one a day is enough, and no loop can start",
)  # fmt: skip

projected = Table(
    "projected", hub,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("build", Integer, nullable=False),
    comment="which table each projection's rows are in now",
)  # fmt: skip

outbox = Table(
    "outbox", hub,
    Column("n", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("stream", Text, nullable=False),
    Column("revision", Integer),
    Column("type", Text, nullable=False),
    Column("time", TIME, nullable=False),
    Column("recorded", TIME, nullable=False),
    Column("replaces", Uuid),
    Column("value", Text, nullable=False),
    Column("sent", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("stream", "revision"),
    Index("outbox_unsent", "n", postgresql_where=text("NOT sent")),
    comment="decided events on their way to a log outside the database",
)  # fmt: skip

step_batches = Table(
    "step_batches", hub,
    Column("step", Text, primary_key=True),
    Column("what", String(8), primary_key=True, comment="events or seconds"),
    Column("up_to", Double, primary_key=True, comment="the bucket: batches up to there, and above the one before"),
    Column("batches", BigInteger, nullable=False),
    Column("total", Double, nullable=False),
    comment="how large the batches of each step were and how long they took",
)  # fmt: skip

step_stands = Table(
    "step_stands", hub,
    Column("step", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("seen", TIME, nullable=False),
    comment="why a step must not go on, and when it last said so",
)  # fmt: skip

ticket_number = Sequence("ticket_number", metadata=hub, start=1001)

key = Table(
    "key", keys,
    Column("name", Text, primary_key=True),
    Column("secret", LargeBinary, comment="null once destroyed"),
    comment="one key for each party, each payload and each event that names nobody, and that of the mailboxes",
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
