"""Keys of before ł, ø, đ, ı, æ and their like were spelt as people type them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Both forms may stand there already: the plain one stays.
_MOVE = (
    """
    WITH old AS (DELETE FROM order_key WHERE value ~ '[łøđðıæœþ]' RETURNING *)
    INSERT INTO order_key (order_id, kind, value, placed_at)
    SELECT order_id, kind, replace(replace(replace(translate(value, 'łøđðı', 'loddi'), 'æ', 'ae'), 'œ', 'oe'), 'þ',
      'th'),
      placed_at
    FROM old ON CONFLICT DO NOTHING
    """,
    """
    WITH old AS (DELETE FROM customer_key WHERE value ~ '[łøđðıæœþ]' RETURNING *)
    INSERT INTO customer_key (kind, value, customer_id)
    SELECT kind, replace(replace(replace(translate(value, 'łøđðı', 'loddi'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
      customer_id
    FROM old ORDER BY customer_id ON CONFLICT DO NOTHING
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _MOVE:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """What is plain stays plain."""
