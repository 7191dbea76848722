"""Exchange rates in statements over a file."""

from __future__ import annotations

# Units per EUR of each currency of the file's lines on the day of its list; NULL where none is known.
RATES = """
    rates AS (
      SELECT c.currency, CASE WHEN c.currency = 'EUR' THEN 1 ELSE (
               SELECT r.per_eur FROM exchange_rate r, offer_file f
               WHERE f.id = :file_id AND r.currency = c.currency AND r.day <= f.list_date
               ORDER BY r.day DESC LIMIT 1) END AS per_eur
      FROM (SELECT DISTINCT currency FROM offer_line WHERE offer_file_id = :file_id) c)
"""
