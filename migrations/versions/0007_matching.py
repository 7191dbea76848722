"""Facts, confidence and evidence of matches; learned items with who and what was seen; questions; catalogue batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "catalogue_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("products", sa.Integer(), nullable=False),
        sa.Column("variants", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["user_account.id"], name=op.f("fk_catalogue_batch_made_by_user_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_batch")),
    )
    for table in ("product", "variant"):
        op.add_column(table, sa.Column("batch_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_batch_id_catalogue_batch"), table, "catalogue_batch", ["batch_id"], ["id"]
        )
        op.create_index(
            op.f(f"ix_{table}_batch_id"), table, ["batch_id"], postgresql_where=sa.text("batch_id IS NOT NULL")
        )
    op.create_index(op.f("ix_product_brand_model"), "product", ["brand", "model"], unique=False)
    op.add_column("variant", sa.Column("mpn", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_variant_mpn"), "variant", ["mpn"], unique=False)
    op.add_column(
        "variant", sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.execute(_FACTS)
    for table in ("offer", "offer_line"):
        op.add_column(table, sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
        op.add_column(table, sa.Column("confidence", sa.Numeric(precision=4, scale=3), nullable=True))
        op.add_column(table, sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    _learned_items()
    _questions()


# The configuration of each variant as its key and its columns tell it: the key ends with storage, colour, connectivity.
_FACTS = """
    UPDATE variant v SET facts = jsonb_strip_nulls(jsonb_build_object(
      'kind', p.category, 'maker', p.brand, 'line', NULLIF(p.line, ''), 'model', p.model,
      'storage', (SELECT replace(part, 'hdd', '')
                  FROM unnest(string_to_array(v.match_key, '|')) WITH ORDINALITY x (part, n)
                  WHERE n > 2 AND part ~ '^[0-9]+([+][0-9]+)*(hdd)?$' AND part <> COALESCE(v.memory_gb::text, '')
                  ORDER BY n DESC LIMIT 1),
      'storage_kind', CASE WHEN v.match_key ~ '[0-9]hdd' THEN 'hdd' ELSE 'ssd' END,
      'memory', v.memory_gb::text, 'processor', NULLIF(v.processor, ''), 'colour', NULLIF(v.colour, ''),
      'connectivity', substring(v.match_key from '[|](wifi|cellular)$')))
    FROM product p WHERE p.id = v.product_id
"""


def _learned_items() -> None:
    op.add_column("supplier_item", sa.Column("description_key", sa.Text(), server_default="", nullable=False))
    op.add_column("supplier_item", sa.Column("seen", sa.Text(), server_default="", nullable=False))
    op.add_column("supplier_item", sa.Column("learned_by", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_supplier_item_learned_by_user_account"), "supplier_item", "user_account", ["learned_by"], ["id"]
    )
    op.alter_column("supplier_item", "variant_id", nullable=True)
    op.drop_constraint(op.f("uq_supplier_item_supplier_id_item_number_grade"), "supplier_item")
    op.create_unique_constraint(
        op.f("uq_supplier_item_supplier_id_item_number_description_key_grade"), "supplier_item",
        ["supplier_id", "item_number", "description_key", "grade"],
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_supplier_item_none_said_by_a_person"), "supplier_item", "variant_id IS NOT NULL OR method = 'person'"
    )
    op.create_check_constraint(
        op.f("ck_supplier_item_one_key"), "supplier_item", "(item_number = '') <> (description_key = '')"
    )


def _questions() -> None:
    op.create_table(
        "match_question",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("supplier_id", sa.BigInteger(), nullable=False),
        sa.Column("item_number", sa.Text(), nullable=False),
        sa.Column("description_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("grades", postgresql.ARRAY(sa.String(length=8)), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("mpn", sa.String(length=64), nullable=True),
        sa.Column("match_key", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("value_eur", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("offer_file_id", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), server_default="open", nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'skipped', 'answered')", name=op.f("ck_match_question_state_known")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["supplier.id"], name=op.f("fk_match_question_supplier_id_supplier"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["offer_file_id"], ["offer_file.id"], name=op.f("fk_match_question_offer_file_id_offer_file")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_match_question_variant_id_variant")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["catalogue_batch.id"], name=op.f("fk_match_question_batch_id_catalogue_batch")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["user_account.id"], name=op.f("fk_match_question_answered_by_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_question")),
        sa.UniqueConstraint(
            "supplier_id", "item_number", "description_key",
            name=op.f("uq_match_question_supplier_id_item_number_description_key"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_match_question_offer_file_id"), "match_question", ["offer_file_id"], unique=False)
    op.create_index(
        "ix_match_question_open", "match_question", ["value_eur", "id"], postgresql_where=sa.text("state = 'open'")
    )


def downgrade() -> None:
    op.drop_table("match_question")
    op.execute("DELETE FROM supplier_item WHERE variant_id IS NULL OR item_number = ''")
    op.drop_constraint(op.f("ck_supplier_item_one_key"), "supplier_item")
    op.drop_constraint(op.f("ck_supplier_item_none_said_by_a_person"), "supplier_item")
    op.drop_constraint(op.f("uq_supplier_item_supplier_id_item_number_description_key_grade"), "supplier_item")
    op.create_unique_constraint(
        op.f("uq_supplier_item_supplier_id_item_number_grade"), "supplier_item",
        ["supplier_id", "item_number", "grade"],
    )  # fmt: skip
    op.alter_column("supplier_item", "variant_id", nullable=False)
    for column in ("learned_by", "seen", "description_key"):
        op.drop_column("supplier_item", column)
    for table in ("offer", "offer_line"):
        for column in ("evidence", "confidence", "facts"):
            op.drop_column(table, column)
    op.drop_index(op.f("ix_product_brand_model"), "product")
    for column in ("facts", "mpn", "batch_id"):
        op.drop_column("variant", column)
    op.drop_column("product", "batch_id")
    op.drop_table("catalogue_batch")
