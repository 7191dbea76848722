"""Which of our variants a line is: one statement over the staged lines of a file, or over a supplier's offers.

Four methods name variants, each by itself: the GTIN, what was learned of the supplier's item, the maker's number, and
the attributes read from the description. A GTIN, an item and a number name a configuration: the line's grade picks the
variant. The variant that every method allows wins; a person's answer wins over all of them. Then the description is
compared with the variant fact by fact. What contradicts, what several variants fit, and what is less sure than
MATCH_THRESHOLD is not matched: it becomes a question (app.matching).

`evidence`: {methods, agreed: [fact], missing: [fact], contradicted: {fact: [variant's, line's]}, others: number of
other variants that were named, suggested: variant id of what was not sure enough, reason: why it is asked}.
Reasons: contradiction, several, unsure, grade (we have it in another grade), new (known in full, not in the catalogue),
open (a device, something that decides is not said), unread (no device was read), none (a person said: none of ours).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.catalog.device_facts import DECIDING
from app.extensions import settings

# How often a method alone is wrong, by which confidence is reckoned: 1 - the product over the methods that agree.
# Attributes are measured on lines labelled by hand (tests/app/catalog/test_match_quality.py), the others are set
# higher: suppliers reuse item numbers, and type GTINs of a device's brother.
ERRORS = {
    "attributes": Decimal("0.01"),
    "gtin": Decimal("0.03"),
    "mpn": Decimal("0.04"),
    "item": Decimal("0.04"),
    "renamed": Decimal("0.3"),  # The item number is known with another description.
}
# What equal keys mean, by kind of device (app.catalog.device_facts.match_key).
AGREED = {
    "phone": ("maker", "model", "storage", "colour"),
    "tablet": ("maker", "model", "storage", "connectivity"),
    "notebook": ("maker", "model", "processor", "memory", "storage"),
    "desktop": ("maker", "model", "processor", "memory", "storage"),
    "monitor": ("maker", "model"),
}
MOST = Decimal("0.999")
REASONS = ("contradiction", "several", "unsure", "grade", "new", "open", "unread")

_LINES = """
    SELECT l.row_number AS key, f.supplier_id, l.item_number, l.description, l.grade, l.gtin, l.mpn, l.match_key,
           l.facts
    FROM offer_line l JOIN offer_file f ON f.id = l.offer_file_id
    WHERE l.offer_file_id = :scope AND l.row_number > 0 AND NOT l.rejected
      AND l.grade IN ('new', 'A+', 'A', 'B', 'C')
"""
_OFFERS = """
    SELECT o.id AS key, o.supplier_id, o.item_number, o.description, o.grade, o.gtin, o.mpn, o.match_key, o.facts
    FROM offer o
    WHERE o.supplier_id = :scope AND o.grade IN ('new', 'A+', 'A', 'B', 'C')
