"""The people who work here, what they set, and mail on its way in and out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "epoch",
        sa.Column(
            "replaced",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether any event replaces another",
        ),
    )
    op.execute("UPDATE epoch SET replaced = EXISTS (SELECT FROM event WHERE replaces IS NOT NULL)")
    op.alter_column("epoch", "forgets", comment="rises with every forgetting")
    op.create_table_comment("epoch", "one row: what every writer must know")
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="lower case"),
        sa.Column("name", sa.Text(), nullable=False, comment="as colleagues call him"),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password", sa.Text(), nullable=True, comment="argon2id; null until it was chosen"),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "rings",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="extensions and queues; none: all",
        ),
        sa.Column("language", sa.String(length=8), server_default=sa.text("'en'"), nullable=False),
        sa.Column("theme", sa.String(length=8), server_default=sa.text("'system'"), nullable=False),
        sa.Column("failed", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked", sa.DateTime(timezone=True), nullable=True, comment="until when signing in is refused"),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login"),
        comment="the people who work here",
    )
    op.create_table(
        "answered_by_itself",
        sa.Column("party", sa.Uuid(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("party"),
        comment="when somebody last got an automatic reply: one a day is enough, and no loop can start",
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the answer's event"),
        sa.Column("ticket", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False, comment="the Message-ID that it goes out under"),
        sa.Column(
            "state", sa.String(length=12), nullable=False, comment="waiting, sending, sent, failed, uncertain or undone"
        ),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False, comment="not before"),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
        comment="answers on their way out",
    )
    op.create_index(
        "delivery_due", "delivery", ["due"], unique=False, postgresql_where=sa.text("state IN ('waiting', 'sending')")
    )
    op.create_index("delivery_ticket", "delivery", ["ticket"], unique=False)
    op.create_table(
        "look",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("who", sa.Text(), nullable=False, comment="a login, or the name of an API key"),
        sa.Column(
            "what", sa.Text(), nullable=False, comment="customer, ticket, order, search, file, events or rejected"
        ),
        sa.Column("which", sa.Text(), nullable=False, comment="its id; never a personal value"),
        sa.PrimaryKeyConstraint("id"),
        comment="who looked at whom",
    )
    op.create_index("look_time", "look", ["time"], unique=False)
    op.create_index("look_which", "look", ["which", "id"], unique=False)
    op.create_index("look_who", "look", ["who", "id"], unique=False)
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="what customers write to, and what answers come from"),
        sa.Column(
            "imap",
            sa.Text(),
            nullable=True,
            comment="imaps://user@host:port/folder, without the password; null: nothing is fetched",
        ),
        sa.Column(
            "smtp",
            sa.Text(),
            nullable=True,
            comment="smtp(s)://user@host:port, without the password; null: nothing is sent",
        ),
        sa.Column(
            "secret", sa.LargeBinary(), nullable=True, comment="the passwords, sealed with a key of the key database"
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "given",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="by HUB_IMAP_URLS, not on the pages",
        ),
        sa.Column("uid_validity", sa.BigInteger(), nullable=True, comment="of the folder, RFC 9051 2.3.1.1"),
        sa.Column("uid_next", sa.BigInteger(), nullable=True, comment="the first UID that was not fetched"),
        sa.Column("checked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True, comment="what was wrong the last time, in words"),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="mailboxes, and how far each was fetched",
    )
    op.create_table(
        "session",
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the cookie"),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        comment="browsers that are signed in",
    )
    op.create_index("session_account", "session", ["account"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        comment="what an administrator set on the settings pages",
    )
    op.create_table(
        "sign_in",
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the link's token"),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False, comment="enter, invite or reset"),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        comment="links that let somebody in once",
    )


def downgrade() -> None:
    op.drop_column("epoch", "replaced")
    op.drop_table("sign_in")
    op.drop_table("setting")
    op.drop_index("session_account", table_name="session")
    op.drop_table("session")
    op.drop_table("mailbox")
    op.drop_index("look_who", table_name="look")
    op.drop_index("look_which", table_name="look")
    op.drop_index("look_time", table_name="look")
    op.drop_table("look")
    op.drop_index("delivery_ticket", table_name="delivery")
    op.drop_index("delivery_due", table_name="delivery", postgresql_where=sa.text("state IN ('waiting', 'sending')"))
    op.drop_table("delivery")
    op.drop_table("answered_by_itself")
    op.drop_table("account")
