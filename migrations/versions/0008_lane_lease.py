"""The lane carries the lease of its batch; a claim touches no index of messages; the fence is the number of the run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("lane", sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("lane", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_message_taken", "message")
    op.create_index(
        "ix_message_outlived", "message", ["flow", "channel", "id"],
        postgresql_where=sa.text("state = 'pending' AND deaths > 0"),
    )  # fmt: skip
    op.execute("ALTER TABLE message SET (fillfactor = 50)")
    # What was in hand when the workers stopped is due again.
    op.execute("UPDATE message SET lease_until = NULL WHERE state = 'pending' AND lease_until IS NOT NULL")
    op.execute(sa.schema.DropSequence(sa.Sequence("message_fence")))


def downgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("message_fence")))
    op.execute("SELECT setval('message_fence', (SELECT GREATEST(1, max(fence)) FROM message))")
    op.execute("ALTER TABLE message RESET (fillfactor)")
    op.drop_index("ix_message_outlived", "message")
    op.create_index(
        "ix_message_taken", "message", ["flow", "channel", "id"],
        postgresql_where=sa.text("state = 'pending' AND (lease_until IS NOT NULL OR deaths > 0)"),
    )  # fmt: skip
    op.drop_column("lane", "lease_until")
    op.drop_column("lane", "fence")
