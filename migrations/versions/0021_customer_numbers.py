"""Orders of before are found by the storefront's number of their customer, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Shopware's numbers are digits with letters of a prefix: lower case is their plain spelling.
_FILL = """
    INSERT INTO order_key (order_id, kind, value, placed_at)
    SELECT id, 'customer', lower(btrim(customer_number)), placed_at FROM shop_order
    WHERE btrim(customer_number) <> '' AND length(customer_number) <= 100
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.text(_FILL))


def downgrade() -> None:
    op.execute("DELETE FROM order_key WHERE kind = 'customer'")