"""

_JUDGE = """
    line AS MATERIALIZED (
      SELECT s.*, lower(s.description) AS said,
             CASE WHEN s.item_number = '' THEN lower(s.description) ELSE '' END AS description_key
      FROM ({source}) s),
    answer AS MATERIALIZED (  -- What a person said of this very description; the exact grade before its siblings.
      SELECT DISTINCT ON (l.key) l.key, v.id AS variant_id
      FROM line l
      JOIN supplier_item i ON i.supplier_id = l.supplier_id AND i.item_number = l.item_number
        AND i.description_key = l.description_key AND i.method = 'person'
        AND i.seen IN ('', l.said)
      LEFT JOIN variant a ON a.id = i.variant_id
      LEFT JOIN variant v ON v.product_id = a.product_id AND v.match_key = a.match_key
        AND v.grade = l.grade AND v.active
      WHERE i.variant_id IS NULL OR v.id IS NOT NULL
      ORDER BY l.key, i.grade = l.grade DESC, i.learned_at DESC),
    found AS MATERIALIZED (
      SELECT l.key, v.id AS variant_id, 'gtin' AS method
      FROM line l JOIN variant g ON g.gtin = l.gtin AND g.active
      JOIN variant v ON v.product_id = g.product_id AND v.match_key = g.match_key AND v.grade = l.grade AND v.active
      UNION
      SELECT l.key, v.id, CASE WHEN i.seen IN ('', l.said) THEN 'item' ELSE 'renamed' END
      FROM line l
      JOIN supplier_item i ON i.supplier_id = l.supplier_id AND i.item_number = l.item_number
        AND i.description_key = l.description_key AND (i.method <> 'person' OR i.seen NOT IN ('', l.said))
      JOIN variant a ON a.id = i.variant_id
      JOIN variant v ON v.product_id = a.product_id AND v.match_key = a.match_key AND v.grade = l.grade AND v.active
      UNION
      SELECT l.key, v.id, 'mpn' FROM line l JOIN variant v ON v.mpn = l.mpn AND v.grade = l.grade AND v.active
      UNION
      SELECT l.key, v.id, 'mpn'  -- A number of a whole product: what the line says of size and colour narrows it.
      FROM line l JOIN product p ON p.mpn = l.mpn
      JOIN LATERAL (
        SELECT v.id, v.storage_gb, v.colour, count(*) OVER () AS of FROM variant v
        WHERE v.product_id = p.id AND v.grade = l.grade AND v.active) v ON true
      WHERE v.of = 1 OR ((l.facts->>'storage' IS NULL OR l.facts->>'storage' = v.storage_gb::text)
                         AND (l.facts->>'colour' IS NULL OR l.facts->>'colour' = v.colour))
      UNION
      SELECT l.key, v.id, 'attributes'
      FROM line l JOIN variant v ON v.match_key = l.match_key AND v.grade = l.grade AND v.active),
    methods AS (SELECT key, count(DISTINCT method) AS methods FROM found GROUP BY key),
    voted AS (
      SELECT c.key, c.variant_id, array_agg(c.method ORDER BY e.error) AS methods, bool_or(c.of = 1) AS decided,
             -- What was learned of an item came from the other methods: it is no witness beside them.
             COALESCE(exp(sum(e.log) FILTER (WHERE c.of = 1 AND c.method NOT IN ('item', 'renamed'))),
                      min(e.error) FILTER (WHERE c.of = 1), 1) AS error
      FROM (SELECT f.*, count(*) OVER (PARTITION BY f.key, f.method) AS of FROM found f) c
      JOIN (VALUES {errors}) e (method, error, log) USING (method)
      GROUP BY c.key, c.variant_id),
    best AS MATERIALIZED (
      SELECT DISTINCT ON (b.key) b.*, count(*) OVER (PARTITION BY b.key) AS variants,
             cardinality(b.methods) = m.methods AS allowed
      FROM voted b JOIN methods m USING (key)
      ORDER BY b.key, cardinality(b.methods) DESC, b.error, b.variant_id),
    judged AS MATERIALIZED (
      SELECT l.key, l.match_key, l.facts, b.decided, b.allowed, b.variants, b.error,
             a.key IS NOT NULL AS answered,
             CASE WHEN a.key IS NULL THEN b.variant_id ELSE a.variant_id END AS variant_id,
             CASE WHEN a.key IS NOT NULL THEN array_prepend('person', b.methods) ELSE b.methods END AS methods
      FROM line l LEFT JOIN answer a USING (key) LEFT JOIN best b USING (key)),
    compared AS MATERIALIZED (
      SELECT j.*,
        CASE WHEN j.match_key = v.match_key THEN CASE j.facts->>'kind' {agreed} END ELSE c.agreed END AS agreed,
        c.missing, COALESCE(c.contradicted, '{}') || CASE
          WHEN j.facts ? 'refused' AND v.facts ? 'kind'
            THEN jsonb_build_object('whole_device', jsonb_build_array('', j.facts->>'refused'))
          WHEN j.facts->>'network_lock' = 'locked'
            THEN jsonb_build_object('network_lock', jsonb_build_array('', 'locked'))
          ELSE '{}' END AS contradicted
      FROM judged j LEFT JOIN variant v ON v.id = j.variant_id
      LEFT JOIN LATERAL (
        SELECT array_agg(x.name) FILTER (WHERE lower(x.theirs) = lower(x.ours)) AS agreed,
               array_agg(x.name) FILTER (WHERE x.theirs IS NULL) AS missing,
               jsonb_object_agg(x.name, jsonb_build_array(x.ours, x.theirs))
                 FILTER (WHERE lower(x.theirs) <> lower(x.ours)) AS contradicted
        FROM (SELECT k.name, replace(v.facts->>k.name, ' Pro ', ' ') AS ours,
                     replace(j.facts->>k.name, ' Pro ', ' ') AS theirs
              FROM unnest(CAST(:deciding AS text[])) k (name)
              WHERE v.facts ? k.name AND j.match_key IS DISTINCT FROM v.match_key
                AND j.facts IS NOT NULL) x) c ON true),
    decision AS MATERIALIZED (
      SELECT d.*,
        CASE WHEN answered OR (decided AND allowed AND contradicted = '{}' AND confidence >= :threshold)
             THEN variant_id END AS matched
      FROM (SELECT c.*, CASE
              WHEN answered THEN 1
              WHEN variant_id IS NULL THEN NULL
              ELSE round(LEAST(:most, 1 - error::numeric
                     * CASE WHEN cardinality(agreed) >= 3 AND 'attributes' <> ALL (methods) THEN 0.5 ELSE 1 END)
                   * CASE WHEN contradicted <> '{}' OR NOT allowed THEN 0.3 ELSE 1 END
                   / CASE WHEN decided THEN 1 ELSE variants END, 3)
            END AS confidence FROM compared c) d),
    verdict AS MATERIALIZED (
      SELECT key, matched AS variant_id, confidence,
        CASE WHEN answered OR matched IS NOT NULL THEN methods[1] END AS match_method,
        jsonb_strip_nulls(jsonb_build_object(
          'methods', to_jsonb(methods), 'agreed', to_jsonb(agreed),
          'missing', to_jsonb(missing), 'contradicted', NULLIF(contradicted, '{}'),
          'others', NULLIF(variants - 1, 0), 'suggested', CASE WHEN matched IS NULL THEN variant_id END,
          'reason', CASE
            WHEN matched IS NOT NULL THEN NULL
            WHEN answered THEN 'none'
            WHEN variant_id IS NOT NULL THEN
              CASE WHEN contradicted <> '{}' OR (decided AND NOT allowed) THEN 'contradiction'
                   WHEN NOT decided OR NOT allowed THEN 'several' ELSE 'unsure' END
            WHEN d.match_key IS NOT NULL THEN
              CASE WHEN EXISTS (SELECT 1 FROM variant v WHERE v.match_key = d.match_key AND v.active)
                   THEN 'grade' ELSE 'new' END
            WHEN facts IS NULL OR facts ? 'refused' THEN 'unread' ELSE 'open' END)) AS evidence
      FROM decision d)
