"""Orders of the storefronts, and how far flows that pull have read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cursor",
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("place", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("flow", "channel", name=op.f("pk_cursor")),
    )
    op.create_table(
        "shop_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("payment_state", sa.String(length=64), nullable=False),
        sa.Column("delivery_state", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("net", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("shipping", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("tax_status", sa.String(length=64), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("customer_number", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("short", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_shop_order_channel_id_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_order")),
        sa.UniqueConstraint("channel_id", "external_id", name=op.f("uq_shop_order_channel_id_external_id")),
    )
    op.create_index(
        op.f("ix_shop_order_channel_id_placed_at_id"), "shop_order", ["channel_id", "placed_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_shop_order_delivery_state_placed_at_id"),
        "shop_order",
        ["delivery_state", "placed_at", "id"],
        unique=False,
    )
    op.create_index("ix_shop_order_email", "shop_order", [sa.literal_column("lower(email)"), "placed_at"], unique=False)
    op.create_index(op.f("ix_shop_order_number"), "shop_order", ["number"], unique=False)
    op.create_index(
        op.f("ix_shop_order_payment_state_placed_at_id"),
        "shop_order",
        ["payment_state", "placed_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_shop_order_placed_at_id"), "shop_order", ["placed_at", "id"], unique=False)
    op.create_index(
        "ix_shop_order_short", "shop_order", ["channel_id", "id"], unique=False, postgresql_where=sa.text("short")
    )
    op.create_index(op.f("ix_shop_order_state_placed_at_id"), "shop_order", ["state", "placed_at", "id"], unique=False)
    op.create_table(
        "order_address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=32), nullable=False),
        sa.Column("billing", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("zipcode", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_address_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_address")),
        sa.UniqueConstraint("order_id", "external_id", name=op.f("uq_order_address_order_id_external_id")),
    )
    op.create_table(
        "order_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("method_name", sa.Text(), nullable=False),
        sa.Column("costs", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("tracking_codes", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.Column("address_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_delivery_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_delivery")),
        sa.UniqueConstraint("order_id", "external_id", name=op.f("uq_order_delivery_order_id_external_id")),
    )
    op.create_table(
        "order_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_event_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_event")),
    )
    op.create_index(op.f("ix_order_event_order_id_id"), "order_event", ["order_id", "id"], unique=False)
    op.create_table(
        "order_payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("method_name", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mollie_payment_id", sa.String(length=64), nullable=True),
        sa.Column("mollie_order_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_payment_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_payment")),
        sa.UniqueConstraint("order_id", "external_id", name=op.f("uq_order_payment_order_id_external_id")),
    )
    op.create_index(
        "ix_order_payment_mollie",
        "order_payment",
        ["mollie_payment_id"],
        unique=False,
        postgresql_where=sa.text("mollie_payment_id IS NOT NULL"),
    )
    op.create_table(
        "order_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=32), nullable=False),
        sa.Column("parent_id", sa.String(length=32), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=255), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("total_price", sa.Numeric(precision=14, scale=4), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=9, scale=4), nullable=True),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("promise", sa.String(length=64), server_default="none", nullable=False),
        sa.CheckConstraint(
            "promise IN ('none', 'held', 'short', 'released', 'shipped')", name=op.f("ck_order_line_promise_known")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_line_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_order_line_variant_id_variant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sa.UniqueConstraint("order_id", "external_id", name=op.f("uq_order_line_order_id_external_id")),
    )
    op.create_index(
        "ix_order_line_sku", "order_line", ["sku"], unique=False, postgresql_where=sa.text("sku IS NOT NULL")
    )
    op.create_index(op.f("ix_order_line_variant_id"), "order_line", ["variant_id"], unique=False)
    op.execute(
        "CREATE TRIGGER moved AFTER UPDATE OF revision ON shop_order FOR EACH ROW "
        "WHEN (OLD.revision IS DISTINCT FROM NEW.revision) EXECUTE FUNCTION notify_moved()"
    )


def downgrade() -> None:
    for table in ("order_event", "order_address", "order_delivery", "order_payment", "order_line", "shop_order",
                  "cursor"):  # fmt: skip
        op.drop_table(table)
