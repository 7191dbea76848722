"""Pieces that were sold, for the register of the margin scheme."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sold_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("gross", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("purchase", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("vat_scheme", sa.String(length=64), nullable=False),
        sa.Column("vat_percent", sa.Numeric(precision=9, scale=4), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("price_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('sale', 'return')", name=op.f("ck_sold_line_kind_known")),
        sa.CheckConstraint("vat_scheme IN ('regular', 'margin')", name=op.f("ck_sold_line_vat_scheme_known")),
        sa.CheckConstraint(
            "quantity <> 0 AND (quantity > 0) = (kind = 'sale')", name=op.f("ck_sold_line_returns_are_negative")
        ),
        sa.CheckConstraint("gross >= 0 AND purchase >= 0", name=op.f("ck_sold_line_amounts_not_negative")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_sold_line_channel_id_channel")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_sold_line_variant_id_variant")),
        sa.ForeignKeyConstraint(["price_id"], ["price.id"], name=op.f("fk_sold_line_price_id_price")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_sold_line_user_id_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sold_line")),
        sa.UniqueConstraint(
            "channel_id", "reference", "variant_id", "kind",
            name=op.f("uq_sold_line_channel_id_reference_variant_id_kind"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_sold_line_sold_on_id"), "sold_line", ["sold_on", "id"])


def downgrade() -> None:
    op.drop_table("sold_line")
