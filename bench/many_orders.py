"""Orders by the million, as a database has them: written in a few statements, with statistics gathered."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

# Of ten orders six are paid and sent, three paid, one open; 2 % are cancelled, never those that were sent.
_ORDERS = """
    INSERT INTO shop_order (channel_id, external_id, number, placed_at, state, payment_state, delivery_state, currency,
      total, net, shipping, tax_status, email, name, company, customer_number, comment, country, method, content_hash,
      read_at, short)
    SELECT CASE WHEN n % 3 = 0 THEN CAST(:first AS bigint) ELSE CAST(:second AS bigint) END, md5(n::text),
      (10000 + n)::text, timestamptz '2026-03-02 12:00+00' - n * interval '7 minutes',
      CASE WHEN n % 50 = 49 THEN 'cancelled' WHEN n % 10 < 6 THEN 'completed' ELSE 'open' END,
      CASE WHEN n % 10 = 9 THEN 'open' ELSE 'paid' END, CASE WHEN n % 10 < 6 THEN 'shipped' ELSE 'open' END, 'EUR',
      20 + (n % 90000 * 7919) % 90000 / 100.0, 10, 0, 'gross', 'c' || n % 9000 || '@example.com',
      'Customer ' || (n * 31) % 9000, '', '', '',
      CASE WHEN n % 1000 = 7 THEN 'LU' WHEN n % 9 = 0 THEN 'BE' ELSE 'NL' END,
      CASE WHEN n % 4 = 0 THEN 'Card' WHEN n % 500 = 3 THEN 'Riverty' ELSE 'iDEAL' END, '',
      timestamptz '2026-03-02 12:00+00', n % 2000 = 11
    FROM generate_series(1, :count) n
"""
_LINES = """
    INSERT INTO order_line (order_id, external_id, position, kind, sku, label, quantity, unit_price, total_price,
      variant_id, promise)
    SELECT o.id, md5('line' || o.id), 1, 'product', v.sku, v.name, 1, o.total, o.total, v.id, 'none'
    FROM shop_order o
    JOIN (SELECT id, sku, name, row_number() OVER (ORDER BY id) - 1 AS place FROM variant LIMIT 500) v
      ON v.place = o.id % (SELECT least(count(*), 500) FROM variant)
"""
_KEYS = """
    INSERT INTO order_key (order_id, kind, value, placed_at)
    SELECT id, 'number', number, placed_at FROM shop_order UNION ALL SELECT id, 'mail', email, placed_at FROM shop_order
"""


def fill(session: Session, count: int) -> None:
    """So many orders of the first two storefronts, each of one piece of the variants that there are."""
    shops = session.execute(sa.text("SELECT id FROM channel ORDER BY position LIMIT 2")).scalars().all()
    session.execute(sa.text(_ORDERS), {"first": shops[0], "second": shops[1], "count": count})
    session.execute(sa.text(_LINES))
    session.execute(sa.text(_KEYS))
    session.execute(sa.text("ANALYZE shop_order, order_line, order_key, variant, offer"))
