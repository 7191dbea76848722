"""Lists: what orders are sorted and narrowed by, saved views, exports, and acts on many rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _orders()
    _views()
    _exports()
    _acts()


def _orders() -> None:
    """Country and method stand at the order: a list cannot look them up for a million orders."""
    op.add_column("shop_order", sa.Column("country", sa.String(length=2), server_default="", nullable=False))
    op.add_column("shop_order", sa.Column("method", sa.Text(), server_default="", nullable=False))
    op.execute("""
        UPDATE shop_order o SET
          country = COALESCE((SELECT a.country FROM order_address a WHERE a.order_id = o.id
                              ORDER BY a.billing DESC, a.external_id LIMIT 1), ''),
          method = COALESCE((SELECT p.method_name FROM order_payment p
                             WHERE p.order_id = o.id AND p.state = o.payment_state
                             ORDER BY p.created_at DESC LIMIT 1), '')
    """)
    for column in ("country", "method"):
        op.create_index(op.f(f"ix_shop_order_{column}_placed_at_id"), "shop_order", [column, "placed_at", "id"])
    op.create_index(op.f("ix_shop_order_total_id"), "shop_order", ["total", "id"])
    op.create_index(
        "ix_shop_order_number_key", "shop_order", [sa.text("(lpad(length(number)::text, 4, '0') || number)"), "id"]
    )
    op.create_index("ix_shop_order_name_key", "shop_order", [sa.text("lower(name)"), "id"])
    op.create_index("ix_shop_order_gone", "shop_order", ["id"], postgresql_where=sa.text("gone_at IS NOT NULL"))
    # Paid and cancelled is rare though paid is not: told so, the planner does not walk a whole index for it.
    op.execute("""
        CREATE STATISTICS shop_order_states (mcv)
        ON channel_id, state, payment_state, delivery_state, country, method FROM shop_order
    """)


def _views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("columns", JSONB, nullable=False),
        sa.Column("sort", sa.String(length=64), nullable=False),
        sa.Column("filters", JSONB, nullable=False),
        sa.Column("density", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("density IN ('comfortable', 'compact')", name=op.f("ck_saved_view_density_known")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user_account.id"], name=op.f("fk_saved_view_owner_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("list_name", "owner_id", "name", name=op.f("uq_saved_view_list_name_owner_id_name")),
    )
    op.create_index(op.f("ix_saved_view_owner_id"), "saved_view", ["owner_id"])
    op.create_index("ix_saved_view_shared", "saved_view", ["list_name"], postgresql_where=sa.text("shared"))
    op.create_table(
        "default_view",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("list_name", sa.String(length=64), nullable=False),
        sa.Column("view_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_default_view_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["view_id"], ["saved_view.id"], name=op.f("fk_default_view_view_id_saved_view"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "list_name", name=op.f("pk_default_view")),
    )
    op.create_index(op.f("ix_default_view_view_id"), "default_view", ["view_id"])


def _exports() -> None:
    op.create_table(
        "list_export",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list_name", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.String(length=64), nullable=False),
        sa.Column("args", JSONB, nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="waiting", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("about", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("format IN ('csv', 'xlsx')", name=op.f("ck_list_export_format_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'expired')", name=op.f("ck_list_export_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_list_export_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_export")),
    )
    op.create_index(op.f("ix_list_export_user_id_id"), "list_export", ["user_id", "id"])
    op.create_index(
        "ix_list_export_kept", "list_export", ["expires_at"], postgresql_where=sa.text("state <> 'expired'")
    )
    op.create_table(
        "list_export_part",
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["list_export.id"], name=op.f("fk_list_export_part_export_id_list_export"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("export_id", "position", name=op.f("pk_list_export_part")),
    )  # fmt: skip
    op.execute("ALTER TABLE list_export_part ALTER COLUMN content SET STORAGE EXTERNAL")
    _moves("list_export")


def _acts() -> None:
    op.create_table(
        "bulk_act",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list_name", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("args", JSONB, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("given", JSONB, server_default="{}", nullable=False),
        sa.Column("state", sa.String(length=64), server_default="preview", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undo_of", sa.BigInteger(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('preview', 'waiting', 'running', 'done')", name=op.f("ck_bulk_act_state_known")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_bulk_act_user_id_user_account")),
        sa.ForeignKeyConstraint(["undo_of"], ["bulk_act.id"], name=op.f("fk_bulk_act_undo_of_bulk_act")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_act")),
    )
    op.create_index(op.f("ix_bulk_act_user_id_id"), "bulk_act", ["user_id", "id"])
    op.create_index("ix_bulk_act_open", "bulk_act", ["id"], postgresql_where=sa.text("state <> 'done'"))
    op.create_index(
        "uq_bulk_act_undo_of", "bulk_act", ["undo_of"], unique=True, postgresql_where=sa.text("undo_of IS NOT NULL")
    )
    op.create_table(
        "bulk_row",
        sa.Column("bulk_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="waiting", nullable=False),
        sa.Column("reason", sa.String(length=64), server_default="", nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'skipped', 'failed')", name=op.f("ck_bulk_row_state_known")),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulk_act.id"], name=op.f("fk_bulk_row_bulk_id_bulk_act"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bulk_id", "subject_id", name=op.f("pk_bulk_row")),
    )
    op.create_index(op.f("ix_bulk_row_bulk_id_state_subject_id"), "bulk_row", ["bulk_id", "state", "subject_id"])
    _moves("bulk_act")


def _moves(table: str) -> None:
    """Pages about a row are told when it moves."""
    op.execute(
        f"CREATE TRIGGER moved AFTER UPDATE OF revision ON {table} FOR EACH ROW "
        "WHEN (OLD.revision IS DISTINCT FROM NEW.revision) EXECUTE FUNCTION notify_moved()"
    )


def downgrade() -> None:
    for table in ("bulk_row", "bulk_act", "list_export_part", "list_export", "default_view", "saved_view"):
        op.drop_table(table)
    op.execute("DROP STATISTICS shop_order_states")
    for name in ("gone", "name_key", "number_key", "total_id", "method_placed_at_id", "country_placed_at_id"):
        op.drop_index(f"ix_shop_order_{name}", table_name="shop_order")
    op.drop_column("shop_order", "method")
    op.drop_column("shop_order", "country")
