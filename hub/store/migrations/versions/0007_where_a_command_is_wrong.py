"""A command that was refused: its answer, given again, says where it is wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "command", sa.Column("at", sa.Text(), nullable=True, comment="the place in the command that is wrong, where one is")
    )


def downgrade() -> None:
    op.drop_column("command", "at")
