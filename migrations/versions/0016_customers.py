"""Customers: one person across storefronts and guest orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.Column("channel_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["customer.id"], name=op.f("fk_customer_person_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_index(op.f("ix_customer_person_id"), "customer", ["person_id"], unique=False)
    op.create_index(
        "ix_customer_latest",
        "customer",
        ["last_at", "id"],
        unique=False,
        postgresql_where=sa.text("person_id = id AND orders > 0"),
    )
    op.create_index(
        "ix_customer_orders", "customer", ["orders", "id"], postgresql_where=sa.text("person_id = id AND orders > 0")
    )
    op.create_index(
        "ix_customer_name_key",
        "customer",
        [sa.text("lower(name)"), "id"],
        postgresql_where=sa.text("person_id = id AND orders > 0"),
    )
    op.create_table(
        "customer_key",
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_customer_key_customer_id_customer"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_customer_key")),
    )
    op.create_table(
        "customer_look",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_look")),
    )
    op.create_table(
        "customer_pair",
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="open", nullable=False),
        sa.Column("joined", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_customer_pair_ordered")),
        sa.CheckConstraint("state IN ('open', 'different')", name=op.f("ck_customer_pair_state_known")),
        sa.ForeignKeyConstraint(["low_id"], ["customer.id"], name=op.f("fk_customer_pair_low_id_customer")),
        sa.ForeignKeyConstraint(["high_id"], ["customer.id"], name=op.f("fk_customer_pair_high_id_customer")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user_account.id"], name=op.f("fk_customer_pair_decided_by_user_account")
        ),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_customer_pair")),
    )
    op.create_index(op.f("ix_customer_pair_high_id"), "customer_pair", ["high_id"], unique=False)
    op.create_index(
        "ix_customer_pair_open",
        "customer_pair",
        ["found_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND NOT joined"),
    )
    op.create_table(
        "customer_merge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("absorbed_id", sa.BigInteger(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_by", sa.BigInteger(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kept_id <> absorbed_id", name=op.f("ck_customer_merge_two")),
        sa.ForeignKeyConstraint(["kept_id"], ["customer.id"], name=op.f("fk_customer_merge_kept_id_customer")),
        sa.ForeignKeyConstraint(["absorbed_id"], ["customer.id"], name=op.f("fk_customer_merge_absorbed_id_customer")),
        sa.ForeignKeyConstraint(
            ["merged_by"], ["user_account.id"], name=op.f("fk_customer_merge_merged_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["user_account.id"], name=op.f("fk_customer_merge_undone_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_merge")),
    )
    op.create_index(op.f("ix_customer_merge_kept_id"), "customer_merge", ["kept_id"], unique=False)
    op.create_index(op.f("ix_customer_merge_absorbed_id"), "customer_merge", ["absorbed_id"], unique=False)
    op.create_index(
        "uq_customer_merge_living",
        "customer_merge",
        [sa.literal_column("least(kept_id, absorbed_id)"), sa.literal_column("greatest(kept_id, absorbed_id)")],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.add_column("shop_order", sa.Column("customer_external_id", sa.String(length=32), nullable=True))
    op.add_column("shop_order", sa.Column("guest", sa.Boolean(), server_default="true", nullable=False))
    op.add_column("shop_order", sa.Column("customer_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_shop_order_customer_id_customer"), "shop_order", "customer", ["customer_id"], ["id"])
    op.create_index(
        op.f("ix_shop_order_customer_id_placed_at_id"), "shop_order", ["customer_id", "placed_at", "id"], unique=False
    )
    op.execute(
        "CREATE TRIGGER moved AFTER UPDATE OF revision ON customer FOR EACH ROW "
        "WHEN (OLD.revision IS DISTINCT FROM NEW.revision) EXECUTE FUNCTION notify_moved()"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_shop_order_customer_id_placed_at_id"), table_name="shop_order")
    op.drop_constraint(op.f("fk_shop_order_customer_id_customer"), "shop_order", type_="foreignkey")
    for column in ("customer_id", "guest", "customer_external_id"):
        op.drop_column("shop_order", column)
    for table in ("customer_merge", "customer_pair", "customer_look", "customer_key", "customer"):
        op.drop_table(table)
