"""What web processes remember of people, saved views and pages of lists moves when these do."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ROWS = {"user_account": "UPDATE OR DELETE", "user_session": "UPDATE OF ends_at OR DELETE"}
TABLES = (
    "saved_view", "default_view", "user_account", "channel", "variant", "offer", "supplier", "shop_order", "order_line",
    "order_key", "payment", "money_entry", "refund", "customer", "customer_pair",
)  # fmt: skip


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        """CREATE FUNCTION notify_row_moved() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN PERFORM pg_notify('moved', TG_TABLE_NAME || ':' || COALESCE(NEW.id, OLD.id)); RETURN NULL; END $$"""
    )
    op.execute(
        """CREATE FUNCTION notify_table_moved() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN PERFORM pg_notify('moved', TG_TABLE_NAME); RETURN NULL; END $$"""
    )
    for table, when in ROWS.items():
        op.execute(f"CREATE TRIGGER moved AFTER {when} ON {table} FOR EACH ROW EXECUTE FUNCTION notify_row_moved()")
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER table_moved AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION notify_table_moved()"
        )


def downgrade() -> None:
    for table in ROWS:
        op.execute(f"DROP TRIGGER moved ON {table}")
    for table in TABLES:
        op.execute(f"DROP TRIGGER table_moved ON {table}")
    op.execute("DROP FUNCTION notify_table_moved()")
    op.execute("DROP FUNCTION notify_row_moved()")
