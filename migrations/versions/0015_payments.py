"""Payments, refunds, the ledger of money, the verdict per order, and what people want done to orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("costs", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
        sa.UniqueConstraint("external_id", name=op.f("uq_settlement_external_id")),
    )
    op.create_index(op.f("ix_settlement_settled_at_id"), "settlement", ["settled_at", "id"], unique=False)
    op.create_table(
        "settlement_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("payment", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlement.id"],
            name=op.f("fk_settlement_line_settlement_id_settlement"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_line")),
        sa.UniqueConstraint(
            "settlement_id", "kind", "reference", name=op.f("uq_settlement_line_settlement_id_kind_reference")
        ),
    )
    op.create_index(op.f("ix_settlement_line_reference"), "settlement_line", ["reference"], unique=False)
    op.create_table(
        "order_act",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('cancel', 'address', 'resend', 'repair')", name=op.f("ck_order_act_kind_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'requested', 'done', 'failed', 'declined')", name=op.f("ck_order_act_state_known")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_order_act_decided_by_user_account")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_act_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["user_account.id"], name=op.f("fk_order_act_requested_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_act")),
        sa.UniqueConstraint("key", name=op.f("uq_order_act_key")),
    )
    op.create_index(op.f("ix_order_act_order_id_id"), "order_act", ["order_id", "id"], unique=False)
    op.create_index(
        "ix_order_act_waiting", "order_act", ["created_at"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "order_money",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=64), nullable=False),
        sa.Column("paid", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("refunded", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("charged_back", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("doubt", sa.Boolean(), nullable=False),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_order_money_order_id_shop_order"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_money")),
    )
    op.create_index(
        "ix_order_money_doubt", "order_money", ["since", "order_id"], unique=False, postgresql_where=sa.text("doubt")
    )
    op.create_index("ix_order_money_verdict", "order_money", ["verdict", "order_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("linked_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("transaction_id", sa.String(length=32), nullable=True),
        sa.Column("order_number", sa.String(), nullable=True),
        sa.Column("described", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("shop_state", sa.String(length=64), server_default="", nullable=False),
        sa.Column("method", sa.String(length=64), server_default="", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("refunded", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("charged_back", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("captured", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("remaining", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("mode", sa.String(length=64), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authorized_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settlement_id", sa.String(length=64), nullable=True),
        sa.Column("dashboard", sa.Text(), server_default="", nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("difference", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_payment_channel_id_channel")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_payment_order_id_shop_order"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("external_id", name=op.f("uq_payment_external_id")),
    )
    op.create_index(op.f("ix_payment_amount_id"), "payment", ["amount", "id"], unique=False)
    op.create_index(
        op.f("ix_payment_channel_id_created_at_id"), "payment", ["channel_id", "created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_payment_created_at_id"), "payment", ["created_at", "id"], unique=False)
    op.create_index("ix_payment_differs", "payment", ["id"], unique=False, postgresql_where=sa.text("difference <> 0"))
    op.create_index(
        "ix_payment_due_at",
        "payment",
        ["channel_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_payment_order_id"), "payment", ["order_id"], unique=False)
    op.create_index(
        "ix_payment_order_number",
        "payment",
        ["channel_id", "order_number"],
        unique=False,
        postgresql_where=sa.text("order_id IS NULL"),
    )
    op.create_index(op.f("ix_payment_state_created_at_id"), "payment", ["state", "created_at", "id"], unique=False)
    op.create_index(
        "ix_payment_transaction_id",
        "payment",
        ["transaction_id"],
        unique=False,
        postgresql_where=sa.text("transaction_id IS NOT NULL"),
    )
    op.create_table(
        "chargeback",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("settlement_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_chargeback_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chargeback")),
        sa.UniqueConstraint("external_id", name=op.f("uq_chargeback_external_id")),
    )
    op.create_index(op.f("ix_chargeback_created_at_id"), "chargeback", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_chargeback_payment_id"), "chargeback", ["payment_id"], unique=False)
    op.create_table(
        "money_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('authorised', 'paid', 'refund', 'refund_returned', 'chargeback', 'chargeback_reversed', 'fee')",
            name=op.f("ck_money_entry_kind_known"),
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_money_entry_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_entry")),
        sa.UniqueConstraint(
            "payment_id", "kind", "reference", "turn", name=op.f("uq_money_entry_payment_id_kind_reference_turn")
        ),
    )
    op.create_index(op.f("ix_money_entry_booked_at_id"), "money_entry", ["booked_at", "id"], unique=False)
    op.create_index(op.f("ix_money_entry_reference"), "money_entry", ["reference"], unique=False)
    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), server_default="", nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=64), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("returns", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_to", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("settlement_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'requested', 'pending', 'processed', 'failed', 'canceled', 'declined')",
            name=op.f("ck_refund_state_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(["decided_by"], ["user_account.id"], name=op.f("fk_refund_decided_by_user_account")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id_payment")),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["user_account.id"], name=op.f("fk_refund_requested_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("key", name=op.f("uq_refund_key")),
    )
    op.create_index(op.f("ix_refund_created_at_id"), "refund", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)
    op.create_index(op.f("ix_refund_state_created_at_id"), "refund", ["state", "created_at", "id"], unique=False)
    op.create_index(
        "ix_refund_waiting", "refund", ["created_at"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index(
        "uq_refund_external_id",
        "refund",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("order_payment", sa.Column("absent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "refused_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_delivery")),
        sa.UniqueConstraint("system", "channel", "reason", name=op.f("uq_refused_delivery_system_channel_reason")),
    )
    op.create_index("ix_payment_method_created_at_id", "payment", ["method", "created_at", "id"])
    op.create_index("ix_payment_stray", "payment", ["created_at", "id"], postgresql_where=sa.text("order_id IS NULL"))
    op.create_index("ix_refund_returns", "refund", ["payment_id"], postgresql_where=sa.text("returns"))
    op.create_index("ix_refund_amount_id", "refund", ["amount", "id"])
    op.create_index("ix_order_payment_external_id", "order_payment", ["external_id"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON money_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("refused_delivery")
    op.drop_index("ix_order_payment_external_id", "order_payment")
    op.drop_column("order_payment", "absent_at")
    op.drop_table("money_entry")
    op.drop_table("chargeback")
    op.drop_table("refund")
    op.drop_table("settlement_line")
    op.drop_table("settlement")
    op.drop_table("order_money")
    op.drop_table("order_act")
    op.drop_table("payment")
