"""An export, or an act on many rows, that somebody stopped."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STATES = "state IN ('waiting', 'running', 'done', 'failed', 'expired'{more})"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("list_export", "bulk_act"):
        op.add_column(table, sa.Column("stopped_by", sa.Text(), nullable=True))
    _states(_STATES.format(more=", 'stopped'"))


def downgrade() -> None:
    op.execute("UPDATE list_export SET state = 'failed' WHERE state = 'stopped'")
    _states(_STATES.format(more=""))
    for table in ("list_export", "bulk_act"):
        op.drop_column(table, "stopped_by")


def _states(condition: str) -> None:
    op.drop_constraint(op.f("ck_list_export_state_known"), "list_export", type_="check")
    op.create_check_constraint(op.f("ck_list_export_state_known"), "list_export", condition)
