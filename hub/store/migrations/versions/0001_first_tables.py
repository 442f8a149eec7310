"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("hash"),
        comment="who may call: the SHA-256 of each key",
    )
    op.create_table(
        "checkpoint",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("step", "topic", "part"),
        comment="how far each step has come; moved in the transaction of the change",
    )
    op.create_table(
        "claim",
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("payload", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event"),
        comment="which payload an event came from first; a second one saying the same is the same contact",
    )
    op.create_table(
        "command",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="commands that were answered: the same id gets the same answer",
    )
    op.create_table(
        "dead_letter",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("step", "topic", "part", "position"),
        comment="events that a step could not take",
    )
    op.create_table(
        "epoch", sa.Column("forgets", sa.BigInteger(), nullable=False), comment="one row; rises with every forgetting"
    )
    op.create_table(
        "event",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column(
            "direct", sa.Text(), nullable=True, comment="the ledger's channel of an event that is its own raw form"
        ),
        sa.Column("value", sa.Text(), nullable=False, comment="the sealed envelope as JSON"),
        sa.PrimaryKeyConstraint("topic", "part", "position"),
        comment="every event, as it is in the log",
    )
    op.create_index(
        "event_replaces", "event", ["replaces"], unique=False, postgresql_where=sa.text("replaces IS NOT NULL")
    )
    op.create_index("event_stream", "event", ["stream"], unique=False)
    op.create_table(
        "event_id",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="the gate against doubles: which events are known, and a keyed digest of each as it was sent",
    )
    op.create_table(
        "log_head",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "part"),
        comment="where the next event of a partition goes",
    )
    op.create_table(
        "outcome",
        sa.Column("payload", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("at", sa.Text(), nullable=True),
        sa.Column("events", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("payload"),
        comment="what became of each payload: understood, ignored or rejected, and why",
    )
    op.create_index(
        "outcome_rejected", "outcome", ["time", "payload"], unique=False, postgresql_where=sa.text("kind = 'rejected'")
    )
    op.create_index("outcome_source", "outcome", ["source", "channel", "kind"], unique=False)
    op.create_table(
        "payload_party",
        sa.Column("payload", sa.Uuid(), nullable=False),
        sa.Column("party", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("payload", "party"),
        comment="whom a raw payload speaks of: forgetting one of them destroys the payload's key",
    )
    op.create_index("payload_party_party", "payload_party", ["party"], unique=False)
    op.create_table(
        "projected",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("build", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="which table each projection's rows are in now",
    )
    op.create_table(
        "received",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "channel"),
        comment="the ledger's left side, counted where the log is written, apart from the outcomes",
    )
    op.create_table(
        "refold",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
        comment="streams that are to be folded again",
    )
    op.create_table(
        "stream_head",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("tickets", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.PrimaryKeyConstraint("stream"),
        comment="where decisions about a stream are serialised; a conversation's tickets, oldest first",
    )
    op.execute("CREATE SEQUENCE ticket_number START WITH 1001")


def downgrade() -> None:
    op.execute("DROP SEQUENCE ticket_number")
    op.drop_table("stream_head")
    op.drop_table("refold")
    op.drop_table("received")
    op.drop_table("projected")
    op.drop_index("payload_party_party", table_name="payload_party")
    op.drop_table("payload_party")
    op.drop_index("outcome_source", table_name="outcome")
    op.drop_index("outcome_rejected", table_name="outcome", postgresql_where=sa.text("kind = 'rejected'"))
    op.drop_table("outcome")
    op.drop_table("log_head")
    op.drop_table("event_id")
    op.drop_index("event_stream", table_name="event")
    op.drop_index("event_replaces", table_name="event", postgresql_where=sa.text("replaces IS NOT NULL"))
    op.drop_table("event")
    op.drop_table("epoch")
    op.drop_table("dead_letter")
    op.drop_table("command")
    op.drop_table("claim")
    op.drop_table("checkpoint")
    op.drop_table("api_key")
