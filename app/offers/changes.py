"""The set-based half of the offers domain: difference and acceptance, each a few statements."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.db import Json
from app.extensions import settings
from app.offers import matching, questions
from app.offers.breaker import PRICE_MOVED
from app.offers.matching import VERDICTS_OF_LINES
from app.offers.rates import RATES

MANY = 1000  # Rows written at once after which what PostgreSQL knows of a table is wrong.

# Every statement names its file; the supplier and the day of the list come from the file's row.
_FILE = "offer_file f WHERE f.id = :file_id"

# Words decided since the file was read; what they meant to the line's problems is put right with them.
_GRADES = text("""
    UPDATE offer_line l SET grade = w.value,
      problems = jsonb_path_query_array(l.problems, '$[*] ? (@.code != "grade_unknown" && @.code != "grade_defect")')
        || CASE WHEN w.value = 'defect' THEN jsonb_build_array(
             jsonb_build_object('code', 'grade_defect', 'field', 'grade', 'value', l.grade_word)) ELSE '[]' END
    FROM supplier_word w, offer_file f
    WHERE l.offer_file_id = :file_id AND f.id = l.offer_file_id AND w.supplier_id = f.supplier_id AND w.kind = 'grade'
      AND w.word = l.grade_key AND w.value IS NOT NULL AND l.grade IS DISTINCT FROM w.value
""")

# An item number that this file holds in several grades: the offer in force under the bare number is one of them.
_BY_GRADE = text("""
    UPDATE offer o SET identity = o.identity || ':' || o.grade_key
    FROM offer_file f
    WHERE f.id = :file_id AND o.supplier_id = f.supplier_id AND o.identity = 'item:' || o.item_number
      AND o.item_number IN (
        SELECT l.item_number FROM offer_line l
        WHERE l.offer_file_id = f.id AND l.row_number > 0 AND l.item_number <> ''
          AND l.identity <> 'item:' || l.item_number)
      AND NOT EXISTS (SELECT 1 FROM offer x
                      WHERE x.supplier_id = o.supplier_id AND x.identity = o.identity || ':' || o.grade_key)
""")
_ITEMS_BY_GRADE = text("""
    SELECT DISTINCT item_number FROM offer
    WHERE supplier_id = :supplier_id AND identity LIKE 'item:%' AND identity <> 'item:' || item_number
""")

# A correction holds few of its file's lines, and so does not tell which items come in several grades there.
_GRADED_IN_FILE = text("""
    SELECT DISTINCT item_number FROM offer_line
    WHERE offer_file_id = :file_id AND identity LIKE 'item:%' AND identity <> 'item:' || item_number
""")

_DROP_ABSENT = text("DELETE FROM offer_line WHERE offer_file_id = :file_id AND row_number < 0")

# Each line with its match and its difference to the offer in force, in one pass; what did not change is not written.
_COMPARE = text(f"""
    WITH {VERDICTS_OF_LINES}
    UPDATE offer_line l SET variant_id = r.variant_id, match_method = r.match_method, confidence = r.confidence,
           evidence = r.evidence, diff = r.diff, old_quantity = r.old_quantity, old_price = r.old_price,
           old_grade = r.old_grade
    FROM (
      SELECT x.row_number, v.variant_id, v.match_method, v.confidence, v.evidence,
        CASE WHEN x.rejected THEN 'rejected'
             WHEN o.id IS NULL OR o.absent_since IS NOT NULL THEN 'new'
             WHEN o.quantity <> x.quantity OR o.price <> x.price OR o.currency <> x.currency
               OR o.grade_key <> x.grade_key OR o.description <> x.description
               OR o.vat_scheme <> x.vat_scheme THEN 'changed'
             ELSE 'unchanged' END AS diff,
        CASE WHEN o.absent_since IS NULL THEN o.quantity END AS old_quantity,
        CASE WHEN o.absent_since IS NULL AND o.currency = x.currency THEN o.price END AS old_price,
        CASE WHEN o.absent_since IS NULL THEN o.grade END AS old_grade
      FROM offer_line x
      JOIN offer_file f ON f.id = x.offer_file_id
      LEFT JOIN verdict v ON v.key = x.row_number
      LEFT JOIN offer o ON o.supplier_id = f.supplier_id AND o.identity = x.identity
      WHERE x.offer_file_id = :scope) r
    WHERE l.offer_file_id = :scope AND l.row_number = r.row_number
      AND (l.variant_id, l.match_method, l.confidence, l.evidence, l.diff, l.old_quantity, l.old_price, l.old_grade)
          IS DISTINCT FROM
          (r.variant_id, r.match_method, r.confidence, r.evidence, r.diff, r.old_quantity, r.old_price, r.old_grade)
