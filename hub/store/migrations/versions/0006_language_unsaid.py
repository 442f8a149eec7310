"""An account without a language: the pages speak its browser's until somebody chooses one."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "account", "language", existing_type=sa.String(length=8), nullable=True, server_default=None,
        comment="as he chose it; null: his browser's",
    )  # fmt: skip


def downgrade() -> None:
    op.execute("UPDATE account SET language = 'en' WHERE language IS NULL")
    op.alter_column(
        "account", "language", existing_type=sa.String(length=8), nullable=False, server_default=sa.text("'en'"), comment=None
    )
