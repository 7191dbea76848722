"""Offer files: limits that hold one, who let it pass, and what applying it changed, so that it can be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = '5s'")
    op.add_column("supplier", sa.Column("limits", postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("supplier", sa.Column("list_every_days", sa.Integer(), nullable=True))
    op.add_column("supplier", sa.Column("stale_policy", sa.String(length=64), server_default="keep", nullable=False))
    op.add_column("supplier", sa.Column("stale_after_days", sa.Integer(), server_default="14", nullable=False))
    op.create_check_constraint(
        op.f("ck_supplier_stale_policy_known"), "supplier", "stale_policy IN ('keep', 'halve', 'end')"
    )
    op.create_check_constraint(
        op.f("ck_supplier_clock_positive"), "supplier", "list_every_days > 0 AND stale_after_days > 0"
    )
    op.add_column("offer_file", sa.Column("approval", postgresql.JSONB(), nullable=True))
    op.add_column("offer_file", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("offer_file", sa.Column("undone_by", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_offer_file_undone_by_user_account"), "offer_file", "user_account", ["undone_by"], ["id"]
    )
    op.add_column("offer_line", sa.Column("old_grade", sa.String(length=8), nullable=True))
    op.add_column("offer", sa.Column("halved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "offer_change",
        sa.Column("offer_file_id", sa.BigInteger(), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("undone", sa.String(length=64), nullable=True),
        sa.CheckConstraint("kind IN ('new', 'changed', 'absent')", name=op.f("ck_offer_change_kind_known")),
        sa.CheckConstraint("undone IN ('reversed', 'kept', 'errored')", name=op.f("ck_offer_change_undone_known")),
        sa.ForeignKeyConstraint(
            ["offer_file_id"], ["offer_file.id"], name=op.f("fk_offer_change_offer_file_id_offer_file"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offer.id"], name=op.f("fk_offer_change_offer_id_offer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("offer_file_id", "offer_id", name=op.f("pk_offer_change")),
    )  # fmt: skip
    op.create_index(op.f("ix_offer_change_offer_id"), "offer_change", ["offer_id"])


def downgrade() -> None:
    op.drop_table("offer_change")
    op.drop_column("offer", "halved_at")
    op.drop_column("offer_line", "old_grade")
    for column in ("undone_by", "undone_at", "approval"):
        op.drop_column("offer_file", column)
    for column in ("stale_after_days", "stale_policy", "list_every_days", "limits"):
        op.drop_column("supplier", column)
