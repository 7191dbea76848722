"""An offer file says what its lines were compared with, so that they are compared again only when that has moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("offer_file", sa.Column("compared_with", sa.String(length=32), nullable=True))


def downgrade() -> None:
    op.drop_column("offer_file", "compared_with")
