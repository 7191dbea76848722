"""Looking for an order reads the index of its keys and no row."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_order_key_value", table_name="order_key")
    op.create_index("ix_order_key_value", "order_key", ["value", "placed_at"], unique=False,
                    postgresql_ops={"value": "text_pattern_ops"}, postgresql_include=["order_id", "kind"])  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_order_key_value", table_name="order_key")
    op.create_index("ix_order_key_value", "order_key", ["value", "placed_at"], unique=False,
                    postgresql_ops={"value": "text_pattern_ops"})  # fmt: skip
