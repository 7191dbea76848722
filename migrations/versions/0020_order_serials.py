"""Which pieces went into an order, by their serial numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "order_serial",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_line_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["added_by"], ["user_account.id"], name=op.f("fk_order_serial_added_by_user_account")),
        sa.ForeignKeyConstraint(
            ["order_line_id"], ["order_line.id"], name=op.f("fk_order_serial_order_line_id_order_line"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_serial")),
        sa.UniqueConstraint("order_line_id", "serial", name=op.f("uq_order_serial_order_line_id_serial")),
    )  # fmt: skip
    op.create_index(op.f("ix_order_serial_serial"), "order_serial", ["serial"])


def downgrade() -> None:
    op.drop_table("order_serial")