""")  # noqa: S608  # Both halves are constants of this package.

# What a comparison is made of beside the lines, as one value: every version of every row. xmin is the transaction that
# wrote a row's version (PostgreSQL, "System Columns"); a row that goes or comes changes the sum likewise.
_VERSION = "COALESCE((SELECT sum(hashtextextended(CAST({} AS text), CAST(CAST(xmin AS text) AS bigint))) FROM {}), 0)"
_VERSIONS = ", ".join(
    _VERSION.format(key, rows)
    for rows, key in (
        ("product", "id"),
        ("variant", "id"),
        ("exchange_rate", "(currency, day)"),
        ("supplier_word WHERE supplier_id = f.supplier_id", "id"),
        ("supplier_item WHERE supplier_id = f.supplier_id", "id"),
        ("offer WHERE supplier_id = f.supplier_id", "id"),
        ("offer_file WHERE corrects_id = f.id", "id"),
    )
)
_BASIS = text(f"""
    SELECT md5(concat_ws(' ', CAST(:threshold AS text), {_VERSIONS})) FROM offer_file f WHERE f.id = :file_id
""")  # noqa: S608  # A constant of this module.

_ANALYZE_LINES = text(
    "ANALYZE offer_line (offer_file_id, row_number, identity, item_number, gtin, mpn, match_key, grade, rejected)"
)

_ABSENT = text("""
    INSERT INTO offer_line (offer_file_id, row_number, identity, item_number, description, grade_word, grade_key,
                            grade, quantity, price, currency, vat_scheme, gtin, mpn, match_key, facts,
                            variant_id, match_method, confidence, evidence, diff, old_quantity, old_price,
                            rejected, problems)
    SELECT f.id, -row_number() OVER (ORDER BY o.id), o.identity, o.item_number, o.description, o.grade_word,
           o.grade_key, o.grade, 0, o.price, o.currency, o.vat_scheme, o.gtin, o.mpn, o.match_key, o.facts,
           o.variant_id, o.match_method, o.confidence, o.evidence, 'absent', o.quantity, o.price, false, '[]'
    FROM offer_file f JOIN offer o ON o.supplier_id = f.supplier_id AND o.absent_since IS NULL
    WHERE f.id = :file_id
      AND NOT EXISTS (SELECT 1 FROM offer_line l WHERE l.offer_file_id = f.id AND l.identity = o.identity)
      AND NOT EXISTS (SELECT 1 FROM offer_file c WHERE c.corrects_id = f.id AND c.id = o.offer_file_id)
""")

# A line whose currency has no rate on its day cannot be compared with anything: rejected, and said.
_NO_RATE = text("""
    UPDATE offer_line l SET rejected = true,
      problems = l.problems || jsonb_build_array(
        jsonb_build_object('code', 'currency_unknown', 'field', 'currency', 'value', l.currency))
    FROM offer_file f
    WHERE l.offer_file_id = :file_id AND f.id = l.offer_file_id AND NOT l.rejected AND l.currency <> 'EUR'
      AND NOT EXISTS (SELECT 1 FROM exchange_rate r WHERE r.currency = l.currency AND r.day <= f.list_date)