"""
_WITH = _JUDGE.replace(
    "{errors}", ", ".join(f"('{name}', {error}::float8, ln({error}::float8))" for name, error in ERRORS.items())
).replace(
    "{agreed}", " ".join(f"WHEN '{kind}' THEN CAST(ARRAY{list(names)} AS text[])" for kind, names in AGREED.items())
)

VERDICTS_OF_LINES = _WITH.replace("{source}", _LINES)  # Of the file `:scope`; `verdict.key` is the row's number.

_OF_OFFERS = _WITH.replace("{source}", _OFFERS)
_MATCH_OFFERS = text(f"""
    WITH {_OF_OFFERS}
    UPDATE offer o SET variant_id = r.variant_id, match_method = r.match_method, confidence = r.confidence,
           evidence = r.evidence,
           changed_at = CASE WHEN o.variant_id IS DISTINCT FROM r.variant_id THEN :now ELSE o.changed_at END
    FROM verdict r, offer old
    WHERE o.id = r.key AND old.id = r.key
      AND (o.variant_id, o.match_method, o.confidence, o.evidence)
          IS DISTINCT FROM (r.variant_id, r.match_method, r.confidence, r.evidence)
      -- What was matched before evidence was kept stays until it is matched to something else.
      AND NOT (r.variant_id IS NULL AND o.variant_id IS NOT NULL AND o.evidence IS NULL)
    RETURNING o.variant_id, old.variant_id AS was
""")  # noqa: S608  # Every part is a constant of this module.

_LEARN = text("""
    INSERT INTO supplier_item (supplier_id, item_number, description_key, grade, variant_id, method, seen)
    SELECT DISTINCT ON (l.item_number, l.grade)
           f.supplier_id, l.item_number, '', l.grade, l.variant_id, l.match_method, lower(l.description)
    FROM offer_line l JOIN offer_file f ON f.id = l.offer_file_id
    WHERE l.offer_file_id = :scope AND l.variant_id IS NOT NULL AND l.match_method NOT IN ('item', 'person')
      AND l.item_number <> '' AND l.diff IN ('new', 'changed', 'unchanged')
    ON CONFLICT (supplier_id, item_number, description_key, grade) DO NOTHING
""")


def match_offers(session: Session, supplier_id: int, *, now: datetime) -> set[int]:
    """Match the supplier's offers anew; returns the variants that lost or won one."""
    rows = session.execute(_MATCH_OFFERS, {**parameters(), "scope": supplier_id, "now": now}).all()
    return {variant for row in rows if row.variant_id != row.was for variant in row if variant is not None}


def learn(session: Session, file_id: int) -> None:
    """Keep what the accepted lines of a file were matched to, by the supplier's item numbers."""
    session.execute(_LEARN, {"scope": file_id})


def parameters() -> dict[str, object]:
    """What every statement over verdicts needs beside its scope."""
    return {"deciding": list(DECIDING), "most": MOST, "threshold": settings().match_threshold}
