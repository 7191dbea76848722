"""Put what was not matched before people, once per item of a supplier, and take back what is answered by itself."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.offers.rates import RATES

_LINES = f"""
    WITH {RATES},
    line AS MATERIALIZED (
      SELECT f.supplier_id, l.item_number,
             CASE WHEN l.item_number = '' THEN lower(l.description) ELSE '' END AS description_key, l.description,
             l.grade, l.gtin, l.mpn, l.match_key, l.facts, l.evidence, l.variant_id, l.quantity,
             l.quantity * l.price / r.per_eur AS eur, l.offer_file_id, l.row_number
      FROM offer_line l JOIN offer_file f ON f.id = l.offer_file_id JOIN rates r USING (currency)
      WHERE l.offer_file_id = :file_id AND l.row_number > 0 AND NOT l.rejected AND l.evidence IS NOT NULL)
"""  # noqa: S608  # A constant of this package.
_OFFERS = """
    WITH line AS MATERIALIZED (
      SELECT o.supplier_id, o.item_number,
             CASE WHEN o.item_number = '' THEN lower(o.description) ELSE '' END AS description_key, o.description,
             o.grade, o.gtin, o.mpn, o.match_key, o.facts, o.evidence, o.variant_id, o.quantity,
             o.quantity * o.price_eur AS eur, o.offer_file_id, o.row_number
      FROM offer o
      WHERE o.supplier_id = :supplier_id AND o.absent_since IS NULL AND o.evidence IS NOT NULL)
"""
# What is out of stock is not asked; a line that a person called none of ours is not asked again.
_ASK = """,
    unmatched AS MATERIALIZED (
      SELECT * FROM line WHERE variant_id IS NULL AND evidence->>'reason' <> 'none' AND quantity > 0
        AND item_number || description_key <> ''),
    closed AS (
      DELETE FROM match_question q USING (SELECT DISTINCT supplier_id, item_number, description_key FROM line) k
      WHERE q.supplier_id = k.supplier_id AND q.item_number = k.item_number
        AND q.description_key = k.description_key AND q.state <> 'answered'
        AND NOT EXISTS (SELECT 1 FROM unmatched u WHERE u.supplier_id = k.supplier_id AND u.item_number = k.item_number
                        AND u.description_key = k.description_key))
    INSERT INTO match_question AS q (supplier_id, item_number, description_key, description, grades, gtin, mpn,
                                     match_key, facts, evidence, reason, lines, pieces, value_eur, offer_file_id,
                                     row_number)
    SELECT u.supplier_id, u.item_number, u.description_key, u.description, a.grades, u.gtin, u.mpn, u.match_key,
           u.facts, u.evidence, u.evidence->>'reason', a.lines, a.pieces, a.eur, u.offer_file_id, u.row_number
    FROM (SELECT DISTINCT ON (supplier_id, item_number, description_key) * FROM unmatched
          ORDER BY supplier_id, item_number, description_key, quantity DESC, row_number) u
    JOIN (SELECT supplier_id, item_number, description_key, array_agg(DISTINCT grade) AS grades, count(*) AS lines,
                 sum(quantity) AS pieces, COALESCE(round(sum(eur), 2), 0) AS eur
          FROM unmatched GROUP BY 1, 2, 3) a USING (supplier_id, item_number, description_key)
    ON CONFLICT (supplier_id, item_number, description_key) DO UPDATE SET
      description = excluded.description, grades = excluded.grades, gtin = excluded.gtin, mpn = excluded.mpn,
      match_key = excluded.match_key, facts = excluded.facts, evidence = excluded.evidence, reason = excluded.reason,
      lines = excluded.lines, pieces = excluded.pieces, value_eur = excluded.value_eur,
      offer_file_id = excluded.offer_file_id, row_number = excluded.row_number,
      state = CASE WHEN q.state = 'skipped' THEN 'skipped' ELSE 'open' END,
      variant_id = NULL, batch_id = NULL, answered_by = NULL, answered_at = NULL
    WHERE q.state = 'answered'
       OR (q.description, q.grades, q.evidence, q.pieces, q.value_eur, q.offer_file_id, q.row_number) IS DISTINCT FROM
          (excluded.description, excluded.grades, excluded.evidence, excluded.pieces, excluded.value_eur,
           excluded.offer_file_id, excluded.row_number)
"""
_ASK_LINES = text(_LINES + _ASK)
_ASK_OFFERS = text(_OFFERS + _ASK)

# What the supplier offers no more is not asked, unless a file that waits holds it.
_CLOSE_GONE = text("""
    DELETE FROM match_question q
    WHERE q.supplier_id = :supplier_id AND q.state <> 'answered'
      AND NOT EXISTS (
        SELECT 1 FROM offer o WHERE o.supplier_id = q.supplier_id AND o.item_number = q.item_number
          AND o.absent_since IS NULL AND o.quantity > 0
          AND (q.item_number <> '' OR lower(o.description) = q.description_key))
      AND NOT EXISTS (SELECT 1 FROM offer_file f WHERE f.id = q.offer_file_id AND f.state = 'checked')
""")


def ask_of_file(session: Session, file_id: int) -> None:
    """Questions for the lines of a file that stay open; those that its lines answer by themselves go."""
    session.execute(_ASK_LINES, {"file_id": file_id})


def ask_of_offers(session: Session, supplier_id: int) -> None:
    """Questions for the supplier's offers in force that stay open."""
    session.execute(_ASK_OFFERS, {"supplier_id": supplier_id})


def close_gone(session: Session, supplier_id: int) -> None:
    """Take back questions about what the supplier offers no more."""
    session.execute(_CLOSE_GONE, {"supplier_id": supplier_id})
