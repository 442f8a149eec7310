"""Events of one type, and those since some time, are found however few they are among the others."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("event_type", "event", ["type", "topic", "part", "position"])
    op.create_index("event_time", "event", ["time"], postgresql_using="brin", postgresql_with={"autosummarize": "on"})


def downgrade() -> None:
    op.drop_index("event_time", table_name="event")
    op.drop_index("event_type", table_name="event")
