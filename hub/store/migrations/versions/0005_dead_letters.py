"""Dead letters that are in no archive keep their bytes; which ones were copied to the topics' twins."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dead_letter",
        sa.Column("value", sa.LargeBinary(), nullable=True, comment="of what could not be read: the archive has not got it"),
    )
    op.add_column(
        "dead_letter",
        sa.Column("headers", sa.Text(), nullable=True, comment="what stood beside it, as JSON: names and base64 of the values"),
    )
    op.add_column("dead_letter", sa.Column("copied", sa.Boolean(), nullable=False, server_default=sa.text("false")))


def downgrade() -> None:
    for name in ("copied", "headers", "value"):
        op.drop_column("dead_letter", name)
