"""Dictionaries of every kind per supplier, with history; attributes of offer lines; layouts know their file names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "supplier_word",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('grade', 'availability', 'colour', 'storage', 'vat', 'currency')",
            name=op.f("ck_supplier_word_kind_known"),
        ),
        sa.CheckConstraint(
            "kind <> 'grade' OR value IN ('new', 'A+', 'A', 'B', 'C', 'defect')",
            name=op.f("ck_supplier_word_grade_known"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('availability', 'storage') OR value ~ '^[0-9]{1,6}$'",
            name=op.f("ck_supplier_word_number_whole"),
        ),
        sa.CheckConstraint("kind <> 'vat' OR value IN ('regular', 'margin')", name=op.f("ck_supplier_word_vat_known")),
        sa.CheckConstraint("kind <> 'currency' OR value ~ '^[A-Z]{3}$'", name=op.f("ck_supplier_word_currency_code")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user_account.id"], name=op.f("fk_supplier_word_decided_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_word_supplier_id_supplier"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_word")),
        sa.UniqueConstraint("supplier_id", "kind", "word", name=op.f("uq_supplier_word_supplier_id_kind_word")),
    )
    op.create_table(
        "supplier_word_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("word_id", sa.BigInteger(), nullable=False),
        sa.Column("was", sa.String(length=64), nullable=True),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user_account.id"], name=op.f("fk_supplier_word_decision_decided_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["word_id"], ["supplier_word.id"], name=op.f("fk_supplier_word_decision_word_id_supplier_word"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_word_decision")),
    )  # fmt: skip
    op.create_index(op.f("ix_supplier_word_decision_word_id"), "supplier_word_decision", ["word_id"], unique=False)
    op.execute("""
        INSERT INTO supplier_word (supplier_id, kind, word, shown, value, decided_by, decided_at)
        SELECT supplier_id, 'grade', word, shown, grade, decided_by, decided_at FROM supplier_grade ORDER BY id
    """)
    op.execute("""
        INSERT INTO supplier_word_decision (word_id, was, value, decided_by, decided_at)
        SELECT id, NULL, value, decided_by, COALESCE(decided_at, now()) FROM supplier_word WHERE value IS NOT NULL
        ORDER BY id
    """)
    op.drop_table("supplier_grade")
    op.add_column("supplier_layout", sa.Column("stem", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "offer_line",
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("offer_line", "attributes")
    op.drop_column("supplier_layout", "stem")
    op.create_table(
        "supplier_grade",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.BigInteger(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("grade", sa.String(length=8), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "grade IN ('new', 'A+', 'A', 'B', 'C', 'defect')", name=op.f("ck_supplier_grade_grade_known")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["user_account.id"], name=op.f("fk_supplier_grade_decided_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_grade_supplier_id_supplier"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_grade")),
        sa.UniqueConstraint("supplier_id", "word", name=op.f("uq_supplier_grade_supplier_id_word")),
    )
    op.execute("""
        INSERT INTO supplier_grade (supplier_id, word, shown, grade, decided_by, decided_at)
        SELECT supplier_id, word, shown, value, decided_by, decided_at FROM supplier_word WHERE kind = 'grade'
        ORDER BY id
    """)
    op.drop_index(op.f("ix_supplier_word_decision_word_id"), table_name="supplier_word_decision")
    op.drop_table("supplier_word_decision")
    op.drop_table("supplier_word")