""")

_COUNTS = text(f"""
    WITH {RATES}
    SELECT count(*) FILTER (WHERE row_number > 0) AS rows,
           count(*) FILTER (WHERE diff = 'new') AS new,
           count(*) FILTER (WHERE diff = 'changed') AS changed,
           count(*) FILTER (WHERE diff = 'changed' AND old_quantity <> quantity) AS changed_quantity,
           count(*) FILTER (WHERE diff = 'changed' AND old_price IS DISTINCT FROM price) AS changed_price,
           count(*) FILTER (WHERE diff = 'unchanged') AS unchanged,
           count(*) FILTER (WHERE diff = 'absent') AS absent,
           count(*) FILTER (WHERE diff = 'rejected') AS rejected,
           count(*) FILTER (WHERE variant_id IS NOT NULL AND diff IN ('new', 'changed', 'unchanged')) AS matched,
           (SELECT count(*) FROM match_question WHERE offer_file_id = :file_id AND state = 'open'
              AND reason <> 'unread') AS asked,
           COALESCE(sum(quantity) FILTER (WHERE diff IN ('new', 'changed', 'unchanged')), 0) AS pieces_after,
           COALESCE(sum(old_quantity), 0) AS pieces_before,
           count(*) FILTER (WHERE old_quantity IS NOT NULL) AS in_force,
           count(*) FILTER (WHERE old_quantity IS NOT NULL AND diff IN ('changed', 'unchanged')) AS continuing,
           count(*) FILTER (WHERE diff = 'changed' AND abs(price - old_price) * 100 > old_price * :price_moved)
             AS price_jumps,
           count(*) FILTER (WHERE diff = 'changed' AND old_grade IS NOT NULL AND old_grade <> grade) AS grade_shifts,
           COALESCE(sum(old_quantity) FILTER (WHERE diff IN ('changed', 'unchanged')), 0) AS pieces_continuing,
           COALESCE(sum(quantity) FILTER (WHERE old_quantity IS NOT NULL AND diff IN ('changed', 'unchanged')), 0)
             AS pieces_continued,
           count(*) FILTER (WHERE row_number > 0 AND (COALESCE(quantity, 0) = 0 OR COALESCE(price, 0) = 0)) AS zeros,
           COALESCE(round(sum(quantity * price / r.per_eur)
             FILTER (WHERE diff IN ('new', 'changed', 'unchanged')), 2), 0) AS value_after_eur,
           COALESCE(round(sum(old_quantity * COALESCE(old_price, price) / r.per_eur), 2), 0) AS value_before_eur
    FROM offer_line l LEFT JOIN rates r USING (currency) WHERE offer_file_id = :file_id
""")  # noqa: S608  # Both halves are constants of this module.

_PROBLEMS = text("""
    SELECT p->>'code' AS code, count(*) AS lines,
           count(*) FILTER (WHERE l.quantity > 0) AS with_stock
    FROM offer_line l, jsonb_array_elements(l.problems) p
    WHERE l.offer_file_id = :file_id AND l.row_number > 0 GROUP BY 1 ORDER BY 2 DESC, 1
""")

_WORDS = text("""
    SELECT p->>'kind' AS kind, p->>'word' AS word, min(p->>'value') AS shown, count(*) AS lines
    FROM offer_line l, jsonb_array_elements(l.problems) p
    WHERE l.offer_file_id = :file_id AND l.row_number > 0 AND p->>'word' <> ''
    GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2
""")

_APPLY = text(f"""
    WITH {RATES}
    INSERT INTO offer AS o (supplier_id, identity, item_number, description, grade_word, grade_key, match_key, mpn,
                            grade, quantity, price, currency, price_eur, vat_scheme, gtin, facts, variant_id,
                            match_method, confidence, evidence, offer_file_id, row_number, absent_since, changed_at)
    SELECT f.supplier_id, l.identity, l.item_number, l.description, l.grade_word, l.grade_key, l.match_key, l.mpn,
           l.grade, l.quantity, l.price, l.currency, round(l.price / r.per_eur, 2), l.vat_scheme, l.gtin,
           l.facts, l.variant_id, l.match_method, l.confidence, l.evidence, f.id, l.row_number, NULL, :now
    FROM offer_line l JOIN offer_file f ON f.id = l.offer_file_id JOIN rates r USING (currency)
    WHERE l.offer_file_id = :file_id AND l.diff IN ('new', 'changed', 'unchanged')
    ON CONFLICT (supplier_id, identity) DO UPDATE SET
      item_number = excluded.item_number, description = excluded.description, grade_word = excluded.grade_word,
      grade_key = excluded.grade_key, match_key = excluded.match_key, mpn = excluded.mpn, grade = excluded.grade,
      quantity = excluded.quantity, price = excluded.price, currency = excluded.currency,
      price_eur = excluded.price_eur, vat_scheme = excluded.vat_scheme, gtin = excluded.gtin,
      facts = excluded.facts, variant_id = excluded.variant_id, match_method = excluded.match_method,
      confidence = excluded.confidence, evidence = excluded.evidence,
      offer_file_id = excluded.offer_file_id, row_number = excluded.row_number, absent_since = NULL,
      halved_at = NULL, changed_at = excluded.changed_at
    WHERE (o.quantity, o.price, o.currency, o.grade_key, o.grade, o.description, o.vat_scheme, o.variant_id,
           o.match_key)
          IS DISTINCT FROM
          (excluded.quantity, excluded.price, excluded.currency, excluded.grade_key, excluded.grade,
           excluded.description, excluded.vat_scheme, excluded.variant_id, excluded.match_key)
       OR o.absent_since IS NOT NULL
    RETURNING o.variant_id
