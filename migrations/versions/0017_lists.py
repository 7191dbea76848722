"""Lists: what orders are sorted and narrowed by, saved views, exports, and acts on many rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _orders()


def _orders() -> None:
    """Country and method stand at the order: a list cannot look them up for a million orders."""
    op.add_column("shop_order", sa.Column("country", sa.String(length=2), server_default="", nullable=False))
    op.add_column("shop_order", sa.Column("method", sa.Text(), server_default="", nullable=False))
    op.execute("""
        UPDATE shop_order o SET
          country = COALESCE((SELECT a.country FROM order_address a WHERE a.order_id = o.id
                              ORDER BY a.billing DESC, a.external_id LIMIT 1), ''),
          method = COALESCE((SELECT p.method_name FROM order_payment p
                             WHERE p.order_id = o.id AND p.state = o.payment_state
                             ORDER BY p.created_at DESC LIMIT 1), '')
    """)
    for column in ("country", "method"):
        op.create_index(op.f(f"ix_shop_order_{column}_placed_at_id"), "shop_order", [column, "placed_at", "id"])
    op.create_index(op.f("ix_shop_order_total_id"), "shop_order", ["total", "id"])
    op.create_index(
        "ix_shop_order_number_key", "shop_order", [sa.text("(lpad(length(number)::text, 4, '0') || number)"), "id"]
    )
    op.create_index("ix_shop_order_name_key", "shop_order", [sa.text("lower(name)"), "id"])
    op.create_index("ix_shop_order_gone", "shop_order", ["id"], postgresql_where=sa.text("gone_at IS NOT NULL"))
    # Paid and cancelled is rare though paid is not: told so, the planner does not walk a whole index for it.
    op.execute("""
        CREATE STATISTICS shop_order_states (mcv)
        ON channel_id, state, payment_state, delivery_state, country, method FROM shop_order
    """)


def downgrade() -> None:
    op.execute("DROP STATISTICS shop_order_states")
    for name in ("gone", "name_key", "number_key", "total_id", "method_placed_at_id", "country_placed_at_id"):
        op.drop_index(f"ix_shop_order_{name}", table_name="shop_order")
    op.drop_column("shop_order", "method")
    op.drop_column("shop_order", "country")
