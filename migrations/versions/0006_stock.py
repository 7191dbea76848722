"""Buffers, allocation, counts, daily snapshots and pinned offers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "snapshot",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "stock_reason",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_reason")),
        sa.UniqueConstraint("name", name=op.f("uq_stock_reason_name")),
    )
    op.create_table(
        "allocation_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("grade", sa.String(length=8), nullable=True),
        sa.Column("share_percent", sa.Integer(), nullable=False),
        sa.Column("min_shown", sa.Integer(), nullable=False),
        sa.Column("max_shown", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "COALESCE(variant_id::text, category, grade) IS NOT NULL", name=op.f("ck_allocation_rule_names_something")
        ),
        sa.CheckConstraint("min_shown >= 0 AND max_shown >= 0", name=op.f("ck_allocation_rule_shown_not_negative")),
        sa.CheckConstraint("share_percent BETWEEN 0 AND 100", name=op.f("ck_allocation_rule_share_percent_range")),
        sa.CheckConstraint(
            "variant_id IS NULL OR (category IS NULL AND grade IS NULL)", name=op.f("ck_allocation_rule_variant_alone")
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_allocation_rule_channel_id_channel")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_allocation_rule_variant_id_variant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_rule")),
        sa.UniqueConstraint(
            "channel_id",
            "variant_id",
            "category",
            "grade",
            name=op.f("uq_allocation_rule_channel_id_variant_id_category_grade"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "buffer_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("category", sa.String(length=64), nullable=True),
        sa.Column("grade", sa.String(length=8), nullable=True),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.CheckConstraint("pieces >= 0", name=op.f("ck_buffer_rule_pieces_not_negative")),
        sa.CheckConstraint(
            "variant_id IS NULL OR (category IS NULL AND grade IS NULL)", name=op.f("ck_buffer_rule_variant_alone")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_buffer_rule_variant_id_variant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buffer_rule")),
        sa.UniqueConstraint(
            "variant_id",
            "category",
            "grade",
            name=op.f("uq_buffer_rule_variant_id_category_grade"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "listing_snapshot",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("price_gross", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_listing_snapshot_channel_id_channel")),
        sa.ForeignKeyConstraint(
            ["day"], ["snapshot.day"], name=op.f("fk_listing_snapshot_day_snapshot"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_listing_snapshot_variant_id_variant")),
        sa.PrimaryKeyConstraint("day", "variant_id", "channel_id", name=op.f("pk_listing_snapshot")),
    )
    op.create_table(
        "offer_pin",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("supplier_id", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("until > created_at", name=op.f("ck_offer_pin_ends_after_it_began")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_offer_pin_supplier_id_supplier")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_offer_pin_user_id_user_account")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_offer_pin_variant_id_variant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_pin")),
    )
    op.create_index(op.f("ix_offer_pin_variant_id"), "offer_pin", ["variant_id"], unique=False)
    op.create_index(
        "uq_offer_pin_open", "offer_pin", ["variant_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "stock_count",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="open", nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'booked', 'cancelled')", name=op.f("ck_stock_count_state_known")),
        sa.ForeignKeyConstraint(["ended_by"], ["user_account.id"], name=op.f("fk_stock_count_ended_by_user_account")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_stock_count_location_id_location")),
        sa.ForeignKeyConstraint(
            ["started_by"], ["user_account.id"], name=op.f("fk_stock_count_started_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count")),
    )
    op.create_index(
        "uq_stock_count_open", "stock_count", ["location_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "stock_snapshot",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("location_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("days_14", sa.Integer(), nullable=False),
        sa.Column("days_30", sa.Integer(), nullable=False),
        sa.Column("days_60", sa.Integer(), nullable=False),
        sa.Column("days_90", sa.Integer(), nullable=False),
        sa.Column("days_more", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "quantity = days_14 + days_30 + days_60 + days_90 + days_more", name=op.f("ck_stock_snapshot_bands_add_up")
        ),
        sa.ForeignKeyConstraint(
            ["day"], ["snapshot.day"], name=op.f("fk_stock_snapshot_day_snapshot"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_stock_snapshot_location_id_location")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_stock_snapshot_variant_id_variant")),
        sa.PrimaryKeyConstraint("day", "variant_id", "location_id", name=op.f("pk_stock_snapshot")),
    )
    op.create_table(
        "sum_snapshot",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("buffer", sa.Integer(), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["day"], ["snapshot.day"], name=op.f("fk_sum_snapshot_day_snapshot"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_sum_snapshot_variant_id_variant")),
        sa.PrimaryKeyConstraint("day", "variant_id", name=op.f("pk_sum_snapshot")),
    )
    op.create_table(
        "stock_count_line",
        sa.Column("stock_count_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_stock_count_line_counted_not_negative")),
        sa.ForeignKeyConstraint(
            ["stock_count_id"],
            ["stock_count.id"],
            name=op.f("fk_stock_count_line_stock_count_id_stock_count"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_stock_count_line_variant_id_variant")),
        sa.PrimaryKeyConstraint("stock_count_id", "variant_id", name=op.f("pk_stock_count_line")),
    )
    op.add_column("channel", sa.Column("min_shown", sa.Integer(), server_default="1", nullable=False))
    op.add_column("movement", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.create_index(op.f("ix_movement_at_id"), "movement", ["at", "id"], unique=False)
    op.create_index(op.f("ix_movement_location_id_at_id"), "movement", ["location_id", "at", "id"], unique=False)
    op.create_index(op.f("ix_movement_reference_at_id"), "movement", ["reference", "at", "id"], unique=False)
    op.create_index(
        "ix_movement_not_offered",
        "movement",
        ["kind", "at", "id"],
        unique=False,
        postgresql_where=sa.text("kind <> 'offered'"),
    )
    op.create_check_constraint(op.f("ck_channel_shown_not_negative"), "channel", "min_shown >= 0 AND max_shown >= 0")
    op.add_column("supplier", sa.Column("reliability", sa.Integer(), server_default="80", nullable=False))
    op.create_check_constraint(op.f("ck_supplier_reliability_range"), "supplier", "reliability BETWEEN 0 AND 100")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_supplier_reliability_range"), "supplier")
    op.drop_constraint(op.f("ck_channel_shown_not_negative"), "channel")
    op.drop_column("supplier", "reliability")
    op.drop_index("ix_movement_not_offered", table_name="movement", postgresql_where=sa.text("kind <> 'offered'"))
    op.drop_index(op.f("ix_movement_reference_at_id"), table_name="movement")
    op.drop_index(op.f("ix_movement_location_id_at_id"), table_name="movement")
    op.drop_index(op.f("ix_movement_at_id"), table_name="movement")
    op.drop_column("movement", "note")
    op.drop_column("channel", "min_shown")
    op.drop_table("stock_count_line")
    op.drop_table("sum_snapshot")
    op.drop_table("stock_snapshot")
    op.drop_index("uq_stock_count_open", table_name="stock_count", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("stock_count")
    op.drop_index("uq_offer_pin_open", table_name="offer_pin", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_offer_pin_variant_id"), table_name="offer_pin")
    op.drop_table("offer_pin")
    op.drop_table("listing_snapshot")
    op.drop_table("buffer_rule")
    op.drop_table("allocation_rule")
    op.drop_table("stock_reason")
    op.drop_table("snapshot")