""")  # noqa: S608  # Both halves are constants of this module.

_WITHDRAW = text("""
    UPDATE offer o SET absent_since = :now, changed_at = :now,
      quantity = CASE WHEN f.mode = 'full_with_grace' THEN o.quantity ELSE 0 END
    FROM offer_line l, offer_file f
    WHERE l.offer_file_id = :file_id AND l.diff = 'absent' AND f.id = l.offer_file_id
      AND o.supplier_id = f.supplier_id AND o.identity = l.identity AND o.absent_since IS NULL
    RETURNING o.variant_id
""")

# Before a file is applied: the offers that it will change, as they are.
_REMEMBER = text("""
    INSERT INTO offer_change (offer_file_id, offer_id, kind, before)
    SELECT f.id, o.id, CASE WHEN l.diff = 'absent' THEN 'absent' ELSE 'changed' END, to_jsonb(o)
    FROM offer_file f JOIN offer_line l ON l.offer_file_id = f.id
    JOIN offer o ON o.supplier_id = f.supplier_id AND o.identity = l.identity
    WHERE f.id = :file_id
      AND ((l.diff = 'absent' AND :full)
           OR (l.diff IN ('new', 'changed', 'unchanged') AND (o.absent_since IS NOT NULL
               OR (o.quantity, o.price, o.currency, o.grade_key, o.grade, o.description, o.vat_scheme, o.variant_id,
                   o.match_key)
                  IS DISTINCT FROM
                  (l.quantity, l.price, l.currency, l.grade_key, l.grade, l.description, l.vat_scheme, l.variant_id,
                   l.match_key))))
    ON CONFLICT (offer_file_id, offer_id) DO NOTHING
""")
_REMEMBER_NEW = text("""
    INSERT INTO offer_change (offer_file_id, offer_id, kind)
    SELECT o.offer_file_id, o.id, 'new' FROM offer o WHERE o.offer_file_id = :file_id AND o.changed_at = :now
    ON CONFLICT (offer_file_id, offer_id) DO NOTHING
""")

_ENDED = """
    o.absent_since IS NOT NULL AND o.quantity > 0
    AND (s.import_mode <> 'full_with_grace'
         OR o.absent_since + make_interval(days => s.grace_days) <= CAST(:now AS timestamptz))
"""
GRACE_ENDED = text(f"""
    SELECT s.id, s.code FROM supplier s
    WHERE EXISTS (SELECT 1 FROM offer o WHERE o.supplier_id = s.id AND {_ENDED}) ORDER BY s.id
""")  # noqa: S608  # A constant of this module.
_END_ABSENT = text(f"""
    UPDATE offer o SET quantity = 0, changed_at = :now FROM supplier s
    WHERE s.id = o.supplier_id AND s.id = :supplier_id AND {_ENDED}
    RETURNING o.variant_id
""")  # noqa: S608  # A constant of this module.

# Offers whose word was decided after they were accepted. What they are is asked anew with their grade.
_REGRADE = text("""
    UPDATE offer o SET grade = w.value, variant_id = NULL, match_method = NULL, confidence = NULL, evidence = NULL,
           changed_at = :now
    FROM supplier_word w, offer old
    WHERE o.supplier_id = :supplier_id AND w.supplier_id = o.supplier_id AND w.kind = 'grade' AND w.value IS NOT NULL
      AND w.word = o.grade_key AND o.grade IS DISTINCT FROM w.value AND old.id = o.id
    RETURNING old.variant_id AS was
""")


def staged(session: Session, lines: int) -> None:
    """So many lines were put into `offer_line`: fresh rows without statistics make the planner choose nested loops."""
    if lines > MANY:
        session.execute(_ANALYZE_LINES)


class Compared(NamedTuple):
    """`basis`: what `basis` told before the lines were compared."""

    counts: Json
    basis: str


def basis(session: Session, file_id: int) -> str:
    """A digest of all that the file's lines are compared with: while it is the same, a comparison holds."""
    values = {"file_id": file_id, "threshold": str(settings().match_threshold)}
    return str(session.execute(_BASIS, values).scalar_one())


