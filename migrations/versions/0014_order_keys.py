"""What orders can be asked for by, found by one index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_key",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_key_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", "kind", "value", name=op.f("pk_order_key")),
    )
    op.create_index(
        "ix_order_key_value",
        "order_key",
        ["value", "placed_at"],
        unique=False,
        postgresql_ops={"value": "text_pattern_ops"},
    )


def downgrade() -> None:
    op.drop_table("order_key")
