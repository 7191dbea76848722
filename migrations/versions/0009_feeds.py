"""Corrections of offer files, and feeds: where lists are fetched, on which schedule, and what was taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _feeds()
    _items()
    op.add_column("offer_file", sa.Column("corrects_id", sa.BigInteger(), nullable=True))
    op.add_column("offer_file", sa.Column("feed_id", sa.BigInteger(), nullable=True))
    op.add_column("offer_file", sa.Column("accept_alone", sa.Boolean(), server_default="false", nullable=False))
    for column, table in (("corrects_id", "offer_file"), ("feed_id", "supplier_feed")):
        op.create_foreign_key(
            op.f(f"fk_offer_file_{column}_{table}"), "offer_file", table, [column], ["id"], ondelete="SET NULL"
        )
        op.create_index(
            op.f(f"ix_offer_file_{column}"), "offer_file", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )


def _feeds() -> None:
    op.create_table(
        "supplier_feed",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", JSONB, nullable=False),
        sa.Column("sealed", JSONB, server_default="{}", nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=True),
        sa.Column("at_times", JSONB, server_default="[]", nullable=False),
        sa.Column("accept_alone", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("good_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", JSONB, nullable=True),
        sa.Column("found", JSONB, nullable=True),
        sa.Column("tested", JSONB, nullable=True),
        sa.Column("memory", JSONB, server_default="{}", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('url', 'sftp', 'mailbox')", name=op.f("ck_supplier_feed_kind_known")),
        sa.CheckConstraint("every_minutes >= 5", name=op.f("ck_supplier_feed_every_minutes_least")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_feed_supplier_id_supplier"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_feed")),
    )
    op.create_index(op.f("ix_supplier_feed_supplier_id"), "supplier_feed", ["supplier_id"])
    op.create_index(
        op.f("ix_supplier_feed_next_due_at"), "supplier_feed", ["next_due_at"], postgresql_where=sa.text("active")
    )
    op.create_index("ix_supplier_feed_failing", "supplier_feed", ["failures"], postgresql_where=sa.text("failures > 0"))
    op.execute(
        "CREATE TRIGGER moved AFTER UPDATE OF revision ON supplier_feed FOR EACH ROW "
        "WHEN (OLD.revision IS DISTINCT FROM NEW.revision) EXECUTE FUNCTION notify_moved()"
    )


def _items() -> None:
    op.create_table(
        "supplier_feed_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("feed_id", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("became", sa.String(length=64), nullable=False),
        sa.Column("offer_file_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("became IN ('file', 'same')", name=op.f("ck_supplier_feed_item_became_known")),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["supplier_feed.id"], name=op.f("fk_supplier_feed_item_feed_id_supplier_feed"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["offer_file_id"], ["offer_file.id"], name=op.f("fk_supplier_feed_item_offer_file_id_offer_file"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_feed_item")),
        sa.UniqueConstraint("feed_id", "mark", name=op.f("uq_supplier_feed_item_feed_id_mark")),
    )  # fmt: skip
    op.create_index(op.f("ix_supplier_feed_item_offer_file_id"), "supplier_feed_item", ["offer_file_id"])


def downgrade() -> None:
    op.drop_column("offer_file", "accept_alone")
    op.drop_column("offer_file", "feed_id")
    op.drop_column("offer_file", "corrects_id")
    op.drop_table("supplier_feed_item")
    op.drop_table("supplier_feed")