def match_and_diff(session: Session, file_id: int) -> Compared:
    """Grade, match and compare the staged lines of a file with the offers in force.

    Safe to run again: after a word was decided, or when other files were accepted meanwhile.
    """
    session.execute(_DROP_ABSENT, {"file_id": file_id})
    session.execute(_BY_GRADE, {"file_id": file_id})
    session.execute(_GRADES, {"file_id": file_id})
    session.execute(_NO_RATE, {"file_id": file_id})
    against = basis(session, file_id)
    session.execute(text("SET LOCAL work_mem = '64MB'"))  # The hashes of 100,000 lines stay in memory.
    session.execute(_COMPARE, {**matching.parameters(), "scope": file_id})
    questions.ask_of_file(session, file_id)
    session.execute(_ABSENT, {"file_id": file_id})
    return Compared(counts(session, file_id), against)


def items_by_grade(session: Session, supplier_id: int) -> set[str]:
    """Item numbers of which the supplier's offers are known by their grade too."""
    return set(session.execute(_ITEMS_BY_GRADE, {"supplier_id": supplier_id}).scalars())


def items_by_grade_in(session: Session, file_id: int) -> set[str]:
    """Item numbers whose lines in this file are known by their grade too."""
    return set(session.execute(_GRADED_IN_FILE, {"file_id": file_id}).scalars())


def counts(session: Session, file_id: int) -> Json:
    """What the file would do: rows per kind, pieces and EUR before and after, problems and open words of every kind."""
    row = session.execute(_COUNTS, {"file_id": file_id, "price_moved": PRICE_MOVED}).one()._asdict()
    result: dict[str, Any] = {
        name: str(value) if name.startswith("value_") else int(value) for name, value in row.items()
    }
    result["problems"] = {}
    result["problems_with_stock"] = {}
    for problem in session.execute(_PROBLEMS, {"file_id": file_id}):
        result["problems"][problem.code] = problem.lines
        result["problems_with_stock"][problem.code] = problem.with_stock
    words = session.execute(_WORDS, {"file_id": file_id})
    result["words"] = [word._asdict() for word in words]
    return result


def apply_lines(session: Session, file_id: int, *, mode: str, now: datetime) -> set[int]:
    """Replace the supplier's offers by the file's lines; returns the variants whose offers moved, old and new.

    What a full list does not name ends; with grace it is only marked, and `end_absent` ends it later.
    """
    before = _variants_of(session, file_id)
    session.execute(_REMEMBER, {"file_id": file_id, "full": mode != "partial"})
    applied = session.execute(_APPLY, {"file_id": file_id, "now": now}).scalars().all()
    touched = set(applied)
    if len(applied) > MANY:
        session.execute(
            text("ANALYZE offer (supplier_id, identity, variant_id, quantity, absent_since, offer_file_id, changed_at)")
        )
    if mode != "partial":
        touched |= {row.variant_id for row in session.execute(_WITHDRAW, {"file_id": file_id, "now": now})}
    session.execute(_REMEMBER_NEW, {"file_id": file_id, "now": now})
    matching.learn(session, file_id)
    return {variant for variant in touched | before if variant is not None}


def _variants_of(session: Session, file_id: int) -> set[int | None]:
    """Variants that offers of this supplier point at now and would not after: they lose an offer."""
    rows = session.execute(
        text("""
            SELECT DISTINCT o.variant_id FROM offer o JOIN offer_file f ON f.supplier_id = o.supplier_id
            JOIN offer_line l ON l.offer_file_id = f.id AND l.identity = o.identity
            WHERE f.id = :file_id AND o.variant_id IS NOT NULL AND o.variant_id IS DISTINCT FROM l.variant_id
              AND l.diff IN ('new', 'changed', 'unchanged')
        """),
        {"file_id": file_id},
    )
    return {row.variant_id for row in rows}


def regrade_offers(session: Session, supplier_id: int, *, now: datetime) -> set[int]:
    """Give offers in force the grade that their word means now, and match them; returns the variants that moved."""
    lost = {row.was for row in session.execute(_REGRADE, {"supplier_id": supplier_id, "now": now})}
    return {variant for variant in lost if variant is not None} | matching.match_offers(session, supplier_id, now=now)


def offered_variants(session: Session, supplier_id: int) -> set[int]:
    """The variants that offers of the supplier are of."""
    rows = session.execute(
        text("SELECT DISTINCT variant_id FROM offer WHERE supplier_id = :supplier_id AND variant_id IS NOT NULL"),
        {"supplier_id": supplier_id},
    )
    return set(rows.scalars())


def end_absent(session: Session, supplier_id: int, *, now: datetime) -> list[int | None]:
    """End the supplier's offers whose grace is over; returns the variant of each, None for one that matched nothing."""
    return [row.variant_id for row in session.execute(_END_ABSENT, {"supplier_id": supplier_id, "now": now})]
