"""What the steps do, counted; and which of them must not go on."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "step_batches",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False, comment="events or seconds"),
        sa.Column("up_to", sa.Double(), nullable=False, comment="the bucket: batches up to there, and above the one before"),
        sa.Column("batches", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("step", "what", "up_to"),
        comment="how large the batches of each step were and how long they took",
    )
    op.create_table(
        "step_stands",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("step"),
        comment="why a step must not go on, and when it last said so",
    )


def downgrade() -> None:
    op.drop_table("step_stands")
    op.drop_table("step_batches")
